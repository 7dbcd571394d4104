#!/usr/bin/env bash
# `magister run` with a sweep, and `magister sweep`: members that succeed, fail, wait and are stopped (fake_rank.c).
source "$(dirname "$0")/common.sh"
cd "$WORK" || exit 1
cat >s.yaml <<'RECIPE'
name: try
stages: [teacher, student]
data: {train: a.csv, tracks: t}
student: {distill: {loss: none}}
sweep:
  student.seeds: [[0, 1], [2, 3], [4, 5]]
RECIPE
ONE=00-seeds_0-1 TWO=01-seeds_2-3 THREE=02-seeds_4-5

calls() { # DIR: how many ranks were started in all members
    cat "$1"/*/calls 2>/dev/null | wc -l
}

echo "-- before it begins"
expect 0 "3 members, 3 waiting" "$MAGISTER" sweep s.yaml
expect 0 "s.yaml: good, a sweep of 3 members" "$MAGISTER" recipe check s.yaml
gone runs

echo "-- a member that fails neither blocks nor hides"
FAKE_RANK="student.3=fail" expect 65 "1 of 3 members failed, first $TWO: student.3 failed: training.csv:3: no <such> action" \
    "$MAGISTER" run s.yaml
holds output "3 members, 2 done, 1 failed"
[ "$(cut -d' ' -f1 runs/try/$THREE/calls | tr '\n' ' ')" = "teacher student.4 student.5 " ] ||
    wrong "the member behind the failed one: $(cat runs/try/$THREE/calls)"
there runs/try/$ONE/steps/student.1/done.json
there runs/try/$THREE/steps/student.5/done.json
gone runs/try/$TWO/steps/student.3/done.json
expect 0 "[2, 3]  failed (65)  student.3 failed: training.csv:3: no <such> action" "$MAGISTER" sweep runs/try
expect 0 '1,01-seeds_2-3,"[2, 3]",failed,65,student.3 failed' "$MAGISTER" sweep s.yaml --csv
[ "$(wc -l <output)" -eq 4 ] || wrong "--csv: $(cat output)"
expect 0 '"state": "failed"' "$MAGISTER" sweep runs/try --json
expect 0 '"exit_code": 65' "$MAGISTER" sweep runs/try --json
holds runs/try/sweep.json '"name": "01-seeds_2-3"'
expect 0 "student.seeds: [[0, 1], [2, 3], [4, 5]]" "$MAGISTER" recipe show runs/try/recipe.yaml
expect 0 "out: runs/try/$TWO" "$MAGISTER" recipe show runs/try/$TWO/recipe.yaml
grep -q sweep runs/try/$TWO/recipe.yaml && wrong "a member's recipe is a sweep"

echo "-- what is there already"
expect 73 "--resume goes on with it" "$MAGISTER" run s.yaml
before=$(calls runs/try)
expect 0 "member 1/3: $ONE: done before" "$MAGISTER" run s.yaml --resume
holds output "3 members, 3 done"
[ "$(calls runs/try)" -eq $((before + 1)) ] || wrong "--resume did more than the one step that was left"
expect 0 "$TWO: done before" "$MAGISTER" run s.yaml --resume
[ "$(calls runs/try)" -eq $((before + 1)) ] || wrong "--resume did finished members again"
expect 78 "was done with another recipe" "$MAGISTER" run s.yaml --resume teacher.layers=1
holds output "3 of 3 members failed"
expect 0 "3 done" "$MAGISTER" run s.yaml --resume
expect 78 "is another sweep: its member 0 is $ONE, the recipe's is 00-seeds_7" "$MAGISTER" run s.yaml --resume \
    'sweep.student.seeds=[[7],[8],[9]]'
expect 78 "is a sweep of 3 members, and the recipe has 1" "$MAGISTER" run s.yaml --resume 'sweep.student.seeds=[[0, 1]]'
expect 0 "4 members, 4 done" "$MAGISTER" run s.yaml --resume 'sweep.student.seeds=[[0, 1],[2, 3],[4, 5],[6]]'
expect 0 "03-seeds_6" "$MAGISTER" sweep runs/try --csv
expect 0 "is not the sweep that the recipe is now" "$MAGISTER" sweep s.yaml
holds output "4 members, 4 done"
expect 0 "runs/try is now runs/try.old-1" "$MAGISTER" run s.yaml --force
expect 0 "3 members, 3 done" "$MAGISTER" sweep runs/try
expect 0 "4 members, 4 done" "$MAGISTER" sweep runs/try.old-1

echo "-- runs and sweeps are not mixed up"
expect 73 "is a sweep, which this recipe is not" "$MAGISTER" run s.yaml --resume sweep=null
expect 0 "[4/4]" "$MAGISTER" run s.yaml out=plain sweep=null 'student.seeds=[1, 2, 3]'
expect 73 "is a run, and no sweep" "$MAGISTER" run s.yaml out=plain --resume
expect 73 "is a run, and no sweep" "$MAGISTER" run s.yaml out=plain --member 0
gone plain/sweep.json
mkdir mine && touch mine/file
expect 73 "is no run" "$MAGISTER" run s.yaml out=mine
expect 73 "is there, and is no sweep" "$MAGISTER" run s.yaml out=mine --member 0
gone mine/sweep.json
expect 66 "is a sweep of runs: name one of its members" "$MAGISTER" report runs/try
expect 66 "is no sweep" "$MAGISTER" sweep plain
expect 66 "nowhere.yaml: cannot open" "$MAGISTER" sweep nowhere.yaml
expect 64 "is no sweep: it has no values under sweep" "$MAGISTER" sweep plain/recipe.yaml
expect 64 "one argument too many" "$MAGISTER" sweep runs/try seed=1
expect 64 "the table has no column stat: did you mean state?" "$MAGISTER" sweep runs/try --sort stat
expect 64 "a score is SET.SCORE" "$MAGISTER" sweep runs/try --scores top1
expect 64 "say one of --csv and --json" "$MAGISTER" sweep runs/try --csv --json

echo "-- one member alone"
expect 0 "run in solo/$TWO" "$MAGISTER" run s.yaml out=solo --member 1
gone solo/$ONE
expect 0 "3 members, 1 done, 2 waiting" "$MAGISTER" sweep solo
expect 0 "run in solo/$THREE" env SLURM_ARRAY_TASK_ID=2 "$MAGISTER" run s.yaml out=solo --member array
expect 73 "--resume goes on with it" "$MAGISTER" run s.yaml out=solo --member 1
expect 0 "3 members, 2 done, 1 waiting" "$MAGISTER" sweep solo
expect 0 "solo/$TWO is now solo/$TWO.old-1" "$MAGISTER" run s.yaml out=solo --member 1 --force
expect 64 "there is no member 3: the sweep has 3, from 0 on" "$MAGISTER" run s.yaml out=solo --member 3
expect 64 "--member is a member's number, from 0 on, not 1x" "$MAGISTER" run s.yaml out=solo --member 1x
expect 64 "--member is a member's number" "$MAGISTER" run s.yaml out=solo --member -1
expect 64 "SLURM_ARRAY_TASK_ID is not set" env -u SLURM_ARRAY_TASK_ID "$MAGISTER" run s.yaml out=solo --member array
expect 64 "SLURM_ARRAY_TASK_ID is a member's number" env SLURM_ARRAY_TASK_ID= "$MAGISTER" run s.yaml --member array
expect 64 "--member is for sweeps" "$MAGISTER" run s.yaml sweep=null out=solo --member 0

echo "-- many members that begin at the same moment"
numbers=$(seq -s, 0 23)
for round in 1 2 3; do
    jobs=()
    for i in $(seq 0 23); do
        "$MAGISTER" run s.yaml sweep=null "sweep.seed=[$numbers]" "out=array$round" --member "$i" >"log$i" 2>&1 &
        jobs+=($!)
    done
    for i in $(seq 0 23); do
        wait "${jobs[$i]}" || wrong "member $i of round $round: $(cat "log$i")"
    done
    expect 0 "24 members, 24 done" "$MAGISTER" sweep "array$round"
    [ -z "$(find "array$round" -name '*.tmp*')" ] || wrong "files are left: $(find "array$round" -name '*.tmp*')"
done

echo "-- several launchers in one sweep"
FAKE_RANK="student.0=wait" "$MAGISTER" run s.yaml out=both >both.log 2>&1 &
launcher=$!
wait_for both/$ONE/waiting
expect 0 "[0, 1]  running" "$MAGISTER" sweep both
expect 73 "another magister works in it" "$MAGISTER" run s.yaml out=both --force
expect 73 "another magister works in it" "$MAGISTER" run s.yaml out=both --member 0 --resume
expect 0 "member 1/3: $ONE: another magister runs it" "$MAGISTER" run s.yaml out=both --resume
holds output "3 members, 2 done, 1 running"

echo "-- Ctrl-C: saves, exit code 75, and goes on"
kill -INT "$launcher"
wait "$launcher"
[ $? -eq 75 ] || wrong "a stopped sweep does not end with 75: $(cat both.log)"
holds both.log "student.0 was stopped and has saved; --resume goes on with it"
holds both.log "3 members, 2 done, 1 stopped"
grep -q "member 2/3" both.log && wrong "a stopped sweep goes on with the next member"
expect 0 "3 members, 3 done" "$MAGISTER" run s.yaml out=both --resume

FAKE_RANK="student.0=fail student.2=wait" "$MAGISTER" run s.yaml out=half >half.log 2>&1 &
launcher=$!
wait_for half/$TWO/waiting
kill -TERM "$launcher"
wait "$launcher"
[ $? -eq 75 ] || wrong "a stopped sweep with a failed member does not end with 75: $(cat half.log)"
holds half.log "3 members, 1 failed, 1 stopped, 1 waiting"

echo "-- a launcher that died"
FAKE_RANK="student.2=wait" "$MAGISTER" run s.yaml out=dead >dead.log 2>&1 &
launcher=$!
wait_for dead/$TWO/waiting
kill -KILL "$launcher"
wait "$launcher" 2>/dev/null
cp dead/$TWO/state.json far.json
expect 0 "3 members, 1 done, 1 died, 1 waiting" "$MAGISTER" sweep dead
holds output "ended without a word: its launcher (process $launcher) is gone"
expect 0 "3 members, 3 done" "$MAGISTER" run s.yaml out=dead --resume

echo "-- status of a sweep: the same words"
FAKE_RANK="student.0=fail student.2=wait" "$MAGISTER" run s.yaml out=seen >seen.log 2>&1 &
launcher=$!
wait_for seen/$TWO/waiting
expect 0 "seen: running, 3 members, 1 failed, 1 running, 1 waiting" "$MAGISTER" status seen
holds output "progress  0/3 members"
grep -q "^$ONE  failed   2/3 student.0 " output || wrong "no row of the first: $(cat output)"
holds output "    student.0 failed: training.csv:3: no <such> action"
grep -q "^$TWO  running  2/3 student.2 " output || wrong "no row of the second: $(cat output)"
grep -q "^$THREE  waiting$" output || wrong "no row of the third: $(cat output)"
expect 0 '"state": "running"' "$MAGISTER" status seen --json
[ "$(grep -o '"state": "[a-z]*"' output | tr '\n' ' ')" = \
    '"state": "running" "state": "failed" "state": "running" "state": "waiting" ' ] || wrong "--json: $(cat output)"
"$MAGISTER" status seen --watch=0.1 >watched 2>&1 &
watcher=$!
wait_for watched "1 running"
kill -INT "$launcher"
wait "$launcher"
wait "$watcher" || wrong "--watch: $(cat watched)"
grep -q "seen: failed, 3 members, 1 failed, 1 stopped, 1 waiting" watched || wrong "--watch: $(cat watched)"
echo "$WORK/seen" >>state/magister/runs
expect 0 "    3 members, 1 failed, 1 stopped, 1 waiting" "$MAGISTER" status
grep -q "^seen  *failed  *0/3" output || wrong "the list has no such row: $(cat output)"
expect 0 "mend the cause, then: magister run seen/recipe.yaml out=seen --resume" "$MAGISTER" status seen
expect 0 "3 members, 3 done" "$MAGISTER" run seen/recipe.yaml out=seen --resume
expect 0 "next      magister sweep seen" "$MAGISTER" status seen

echo "-- on another machine: silent after three minutes, in the table and in status"
far() { # MINUTES: since a sign of life of the second member, elsewhere
    sed 's/"boot": "[^"]*"/"boot": "another"/; s/"host": "[^"]*"/"host": "far"/' far.json |
        sed "s/\"updated\": \"[^\"]*\"/\"updated\": \"$(date -u -d "-$1 minutes" +%Y-%m-%dT%H:%M:%SZ)\"/" >seen/$TWO/state.json
}
far 2
expect 0 "3 members, 2 done, 1 running" "$MAGISTER" sweep seen
expect 0 "seen: running, 3 members, 2 done, 1 running" "$MAGISTER" status seen
far 4
expect 0 "no sign of life for 4 min" "$MAGISTER" sweep seen
holds output "3 members, 2 done, 1 silent"
expect 0 "seen: silent, 3 members, 2 done, 1 silent" "$MAGISTER" status seen

echo "-- in an array of Slurm: members that wait and run there, and one that was cancelled before it began"
mkdir bin
printf '#!/bin/sh\necho "$*" >>"%s/asked"\ncat "%s/queue"\n' "$WORK" "$WORK" >bin/squeue
chmod +x bin/squeue
PATH="$WORK/bin:$PATH"
expect 0 "3 members, 3 waiting" "$MAGISTER" sweep s.yaml out=array
mkdir -p array/logs
cp seen/sweep.json seen/recipe.yaml array/
echo '{"cluster": "", "jobs": [{"id": "50", "name": "try"}]}' >array/submitted.json
printf '50_[1,3-9%%2]|PENDING|N/A||JobArrayTaskLimit\n50_0|RUNNING|2026-11-26T01:43:59|n1|None\n50_2|CANCELLED|2026-11-26T01:43:59||None\n' >queue
expect 0 "array: starting, 3 members, 1 starting, 1 pending, 1 stopped" "$MAGISTER" status array
holds output "    job 50_0 runs, and magister has not begun in it yet"
holds output "    job 50_[1,3-9%2] waits for other members of its array: only so many run at a time (JobArrayTaskLimit)"
holds output "    job 50_2 ended (CANCELLED) before magister began"
expect 0 "3 members, 1 starting, 1 pending, 1 stopped" "$MAGISTER" sweep array
cp -r seen/$ONE seen/$THREE array/
: >queue
expect 0 "array: waiting, 3 members, 2 done, 1 waiting" "$MAGISTER" status array
[ "$(grep -c . asked)" -eq 3 ] || wrong "squeue was asked $(grep -c . asked) times for three looks: $(cat asked)"
printf '50_[1]|PENDING|N/A||Resources\n' >queue
expect 0 "3 members, 2 done, 1 pending" "$MAGISTER" sweep array
rm bin/squeue
expect 0 "Slurm does not answer: there is no squeue in PATH" env PATH=/nowhere "$MAGISTER" sweep array
expect 0 "Slurm does not answer: there is no squeue in PATH" env PATH=/nowhere "$MAGISTER" status array

echo "-- damaged files"
printf '{"version": 1' >dead/sweep.json
expect 0 "dead: unknown, dead/sweep.json:1: is no JSON" "$MAGISTER" status dead
expect 65 "dead/sweep.json:1: is no JSON" "$MAGISTER" sweep dead
expect 65 "dead/sweep.json:1: is no JSON" "$MAGISTER" run s.yaml out=dead --resume
for text in '[]' '{"version": 2}' '{"version": 1, "keys": [], "labels": [], "members": []}' \
    '{"version": 1, "keys": ["a"], "labels": [], "members": [{"name": "x", "keys": {}}]}' \
    '{"version": 1, "keys": ["a"], "labels": ["a"], "members": [{"name": "x", "keys": {}}]}' \
    '{"version": 1, "keys": [], "labels": [], "members": [{"name": "../x", "keys": {}}]}' \
    '{"version": 1, "keys": [], "labels": [], "members": [3]}'; do
    echo "$text" >dead/sweep.json
    expect 65 "dead/sweep.json: " "$MAGISTER" sweep dead
done
printf '{"version": 1, "keys": ["a"], "labels": ["\\u001b[2J"], "members": [{"name": "x", "keys": {"a": "\\u001b]0;"}}]}' \
    >dead/sweep.json
expect 0 "1 member, 1 waiting" "$MAGISTER" sweep dead
grep -q "$(printf '\033')" output && wrong "control characters reach the terminal"
finish
