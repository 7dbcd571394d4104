#!/usr/bin/env bash
# `magister status`, `logs` and `cancel`: runs that work, fail, are killed, lie elsewhere, and wait in a Slurm that is a
# script (squeue prints what lies in $WORK/queue, scancel notes how it was called).
source "$(dirname "$0")/common.sh"
cd "$WORK" || exit 1
cat >r.yaml <<'RECIPE'
name: try
stages: [teacher, predict, student]
data: {train: a.csv, tracks: t}
student:
  seeds: [0, 1]
  variants: {plain: {distill.loss: none}}
RECIPE

lacks() { # FILE TEXT
    ! grep -qF -- "$2" "$1" || wrong "$1 holds \"$2\": $(cat "$1")"
}

ends_with() { # PID CODE
    wait "$1"
    local got=$?
    [ "$got" -eq "$2" ] || wrong "process $1 ended with $got, not $2"
}

edit() { # RUN SED-SCRIPT: changes its state.json
    sed -i "$2" "$1/state.json"
}

echo "-- no runs yet"
expect 0 "no runs yet" "$MAGISTER" status
expect 0 '"runs": []' "$MAGISTER" status --json
expect 66 "nowhere: there is no such directory" "$MAGISTER" status nowhere
expect 66 "nowhere: there is no such directory" "$MAGISTER" logs nowhere
expect 66 "nowhere: there is no such directory" "$MAGISTER" cancel nowhere
mkdir folder
for each in status logs cancel; do expect 66 "folder: is no run" "$MAGISTER" "$each" folder; done

echo "-- a run that is done, one that failed"
"$MAGISTER" run r.yaml out=done >log 2>&1 || wrong "$(cat log)"
expect 0 "done: done" "$MAGISTER" status done
holds output "6/6 plain.1"
FAKE_RANK="student.1=fail" "$MAGISTER" run r.yaml out=bad >log 2>&1
expect 0 "bad: failed" "$MAGISTER" status bad
holds output "4/6 student.1"
holds output "rank 0, exit code 65: student.1 failed: training.csv:3: no <such> action"
holds output "magister run bad/recipe.yaml out=bad --resume"
expect 0 '"rank": 0' "$MAGISTER" status bad --json
holds output '"code": 65'
holds output '"log": "bad/logs/student.1.rank0.log"'
expect 0 "bad: failed" "$MAGISTER" status bad --watch
expect 0 "bad: does not run: failed" "$MAGISTER" cancel bad
expect 0 "[6/6] plain.1" "$MAGISTER" run bad/recipe.yaml out=bad --resume # as it said
expect 0 "started anew 1 time" "$MAGISTER" status bad
lacks output "error"

echo "-- one that runs: seen, watched, followed, cancelled"
FAKE_RANK="predict.teacher=wait" "$MAGISTER" run r.yaml out=live >live.log 2>&1 &
launcher=$!
wait_for live/waiting
expect 0 "live: running" "$MAGISTER" status live
holds output "2/6 predict.teacher, for 0:0"
holds output "process $launcher on $(hostname)"
printf '{"done": 12, "total": 50, "unit": "steps", "epoch": 2, "loss": 0.25, "samples_per_s": 312.44, "seconds_left": 65,
  "metric": "top1", "best_metric": 31.5, "updated": "%s"}' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >live/steps/predict.teacher/progress.json
expect 0 "12/50 steps, epoch 2, loss 0.25, 312.4 samples/s, 1:05 left in this step" "$MAGISTER" status live
holds output "top1 31.5"
expect 0 "running  2/6 predict.teacher     12/50      312.4  1:05" "$MAGISTER" status
[ "$(grep -c . output)" -eq 4 ] || wrong "status does not show three runs: $(cat output)"
sed -n 2p output | grep -q "^live " || wrong "the run that changed last is not the first: $(cat output)"
expect 0 '"samples_per_s": 312.44' "$MAGISTER" status live --json
sed -i 's/"updated": "20/"updated": "19/' live/steps/predict.teacher/progress.json # of an earlier try: no rate now
expect 0 "12/50 steps, epoch 2, loss 0.25" "$MAGISTER" status live
lacks output "samples/s"
echo "steps/predict.teacher/progress.json" >live/steps/predict.teacher/progress.json
expect 0 "is no JSON" "$MAGISTER" status live

