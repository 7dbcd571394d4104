#!/usr/bin/env bash
# magister doctor on a Slurm of four nodes (cluster): doctor.sh CASE. Every case has a cluster of its own.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
MAGISTER="$MAGISTER_BUILD/magister"
[ -x "$MAGISTER_BUILD/magister-rank" ] || { echo "SKIPPED: there is no magister-rank"; exit 77; }
WORK=$(mktemp -d)
FAILED=0

finish() {
    "$HERE/cluster" stop "$WORK/cluster"
    rm -rf "$WORK"
}
trap finish EXIT

wrong() {
    echo "FAILED: $*"
    FAILED=1
}

# job CODE WORDS ...: doctor in a job of so many nodes and tasks ends with CODE; what it says goes to `said`. The machine
# may be busy: how long it takes is not what is tested here.
job() {
    local code=$1 got=0
    shift
    rm -f "$WORK/said"
    sbatch -Q -W -o "$WORK/said" "$@" >/dev/null 2>&1 || got=$?
    cat "$WORK/said"
    [ "$got" -eq "$code" ] || wrong "it ended with $got, not $code"
}
doctor() { # NODES [WORD ...]: the script of a job
    printf '#!/bin/sh\nexport PATH="%s"\nexec "%s" doctor --patience 40 --out "%s" ' "$JOB_PATH" "$MAGISTER" "$OUT" >"$WORK/job"
    [ $# -eq 1 ] || printf '"%s" ' "${@:2}" >>"$WORK/job"
    JOB=(--nodes="$1" --ntasks-per-node=1 "$WORK/job")
}
says() { grep -qE -- "$1" "$WORK/said" || wrong "it does not say: $1"; }
never() { if grep -qE -- "$1" "$WORK/said"; then wrong "it says: $1"; fi; }

"$HERE/cluster" start "$WORK/cluster" || exit $?
eval "$("$HERE/cluster" env "$WORK/cluster")"
cd "$WORK" || exit 1
mkdir bin
JOB_PATH=$PATH OUT=$WORK/runs

case ${1:?which case} in
job) # over all nodes, with what is theirs alone
    doctor 4
    job 0 "${JOB[@]}"
    says '^ok +Slurm +job [0-9]+ on 4 nodes n\[1-4\], tasks: 4'
    says '^ok +Slurm +srun starts MPI ranks by PMIx'
    says '^ok +Slurm +scontrol answers'
    says '^ok +MPI .*, 4 ranks on 4 nodes \(n1 1, n2 1, n3 1, n4 1\), started by srun'
    says '^ok +versions +the same program'
    says '^ok +out +all ranks see'
    says '^ok +network +4 nodes reach each other'
    doctor 2 --ranks 1
    job 0 "${JOB[@]}"
    says '1 rank on 1 node'
    # the first thing a job does, whose script says --doctor
    printf '#!/bin/sh\nexec "%s" run r.yaml --doctor --requeue\n' "$MAGISTER" >job
    for place in "$WORK/run" /dev/shm/run; do
        printf 'name: small\nout: %s\nlaunch: {slurm: {nodes: 2}}\nstages: [generate]\n' "$place" >r.yaml
        echo 'generate: {videos: 4, eval_videos: 2, texts: 0, width: 8}' >>r.yaml
        job "$([ "$place" = /dev/shm/run ] && echo 73 || echo 0)" --nodes=2 --ntasks-per-node=1 job
    done
    says "^failure +out +a file that rank 0 .*not seen by rank 1"
    says "^magister: the run cannot work here"
    ;;
nopmix) # ranks are started by mpirun, on all nodes too
    printf '#!/bin/sh\n[ "$1" != --mpi=list ] || { echo none; echo pmi2; exit; }\nexec %s "$@"\n' "$(command -v srun)" >bin/srun
    chmod +x bin/srun
    JOB_PATH=$WORK/bin:$PATH
    doctor 3
    job 0 "${JOB[@]}"
    says '^warning +Slurm +srun knows no PMIx'
    says '^ok +MPI .*, 3 ranks on 3 nodes \(n1 1, n2 1, n3 1\), started by mpirun'
    ;;
noscontrol)
    for name in sh env srun mpirun orted hostname; do ln -s "$(command -v $name)" bin/; done
    JOB_PATH=$WORK/bin
    doctor 2
    job 0 "${JOB[@]}"
    says '^warning +Slurm +there is no scontrol'
    says 'MPI .*2 ranks on 2 nodes'
    ;;
apart) # a place that every node has for itself
    OUT=/dev/shm/runs
    doctor 2
    job 73 "${JOB[@]}"
    says '^failure +out +a file that rank 0 \(n1\) has written in /dev/shm/runs is not seen by rank 1 \(n2\): No such file'
    ;;
ports) # one port for ranks, and somebody has it
    python3 -c 'import socket, time
s = socket.socket(); s.bind(("0.0.0.0", 0)); s.listen(1)
print(s.getsockname()[1], flush=True)
time.sleep(900)' >port &
    holder=$!
    until [ -s port ]; do sleep 0.1; done
    doctor 2
    OMPI_MCA_btl_tcp_port_min_v4=$(cat port) OMPI_MCA_btl_tcp_port_range_v4=1 job 76 "${JOB[@]}"
    says '^failure +ports +btl_tcp_port_min_v4 fixes 1 port .*: 0 of them free, 1 needed'
    says '^failure +MPI '
    kill $holder
    doctor 2
    OMPI_MCA_btl_tcp_port_min_v4=$(cat port) OMPI_MCA_btl_tcp_port_range_v4=100 job 0 "${JOB[@]}"
    says '^ok +ports +btl_tcp_port_min_v4 fixes 100 ports'
    ;;
name) # nodes whose names nobody knows
    if getent hosts n1 >/dev/null; then echo "SKIPPED: there is a host n1"; exit 77; fi
    doctor 3
    job 0 "${JOB[@]}"
    says '^warning +host +the name of this machine \(hostname\) does not resolve'
    says '^warning +host +n2, n3: the name of this machine'
    ;;
login) # the cluster from outside, and a small job in it
    code=0
    "$MAGISTER" doctor --cluster --partition main --patience 40 >said 2>&1 || code=$?
    cat said
    [ $code -eq 0 ] || wrong "it ended with $code"
    says '^ok +Slurm +partition main \(default\): up, 4 nodes \(4 idle'
    says '^ok +Slurm +a job that is preempted is queued again'
    says '^ok +MPI .*, 2 ranks on 2 nodes \(n1 1, n2 1\), started by srun'
    "$MAGISTER" doctor --cluster --partition nowhere --patience 10 >said 2>&1
    [ $? -eq 76 ] || wrong "a partition that is not there passes"
    says 'nvalid partition'
    ;;
*)
    exit 64
    ;;
esac
[ "$FAILED" -eq 0 ] && echo "all checks passed"
exit "$FAILED"
