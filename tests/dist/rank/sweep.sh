#!/bin/sh
# sweep.sh - a sweep of three real trainings, of which one fails: the others are whole, the table shows all, --resume does
# what is left, and a member is the run that its values alone would have made.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export MAGISTER_TERMINAL=0 XDG_STATE_HOME="$work/state"
magister=$MAGISTER_BUILD/magister
small="generate.videos=12 generate.eval_videos=6 generate.texts=40 teacher.train.max_steps=8
    teacher.train.clip=0 sweep=null"

run() { # DIR [ARGUMENT ...]: sets code
    out=$1
    shift
    code=0
    # shellcheck disable=SC2086
    "$magister" run conf/sweep.yaml out="$out" $small "$@" >"$work/said" 2>"$work/told" || code=$?
}

expect() { # CODE
    [ "$code" = "$1" ] || { cat "$work/said" "$work/told"; echo "expected exit $1, got $code"; exit 1; }
}

has() { # FILE WORDS
    grep -q -- "$2" "$1" || { cat "$1"; echo "$1 does not hold \"$2\""; exit 1; }
}

sweep=$work/sweep
rates='sweep.teacher.train.optimizer.lr=[0.003, 1000, 0.001]'
run "$sweep" "$rates"
expect 65
has "$work/told" '1 of 3 members failed, first 01-lr_1000: teacher failed'
has "$work/said" '3 members, 2 done, 1 failed; best teacher.top1'
has "$work/said" '^ *1  *1000  failed (65) .*is not finite'

for member in 00-lr_0.003 02-lr_0.001; do
    [ -s "$sweep/$member/metrics.json" ] && [ -s "$sweep/$member/report.html" ]
    "$magister" store check "$sweep/$member/store.sqlite"
    has "$sweep/$member/state.json" '"state": "done"'
done
[ ! -e "$sweep/01-lr_1000/metrics.json" ]
[ -s "$sweep/01-lr_1000/steps/generate/done.json" ]

"$magister" sweep "$sweep" --sort teacher.top1 --csv >"$work/csv"
[ "$(wc -l <"$work/csv")" = 4 ]
has "$work/csv" '^0,00-lr_0.003,0.003,done,0,,[0-9.]*,,[0-9.]*,$'
sed -n 4p "$work/csv" | grep -q '^1,01-lr_1000,1000,failed,65,' # without a score it comes last

# what failed fails again, what is done is left alone
before=$(stat -c %y "$sweep/00-lr_0.003/metrics.json" "$sweep/02-lr_0.001/metrics.json")
run "$sweep" "$rates" --resume
expect 65
has "$work/told" '00-lr_0.003: done before'
has "$work/told" 'generate: done before'
[ "$before" = "$(stat -c %y "$sweep/00-lr_0.003/metrics.json" "$sweep/02-lr_0.001/metrics.json")" ]

same_training() { # RUN RUN
    cmp "$1/steps/teacher/curve.jsonl" "$2/steps/teacher/curve.jsonl"
    for each in "$1" "$2"; do
        "$magister" metrics "$each/store.sqlite" --json >"$each.scores"
    done
    cmp "$1.scores" "$2.scores"
}

# the same values without a sweep, and as the job of an array
run "$work/plain" teacher.train.optimizer.lr=0.001
expect 0
same_training "$work/plain" "$sweep/02-lr_0.001"
export SLURM_ARRAY_TASK_ID=2
run "$work/array" "$rates" --member array
expect 0
same_training "$work/plain" "$work/array/02-lr_0.001"
has "$work/said" "report: $work/array/02-lr_0.001/report.html"

# members are runs like any other
"$magister" report "$sweep/00-lr_0.003" >/dev/null
"$magister" report "$sweep/00-lr_0.003" "$sweep/02-lr_0.001" -o "$work/compared.html" >/dev/null
has "$work/compared.html" 'teacher.train.optimizer.lr'