printf 'one\ntwo\nthree\n' >live/logs/predict.teacher.rank0.log
printf 'other\n' >live/logs/predict.teacher.rank1.log
printf 'old\n' >live/logs/teacher.rank0.log
expect 0 "three" "$MAGISTER" logs live --lines 2
holds output "==> predict.teacher.rank0.log <=="
lacks output "one"
lacks output "other"
expect 0 "other" "$MAGISTER" logs live --rank all
expect 0 "old" "$MAGISTER" logs live --step teacher
expect 0 "[1/6] teacher" "$MAGISTER" logs live --step launcher
expect 66 "there is no log of rank 0 of a step predict.teachr: did you mean predict.teacher?" "$MAGISTER" logs live --step predict.teachr
expect 66 "has no logs of this rank yet" "$MAGISTER" logs live --rank 7

"$MAGISTER" status live --watch=0.2 >watched 2>&1 &
watcher=$!
"$MAGISTER" logs live --follow --lines 1 >followed 2>&1 &
follower=$!
wait_for watched "live: running, 2/6 predict.teacher"
wait_for followed three
printf 'fo' >>live/logs/predict.teacher.rank0.log
wait_for followed fo
printf 'ur\n' >>live/logs/predict.teacher.rank0.log
printf 'not seen\n' >>live/logs/predict.teacher.rank1.log
printf 'a new step\n' >live/logs/student.0.rank0.log
wait_for followed "a new step"
printf 'anew\n' >live/logs/student.0.new && mv live/logs/student.0.new live/logs/student.0.rank0.log
wait_for followed anew
expect 0 "live: stopped; magister run --resume goes on with it" "$MAGISTER" cancel live
holds output "asked its launcher (process $launcher) to stop: the ranks save and end"
ends_with "$launcher" 75
holds live/saved predict.teacher
there live/cancel
ends_with "$watcher" 0
ends_with "$follower" 0
holds watched "live: stopped, 2/6 predict.teacher"
[ "$(wc -l <watched)" -eq 2 ] || wrong "--watch tells more than changes: $(cat watched)"
holds followed "four"
holds followed "==> student.0.rank0.log <=="
holds followed "live: stopped"
lacks followed "two"
lacks followed "not seen"
lacks followed "old"
expect 0 "[6/6]" "$MAGISTER" run r.yaml out=live --resume
gone live/cancel

echo "-- one that does not save: --wait, --now"
FAKE_RANK="teacher=deaf" "$MAGISTER" run r.yaml out=deaf >deaf.log 2>&1 &
launcher=$!
wait_for deaf/waiting
expect 76 "deaf: still runs after 1 s" "$MAGISTER" cancel deaf --wait 1
expect 0 "process $launcher" "$MAGISTER" status deaf
expect 0 "the ranks are killed" "$MAGISTER" cancel deaf --now
ends_with "$launcher" 75
expect 0 "deaf: stopped" "$MAGISTER" status deaf

echo "-- a launcher that was killed"
FAKE_RANK="teacher=wait" "$MAGISTER" run r.yaml out=killed >killed.log 2>&1 &
launcher=$!
wait_for killed/waiting
cp killed/state.json alive.json
kill -KILL "$launcher"
wait "$launcher" 2>/dev/null
expect 0 "killed: died, ended without a word: its launcher (process $launcher) is gone" "$MAGISTER" status killed
holds output "magister run killed/recipe.yaml out=killed --resume"
expect 0 "killed: does not run: died" "$MAGISTER" cancel killed

