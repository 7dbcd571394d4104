#!/usr/bin/env bash
# `magister run` with ranks that succeed, fail, hang, and are stopped (fake_rank.c).
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

ranks_of() { # RUN: their processes; other runs of that name may be at work elsewhere
    local pid
    for pid in $(pgrep -f -- "--run $1 --section"); do
        [ "$(readlink "/proc/$pid/cwd")" != "$WORK" ] || echo "$pid"
    done
}

no_ranks_left() {
    for _ in $(seq 300); do
        [ -n "$(ranks_of "$1")" ] || return 0
        sleep 0.1
    done
    wrong "ranks of $1 are left"
}

second_ctrl_c() { # LOG: once the first has been heard, and the ranks are waited for
    kill -INT "$launcher"
    wait_for "$1" "once more to kill them"
    sleep 0.3
    kill -0 "$launcher" 2>/dev/null || wrong "the first Ctrl-C did not wait for the ranks"
    kill -INT "$launcher"
}

echo "-- a run that succeeds"
expect 0 "[6/6] plain.1" "$MAGISTER" run r.yaml
[ "$(cut -d' ' -f1 runs/try/calls | tr '\n' ' ')" = "teacher predict.teacher student.0 student.1 plain.0 plain.1 " ] ||
    wrong "steps: $(cat runs/try/calls)"
holds runs/try/calls "teacher ranks=1 rank=- bind=1:1"
holds runs/try/calls "threads=1 policy=PASSIVE"
there runs/try/steps/plain.1/done.json
there runs/try/logs/launcher.log
holds runs/try/recipe.yaml "out: runs/try"
holds state/magister/runs "$WORK/runs/try"
expect 0 "name: try" "$MAGISTER" recipe show runs/try/recipe.yaml

echo "-- what is there already"
expect 73 "--resume goes on with it, --force moves it aside" "$MAGISTER" run r.yaml
expect 64 "say one of them" "$MAGISTER" run r.yaml --resume --force
expect 0 "[1/6] teacher: done before" "$MAGISTER" run r.yaml --resume
[ "$(wc -l <runs/try/calls)" -eq 6 ] || wrong "--resume did finished steps again"
[ "$(wc -l <state/magister/runs)" -eq 1 ] || wrong "a run is listed twice"
expect 78 "teacher was done with another recipe" "$MAGISTER" run r.yaml --resume teacher.layers=2
expect 0 "[2/2] predict.teacher: done before" "$MAGISTER" run r.yaml --resume student.layers=1 stages=[teacher,predict]
expect 0 "runs/try is now runs/try.old-1" "$MAGISTER" run r.yaml --force
expect 0 "runs/try is now runs/try.old-2" "$MAGISTER" run r.yaml --force
there runs/try.old-1/steps/plain.1/done.json
mkdir -p mine && echo x >mine/file
expect 73 "is no run" "$MAGISTER" run r.yaml --force out=mine
there mine/file
mkdir empty
expect 0 "[6/6]" "$MAGISTER" run r.yaml out=empty/
expect 73 "is no directory" "$MAGISTER" run r.yaml out=r.yaml
expect 73 "cannot create" "$MAGISTER" run r.yaml out=/proc/none/run

echo "-- ranks that fail"
FAKE_RANK="student.1=fail" expect 65 "student.1 failed: training.csv:3: no <such> action" "$MAGISTER" run r.yaml out=a
holds output "a/logs/student.1.rank0.log"
grep -q "reader.c" output && wrong "the place in the source is shown to the user"
there a/steps/student.0/done.json
gone a/steps/student.1/done.json
expect 0 "[3/6] student.0: done before" "$MAGISTER" run r.yaml out=a --resume
FAKE_RANK="teacher=silent" expect 76 "teacher ended with exit code 3 and left no message" "$MAGISTER" run r.yaml out=b
FAKE_RANK="teacher=killed" expect 76 "teacher was ended by signal 9" "$MAGISTER" run r.yaml out=c
MAGISTER_RANK=/nowhere/rank expect 66 "/nowhere/rank: cannot run" "$MAGISTER" run r.yaml out=d

echo "-- ranks that die are started again, as often as was said"
FAKE_RANK="predict.teacher=once" expect 0 "predict.teacher begins again from its last checkpoint in 1 s: restart 1 of 2" \
    "$MAGISTER" run r.yaml out=again --max-restarts 2
