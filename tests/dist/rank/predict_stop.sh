#!/bin/sh
# predict_stop.sh CASE - a stop that comes while predictions are made: what was predicted is kept, the set is not complete,
# and the next start goes on to the same bytes.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export MAGISTER_TERMINAL=0 XDG_STATE_HOME="$work/state"
recipe=$work/kitchen.yaml
sed -e '/^  variants:/,/^$/d' tests/fixtures/kitchen.yaml >"$recipe" # one teacher, one student

magister() { # STAGES [key=value ...]: goes on with the run; sets code
    stages=$1
    shift
    code=0
    "$MAGISTER_BUILD/magister" run "$recipe" --resume --ranks 2 out="$work/run" "stages=[$stages]" generate.videos=24 \
        generate.eval_videos=120 generate.texts=20 teacher.train.max_steps=4 student.train.max_steps=4 \
        student.seeds=[] teacher.baselines=[] launch.bind=none "$@" >"$work/said" 2>&1 || code=$?
}

expect() { [ "$code" = "$1" ] || { echo "expected exit $1, got $code"; cat "$work/said"; exit 1; }; }

has() { grep -q -- "$1" "$work/said" || { echo "no \"$1\" in:"; cat "$work/said"; exit 1; }; }

# Sets second to the process of rank 1, which comes behind its watcher.
find_second() {
    second=
    for rank in $(pgrep -f -- "magister-rank --run $work/run "); do
        grep -qsz '^OMPI_COMM_WORLD_RANK=1$' "/proc/$rank/environ" || continue
        parent=$(sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$rank/stat" 2>/dev/null) || continue
        ! grep -qsz '^OMPI_COMM_WORLD_RANK=1$' "/proc/$parent/environ" || second=$rank
    done
}

# Waits until a file has some words, then asks rank 1 alone to stop. The rank is looked for before: on a busy machine that
# may take longer than the predictions.
stop_when() { # WORDS FILE
    second=
    for _ in $(seq 6000); do
        { [ -n "$second" ] && kill -0 "$second" 2>/dev/null; } || find_second
        if [ -n "$second" ] && grep -qs -- "$1" "$work/run/$2"; then
            kill -USR1 "$second" && return
        fi
        sleep 0.02
    done
    echo "$2 has no $1 after two minutes or more"
}

set_of() { # NAME: its line of the store
    "$MAGISTER_BUILD/tests/store_dump" "$work/run/store.sqlite" >"$work/dump"
    grep "^$1 seed" "$work/dump"
}

interrupt() { # STEP STAGES SET
    rm -f "$work/run/steps/$1/progress.json"
    stop_when '"unit": "predictions"' "steps/$1/progress.json" &
    watcher=$!
    magister "$2"
    kill $watcher 2>/dev/null || true # the run is over
    wait $watcher || true
    expect 75
    has "stopped after [1-9][0-9]* of [0-9]* predictions as asked; they are kept"
    [ ! -e "$work/run/steps/$1/done.json" ]
    [ "$(sed -n 1p "$work/run/logs/$1.rank0.error")" = 75 ]
    set_of "$3"
    ! set_of "$3" | grep -q ' complete 1 '
    kept=$(set_of "$3" | sed 's/.* complete 0 records \([0-9]*\).*/\1/')
    [ "$kept" -gt 0 ]
    [ "$(sed -n 's/.*stopped after \([0-9]*\) of.*/\1/p' "$work/said" | head -n 1)" = "$kept" ]
}

same_in_the_end() { # STAGES SET
    cp "$work/run/store.sqlite" "$work/stopped.sqlite"
    magister "$1"
    expect 0
    set_of "$2" | grep -q ' complete 1 '
    cp "$work/dump" "$work/one"
    rm "$work/run/store.sqlite" "$work"/run/steps/predict.teacher/done.json
    rm -f "$work"/run/steps/student/done.json
    magister "$1"
    expect 0
    set_of "$2" | grep -q ' complete 1 '
    cmp "$work/dump" "$work/one"
}

case $1 in
teacher)
    magister "generate, teacher"
    expect 0
    interrupt predict.teacher "generate, teacher, predict" teacher
    same_in_the_end "generate, teacher, predict" teacher
    ;;
student)
    interrupt student "generate, teacher, predict, student" student
    cp "$work/run/steps/student/curve.jsonl" "$work/curve"
    same_in_the_end "generate, teacher, predict, student" student
    cmp "$work/curve" "$work/run/steps/student/curve.jsonl" # the training was over
    ;;
overlap) # the student has learned, and waits for the teacher to end
    all="generate, teacher, predict, student" big="teacher.width=256 teacher.layers=4"
    magister "generate, teacher" $big
    expect 0
    stop_when '"step_ms_p50"' steps/student/stats.json &
    watcher=$!
    magister "$all" $big launch.overlap=1
    kill $watcher 2>/dev/null || true # the run is over
    wait $watcher || true
    expect 75
    has "stopped as asked while the teacher still predicted"
    set_of teacher
    ! set_of teacher | grep -q ' complete 1 '
    [ "$(set_of teacher | sed 's/.* complete 0 records \([0-9]*\).*/\1/')" -gt 0 ]
    cp "$work/run/steps/student/curve.jsonl" "$work/curve"
    magister "$all" $big launch.overlap=1
    expect 0
    set_of student | grep -q ' complete 1 '
    set_of teacher | grep -q ' complete 1 '
    cmp "$work/curve" "$work/run/steps/student/curve.jsonl" # the training was over
    ;;
*) echo "there is no case $1" && exit 1 ;;
esac