echo "-- a process that got the launcher's number is left alone"
sleep 100 &
sleeper=$!
begun=$(sed 's/.*) //' "/proc/$sleeper/stat" | cut -d' ' -f20)
sed "s/\"pid\": [0-9]*/\"pid\": $sleeper/" alive.json >killed/state.json
expect 0 "killed: died" "$MAGISTER" status killed # it began at another time
sed -i "s/\"begun\": [0-9]\+/\"begun\": $begun/" killed/state.json
expect 0 "killed: running" "$MAGISTER" status killed
expect 76 "process $sleeper does not hold the run's lock" "$MAGISTER" cancel killed
kill -0 "$sleeper" 2>/dev/null || wrong "cancel has ended a process that is no launcher"
kill "$sleeper"

echo "-- on another machine"
edit killed 's/"boot": "[^"]*"/"boot": "another"/; s/"host": "[^"]*"/"host": "far"/'
edit killed "s/\"updated\": \"[^\"]*\"/\"updated\": \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"/"
expect 0 "killed: running" "$MAGISTER" status killed
expect 76 "runs on far (process $sleeper), not here: log in there" "$MAGISTER" cancel killed
edit killed "s/\"updated\": \"[^\"]*\"/\"updated\": \"$(date -u -d '-12 minutes' +%Y-%m-%dT%H:%M:%SZ)\"/"
expect 0 "killed: silent, no sign of life for 12 min" "$MAGISTER" status killed
holds output "look whether process $sleeper still runs on far"
expect 76 "log in there" "$MAGISTER" cancel killed

echo "-- the last lines of logs of all sizes"
mkdir -p lines/logs
printf 'stages: [teacher]\n' >lines/recipe.yaml
for size in 0 1 65535 65536 65537 200000; do
    yes "a line of some length, and then some" | head -c "$size" >lines/logs/teacher.rank0.log
    for end in "" $'\n' $'\n\n'; do
        printf '%s' "$end" >>lines/logs/teacher.rank0.log
        for count in 0 1 2 1770 1771 1772 1000000; do
            "$MAGISTER" logs lines --lines "$count" | grep -v "^==> " >shown
            tail -n "$count" lines/logs/teacher.rank0.log | cmp -s - shown ||
                cmp -s <(tail -n "$count" lines/logs/teacher.rank0.log; echo) shown || # grep ends the last line
                wrong "the last $count lines of $size bytes are not those of tail"
        done
    done
done

echo "-- hostile files"
mkdir -p hostile/logs
printf 'stages: [teacher]\n' >hostile/recipe.yaml
for text in '' '{' '[]' '{"state": "running"}' '{"state": 7}' '{"state": "running", "step": "../../x", "place": 3}' \
    '{"state": "failed", "error": {"code": 65, "message": "\u001b]0;x\u0007"}}'; do
    printf '%s' "$text" >hostile/state.json
    expect 0 "hostile: " "$MAGISTER" status hostile
    grep -q $'\033' output && wrong "commands for the terminal are printed"
    expect 0 '"run": "hostile"' "$MAGISTER" status hostile --json
done
head -c 2000000 /dev/urandom >hostile/state.json
expect 0 "larger than" "$MAGISTER" status hostile
rm hostile/state.json
mkfifo hostile/state.json hostile/logs/teacher.rank0.log
expect 0 "is no regular file" timeout 10 "$MAGISTER" status hostile
expect 66 "has no logs yet" timeout 10 "$MAGISTER" logs hostile
rm hostile/state.json hostile/logs/teacher.rank0.log
head -c 3000 /dev/urandom >"$XDG_STATE_HOME/magister/runs.new"
cat "$XDG_STATE_HOME/magister/runs" >>"$XDG_STATE_HOME/magister/runs.new"
mv "$XDG_STATE_HOME/magister/runs.new" "$XDG_STATE_HOME/magister/runs"
rm -rf deaf
expect 0 "live " "$MAGISTER" status
lacks output "deaf "

echo "-- jobs in Slurm"
mkdir bin
export PATH="$WORK/bin:$PATH" QUEUE="$WORK/queue" CALLS="$WORK/scancel-calls"
cat >bin/squeue <<'SCRIPT'
#!/bin/sh
echo x >>"$QUEUE-asked"
[ -e "$QUEUE-broken" ] && { echo "slurm_load_jobs error: Unable to contact slurm controller" >&2; exit 1; }
cat "$QUEUE"
$MEANWHILE # what a job does before the answer is read
SCRIPT
cat >bin/scancel <<'SCRIPT'
#!/bin/sh
echo "$*" >>"$CALLS"
if [ -e "$QUEUE-busy" ]; then
    rm "$QUEUE-busy"
    echo "scancel: error: Kill job error on job id 5: Job/step in transition, try again later" >&2
    exit 1
