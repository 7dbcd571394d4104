#!/usr/bin/env bash
# `magister doctor` with programs in PATH that answer, answer nonsense, fail, and never answer.
source "$(dirname "$0")/common.sh"
cd "$WORK" || exit 1
mkdir bin
export PATH="$WORK/bin:/usr/bin:/bin" HOME="$WORK"
for name in $(env | sed -n 's/^\(SLURM[A-Z_]*\|OMPI_MCA_[a-z0-9_]*\)=.*/\1/p'); do unset "$name"; done

program() { # NAME: from stdin
    cat >"bin/$1"
    chmod +x "bin/$1"
}

# A rank that says what $SAY holds.
program rank <<'END'
#!/bin/sh
printf '%s\n' "$*" >"$WORK/words"
env | grep '^SLURM\|^OMP' >"$WORK/environment"
printf '%s\n' "${SAY:-}"
[ -z "${COMPLAIN:-}" ] || echo "$COMPLAIN" >&2
[ -z "${RANK_HANGS:-}" ] || exec sleep $SLEEP
exit "${RANK_ENDS:-0}"
END
program mpirun <<'END'
#!/bin/sh
if [ "$1" = --version ]; then
    [ -z "${MPIRUN_HANGS:-}" ] || exec sleep $SLEEP
    printf 'mpirun (Open MPI) 4.1.4\n\nReport bugs\n'
    exit
fi
echo "mpirun $*" >"$WORK/starter"
while [ "${1##*/}" != rank ]; do shift; done
exec "$@"
END
export WORK SLEEP="60.$$" MAGISTER_RANK="$WORK/bin/rank"
WELL='{"topic":"MPI","level":"ok","found":"3 ranks","advice":"","code":0}
magister-rank doctor: done'
doctor() { "$MAGISTER" doctor --out "$WORK/runs" "$@"; }
never() { if grep -qF -- "$1" "$WORK/output"; then wrong "it says \"$1\": $(cat "$WORK/output")"; fi; }
soon() { # COMMAND ...: ends long before the sleepers would, and leaves nothing behind. What it promises is ten seconds
    # and less, which a busy machine may double
    local begun=$SECONDS most=25
    "$@" >"$WORK/output" 2>&1
    [ $((SECONDS - begun)) -le "$most" ] || wrong "$* took $((SECONDS - begun)) s"
    if pgrep -f "^sleep $SLEEP\$" >/dev/null; then wrong "sleepers are left"; fi
}

echo "-- a laptop"
SAY=$WELL expect 0 "3 ranks, started by mpirun in" doctor
holds output "ok       magister  0.1.0 with $WORK/bin/rank; mpirun (Open MPI) 4.1.4"
holds output "Slurm     "
holds output "all is well"
holds words "doctor --ranks 2 --out $WORK/runs --nodes 1 --device auto --threads 1 --gpus own --wait 3 --launcher 0.1.0 --seen $(hostname)"
holds starter "mpirun -n 2"
gone runs
SAY=$WELL expect 0 "3 ranks, started by itself" doctor --ranks 1
SAY=$WELL expect 0 '"exit_code": 0' doctor --json
python3 -c 'import json,sys; d=json.load(open("output")); assert len(d["findings"]) > 8 and d["failures"] == 0' ||
    wrong "no JSON: $(cat output)"

echo "-- a recipe"
printf 'name: mine\nstages: [teacher]\ndata: {train: a.csv}\nlaunch: {ranks: 7, threads: 2}\n' >r.yaml
SAY=$WELL expect 0 "7 ranks of 2 threads want 14" "$MAGISTER" doctor r.yaml
holds words "doctor --ranks 7 --out $WORK/runs/mine --nodes 1 --device auto --threads 2"
SAY=$WELL expect 0 "$WORK is on" "$MAGISTER" doctor r.yaml out=elsewhere launch.ranks=3
holds words "doctor --ranks 3 --out $WORK/elsewhere"
expect 78 "no key launch.rank" "$MAGISTER" doctor r.yaml launch.rank=3
expect 78 "launch.ranks" doctor --ranks 0
expect 64 "--partition goes with --cluster" doctor --partition p
[ -e /dev/nvidia0 ] || SAY=$WELL expect 78 "the recipe wants one (device: cuda)" "$MAGISTER" doctor r.yaml device=cuda

