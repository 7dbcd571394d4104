#!/bin/sh
# doctor.sh CASE - `magister doctor` with real ranks, some of which look as if something were wrong with them.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME="$work"
for name in $(env | sed -n 's/^\(SLURM[A-Z_]*\)=.*/\1/p'); do unset "$name"; done

doctor() { # OPTIONS: sets code. A busy machine is waited for; that it ends in time is a test of its own (fault/launcher)
    code=0
    "$MAGISTER_BUILD/magister" doctor --out "$work/run" --patience 40 "$@" >"$work/said" 2>&1 || code=$?
    cat "$work/said"
    [ -z "$(find "$work" -name '.magister-doctor*')" ] || { echo "it left its files"; exit 1; }
}

wrong() { # RANK WHAT: how a rank looks
    MAGISTER_TEST_DOCTOR="$1 $2" doctor --ranks 3
}

expect() { [ "$code" = "$1" ] || { echo "expected exit $1, got $code"; exit 1; }; }
says() { grep -q -- "$1" "$work/said" || { echo "it does not say: $1"; exit 1; }; }
never() { if grep -q -- "$1" "$work/said"; then echo "it says: $1"; exit 1; fi; }

case $1 in
well)
    doctor
    expect 0
    says '^ok  *MPI  *Open MPI [0-9.]*, 2 ranks on 1 node (.* 2), started by mpirun in [0-9.]* s$'
    says '^ok  *versions  *magister [0-9.]*, libtorch [0-9.]* (.*), '
    says '^ok  *versions  *the same program and libraries on all ranks$'
    says '^ok  *out  *all ranks see what is written there'
    says '^ok  *network  *one node; a sum of 262 KB'
    never '^failure'
    [ ! -e "$work/run" ]
    doctor --ranks 1
    expect 0
    says '1 rank on 1 node'
    ;;
nodes) # three nodes that are not there
    export MAGISTER_TEST_NODES=0,1,2
    doctor --ranks 3
    expect 0
    says 'MPI .*, 3 ranks on 3 nodes'
    says '^ok  *clocks  *all nodes agree within'
    says '^ok  *network  *3 nodes reach each other; slowest: [0-9]* us (.*), [0-9.]* GB/s'
    ;;
versions)
    code=0
    "$MAGISTER_BUILD/magister-rank" doctor --ranks 1 --launcher 0.0.9 --out "$work" >"$work/said" 2>&1 || code=$?
    expect 66
    says 'this is magister 0.0.9 and its magister-rank is'
    wrong 1 library
    expect 76
    says '^failure  versions  libtorch_cpu.so of rank 1 (.*) is another than that of rank 0 (.*); 1 rank differs$'
    wrong 2 cpu
    expect 0
    says '^warning  versions  rank 2 (.*) computes with DEFAULT'
    never 'the same program'
    ;;
apart) # ranks that do not have the same files, or time
    wrong 2 out
    expect 73
    says '^failure  out  *a file that rank 0 (.*) has written in .* is not seen by rank 2 (.*): No such file'
    says 'network'
    wrong 1 clock
    expect 0
    says '^warning  clocks  *rank 1 (.*) is [19][09][09.]* s ahead of rank 0'
    ;;
lost) # ranks that die or hang
    wrong 1 die
    expect 76
    says '^failure .*\(mpirun ended with exit code 9\|rank 1 (.*) has died\)'
    wrong 2 hang
    expect 76
    says '^failure  nodes  *rank [01] (.*) waited [0-9]* s .*: rank 2 (.*) did not come$'
    for _ in $(seq 100); do
        pgrep -f "doctor --ranks 3 --out $work" >/dev/null || break
        sleep 0.1
    done
    if pgrep -f "doctor --ranks 3 --out $work" >/dev/null; then echo "ranks are left"; exit 1; fi
    ;;
promise) # never a silent world of one
    code=0
    "$MAGISTER_BUILD/magister-rank" doctor --ranks 2 --out "$work" >"$work/said" 2>&1 || code=$?
    expect 76
    says '"level":"failure","found":"2 ranks were promised and the world has 1'
    mkdir "$work/bin"
    printf '#!/bin/sh\n[ "$1" != --version ] || exec /usr/bin/mpirun --version\nwhile [ "${1##*/}" != magister-rank ]; do shift; done\nexec "$@"\n' >"$work/bin/mpirun"
    chmod +x "$work/bin/mpirun"
    PATH="$work/bin:$PATH" doctor
    expect 76
    says '^failure  MPI  *2 ranks were promised and the world has 1'
    ;;
gpus) # as a driver tells of them
    export LD_LIBRARY_PATH="$MAGISTER_BUILD/tests/fake_cuda${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    export FAKE_GPUS=2
    doctor
    expect 0
    says '^\(ok  *GPU  *2 ranks, each with a GPU; rank 0: Fake GPU 0, 80 GB, driver for CUDA 13.1\|warning  GPU .* a libtorch without its CUDA half\)$'
    doctor --ranks 3
    expect 78
    says '^failure  GPU  *rank 2 (.*) has none: 2 can be seen there$'
    FAKE_SHARED=1 doctor
    expect 78
    says '^failure  GPU  *ranks 0 and 1 have the same Fake GPU 1 at 0000:01:00.0 of '
    FAKE_GPUS=1 doctor # the only one that each sees
    expect 78
    says '^failure  GPU  *ranks 0 and 1 have the same Fake GPU 0 at '
    printf 'stages: [generate]\nlaunch: {ranks: 2, gpus: shared}\n' >"$work/recipe.yaml"
    FAKE_GPUS=1 doctor "$work/recipe.yaml"
    expect 0
    says '^\(ok  *GPU  *2 ranks, each with a GPU that others may use too; \|warning  GPU .* a libtorch without its CUDA half\)'
    FAKE_GPUS=0 doctor
    expect 0
    never '^ok  *GPU'
    printf 'stages: [generate]\ndevice: cpu\n' >"$work/recipe.yaml"
    doctor "$work/recipe.yaml"
    expect 0
    never 'Fake GPU'
    ;;
readonly) # a rank that sees `out` and cannot write there
    [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || { echo "skipped: no mount namespaces here"; exit 77; }
    mkdir "$work/run" "$work/bin"
    # the second rank gets a view of its own
    view() { # COMMANDS: what the second rank does in a mount namespace of its own before it begins
        cat >"$work/bin/rank" <<END
#!/bin/sh
[ "\${OMPI_COMM_WORLD_RANK:-0}" = 1 ] || exec "$MAGISTER_BUILD/magister-rank" "\$@"
exec unshare -m sh -c '$1 && exec "$MAGISTER_BUILD/magister-rank" "\$@"' rank "\$@"
END
        chmod +x "$work/bin/rank"
        MAGISTER_RANK="$work/bin/rank" doctor
    }
    view "mount --bind $work/run $work/run && mount -o remount,ro,bind $work/run"
    expect 73
    says '^failure  out  *.*rank 1 (.*).*: Read-only file system'
    view "mount -t tmpfs tmpfs $work/run"
    expect 73
    says '^failure  out  *a file that rank 0 (.*) has written in .* is not seen by rank 1 (.*): No such file'
    ;;
*)
    exit 64
    ;;
esac
