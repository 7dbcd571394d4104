#!/bin/sh
# A training of two ranks as `magister status`, `logs` and `cancel` see it, from its first step to its last word.
set -eu
work=$(mktemp -d)
run=$work/run
magister=$MAGISTER_BUILD/magister
launcher=
trap '[ -z "$launcher" ] || kill "$launcher" 2>/dev/null || :; rm -rf "$work"' EXIT
export XDG_STATE_HOME="$work/state" OMPI_MCA_mpi_yield_when_idle=1

fails() { echo "$*"; cat "$work/said" "$work/status" 2>/dev/null; exit 1; }
says() { grep -q -- "$1" "$work/status" || fails "status does not say $1"; }
number() { sed -n "s/^ *\"$1\": \([0-9.]*\),*\$/\1/p" "$work/status" | head -1; }

look_until() { # PATTERN
    for _ in $(seq 1200); do
        "$magister" status "$run" --json >"$work/status" 2>"$work/said" && grep -q -- "$1" "$work/status" && return
        sleep 0.2
    done
    fails "$1 does not come"
}

"$magister" run tests/fixtures/kitchen.yaml out="$run" --ranks 2 'stages=[generate, teacher]' generate.videos=12 \
    generate.eval_videos=4 generate.texts=60 teacher.train.epochs=100000 >"$work/run.log" 2>&1 &
launcher=$!

look_until '"samples_per_s": [0-9]'
says '"state": "running"'
says '"step": "teacher"'
says '"unit": "steps"'
says '"ranks": 2'
says '"seconds_left": [0-9]'
[ "$(number pid)" = "$launcher" ] || fails "it is not the launcher that is named"
before=$(number done)
[ "$before" -ge 1 ] || fails "no step is done"
look_until '"best_metric": [0-9]' # an epoch has passed
for _ in $(seq 300); do # it may have passed before the first look
    [ "$(number done)" -eq "$before" ] || break
    sleep 0.2
    look_until '"done": [0-9]'
done
[ "$(number done)" -gt "$before" ] || fails "the steps do not grow"

"$magister" logs "$run" --rank all >"$work/logs"
grep -q 'teacher.rank0.log' "$work/logs"
grep -q 'training: .* on 2 ranks' "$work/logs"
"$magister" status >"$work/status"
says 'run .*running  *2/3 teacher  *[0-9]*/[0-9]*  *[0-9.]*  *[0-9:]* '

"$magister" cancel "$run" --wait 240 >"$work/cancel" || fails "cancel fails: $(cat "$work/cancel")"
grep -q 'stopped; magister run --resume' "$work/cancel" || fails "$(cat "$work/cancel")"
code=0
wait "$launcher" || code=$?
launcher=
[ "$code" = 75 ] || fails "the launcher ended with $code: $(cat "$work/run.log")"
ls "$run"/steps/teacher/checkpoint-*/DONE >/dev/null || fails "nothing was saved"
"$magister" status "$run" --json >"$work/status"
says '"state": "stopped"'
says '"error": null'

echo "99999,kitchen_000000,nonsense" >>"$run/data/training.csv"
code=0
"$magister" run "$run/recipe.yaml" out="$run" --resume >"$work/run.log" 2>&1 || code=$?
[ "$code" = 65 ] || fails "wrong data ended with $code: $(cat "$work/run.log")"
"$magister" status "$run" --json >"$work/status"
says '"state": "failed"'
says '"restarts": 1'
says '"code": 65'
says '"rank": [01]'
says 'training.csv:'
