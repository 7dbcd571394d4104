#!/bin/sh
# rank.sh CASE - how magister-rank ends: exit codes, logs, error files, and no rank left behind.
set -eu
work=$(mktemp -d)
run=$work/run
section=teacher step=teacher
trap 'rm -rf "$work"' EXIT
export MAGISTER_TERMINAL=0

kitchen() { # [key=value ...]: a run directory with data and recipe, before its teacher
    "$MAGISTER_BUILD/magister" run tests/fixtures/kitchen.yaml out="$run" generate.videos=12 generate.eval_videos=4 \
        generate.texts=60 'stages=[generate]' teacher.train.epochs=200 "$@" >"$work/kitchen" 2>&1 ||
        { cat "$work/kitchen"; exit 1; }
}

train() { # RANKS PROMISED: sets code
    code=0
    if [ "$1" = 0 ]; then # alone, without mpirun
        "$MAGISTER_BUILD/magister-rank" --run "$run" --section "$section" --seed 0 --ranks "$2" >"$work/said" 2>&1 || code=$?
    else
        mpirun --allow-run-as-root --oversubscribe --bind-to none --quiet -n "$1" "$MAGISTER_BUILD/magister-rank" \
            --run "$run" --section "$section" --seed 0 --ranks "$2" >"$work/said" 2>&1 || code=$?
    fi
    cat "$work/said"
}

expect() { [ "$code" = "$1" ] || { echo "expected exit $1, got $code"; exit 1; }; }

error() { # RANK CODE WORDS: of the error file
    file=$run/logs/$step.rank$1.error
    cat "$file"
    [ "$(sed -n 1p "$file")" = "$2" ]
    grep -q -- "$3" "$file"
    grep -q '^[a-z_]*\.c:[0-9]*$' "$file" # the place
}

# Waits until the step trains, tells process $1 the signal $2.
when_training() {
    for _ in $(seq 2400); do
        if grep -qs '"step": 2' "$run/steps/$step/curve.jsonl"; then
            kill "-$2" "$1"
            return
        fi
        sleep 0.1
    done
    echo "no training in four minutes"
    exit 1
}

case $1 in
ends)
    kitchen teacher.train.max_steps=20
    MAGISTER_DEBUG=1 MAGISTER_BIND="2:1" train 2 2
    expect 0
    grep -q 'rank 1 debug: 0 tensors alive' "$run/logs/$step.rank1.log"
    grep -q '"world_size": 2' "$run/steps/$step/stats.json"
    [ -z "$(ls "$run"/logs/*.error 2>/dev/null)" ]
    ;;
promise) # never a silent world of one
    kitchen
    train 0 2
    expect 76
    error 0 76 '2 ranks were promised and the world has 1'
    train 2 3
    expect 76
    error 1 76 '3 ranks were promised and the world has 2'
    ;;
data) # wrong data fails on all ranks before training
    kitchen
    echo "99999,kitchen_000000,nonsense" >>"$run/data/training.csv"
    train 2 2
    expect 65
    error 0 65 'training.csv:'
    error 1 65 'training.csv:'
    ;;
pretrain) # masks are a sample's: with exact training any number of ranks makes the same model
    section=pretrain step=pretrain.teacher
    kitchen teacher.pretrain.extra_text=true teacher.pretrain.train.max_steps=12 train.exact=true \
        teacher.pretrain.train.batch=16
    for ranks in 1 2 4; do
        train "$ranks" "$ranks"
        expect 0
        mv "$run/steps/$step" "$work/$ranks"
    done
    cmp "$work/1/model.safetensors" "$work/2/model.safetensors"
    cmp "$work/1/model.safetensors" "$work/4/model.safetensors"
    ;;
stop | pretrain_stop) # asked to stop: saved, and it goes on to the same end as a training that was not asked
    [ "$1" = stop ] || section=pretrain step=pretrain.teacher
    # long enough to be met on the way by a shell that a busy machine runs seldom
    kitchen teacher.train.max_steps=240 teacher.pretrain.train.max_steps=240 teacher.pretrain.train.epochs=400 \
        "teacher.pretrain.extra_text=$([ "$1" = stop ] && echo false || echo true)"
    mpirun --allow-run-as-root --oversubscribe --bind-to none --quiet -n 2 "$MAGISTER_BUILD/magister-rank" \
        --run "$run" --section "$section" --seed 0 --ranks 2 >"$work/said" 2>&1 &
    when_training $! USR1
    code=0
    wait $! || code=$?
    cat "$work/said"
    expect 75
    error 0 75 'stopped after step'
    train 2 2
    expect 0
    grep -q 'going on from step' "$work/said"
    mv "$run/steps/$step" "$work/stopped"
    train 2 2
    expect 0
    cmp "$work/stopped/model.safetensors" "$run/steps/$step/model.safetensors"
    cmp "$work/stopped/curve.jsonl" "$run/steps/$step/curve.jsonl"
    ;;
