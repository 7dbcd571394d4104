# Shared by the scripts beside it; sourced, not run.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
JOBS=$(nproc)

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# True when nobody is to be asked: root, --yes, or a machine that builds by itself.
quiet() { [ "$(id -u)" = 0 ] || [ "${YES:-}" = 1 ] || [ "${CI:-}" = true ]; }

ask() { # ask QUESTION: true for yes
    quiet && return 0
    [ -t 0 ] || die "$1 Run again with --yes, or as root."
    read -r -p "$1 [Y/n] " answer
    case "$answer" in '' | y | Y | yes) return 0 ;; *) return 1 ;; esac
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# need_packages PACKAGE ...: installs those of Debian's packages that are missing.
need_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return 0
    command -v apt-get >/dev/null || die "these packages are missing and there is no apt-get to install them: ${missing[*]}"
    ask "Install with apt-get: ${missing[*]}?" || die "without these packages Magister cannot be built: ${missing[*]}"
    say "installing: ${missing[*]}"
    if ! apt-cache show "${missing[0]}" >/dev/null 2>&1 || ! apt_install "${missing[@]}"; then
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2
        apt_install "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
    fi
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