holds output "predict.teacher was ended by signal 9"
[ "$(wc -l <again/calls)" -eq 7 ] || wrong "one restart: $(cat again/calls)"
holds again/state.json '"restarts": 1'
holds again/logs/launcher.log "restart 1 of 2"
FAKE_RANK="teacher=killed" expect 76 "restart 2 of 2" "$MAGISTER" run r.yaml out=often launch.max_restarts=2
[ "$(wc -l <often/calls)" -eq 3 ] || wrong "two restarts: $(cat often/calls)"
FAKE_RANK="teacher=fail" expect 65 "no <such> action" "$MAGISTER" run r.yaml out=never --max-restarts 2
[ "$(wc -l <never/calls)" -eq 1 ] || wrong "wrong data was tried again"
FAKE_RANK="teacher=killed" "$MAGISTER" run r.yaml out=stopped --max-restarts 9 2>stopped.log &
launcher=$!
until grep -qs "restart 2 of 9" stopped.log || ! kill -0 $launcher; do sleep 0.05; done
kill -TERM "$launcher"
wait "$launcher"
[ $? -eq 75 ] || wrong "a stop between two tries does not end with 75: $(cat stopped.log)"
[ "$(wc -l <stopped/calls)" -eq 2 ] || wrong "a stop did not end the pause: $(cat stopped/calls)"

echo "-- one launcher a run"
FAKE_RANK="teacher=wait" "$MAGISTER" run r.yaml out=e 2>e.log &
launcher=$!
wait_for e/waiting
expect 73 "another magister works in it" "$MAGISTER" run r.yaml out=e --resume
expect 73 "another magister works in it" "$MAGISTER" run r.yaml out=e --force

echo "-- Ctrl-C: saves, exit code 75, and goes on"
kill -INT "$launcher"
wait "$launcher"
[ $? -eq 75 ] || wrong "a stopped run does not end with 75: $(cat e.log)"
holds e/saved teacher
holds e.log "teacher was stopped and has saved; --resume goes on with it"
expect 0 "[6/6] plain.1" "$MAGISTER" run r.yaml out=e --resume

echo "-- a second Ctrl-C kills"
FAKE_RANK="teacher=deaf" "$MAGISTER" run r.yaml out=f 2>f.log &
launcher=$!
wait_for f/waiting
second_ctrl_c f.log
wait "$launcher"
[ $? -eq 75 ] || wrong "a killed run does not end with 75: $(cat f.log)"
no_ranks_left f

echo "-- a launcher that dies takes its ranks along"
FAKE_RANK="teacher=wait" "$MAGISTER" run r.yaml out=g 2>g.log &
launcher=$!
wait_for g/waiting
kill -KILL "$launcher"
wait "$launcher" 2>/dev/null
no_ranks_left g

if ! command -v mpirun >/dev/null; then
    echo "-- several ranks: skipped, there is no mpirun"
    finish
fi

echo "-- several ranks"
expect 66 "there is no mpirun" env PATH=/nowhere "$MAGISTER" run r.yaml out=h --ranks 2
expect 0 "[6/6] plain.1" "$MAGISTER" run r.yaml out=i --ranks 2
[ "$(wc -l <i/calls)" -eq 12 ] || wrong "two ranks: $(cat i/calls)"
holds i/calls "teacher ranks=2 rank=0"
holds i/calls "teacher ranks=2 rank=1"
expect 78 "launch.ranks is given twice" "$MAGISTER" run r.yaml out=j --ranks 2 launch.ranks=2
expect 78 "launch.ranks is a whole number" "$MAGISTER" run r.yaml out=j --ranks many
FAKE_RANK="teacher=lost" expect 65 "teacher failed on rank 1: my own fault" "$MAGISTER" run r.yaml out=k --ranks 2
FAKE_RANK="teacher=killed" expect 76 "signal 9" "$MAGISTER" run r.yaml out=l --ranks 2

FAKE_RANK="predict.teacher=wait" "$MAGISTER" run r.yaml out=m --ranks 2 2>m.log &
launcher=$!
wait_for m/waiting "" 2
kill -TERM "$launcher"
wait "$launcher"
[ $? -eq 75 ] || wrong "two stopped ranks do not end with 75: $(cat m.log)"
[ "$(wc -l <m/saved)" -eq 2 ] || wrong "not both ranks saved"
there m/steps/teacher/done.json
gone m/steps/predict.teacher/done.json

FAKE_RANK="teacher=deaf" "$MAGISTER" run r.yaml out=n --ranks 2 2>n.log &
launcher=$!
wait_for n/waiting "" 2
second_ctrl_c n.log
wait "$launcher"
[ $? -eq 75 ] || wrong "two killed ranks do not end with 75: $(cat n.log)"
no_ranks_left n

FAKE_RANK="teacher=deaf" "$MAGISTER" run r.yaml out=o --ranks 2 2>o.log &
launcher=$!
wait_for o/waiting "" 2
kill -KILL "$launcher"
wait "$launcher" 2>/dev/null
no_ranks_left o
finish
