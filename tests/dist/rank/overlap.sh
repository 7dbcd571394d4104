#!/bin/sh
# overlap.sh CASE - a teacher that predicts while its student trains: the same results as one after the other, whatever
# happens on the way.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export MAGISTER_TERMINAL=0 XDG_STATE_HOME="$work/state" MAGISTER_DEBUG=1
recipe=$work/kitchen.yaml
sed -e '/^  variants:/,/^$/d' tests/fixtures/kitchen.yaml >"$recipe" # one teacher, one student
both=predict.teacher+student

# magister NAME STAGES [key=value ...]: goes on with the run $work/NAME/run; sets code
magister() {
    cd "$work/$1"
    stages=$2
    shift 2
    code=0
    "$MAGISTER_BUILD/magister" run "$recipe" --resume out=run "stages=[$stages]" generate.videos=40 \
        generate.eval_videos=4 generate.texts=20 teacher.train.max_steps=10 student.train.epochs=2 student.seeds=[] \
        "$@" >said 2>&1 || code=$?
    cd - >/dev/null
}

well() { [ "$code" = 0 ] || { echo "$1 ended with $code:"; cat "$work/$1/said"; exit 1; }; }

# trained [key=value ...]: $work/base, a run whose teacher is trained
trained() {
    mkdir "$work/base"
    magister base "generate, teacher" "$@"
    well base
}

# run NAME [key=value ...]: goes on from there to the end, in $work/NAME
run() {
    name=$1
    shift
    [ -d "$work/$name" ] || cp -r "$work/base" "$work/$name"
    magister "$name" "generate, teacher, predict, student" "$@"
}

same() { # ONE OTHER: what the students became, and what the stores hold
    cmp "$work/$1/run/steps/student/model.safetensors" "$work/$2/run/steps/student/model.safetensors"
    cmp "$work/$1/run/steps/student/curve.jsonl" "$work/$2/run/steps/student/curve.jsonl"
    for each in "$1" "$2"; do
        "$MAGISTER_BUILD/tests/store_dump" "$work/$each/run/store.sqlite" >"$work/$each/dump"
        "$MAGISTER_BUILD/magister" store check "$work/$each/run/store.sqlite" >/dev/null
    done
    records=$(sed -n 's/^teacher seed 0 .* complete 1 records //p' "$work/$1/dump")
    [ "$(grep -c '^teacher ' "$work/$1/dump")" = $((records + 1)) ]
    cmp "$work/$1/dump" "$work/$2/dump"
}

when() { # WORDS FILE: waits until the file has them
    for _ in $(seq 4800); do
        if grep -qs -- "$1" "$2"; then return; fi
        sleep 0.05
    done
    echo "no \"$1\" in $2 after four minutes"
    exit 1
}

first_time() { grep -m 1 -- "$1" "$2" | cut -d ' ' -f 1; } # WORDS FILE: when they were logged

# Starts NAME in the background, and waits for its ranks: to look for them takes time, which there is at the beginning.
begin() {
    name=$1
    shift
    cp -r "$work/base" "$work/$name"
    (
        magister "$name" "generate, teacher, predict, student" "$@"
        exit "$code"
    ) &
    shell=$!
    log=$work/$name/run/logs/$both
    first=$(rank_with 0) second=$(rank_with 1)
}

descendants() { # PROCESS
    for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
        echo "$child"
        (descendants "$child")
    done
}

rank_with() { # RANK: its process, once there is one; it comes behind its watcher
    while kill -0 "$shell" 2>/dev/null; do
        count=0
        for process in $(descendants "$shell"); do
            grep -qsz "^OMPI_COMM_WORLD_RANK=$1\$" "/proc/$process/environ" || continue
            found=$process count=$((count + 1))
        done
        [ $count -ne 2 ] || { echo "$found" && return; }
        sleep 0.05
    done
}

gone() { # PROCESS: soon, or buried by nobody yet
    for _ in $(seq 200); do
        grep -qsv ') Z ' "/proc/$1/stat" || return 0
        sleep 0.1
    done
    echo "process $1 is left"
    exit 1
}

case $1 in
same)
    trained
    run one
    well one
    run two launch.ranks=2
    well two
    for roles in "1 1" "1 2" "2 1"; do
        students=${roles% *} teachers=${roles#* }
        run "over$students$teachers" launch.ranks="$students" launch.overlap="$teachers"
        well "over$students$teachers"
    done
    same one over11
    same one over12
    same two over21
    logs=$work/over11/run/logs/$both
    step=$(first_time 'step 1: loss' "$logs.rank0.log") done=$(first_time 'teacher: .* predicted' "$logs.rank1.log")
    [ "$(printf '%s\n%s\n' "$step" "$done" | sort | head -n 1)" = "$step" ] # not one after the other
    grep -q 'rank 0 debug: 0 tensors alive' "$logs.rank0.log"
    grep -q 'rank 1 debug: 0 tensors alive' "$logs.rank1.log"
    run over11 launch.overlap=1 # nothing is left to do, in either form
    well over11
    grep -q "$both: done before" "$work/over11/said"
    run over11
    well over11
    grep -q 'student: done before' "$work/over11/said"
    ;;
variants) # the control with shuffled predictions, all logits, features, and what is learned from the development part
    for changes in student.distill.shuffle=true 'predict.encoding=dense student.distill.loss=kl' \
        'student.distill.features=cosine student.distill.loss=none' student.learn_development=true; do
        rm -rf "$work/base" "$work/one" "$work/over"
        trained $changes
        run one $changes
        well one
        run over launch.overlap=1 $changes
        well over
        same one over
    done
    ;;
