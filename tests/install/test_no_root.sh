#!/usr/bin/env bash
# test_no_root.sh LIBTORCH: what a user of a cluster does, without root, apt and sudo: told what is missing, modules loaded,
# installed, a run of two ranks. The node (node.sh) is kept where MAGISTER_TEST_NODE says, and is made anew otherwise. With
# MAGISTER_TEST_DOWNLOAD=1 libtorch comes from PyPI (530 MB); otherwise LIBTORCH lies where it would have been put.
set -u
cd "$(dirname "$0")/../.." || exit 1
source tests/install/node.sh

node_possible
NODE=${MAGISTER_TEST_NODE:-$(mktemp -d)/node}
NODE_LIBTORCH=$(realpath "$1/..")
[ -n "${MAGISTER_TEST_NODE:-}" ] || trap 'rm -rf --one-file-system "${NODE%/node}"' EXIT
node_make || { echo "skipped: no node could be made (network?)"; exit 77; }
node_sources /home/alice/source
chroot "$NODE" chown -R alice:alice /home/alice
rm -rf "$NODE"/home/alice/{site,moved,run}

SITE='module use /opt/modulefiles; module load openmpi ffmpeg'
SETUP='cd ~/source && scripts/setup --no-root --prefix ~/site'
if [ "${MAGISTER_TEST_DOWNLOAD:-}" != 1 ]; then
    node_run alice 'mkdir -p ~/site/lib && ln -s /opt/libtorch ~/site/lib/libtorch'
fi
MINE='module use /opt/modulefiles ~/site/share/modulefiles; module load magister'
SMALL='generate.videos=24 generate.eval_videos=12 generate.texts=50 student.seeds=[0]'
SMALL+=' teacher.train.epochs=1 student.train.epochs=1'

expect 127 "sudo: command not found" "type apt-get || type dpkg || sudo true"

# All that is missing is told at once, and nothing is begun.
expect 69 "mpicc (Open MPI) .*module: openmpi" "$SETUP"
told "FFmpeg's libraries .*Debian: libavformat-dev"
told "or --without video"
expect 69 "CC to choose" "$SITE; export CC=/nowhere/cc; $SETUP"
expect 1 "LIBTORCH=/nowhere holds no" "$SITE; cd ~/source; LIBTORCH=/nowhere scripts/setup --no-root --no-build"

expect 0 "module load magister" "$SITE; $SETUP"

# Its module brings Open MPI's and FFmpeg's.
expect 0 "ffmpeg" "$MINE; module list 2>&1; magister --version"
told "openmpi"
told "magister-rank 0"
told "libtorch 2"
expect 0 "tracks" "$MINE; magister recipe help generate"
expect 0 "demo" 'ls ~/site/share/magister/conf'

# Two ranks, from another folder; without cairo the report has no pictures and says so.
cp tests/fixtures/kitchen.yaml "$NODE/home/alice/"
expect 0 "" "$MINE; mkdir -p run; cd run; magister run ../kitchen.yaml out=kitchen --ranks 2 $SMALL"
expect 0 "top1" "cat run/kitchen/metrics.json"
expect 0 "not drawn" "grep -o 'not drawn' run/kitchen/report.html"
expect 0 "" "$MINE; magister video probe --help"

# Without Open MPI, FFmpeg and modules: one rank, which says what it was built without.
expect 0 "built: " "export LIBTORCH=~/site/lib/libtorch/torch; ${SETUP/site/alone} --without mpi --without video"
expect 0 "" "cd run; ~/alone/bin/magister run ../kitchen.yaml out=alone $SMALL stages=[generate,teacher]"
expect 78 "built without FFmpeg" "~/alone/bin/magister video probe ~/kitchen.yaml"

# Moved, it still finds all of its own.
expect 0 "magister-rank 0" "$SITE; mv site moved; moved/bin/magister --version"
told "libtorch 2"
echo "installed and run without root: good"