fi
for id; do :; done
grep -v "^${id}[^0-9]" "$QUEUE" >"$QUEUE.new"
mv "$QUEUE.new" "$QUEUE"
SCRIPT
chmod +x bin/squeue bin/scancel
mkdir -p job/logs
printf 'stages: [teacher]\n' >job/recipe.yaml
echo '{"cluster": "alps", "jobs": [{"id": "5", "name": "try", "steps": "teacher"}, {"id": "6", "name": "try-2"}]}' >job/submitted.json

while IFS='|' read -r reason text; do
    printf '5|PENDING|N/A||%s\n' "$reason" >queue
    expect 0 "job: pending, job 5 $text" "$MAGISTER" status job
    holds output "($reason)"
    expect 0 "\"reason\": \"$reason\"" "$MAGISTER" status job --json
done <<'REASONS'
Resources|waits until enough nodes are free
Priority|waits for jobs of higher priority
Dependency|waits for a job it depends on
DependencyNeverSatisfied|never starts: a job it depends on failed
QOSMaxJobsPerUserLimit|waits for jobs of yours to end
ReqNodeNotAvail, UnavailableNodes:n[1-2]|waits for nodes that are down, drained or reserved
BeginTime|waits for its time to begin
SomethingNew|waits
REASONS
printf '5|PENDING|N/A||DependencyNeverSatisfied\n' >queue
expect 0 "magister cancel job" "$MAGISTER" status job
printf '5|RUNNING|2026-11-26T01:43:59|n[1-2]|None\n6|PENDING|N/A||Dependency\n' >queue
expect 0 "job: starting, job 5 runs, and magister has not begun in it yet" "$MAGISTER" status job
holds output "5 (try): RUNNING on n[1-2]"
holds output "6 (try-2): PENDING, Dependency: waits for a job it depends on"
sed 's/"state": "running"/"state": "failed"/; s/"changed": "[^"]*"/"changed": "2026-11-26T01:43:59Z"/; s/"job": null/"job": "5"/' \
    alive.json >job/ended
printf '5|RUNNING|2026-11-26T01:43:59|n1|None\n' >queue
TZ=UTC expect 0 "job: failed" env MEANWHILE="mv job/ended job/state.json" "$MAGISTER" status job
printf '5|FAILED|2026-11-26T01:43:59|n1|NonZeroExitCode\n' >queue # in the second in which it began
TZ=UTC expect 0 "job: failed" "$MAGISTER" status job
printf '5|FAILED|2026-11-26T01:44:00|n1|NonZeroExitCode\n' >queue # once more, and the launcher did not begin
TZ=UTC expect 0 "job: died, job 5 ended (FAILED, NonZeroExitCode) before magister began" "$MAGISTER" status job
rm job/state.json
printf '5|CANCELLED|2026-11-26T01:43:59||Dependency\n' >queue
expect 0 "job: stopped, job 5 ended (CANCELLED) before magister began" "$MAGISTER" status job
holds output "magister submit --resume job"
printf '5|FAILED|2026-11-26T01:43:59|n1|NonZeroExitCode\n' >queue
expect 0 "job: died, job 5 ended (FAILED, NonZeroExitCode) before magister began" "$MAGISTER" status job
: >queue
expect 0 "job: unknown" "$MAGISTER" status job
holds output "5, 6: Slurm does not know them any longer"
echo "slurmstepd: error: no such file" >job/logs/slurm-5.out
expect 0 "slurmstepd: error: no such file" "$MAGISTER" logs job
touch queue-broken
expect 0 "Slurm does not answer: squeue ended with exit code 1: slurm_load_jobs error: Unable to contact" "$MAGISTER" status job
expect 74 "job: its jobs cannot be reached" "$MAGISTER" cancel job
rm queue-broken
printf '5|what\n' >queue
expect 0 'its answer cannot be read: "5|what"' "$MAGISTER" status job
rm bin/squeue queue-asked
expect 0 "Slurm does not answer: there is no squeue in PATH" env PATH=/nowhere "$MAGISTER" status job
printf '#!/bin/sh\necho x >>"$QUEUE-asked"\ncat "$QUEUE"\n' >bin/squeue
chmod +x bin/squeue
expect 0 "done: done" "$MAGISTER" status done
gone queue-asked # a run without jobs does not ask

