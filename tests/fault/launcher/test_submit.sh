#!/usr/bin/env bash
# `magister submit` and what a job does that cannot go back into the queue, with a Slurm that is scripts: sbatch says what
# lies in $WORK/answer-N for its Nth call (or refuses), squeue what lies in $WORK/queue.
source "$(dirname "$0")/common.sh"
cd "$WORK" || exit 1
cat >r.yaml <<'RECIPE'
name: try
stages: [teacher, student]
data: {train: a.csv, tracks: t}
student: {distill: {loss: none}}
RECIPE
cat r.yaml - >s.yaml <<'RECIPE'
sweep:
  student.width: [8, 16, 32]
RECIPE

mkdir bin
export PATH="$WORK/bin:$PATH" WORK TZ=UTC
: >queue
cat >bin/sbatch <<'SCRIPT'
#!/bin/sh
exec 9>"$WORK/sbatch-lock" # several may call at the same moment
flock 9
echo "$*" >>"$WORK/sbatch-calls"
number=$(wc -l <"$WORK/sbatch-calls")
[ ! -e "$WORK/refuse-$number" ] || { echo "sbatch: error: invalid partition specified: nowhere" >&2; exit 1; }
[ ! -e "$WORK/garble-$number" ] || { echo "what?"; exit 0; }
[ ! -e "$WORK/write-$number" ] || touch "$(cat "$WORK/write-$number")"
echo $((100 + number))
SCRIPT
printf '#!/bin/sh\ncat "$WORK/queue"\n' >bin/squeue
printf '#!/bin/sh\necho "$*" >>"$WORK/scancel-calls"\n[ ! -e "$WORK/stays" ]\n' >bin/scancel
chmod +x bin/*
mkdir few # a machine without Slurm
ln -sf /bin/* /usr/bin/* few/
rm -f few/scontrol few/sbatch few/squeue few/srun few/scancel

calls_begin() { # [refuse-N | garble-N | write-N FILE]...
    rm -f sbatch-calls scancel-calls refuse-* garble-* write-* stays
    for name; do : >"$name"; done
}

echo "-- a submission that sbatch refuses leaves nothing, and can be said again"
calls_begin refuse-1
expect 65 "invalid partition specified: nowhere" "$MAGISTER" submit r.yaml out=new/a
gone new/a
expect 0 "no runs yet" "$MAGISTER" status
calls_begin
expect 0 "job 101: try" "$MAGISTER" submit r.yaml out=new/a
there new/a/jobs/try.sbatch
expect 73 "--resume goes on with it" "$MAGISTER" submit r.yaml out=new/a
calls_begin refuse-1
expect 65 "invalid partition" "$MAGISTER" submit s.yaml out=sweep
gone sweep
calls_begin refuse-2
expect 65 "invalid partition" "$MAGISTER" submit r.yaml out=stages launch.slurm.jobs=stages
holds scancel-calls 101
gone stages
PATH="$WORK/few" expect 66 "there is no sbatch in PATH" "$MAGISTER" submit r.yaml out=none
gone none

echo "-- what was there before stays"
mkdir empty
calls_begin refuse-1
expect 65 "invalid partition" "$MAGISTER" submit r.yaml out=empty
[ -d empty ] && [ -z "$(ls -A empty)" ] || wrong "the empty folder: $(ls -A empty 2>&1)"
expect 0 "run in old" "$MAGISTER" run r.yaml out=old
find old | sort >before
calls_begin refuse-1
expect 65 "invalid partition" "$MAGISTER" submit r.yaml out=old --resume
{ cat before; printf 'old/jobs\nold/jobs/try.sbatch\n'; } | sort | diff - <(find old | sort) >difference ||
    wrong "a refused --resume: $(cat difference)"
calls_begin refuse-1
expect 65 "invalid partition" "$MAGISTER" submit r.yaml out=old --force
gone old
sed 's/^old/old.old-1/' before | grep -v '/jobs' >moved
while read -r name; do there "$name"; done <moved

echo "-- nor goes anything where a job may be, or has been"
calls_begin garble-1
expect 65 "sbatch gave no job's id: what?" "$MAGISTER" submit r.yaml out=unsure
there unsure/recipe.yaml
calls_begin refuse-2 stays
expect 65 "invalid partition" "$MAGISTER" submit r.yaml out=left launch.slurm.jobs=stages
holds output "job 101 is still there: scancel 101"
there left/recipe.yaml
for name in logs/slurm-101.out steps/x state.json jobs/notes; do
    calls_begin refuse-2
    echo "began/$name" >write-1
    expect 65 "invalid partition" "$MAGISTER" submit r.yaml out=began launch.slurm.jobs=stages
    there began/$name
    there began/recipe.yaml
    there began/jobs/try-student.sbatch
    rm -r began
done

echo "-- a job without scontrol is submitted again: members of an array one by one, at the same moment"
calls_begin
expect 0 "job 101: try" "$MAGISTER" submit s.yaml out=array
holds array/submitted.json '"id": "101"'
again() { # ID MEMBER: a job that is stopped while it works
    echo "$1_$2|RUNNING|2026-11-26T01:43:59|n1|None" >>queue
    env SLURM_JOB_ID="$1" SLURM_ARRAY_JOB_ID="$1" SLURM_ARRAY_TASK_ID="$2" SLURM_JOB_NUM_NODES=1 SLURM_NTASKS=1 \
        SLURM_SUBMIT_DIR="$WORK" SLURM_TASK_PID=1 PATH="$WORK/bin:$WORK/few" FAKE_RANK="teacher=wait" \
        "$MAGISTER" run array/recipe.yaml --resume --requeue --member array >>"member-$2.log" 2>&1 &
    launchers+=($!)
}
stop_all() { # DIRECTORY...: when the rank of each has begun to wait
    for member; do
        wait_for "$member/waiting"
        rm -f "$member/waiting"
    done
    kill -USR1 "${launchers[@]}"
    for each in "${launchers[@]}"; do
        wait "$each"
        [ $? -eq 75 ] || wrong "a launcher: $(cat member-*.log)"
    done
}
printf '#!/bin/sh\nid=$(echo "$*" | sed "s/.*--jobs \\([0-9_]*\\).*/\\1/")\ngrep "^$id" "$WORK/queue"\n' >bin/squeue
launchers=()
for member in 0 1 2; do again 101 $member; done
stop_all array/00-width_8 array/01-width_16 array/02-width_32
for member in 0 1 2; do
    holds sbatch-calls "--dependency=afterany:101_$member"
    grep -q -- "--array=$member" sbatch-calls || wrong "member $member alone: $(cat sbatch-calls)"