signals) # no handler runs in a rank that trains (trainer_stop_listen says why): signals wait until it looks
    kitchen
    "$MAGISTER_BUILD/magister-rank" --run "$run" --section "$section" --seed 0 --ranks 1 >"$work/said" 2>&1 &
    rank=$!
    when_training $rank 0
    asked=$((1 << 9 | 1 << 14 | 1 << 1)) # USR1, TERM, INT
    for thread in /proc/$rank/task/*/status; do
        blocked=$((0x$(sed -n 's/^SigBlk:.*\([0-9a-f]\{8\}\)$/\1/p' "$thread")))
        caught=$((0x$(sed -n 's/^SigCgt:.*\([0-9a-f]\{8\}\)$/\1/p' "$thread")))
        [ $((blocked & asked)) = $asked ]
        [ $((caught & asked)) = 0 ]
    done
    kill -TERM $rank
    code=0
    wait $rank || code=$?
    expect 75
    error 0 75 'stopped after step'
    ;;
late) # a rank that does not come to the start: MPI would wait for it without an end
    kitchen launch.timeout=3
    begun=$(date +%s)
    mpirun --allow-run-as-root --oversubscribe --bind-to none --quiet -n 2 "$MAGISTER_BUILD/magister-rank" \
        --run "$run" --section "$section" --seed 0 --ranks 2 >"$work/said" 2>&1 &
    mpirun=$!
    second= seen=' '
    children() { list= && { read -r list <"$1" || true; } 2>/dev/null; } # sets list; no process is started, which takes time
    while [ -z "$second" ]; do
        watchers=
        for task in /proc/$mpirun/task/*/children; do children "$task" && watchers="$watchers $list"; done
        for watcher in $watchers; do
            case $seen in *" $watcher "*) continue ;; esac
            children "/proc/$watcher/task/$watcher/children"
            [ -n "$list" ] || continue
            seen="$seen$watcher " rank=${list% }
            kill -STOP "$rank"
            if grep -qsz '^OMPI_COMM_WORLD_RANK=1$' "/proc/$watcher/environ"; then second=$rank; else kill -CONT "$rank"; fi
        done
    done
    code=0
    wait $mpirun || code=$?
    cat "$work/said"
    [ $(($(date +%s) - begun)) -lt 120 ]
    error 1 137 'rank 1 (.*) \(did not come to\|was stopped (state T) at\) the start of MPI'
    error 0 76 'rank 0 (.*) waited in vain for the others at the start of MPI'
    grep -q 'T (stopped)' "$run/logs/$step.rank1.stack"
    ! grep -qsv ') Z ' "/proc/$second/stat"
    ;;
killed | watcher | stopped) # a rank that is killed, or hangs, takes the others with it, and it is told which and why
    # a death is seen long before the time-out; and mpirun, which kills the others a second later, is to let them tell
    timeout=60
    [ "$1" != stopped ] || timeout=10
    [ "$1" != killed ] || export OMPI_MCA_odls_base_sigkill_timeout=10
    kitchen launch.timeout=$timeout
    mpirun --allow-run-as-root --oversubscribe --bind-to none --quiet -n 2 "$MAGISTER_BUILD/magister-rank" \
        --run "$run" --section "$section" --seed 0 --ranks 2 >"$work/said" 2>&1 &
    mpirun=$!
    when_training $mpirun 0
    watchers=$(cat /proc/$mpirun/task/*/children) ranks=
    for watcher in $watchers; do
        children=$(cat "/proc/$watcher/task/$watcher/children")
        ranks="$ranks $children"
        if grep -qz '^OMPI_COMM_WORLD_RANK=1$' "/proc/$watcher/environ"; then second=$watcher second_rank=$children; fi
    done
    begun=$(date +%s)
    case $1 in
    killed) kill -KILL $second_rank ;;
    watcher) kill -KILL "$second" ;;
    stopped) kill -STOP $second_rank ;;
    esac
    code=0
    wait $mpirun || code=$?
    took=$(($(date +%s) - begun))
    cat "$work/said"
    for each in $watchers $ranks; do
        for _ in $(seq 50); do # mpirun does not wait until they are gone
            grep -qsv ') Z ' "/proc/$each/stat" || break
            sleep 0.2
        done
        if grep -qsv ') Z ' "/proc/$each/stat"; then # neither gone nor waiting to be buried
            echo "process $each is left"
            exit 1
        fi
    done
    case $1 in
    killed)
        error 1 137 'rank 1 (.*) was ended by signal 9 (Killed)'
        error 0 76 'rank 1 (.*) has died without a word'
        [ "$took" -le 30 ]
        ;;
    watcher) # mpirun sees it too, and may end the other rank before it has told
        [ ! -e "$run/logs/$step.rank0.error" ] || error 0 76 'rank 1 (.*) has died without a word'
        [ "$code" -ne 0 ]
        [ "$took" -le 20 ]
        ;;
    stopped)
        expect 76
        error 0 76 'rank 0 (.*) waited 10 s at .*: rank 1 (.*) did not come'
        grep -q 'T (stopped)' "$run/logs/$step.rank1.stack"
        grep -q 'S (sleeping)' "$run/logs/$step.rank0.stack"
        if command -v eu-stack >/dev/null; then
            grep -q '^#0 ' "$run/logs/$step.rank1.stack" # in a matrix product there is no more to be seen
            grep -q ' step_run' "$run/logs/$step.rank0.stack"
        fi
        ;;
    esac
    ;;
*)
    exit 64
    ;;
esac