echo "-- programs that are wrong"
MAGISTER_RANK=/nowhere/rank expect 66 "/nowhere/rank is not there" doctor
holds output "no rank was started"
soon env SAY="$WELL" MPIRUN_HANGS=1 "$MAGISTER" doctor --out "$WORK/runs"
holds output "there is no mpirun that works"
printf '#!/bin/sh\nexit 3\n' >broken && chmod +x broken
MAGISTER_RANK="$WORK/broken" expect 76 "broken ended with exit code 3" doctor --ranks 1
mv bin/mpirun mpirun.kept
expect 76 "mpirun: cannot start: No such file or directory" env PATH="$WORK/bin" "$MAGISTER" doctor --out runs
holds output "there is no mpirun that works"
mv mpirun.kept bin/mpirun

echo "-- ranks that are wrong"
SAY= expect 76 "the ranks ended and told nothing" doctor
SAY= COMPLAIN=$'-----------\nno  slots --here\n-----------' RANK_ENDS=1 expect 76 "mpirun ended with exit code 1: no slots --here" doctor
holds output "see all it says: mpirun -n 2"
SAY='{"topic":"out","level":"failure","found":"not seen","advice":"share it","code":73}' RANK_ENDS=1 expect 73 "-> share it" doctor
never "ended with exit code"
SAY='{"topic":"MPI","level":"failure"' expect 76 'told nothing: {"topic"' doctor
soon env SAY= COMPLAIN=waiting RANK_HANGS=1 "$MAGISTER" doctor --out "$WORK/runs"
grep -q '2 ranks by mpirun did not start within 8 s.*: waiting$' output || wrong "$(cat output)"
soon env SAY="$WELL" RANK_HANGS=1 "$MAGISTER" doctor --out "$WORK/runs"
holds output "all is well"
soon env SAY="${WELL%%$'\n'*}" RANK_HANGS=1 "$MAGISTER" doctor --out "$WORK/runs" --patience 5
holds output "2 ranks by mpirun did not end within 5 s"
for wrong in 0 -1 x 1e9 nan; do expect 64 "--patience takes 1 to 600 seconds" doctor --patience $wrong; done

SAY="${WELL%%$'\n'*}" RANK_HANGS=1 "$MAGISTER" doctor --out "$WORK/runs" --patience 60 >output 2>&1 &
doctor=$!
for _ in $(seq 600); do
    pgrep -f "^sleep $SLEEP\$" >/dev/null && break
    sleep 0.05
done
kill -TERM $doctor 2>/dev/null || wrong "it is not there to be stopped"
wait $doctor
for _ in $(seq 400); do
    pgrep -f "^sleep $SLEEP\$" >/dev/null || break
    sleep 0.05
done
if pgrep -f "^sleep $SLEEP\$" >/dev/null; then wrong "ranks are left when it is ended"; fi

echo "-- out"
SAY=$WELL expect 73 "/proc: nothing can be created there" "$MAGISTER" doctor --out /proc/runs
if unshare -m true 2>/dev/null; then
    mkdir small
    full="mount -t tmpfs -o size=256k tmpfs small && exec $MAGISTER doctor --out small/runs"
    SAY=$WELL expect 74 "a file of 1 MiB cannot be written: No space left on device" unshare -m sh -c "$full"
    holds output "0 MiB free: no run fits"
    full="mount -t tmpfs tmpfs small && mount -o remount,ro small && exec $MAGISTER doctor --out small/runs"
    SAY=$WELL expect 73 "is mounted read-only" unshare -m sh -c "$full"
    full="mount -t tmpfs -o nr_inodes=50 tmpfs small && exec $MAGISTER doctor --out small/runs"
    SAY=$WELL expect 74 "inodes for" unshare -m sh -c "$full"
else
    echo "skipped: full and read-only disks (no mount namespaces here)"
