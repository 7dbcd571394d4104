# A login node of a cluster, made of a Debian without libraries to build with, without apt, dpkg and sudo; sourced by tests.
# Open MPI and FFmpeg are there as modules, outside of the system's folders. NODE is its root folder.

node_packages=gcc,g++,make,pkg-config,python3,python3-pip,ca-certificates,curl,environment-modules,zlib1g-dev,xz-utils
node_debs=http://deb.debian.org/debian

# node_make: bootstraps NODE, or takes the one that a former run has left there.
node_make() {
    [ ! -e "$NODE/.is-ready" ] || return 0
    rm -rf --one-file-system "$NODE"
    debootstrap --variant=minbase --include="$node_packages" bookworm "$NODE" "$node_debs" >"$NODE.log" 2>&1 ||
        { tail -n 5 "$NODE.log"; return 1; }
    site_module openmpi 4.1.4 libopenmpi-dev openmpi-bin || return 1
    site_module ffmpeg 5.1 libavformat-dev libavcodec-dev libavutil-dev libswscale-dev || return 1
    chroot "$NODE" useradd --create-home --shell /bin/bash alice || return 1
    rm -rf "$NODE"/usr/bin/{apt,apt-*,dpkg,dpkg-*,sudo} "$NODE"/var/{lib/apt,lib/dpkg,cache/apt} || return 1
    node_trusts
    touch "$NODE/.is-ready"
}

node_trusts() { # its way out, and whom it trusts on it, are this machine's
    cp /etc/resolv.conf "$NODE/etc/"
    cp /etc/ssl/certs/ca-certificates.crt "$NODE/etc/ssl/certs/"
}

# node_run USER COMMAND: in namespaces of its own, by a login shell, so that modules are there.
node_run() {
    unshare --mount --pid --fork --kill-child --propagation private sh -ec '
        mount -t proc proc "$1/proc"
        mount -t tmpfs tmpfs "$1/dev/shm"
        mkdir -p "$1/opt/libtorch"
        [ -z "$4" ] || mount --bind "$4" "$1/opt/libtorch"
        exec chroot "$1" su - "$2" -c "$3"
    ' sh "$NODE" "$1" "$2" "${NODE_LIBTORCH:-}"
}

# site_module NAME VERSION PACKAGE ...: unpacks Debian's packages, with all they need that the node lacks, to
# /opt/site/NAME, and writes a module file.
site_module() {
    local name=$1 version=$2 home=/opt/site/$1 lib=usr/lib/x86_64-linux-gnu deb
    shift 2
    chroot "$NODE" apt-get install -y -qq --no-install-recommends --download-only "$@" >>"$NODE.log" 2>&1 || return 1
    mkdir -p "$NODE$home" "$NODE/opt/modulefiles/$name"
    for deb in "$NODE"/var/cache/apt/archives/*.deb; do
        dpkg-deb -x "$deb" "$NODE$home" && rm -f "$deb" || return 1
    done
    find "$NODE$home" -name '*.pc' -exec sed -i "s|/usr|$home/usr|g" {} +
    site_links "$home"
    cat >"$NODE/opt/modulefiles/$name/$version" <<END
#%Module1.0
prepend-path PATH $home/usr/bin
prepend-path LD_LIBRARY_PATH $home/$lib/blas
prepend-path LD_LIBRARY_PATH $home/$lib/lapack
prepend-path LD_LIBRARY_PATH $home/$lib
prepend-path LIBRARY_PATH $home/$lib
prepend-path CPATH $home/usr/include
prepend-path CPATH $home/usr/include/x86_64-linux-gnu
prepend-path PKG_CONFIG_PATH $home/$lib/pkgconfig
END
    [ "$name" != openmpi ] || openmpi_moves "$home" >>"$NODE/opt/modulefiles/$name/$version"
}

# Absolute links point to where the packages would have been installed.
site_links() {
    local link to
    find "$NODE$1" -type l -lname '/usr/*' | while read -r link; do
        to=$(readlink "$link")
        ln -sfn "$1$to" "$link"
    done
}

# Debian chooses mpicc and mpirun when it installs the package; here they are links, and Open MPI is told where it is.
openmpi_moves() {
    local program
    for program in mpicc mpirun; do ln -sf "$program.openmpi" "$NODE$1/usr/bin/$program"; done
    ln -sf opal_wrapper "$NODE$1/usr/bin/mpicc.openmpi"
    echo "setenv OPAL_PREFIX $1/usr"
    echo "setenv OPAL_LIBDIR $1/usr/lib/x86_64-linux-gnu/openmpi/lib"
    echo "setenv PMIX_INSTALL_PREFIX $1/usr/lib/x86_64-linux-gnu/pmix2"
}

# ---- what the tests say ----------------------------------------------------------------------------------------------

node_possible() { # skips, visibly, where a node cannot be made
    local program
    [ "$(id -u)" = 0 ] || { echo "skipped: a root folder of one's own needs root"; exit 77; }
    for program in debootstrap unshare chroot; do
        command -v "$program" >/dev/null || { echo "skipped: there is no $program"; exit 77; }
    done
    unshare --mount --pid --fork true 2>/dev/null || { echo "skipped: no namespaces here"; exit 77; }
}

node_sources() { # node_sources FOLDER: the tree's files, as git has them, without what was built
    mkdir -p "$NODE$1"
    git ls-files | tar -cf - -T - | tar -xf - -C "$NODE$1"
}

# expect CODE TEXT COMMAND: as alice; the output is kept in SAID.
expect() {
    local code=$1 text=$2 got
    SAID=$(node_run alice "$3" 2>&1)
    got=$?
    [ "$got" = "$code" ] || { printf '%s\n' "$SAID" | tail -n 40; echo "FAILED: exit code $got instead of $code: $3"; exit 1; }
    told "$text"
}

told() { # told TEXT: the last command said so
    grep -q -- "$1" <<<"$SAID" || { printf '%s\n' "$SAID" | tail -n 40; echo "FAILED: nothing is said of: $1"; exit 1; }
}
