#!/bin/sh
# gpu.sh CASE - whole runs on a GPU, beside the CPU's: the kitchen, a stream, clips of signs. Skipped where there is none.
# MAGISTER_TEST_DEVICE=cpu tries the script itself where there is none.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_STATE_HOME="$work/state"
gpu=${MAGISTER_TEST_DEVICE:-cuda}
small="generate.videos=40 generate.eval_videos=12 generate.texts=120 student.train.epochs=4 student.seeds=[0]"
sed '/^  variants:/,/^$/d' tests/fixtures/kitchen.yaml >"$work/recipe.yaml"

# go RECIPE DIR key=value ...: sets code
go() {
    recipe=$1 dir=$2
    shift 2
    code=0
    "$MAGISTER_BUILD/magister" run "$work/$recipe" out="$work/$dir" "$@" >"$work/said" 2>&1 || code=$?
    if [ "$code" = 78 ] && grep -q 'shows no GPU' "$work/said"; then echo "skipped: there is no GPU"; exit 77; fi
    echo "$dir: exit $code"
}

# kitchen DIR key=value ...: sets code
kitchen() {
    dir=$1
    shift
    # shellcheck disable=SC2086
    go recipe.yaml "$dir" $small "$@"
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

# twice RECIPE key=value ...: the runs `whole` and `again`
twice() {
    recipe_of_both=$1
    shift
    for name in whole again; do
        go "$recipe_of_both" run "$@"
        expect 0
        mv "$work/run" "$work/$name"
    done
}

# stopped STEP LINE RECIPE key=value ...: a run that is asked to stop once its curve holds LINE, and gone on with
stopped() {
    step=$1 line=$2 recipe=$3
    shift 3
    "$MAGISTER_BUILD/magister" run "$work/$recipe" out="$work/run" "$@" >"$work/said" 2>&1 &
    launcher=$!
    for _ in $(seq 600); do
        ! grep -qs "$line" "$work/run/steps/$step/curve.jsonl" || break
        sleep 0.05
    done
    kill -USR1 $launcher
    code=0
    wait $launcher || code=$?
    expect 75
    go "$recipe" run "$@" --resume
    expect 0
}

# equal STEP FILE: in the runs `whole` and `again`, and in `run`, which was stopped
equal() {
    cmp "$work/whole/steps/$1/$2" "$work/again/steps/$1/$2"
    cmp "$work/whole/steps/$1/$2" "$work/run/steps/$1/$2"
}

top1() { sed -n 's/.*"best_metric": \([0-9.]*\),.*/\1/p' "$work/$1/steps/$2/stats.json"; }

case $1 in
kitchen) # the same masks, orders and starting weights: the same losses, until rounding has grown
    kitchen cuda device=$gpu
    expect 0
    kitchen half device=$gpu precision=bfloat16
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
    words="device=$gpu stages=[generate,teacher] teacher.train.epochs=6"
    # shellcheck disable=SC2086
    twice recipe.yaml $small $words
    # shellcheck disable=SC2086
    stopped teacher '"step": 20,' recipe.yaml $small $words
    equal teacher model.safetensors
    equal teacher curve.jsonl
    echo "stopped and gone on with: the same bytes"
    ;;
shared) # two ranks and one GPU: only when the recipe wants it, and then through the host
    [ "$(nvidia-smi -L 2>/dev/null | grep -c '^GPU ')" = 1 ] || { echo "skipped: there is not one GPU"; exit 77; }
    words="device=$gpu stages=[generate,teacher]"
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
stream) # a streaming learner that grows, four videos side by side: the CPU's errors, and the same bytes whenever it stops
    "$MAGISTER_BUILD/magister" generate "$work/films" generate.film=video generate.size=32 generate.videos=6 \
        generate.eval_videos=1 generate.texts=0 >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }
    cat >"$work/stream.yaml" <<EOF
stages: [stream]
data: {train: $work/films/videos}
stream:
  size: [32, 32]
  channels: [8, 8, 16, 32]
  features: 32
  layers: 2
  buffer: 6
  snippet: 0.1
  turn: 16
  streams: 4
  train: {epochs: 9, optimize_every: 10, evolve_every: 1000, average_every: 32, save_every: 500, lr: 1.0e-3, max_steps: 4000}
EOF
    twice stream.yaml device=$gpu
    go stream.yaml cpu device=cpu
    expect 0
    losses stream cpu whole 1e-3
    go stream.yaml rounded device=$gpu precision=tfloat32
    expect 0
    losses stream cpu rounded 0.02
    stopped stream '"step": 1[0-9][0-9][0-9],' stream.yaml device=$gpu
    equal stream model.safetensors
    equal stream curve.jsonl
    "$MAGISTER_BUILD/magister" predict "$work/whole/steps/stream" --events "$work/events" "$work/films/videos"/*.mp4 \
        >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }
    [ "$(ls "$work/events" | wc -l)" -ge 6 ]
    echo "stopped and gone on with: the same bytes"
    ;;
clips) # Sign2Text and a small transformer on clips that are decoded meanwhile
    "$MAGISTER_BUILD/magister" generate "$work/set" generate.world=signs generate.size=48 'generate.clips=[40,10,10]' \
        >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }
    cat >"$work/clips.yaml" <<EOF
stages: [student, evaluate]
data: {format: wlasl, train: $work/set/signs.json, videos: $work/set/videos}
student:
  {model: sign2text, task: recognise, input: clips, frames: 8, network: {channels: 8, depth: 1, feature: 32, hidden: 16, layers: 1},
   transform: {size: 32, short_side: [36, 40]}, distill: {loss: none}, train: {epochs: 4, batch: 10, optimizer: {lr: 1e-3}},
   variants: {timesformer: {model: timesformer, network: {patch: 16, width: 32, layers: 2, heads: 4}}}}
EOF
    twice clips.yaml device=$gpu
    go clips.yaml cpu device=cpu
    expect 0
    go clips.yaml half device=$gpu precision=bfloat16
    expect 0
    for step in student timesformer; do
        losses $step cpu whole 1e-3
        losses $step cpu half 0.05
        cmp "$work/whole/steps/$step/model.safetensors" "$work/again/steps/$step/model.safetensors"
    done
    ;;
*)
    exit 64
    ;;
esac