fi
if unshare -u true 2>/dev/null; then
    SAY=$WELL expect 0 "the name of this machine (hostname) does not resolve" \
        unshare -u sh -c "hostname no-such.invalid && exec $MAGISTER doctor --out runs"
else
    echo "skipped: a wrong host name (no UTS namespaces here)"
fi

echo "-- a Slurm job"
program srun <<'END'
#!/bin/sh
[ -z "${SRUN_HANGS:-}" ] || exec sleep $SLEEP
[ -z "${SRUN_FAILS:-}" ] || { echo "srun: error: $SRUN_FAILS" >&2; exit 1; }
if [ "$1" = --mpi=list ]; then
    printf 'MPI plugin types are...\n\tnone\n%s\n' "${MPI_TYPES-pmix}"
    exit
fi
echo "srun $*" >"$WORK/starter"
if [ -n "${SRUN_REFUSES:-}" ]; then
    echo x >>"$WORK/refused"
    [ "$(wc -l <"$WORK/refused")" -gt "$SRUN_REFUSES" ] || { echo "srun: error: Job credential revoked" >&2; exit 168; }
fi
while [ "${1##*/}" != rank ]; do shift; done
exec "$@"
END
program scontrol <<'END'
#!/bin/sh
[ -z "${SCONTROL_HANGS:-}" ] || exec sleep $SLEEP
[ "$*" != "show config" ] || { cat "$WORK/config"; exit; }
echo "JobId=7 JobName=x"
END
job() { env SLURM_JOB_ID=7 SLURM_JOB_NUM_NODES=4 SLURM_JOB_NODELIST='n[1-4]' SLURM_NTASKS="${TASKS:-8}" "$@"; }
SAY=$WELL expect 0 "job 7 on 4 nodes n[1-4], tasks: 8" job "$MAGISTER" doctor --out runs
holds starter " --nodes=4 --ntasks=8 --ntasks-per-node=2 "
holds starter "srun --mpi=pmix --kill-on-bad-exit=1"
holds starter " --immediate=5 --overlap "
holds words "doctor --ranks 8 --out $WORK/runs"
holds output "srun starts MPI ranks by PMIx (--mpi=pmix)"
holds output "scontrol answers"
holds output "2 ranks of 1 thread"
TASKS=1 SAY=$WELL expect 0 "3 ranks, started by srun" job "$MAGISTER" doctor --out runs
holds starter " --nodes=4 --ntasks=4 --ntasks-per-node=1 "
SAY=$WELL MPI_TYPES='specific pmix plugin versions available: pmix_v4' expect 0 "(--mpi=pmix)" job "$MAGISTER" doctor --out runs
SAY=$WELL MPI_TYPES='pmi2 pmix_v4' expect 0 "(--mpi=pmix)" job "$MAGISTER" doctor --out runs
SAY=$WELL MPI_TYPES='pmi2 cray_shasta' expect 0 "srun knows no PMIx" job "$MAGISTER" doctor --out runs
holds starter "mpirun -n 8"
SAY=$WELL SRUN_FAILS="Unable to contact slurm controller" expect 76 "Unable to contact slurm controller" job "$MAGISTER" doctor --out runs
SAY=$WELL SRUN_REFUSES=1 expect 0 "tried twice; at first it said: srun: error: Job credential revoked" job "$MAGISTER" doctor --out runs
holds output "3 ranks, started by srun"
rm refused
SAY=$WELL SRUN_REFUSES=9 expect 76 "srun ended with exit code 168: srun: error: Job credential revoked" job "$MAGISTER" doctor --out runs
[ "$(wc -l <refused)" -eq 2 ] || wrong "srun was called $(wc -l <refused) times"
soon env SRUN_HANGS=1 SAY="$WELL" SLURM_JOB_ID=7 SLURM_JOB_NUM_NODES=2 "$MAGISTER" doctor --out runs
holds output "srun did not answer within 3 s"
holds output "no rank was started: srun does not answer"
soon env SCONTROL_HANGS=1 SAY="$WELL" SLURM_JOB_ID=7 "$MAGISTER" doctor --out runs
holds output "scontrol did not answer within 3 s"
mv bin/scontrol scontrol.kept
if [ ! -x /usr/bin/scontrol ]; then
    SAY=$WELL expect 0 "there is no scontrol on this node" job "$MAGISTER" doctor --out runs
