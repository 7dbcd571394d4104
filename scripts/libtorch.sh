# Gets libtorch from PyPI's wheels; sourced by scripts/setup. Sets TORCH_DIR.

# The CUDA runtime and CUPTI that a wheel was built with: its libtorch_cpu needs both even without a GPU. The wheel's own
# requirements bring them and all the rest where the CUDA half is wanted.
torch_companions() { # torch_companions VERSION
    case "$1" in
    2.9.* | 2.10.*) echo nvidia-cuda-runtime-cu12==12.8.90 nvidia-cuda-cupti-cu12==12.8.90 ;;
    2.11.*) echo nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85 ;;
    *) die "libtorch $1 has not been tried (docs/install.md); LIBTORCH=DIR takes whatever is there" ;;
    esac
}

pip_download() { python3 -m pip download --only-binary=:all: "$@" >&2; }
progress_style() { if [ -t 2 ]; then echo on; else echo off; fi; }

# fetch_libtorch VERSION WITH_CUDA(0|1) FOLDER: makes FOLDER/torch/{include,lib} and FOLDER/nvidia, beside which it looks.
fetch_libtorch() {
    local version=$1 cuda=$2 folder=$3 companions
    local wheels="$folder.wheels" unpacked="$folder.new"
    companions=$(torch_companions "$version")
    rm -rf "$unpacked"
    mkdir -p "$wheels" "$unpacked"
    if [ "$cuda" = 1 ]; then
        say "downloading libtorch $version with its CUDA libraries: about 2.5 GB, into $folder"
        pip_download --quiet -d "$wheels" "torch==$version"
    else
        say "downloading libtorch $version: 0.5 to 0.9 GB (twice that unpacked), into $folder"
        # shellcheck disable=SC2086
        pip_download --progress-bar "$(progress_style)" --no-deps -d "$wheels" "torch==$version" $companions
    fi || die "pip could not download libtorch (see above); LIBTORCH=DIR uses one that is already there"
    local wheel
    for wheel in "$wheels"/torch-*.whl "$wheels"/nvidia_*.whl; do
        say "unpacking $(basename "$wheel")"
        python3 -m zipfile -e "$wheel" "$unpacked"
    done
    find "$unpacked" -mindepth 1 -maxdepth 1 ! -name torch ! -name nvidia -exec rm -rf {} +
    find "$unpacked/torch" -mindepth 1 -maxdepth 1 ! -name include ! -name lib ! -name LICENSE -exec rm -rf {} +
    rm -rf "$folder" "$wheels"
    mv "$unpacked" "$folder"
    echo "$version" >"$folder/version"
}

# get_libtorch VERSION WITH_CUDA FOLDER: the one of LIBTORCH=DIR, or the one in FOLDER, downloaded where it is not there.
get_libtorch() {
    TORCH_DIR=${LIBTORCH:-$3/torch}
    if [ -n "${LIBTORCH:-}" ]; then
        [ -e "$LIBTORCH/include/ATen/ATen.h" ] || die "LIBTORCH=$LIBTORCH holds no include/ATen/ATen.h"
        return 0
    fi
    [ "$(cat "$3/version" 2>/dev/null)" = "$1" ] && { [ "$2" = 0 ] || [ -d "$3/nvidia/cudnn" ]; } && return 0
    fetch_libtorch "$@"
}