stop) # asked to stop in the middle: it goes on to the same end in either form
    trained student.train.checkpoint_steps=5
    run one student.train.checkpoint_steps=5
    well one
    begin stopped launch.overlap=1 student.train.checkpoint_steps=5
    when 'step 3: loss' "$log.rank0.log"
    kill -USR1 "$first"
    code=0
    wait "$shell" || code=$?
    [ "$code" = 75 ] || { cat "$work/stopped/said"; exit 1; }
    [ ! -e "$work/stopped/run/steps/student/done.json" ]
    [ "$(sed -n 1p "$log.rank1.error")" = 75 ]
    cp -r "$work/stopped" "$work/after"
    run stopped launch.overlap=1 student.train.checkpoint_steps=5
    well stopped
    run after student.train.checkpoint_steps=5
    well after
    for each in stopped after; do
        grep -q 'going on from step' "$work/$each/said"
        same one "$each"
    done
    ;;
killed) # a rank of the teacher is killed: the student ends, and what was predicted is there the next time
    trained student.train.checkpoint_steps=2
    run one student.train.checkpoint_steps=2
    well one
    begin dead launch.overlap=1 student.train.checkpoint_steps=2
    when 'step 5: loss' "$log.rank0.log"
    kill -KILL "$second"
    code=0
    wait "$shell" || code=$?
    [ "$code" = 76 ]
    grep -q "$both failed: rank 1 (.*) was ended by signal 9" "$work/dead/said"
    # mpirun may end the student before it has said so itself
    [ ! -e "$log.rank0.error" ] || grep -q 'rank 1 (.*) has died' "$log.rank0.error"
    gone "$first"
    cp "$work/dead/run/store.sqlite"* "$work/"
    [ "$("$MAGISTER_BUILD/tests/store_dump" "$work/store.sqlite" | grep -c '^teacher [^s]')" -gt 63 ]
    run dead launch.overlap=1 student.train.checkpoint_steps=2
    well dead
    same one dead
    ;;
fails) # a failure of one role is told by both, with its rank
    trained
    printf 'damaged' >"$work/base/run/steps/teacher/vocabulary.hash"
    run over launch.overlap=1
    [ "$code" = 65 ]
    grep -q 'the teacher was trained with the vocabulary damaged' "$work/over/said"
    grep -q 'the teacher failed: rank 1 (.*vocabulary.hash' "$work/over/run/logs/$both.rank0.error"
    rm -rf "$work/base" "$work/over"
    trained
    wild='student.train.optimizer.name=sgd student.train.optimizer.lr=1000 student.train.clip=0'
    run over launch.overlap=2 $wild
    [ "$code" = 65 ]
    for told in "$work/over/said" "$work/over/run/logs/$both".rank[012].error; do
        grep -q 'rank 0 (.*): step .* is not finite' "$told"
    done
    rm -r "$work/base/run/data/tracks" # what both read
    run none launch.overlap=1
    [ "$code" = 66 ]
    grep -q 'tracks' "$work/none/said"
    ;;
hung) # a teacher that is silent for longer than the time-out
    trained
    begin silent launch.overlap=1 launch.timeout=10
    when 'step 2: loss' "$log.rank0.log"
    kill -STOP "$second"
    code=0
    wait "$shell" || code=$?
    [ "$code" = 76 ]
    grep -q 'waited 10 s for the teacher, and no sign of life came' "$work/silent/said"
    gone "$second"
    ;;
refused)
    mkdir "$work/new"
    refused() { # WORDS STAGES [key=value ...]
        words=$1
        shift
        magister new "$@"
        [ "$code" = 78 ] || { echo "$code instead of 78"; cat "$work/new/said"; exit 1; }
        grep -q -- "$words" "$work/new/said" || { cat "$work/new/said"; exit 1; }
        [ ! -e "$work/new/run" ]
    }
    refused 'stages has no predict' "generate, student" launch.overlap=1 student.distill.from=a.sqlite:teacher
    refused 'stages has no student' "generate, teacher, predict" launch.overlap=1
    refused 'no student of this recipe could learn' "generate, teacher, predict, student" launch.overlap=2 \
        student.distill.loss=none
    refused 'no student of this recipe could learn' "generate, teacher, predict, student" launch.overlap=2 \
        student.distill.from=trigram
    refused 'two stages together' "generate, teacher, predict, student" launch.overlap=1 launch.slurm.jobs=stages
    refused 'launch.overlap' "generate, teacher, predict, student" launch.overlap=-1
    ;;
*)
    exit 64
    ;;
esac