else # with the few programs that the others need
    mkdir few
    for name in sh env sleep cat hostname grep; do ln -s "$(command -v $name)" few/; done
    for name in rank mpirun srun; do ln -s "$WORK/bin/$name" few/; done
    SAY=$WELL expect 0 "there is no scontrol on this node" job env PATH="$WORK/few" "$MAGISTER" doctor --out runs
fi
mv scontrol.kept bin/scontrol
SAY=$WELL expect 0 "Slurm calls this node elsewhere" job env SLURMD_NODENAME=elsewhere "$MAGISTER" doctor --out runs

echo "-- a cluster"
program sinfo <<'END'
#!/bin/sh
[ -z "${SINFO_HANGS:-}" ] || exec sleep $SLEEP
cat "$WORK/partitions"
END
cat >config <<'END'
Configuration data as of 2026-01-01T00:00:00
AccountingStorageEnforce = associations,limits
JobRequeue              = 0
KillWait                = 30 sec
MinJobAge               = 300 sec
MpiDefault              = pmix_v4
PreemptMode             = CANCEL
RequeueExit             = 70-80
RequeueExitHold         = (null)
SLURM_VERSION           = 23.02.1
END
cat >partitions <<'END'
gpu*|up|3/5/0/8|2-00:00:00|64|512000|gpu:h100:4
old|down|0/0/9/9|infinite|8+|16000|(null)
END
SAY= expect 0 "partition gpu (default): up, 8 nodes (5 idle, 3 busy, 0 out of order), each 64 CPUs, 512.0 GB, gpu:h100:4, time limit 2-00:00:00" doctor --cluster
holds output "note     Slurm     partition old: down, 9 nodes"
holds output "version 23.02.1"
holds output "30 s (KillWait)"
holds output "cancelled (PreemptMode=CANCEL)"
holds output "JobRequeue=0"
holds output "exit code 75 (RequeueExit=70-80)"
holds output "AccountingStorageEnforce=associations,limits"
holds output "300 s (MinJobAge)"
never "and holds them"
never "MpiDefault"
sed -i 's/^RequeueExit .*/RequeueExit = 1,74,76-99/; s/^RequeueExitHold.*/RequeueExitHold = 3,75/; s/30 sec/5 sec/; s/CANCEL/GANG,SUSPEND/; s/pmix_v4/none/' config
expect 0 "may be suspended" doctor --cluster
never "(RequeueExit="
holds output "and holds them"
holds output "5 s (KillWait)"
holds output "MpiDefault=none"
echo nonsense >partitions
expect 0 "cannot be read: nonsense||" doctor --cluster
: >partitions
expect 66 "sinfo shows no partition" doctor --cluster
printf 'p|up|0/2/0/2|infinite|8|16000|(null)\n' >partitions
: >config
expect 0 "version unknown" doctor --cluster
head -c 100000 /dev/urandom >config
expect 0 "version unknown" doctor --cluster
soon env SINFO_HANGS=1 "$MAGISTER" doctor --cluster
holds output "sinfo did not answer within 3 s"
SAY=$WELL expect 0 "3 ranks, started by srun" doctor --cluster --partition p
holds starter " --ntasks=2 --ntasks-per-node=1 "
holds starter " --immediate=8 --partition=p --nodes=2 --time=1 $WORK/bin/rank doctor --ranks 2 --out $WORK/runs --nodes 2 "
program salloc <<'END'
#!/bin/sh
echo "$*" >"$WORK/salloc"
while [ "$1" != mpirun ]; do shift; done
exec "$@"
END
SAY=$WELL MPI_TYPES=none expect 0 "3 ranks, started by mpirun" doctor --cluster --partition p
holds salloc "--immediate=8 --partition=p --nodes=2 --time=1 mpirun -n 2"
rm bin/sinfo
if ! command -v sinfo >/dev/null; then expect 66 "there is no sinfo in PATH" doctor --cluster; fi
finish