echo "-- a job a stage: done only when all are"
sed 's/"state": "running"/"state": "done"/; s/"changed": "[^"]*"/"changed": "2026-11-26T01:50:00Z"/' alive.json >job/state.json
export TZ=UTC
printf '5|COMPLETED|2026-11-26T01:43:59|n1|None\n6|PENDING|N/A||Resources\n' >queue
expect 0 "job: pending, job 6 waits until enough nodes are free" "$MAGISTER" status job
printf '5|COMPLETED|2026-11-26T01:43:59|n1|None\n6|RUNNING|2026-11-26T01:50:10|n1|None\n' >queue
expect 0 "job: starting" "$MAGISTER" status job
printf '6|NODE_FAIL|2026-11-26T01:50:10|n1|None\n' >queue
expect 0 "job: died, job 6 ended (NODE_FAIL) before magister began" "$MAGISTER" status job
printf '5|COMPLETING|2026-11-26T01:43:59|n1|None\n' >queue
expect 0 "job: done" "$MAGISTER" status job

echo "-- jobs that run and wait are cancelled"
sed 's/"job": null/"job": "5"/; s/"boot": "[^"]*"/"boot": "another"/; s/"host": "[^"]*"/"host": "n1"/' alive.json >job/state.json
printf '5|RUNNING|2026-11-26T01:43:59|n1|None\n6|PENDING|N/A||Dependency\n' >queue
touch queue-busy
expect 0 "job 5 on n1: asked to stop: the ranks save and end" "$MAGISTER" cancel job
holds output "job 6: taken out of the queue"
holds scancel-calls "--batch --signal=TERM 5"
holds scancel-calls "--state=PENDING --quiet 6"
[ "$(grep -c -- '--batch' scancel-calls)" -eq 2 ] || wrong "once refused, once heard: $(cat scancel-calls)"
there job/cancel
rm scancel-calls
printf '5_[1-5%%2]|PENDING|N/A||JobArrayTaskLimit\n5_0|RUNNING|2026-11-26T01:43:59|n1|None\n' >queue
expect 0 "job 5_[1-5%2]: taken out of the queue" "$MAGISTER" cancel job --now
[ "$(sort scancel-calls | tr '\n' ';')" = "--state=PENDING --quiet 5;5_0;" ] || wrong "$(cat scancel-calls)"

echo "-- a job that is not of magister submit is left alone"
rm scancel-calls job/submitted.json
printf '5|RUNNING|2026-11-26T01:43:59|n1|None\n' >queue
expect 76 "runs on n1 in job 5, which magister did not submit or Slurm does not know: srun --jobid=5 --overlap" "$MAGISTER" cancel job
gone scancel-calls
edit job "s/\"updated\": \"[^\"]*\"/\"updated\": \"$(date -u -d '-12 minutes' +%Y-%m-%dT%H:%M:%SZ)\"/"
expect 0 "job: running, no sign of life for 12 min" "$MAGISTER" status job
printf '5|NODE_FAIL|2026-11-26T01:43:59|n1|NodeDown\n' >queue
expect 0 "job: died, its job 5 ended (NODE_FAIL)" "$MAGISTER" status job
printf '5|PENDING|2026-11-26T01:43:59||BeginTime\n' >queue
expect 0 "job: pending, job 5 waits for its time to begin; so does a job for a while after a requeue" "$MAGISTER" status job
: >queue
expect 0 "job: silent, no sign of life for 12 min" "$MAGISTER" status job
finish
