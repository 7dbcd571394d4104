#!/bin/sh
# gpu.sh CASE - whole runs of the kitchen on a GPU, beside the CPU's. Skipped where there is none.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_STATE_HOME="$work/state"
small="generate.videos=40 generate.eval_videos=12 generate.texts=120 student.train.epochs=4 student.seeds=[0]"
sed '/^  variants:/,/^$/d' tests/fixtures/kitchen.yaml >"$work/recipe.yaml"

# kitchen DIR key=value ...: sets code
kitchen() {
    dir=$1
    shift
    code=0
    "$MAGISTER_BUILD/magister" run "$work/recipe.yaml" out="$work/$dir" $small "$@" >"$work/said" 2>&1 || code=$?
    if [ "$code" = 78 ] && grep -q 'shows no GPU' "$work/said"; then echo "skipped: there is no GPU"; exit 77; fi
    echo "$dir: exit $code"
}

expect() { [ "$code" = "$1" ] || { cat "$work/said"; echo "expected exit $1, got $code"; exit 1; }; }

# losses STEP A B FACTOR: the first ten losses of the step in both runs, apart by no more than this part of them
losses() {
    for dir in "$2" "$3"; do
        sed -n 's/.*"step": \([0-9]*\),.*"loss": \([-0-9.e+]*\),.*/\1 \2/p' "$work/$dir/steps/$1/curve.jsonl" | head -10 >"$work/$dir.losses"
        [ "$(wc -l <"$work/$dir.losses")" = 10 ] || { echo "$dir has no ten losses of $1"; exit 1; }
    done
    paste "$work/$2.losses" "$work/$3.losses" | awk -v most="$4" -v name="$1, $2 and $3" '
        {apart = ($2 - $4) / $2; if (apart < 0) apart = -apart; if ($1 != $3) apart = 1; if (apart > worst) worst = apart}
        END {printf "%s: the first losses are apart by %.2g of them (at most %g)\n", name, worst, most; exit !(worst <= most)}'
}

top1() { sed -n 's/.*"best_metric": \([0-9.]*\),.*/\1/p' "$work/$1/steps/$2/stats.json"; }

case $1 in
kitchen) # the same masks, orders and starting weights: the same losses, until rounding has grown
    kitchen cuda device=cuda
    expect 0
    kitchen half device=cuda precision=bfloat16
    expect 0
    kitchen cpu device=cpu
    expect 0
    losses teacher cpu cuda 1e-4
    losses teacher cpu half 0.02
    losses student cpu cuda 1e-3
    losses student cpu half 0.05
    for step in teacher student; do
        echo "$step, best top-1 % in development: CPU $(top1 cpu $step), GPU $(top1 cuda $step), bfloat16 $(top1 half $step)"
    done
    ;;
resume) # stopped on the way, and gone on with: the same bits as without (in one place: the recipe's hash has its paths)
    words="device=cuda stages=[generate,teacher] teacher.train.epochs=6"
    for name in whole again; do
        kitchen run $words
        expect 0
        mv "$work/run" "$work/$name"
    done
    cmp "$work/whole/steps/teacher/model.safetensors" "$work/again/steps/teacher/model.safetensors"
    "$MAGISTER_BUILD/magister" run "$work/recipe.yaml" out="$work/run" $small $words >"$work/said" 2>&1 &
    launcher=$!
    for _ in $(seq 600); do
        ! grep -qs '"step": 20,' "$work/run/steps/teacher/curve.jsonl" || break
        sleep 0.05
    done
    kill -USR1 $launcher
    code=0
    wait $launcher || code=$?
    expect 75
    kitchen run $words --resume
    expect 0
    cmp "$work/whole/steps/teacher/model.safetensors" "$work/run/steps/teacher/model.safetensors"
    cmp "$work/whole/steps/teacher/curve.jsonl" "$work/run/steps/teacher/curve.jsonl"
    echo "stopped and gone on with: the same bytes"
    ;;
shared) # two ranks and one GPU: only when the recipe wants it, and then through the host
    [ "$(nvidia-smi -L 2>/dev/null | grep -c '^GPU ')" = 1 ] || { echo "skipped: there is not one GPU"; exit 77; }
    words="device=cuda stages=[generate,teacher]"
    kitchen one $words
    expect 0
    kitchen refused $words launch.ranks=2
    expect 78
    grep -q 'ranks 0 and 1 (.*) have the same GPU: .*launch.gpus: shared' "$work/said"
    kitchen two $words launch.ranks=2 launch.gpus=shared
    expect 0
    grep -q 'gradients pass through the host: .* share one GPU' "$work/said"
    losses teacher one two 1e-4
    ;;
*)
    exit 64
    ;;
esac