done
ids() { grep -o '"id": "[0-9_]*"' array/submitted.json | tr -dc '0-9_\n' | sort | tr '\n' ' '; }
[ "$(ids | tr -d ' ' | sed 's/101//; s/10[234]_//g' | fold -w1 | sort | tr -d '\n')" = 012 ] || wrong "noted: $(ids)"
second=$(grep -o '"id": "[0-9]*_1"' array/submitted.json | tr -dc '0-9_' | sed 's/_1$//')
launchers=()
again "$second" 1
stop_all array/01-width_16
[[ "$(ids)" == "101 "*"105_1 " && "$(ids | wc -w)" -eq 4 ]] || wrong "noted after another turn: $(ids)"

echo "-- submit --wait: a job that sends another one in its place while Slurm is asked is not sent again"
calls_begin
cat >bin/squeue <<'SCRIPT'
#!/bin/sh
echo "$*" >>"$WORK/asked"
case "$*" in
*"--jobs 101 "*) # it stops, and ends, before the answer is there
    sed 's/"state": "done"/"state": "stopped"/' "$WORK/old.old-1/state.json" >"$WORK/follow/state.json"
    sed -i 's/"id": "101"/"id": "102"/' "$WORK/follow/submitted.json"
    echo '101|COMPLETED|2026-11-26T01:43:59|n1|None' ;;
*)
    cp "$WORK/old.old-1/state.json" "$WORK/follow/"
    echo '102|COMPLETED|2026-11-26T01:43:59|n1|None' ;;
esac
SCRIPT
expect 0 "" timeout 60 "$MAGISTER" submit r.yaml out=follow --wait
[ "$(wc -l <asked)" -eq 2 ] || wrong "both jobs are asked for: $(cat asked)"
[ "$(wc -l <sbatch-calls)" -eq 1 ] || wrong "it was sent again: $(cat sbatch-calls)"

echo "-- and status and cancel see all of them"
printf '#!/bin/sh\necho "$*" >>"$WORK/squeue-calls"\ncat "$WORK/queue"\n' >bin/squeue
printf '101_0|FAILED|2026-11-26T01:43:59|n1|None\n105_[1]|PENDING|N/A||Dependency\n' >queue
expect 0 "    job 105_[1] waits for a job it depends on (Dependency)" "$MAGISTER" status array
holds squeue-calls "101,"
holds squeue-calls "105_1"
printf '#!/bin/sh\necho "$*" >>"$WORK/scancel-calls"\n: >"$WORK/queue"\n' >bin/scancel
expect 0 "job 105_[1]: taken out of the queue" "$MAGISTER" cancel array
holds scancel-calls "--state=PENDING --quiet 105"
finish
