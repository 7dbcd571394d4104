#!/bin/sh
# rank.sh CASE - how magister-rank ends: exit codes, logs, error files, and no rank left behind.
set -eu
work=$(mktemp -d)
run=$work/run
trap 'rm -rf "$work"' EXIT
export MAGISTER_TERMINAL=0

kitchen() { # [key=value ...]: a run directory with data and recipe, before its teacher
    "$MAGISTER_BUILD/magister" run conf/demo.yaml out="$run" generate.videos=12 generate.eval_videos=4 \
        generate.texts=10 'stages=[generate]' teacher.train.epochs=200 "$@" >"$work/kitchen" 2>&1 ||
        { cat "$work/kitchen"; exit 1; }
}

teacher() { # RANKS PROMISED: trains; sets code
    code=0
    if [ "$1" = 0 ]; then # alone, without mpirun
        "$MAGISTER_BUILD/magister-rank" --run "$run" --section teacher --seed 0 --ranks "$2" >"$work/said" 2>&1 || code=$?
    else
        mpirun --allow-run-as-root --oversubscribe --bind-to none --quiet -n "$1" "$MAGISTER_BUILD/magister-rank" \
            --run "$run" --section teacher --seed 0 --ranks "$2" >"$work/said" 2>&1 || code=$?
    fi
    cat "$work/said"
}

expect() { [ "$code" = "$1" ] || { echo "expected exit $1, got $code"; exit 1; }; }

error() { # RANK CODE WORDS: of the error file
    file=$run/logs/teacher.rank$1.error
    cat "$file"
    [ "$(sed -n 1p "$file")" = "$2" ]
    grep -q -- "$3" "$file"
    grep -q '^[a-z_]*\.c:[0-9]*$' "$file" # the place
}

# Waits until the teacher trains, tells process $1 the signal $2.
when_training() {
    for _ in $(seq 600); do
        if grep -qs '"step": 2' "$run/steps/teacher/curve.jsonl"; then
            kill "-$2" "$1"
            return
        fi
        sleep 0.1
    done
    echo "no training in 60 s"
    exit 1
}

case $1 in
ends)
    kitchen teacher.train.max_steps=20
    MAGISTER_DEBUG=1 MAGISTER_CPUS="0;0" teacher 2 2
    expect 0
    grep -q 'rank 1 debug: 0 tensors alive' "$run/logs/teacher.rank1.log"
    grep -q '"world_size": 2' "$run/steps/teacher/stats.json"
    [ -z "$(ls "$run"/logs/*.error 2>/dev/null)" ]
    ;;
promise) # never a silent world of one
    kitchen
    teacher 0 2
    expect 76
    error 0 76 '2 ranks were promised and the world has 1'
    teacher 2 3
    expect 76
    error 1 76 '3 ranks were promised and the world has 2'
    ;;
data) # wrong data fails on all ranks before training
    kitchen
    echo "99999,kitchen_000000,nonsense" >>"$run/data/training.csv"
    teacher 2 2
    expect 65
    error 0 65 'training.csv:'
    error 1 65 'training.csv:'
    ;;
stop) # asked to stop: saved, and it goes on to the same end as a training that was not asked
    kitchen teacher.train.max_steps=120
    mpirun --allow-run-as-root --oversubscribe --bind-to none --quiet -n 2 "$MAGISTER_BUILD/magister-rank" \
        --run "$run" --section teacher --seed 0 --ranks 2 >"$work/said" 2>&1 &
    when_training $! USR1
    code=0
    wait $! || code=$?
    cat "$work/said"
    expect 75
    error 0 75 'stopped after step'
    teacher 2 2
    expect 0
    grep -q 'going on from step' "$work/said"
    mv "$run/steps/teacher" "$work/stopped"
    teacher 2 2
    expect 0
    cmp "$work/stopped/model.safetensors" "$run/steps/teacher/model.safetensors"
    cmp "$work/stopped/curve.jsonl" "$run/steps/teacher/curve.jsonl"
    ;;
killed) # a rank that is killed takes the others with it
    kitchen
    mpirun --allow-run-as-root --oversubscribe --bind-to none --quiet -n 2 "$MAGISTER_BUILD/magister-rank" \
        --run "$run" --section teacher --seed 0 --ranks 2 >"$work/said" 2>&1 &
    mpirun=$!
    when_training $mpirun 0
    ranks=$(cat /proc/$mpirun/task/*/children)
    kill -KILL "$(echo "$ranks" | awk '{print $NF}')"
    code=0
    wait $mpirun || code=$?
    [ "$code" != 0 ]
    sleep 1
    for rank in $ranks; do
        if grep -qsv ') Z ' "/proc/$rank/stat"; then # neither gone nor waiting to be buried
            echo "rank $rank is left"
            exit 1
        fi
    done
    ;;
*)
    exit 64
    ;;
esac
