#!/usr/bin/env bash
# test_image.sh LIBTORCH: the %post of packaging/magister.def in a fresh Debian, as Apptainer would run it, but without
# --cuda, with libtorch from LIBTORCH, and in a chroot: Apptainer itself is not needed. Then the module file, with Lmod.
set -u
cd "$(dirname "$0")/../.." || exit 1
source tests/install/node.sh

node_possible
NODE=${MAGISTER_TEST_IMAGE:-$(mktemp -d)/image}
trap 'rm -rf --one-file-system "$NODE"' EXIT
debootstrap --variant=minbase --include=ca-certificates bookworm "$NODE" "$node_debs" >"$NODE.log" 2>&1 ||
    { tail -n 5 "$NODE.log"; echo "skipped: no Debian could be made (network?)"; exit 77; }
node_trusts

section() { awk -v name="%$1" '/^%/ { on = $1 == name; next } on' packaging/magister.def; }

node_sources /opt/magister
tar -C "$NODE/opt" -cf "$NODE/opt/magister.tar" magister && rm -rf "$NODE/opt/magister"
mkdir -p "$NODE/usr/local/lib/libtorch"
cp -a "$1/../torch" "$1/../nvidia" "$NODE/usr/local/lib/libtorch/"
cp "$1/../version" "$NODE/usr/local/lib/libtorch/"
section post | sed 's/ --cuda//' >"$NODE/opt/post"
section test >"$NODE/opt/test"
node_run root "sh /opt/post" >"$NODE.log" 2>&1 || { tail -n 40 "$NODE.log"; echo "FAILED: %post"; exit 1; }
SAID=$(node_run root "sh -e /opt/test" 2>&1) || { echo "$SAID"; echo "FAILED: %test"; exit 1; }
told "magister-rank 0"
[ ! -e "$NODE/opt/magister" ] || { echo "FAILED: the sources are still there"; exit 1; }

node_run root "apt-get update -qq && apt-get install -y -qq --no-install-recommends lmod" >"$NODE.log" 2>&1 ||
    { tail -n 5 "$NODE.log"; echo "FAILED: there is no Lmod to try the module file with"; exit 1; }
cat >"$NODE/opt/modules" <<'END'
. /etc/profile.d/lmod.sh
module use /usr/local/share/modulefiles
module load magister
module list
echo "home $MAGISTER_HOME"
END
SAID=$(node_run root "bash /opt/modules" 2>&1)
told "1) magister/"
told "home /usr/local"
echo "the image's script, and the module file under Lmod: good"
