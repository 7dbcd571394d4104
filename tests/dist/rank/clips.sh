#!/bin/sh
# clips.sh CASE - students of clips of whole frames, from videos to predictions: small models on made-up signs and kitchens.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export MAGISTER_TERMINAL=0 XDG_STATE_HOME="$work/state"
magister=$MAGISTER_BUILD/magister

quietly() { "$@" >"$work/said" 2>&1 || { code=$?; cat "$work/said"; return $code; }; }
expect() { [ "$code" = "$1" ] || { cat "$work/said"; echo "expected exit $1, got $code"; exit 1; }; }
says() { grep -q -- "$1" "$work/said" || { cat "$work/said"; echo "this was not said: $1"; exit 1; }; }

signs() { quietly "$magister" generate "$work/set" generate.world=signs generate.size=48 generate.clips="[${1:-20,10,10}]"; }

recipe() { # the student's recipe; models are small
    cat >"$work/recipe.yaml" <<EOF
stages: [student, evaluate]
data: {format: wlasl, train: $work/set/signs.json, videos: $work/set/videos}
video: {threads: 2, memory_mb: 8}
student:
  task: recognise
  input: clips
  model: sign2text
  frames: 8
  network: {channels: 4, depth: 1, feature: 16, hidden: 8, layers: 1}
  transform: {size: 32, short_side: [36, 44], flip: 0, rand_augment: {count: 2}}
  distill: {loss: none}
train: {epochs: 2, batch: 4}
predict: {encoding: dense}
EOF
}

learn() { # RUN RANKS [key=value ...]; sets code
    run=$1 ranks=$2
    shift 2
    code=0
    "$magister" run "$work/recipe.yaml" --ranks "$ranks" out="$work/$run" "$@" >"$work/said" 2>&1 || code=$?
}

ask() { # [word ...] of magister predict; sets code. What it prints goes to $work/printed
    code=0
    "$magister" predict "$@" >"$work/printed" 2>"$work/said" || code=$?
}

model() { echo "$work/$1/steps/student/model.safetensors"; }
same_model() { cmp "$(model "$1")" "$(model "$2")"; }
losses() { sed -n 's/.*"step": *\([0-9]*\).*"loss": *\([-0-9.e]*\).*/\1 \2/p' "$work/$1/steps/student/curve.jsonl"; }
losses_agree() { # RUN RUN MOST (relative)
    losses "$1" >"$work/one"
    losses "$2" >"$work/two"
    [ -s "$work/one" ]
    paste -d ' ' "$work/one" "$work/two" | awk -v most="$3" '$1 != $3 || ($2 - $4)^2 > (most * $2)^2 {print; bad = 1} END {exit bad}'
}

case $1 in
predict) # a trained model in use: words, JSON, pictures, standard input, and what is no video or no model
    signs
    recipe
    learn run 1
    expect 0
    step="$work/run/steps/student" video="$work/set/videos/sign_000000.mp4" other="$work/set/videos/sign_000001.mp4"
    ask "$step" "$video" "$other"
    expect 0
    [ "$(wc -l <"$work/printed")" = 2 ]
    grep -q "^$video: .* [0-9.]* %, " "$work/printed"
    cp "$work/printed" "$work/words"
    ask "$step/model.safetensors" --threads 1 "$video" "$other"
    cmp "$work/words" "$work/printed"
    ask "$step" --json --top 3 --attention "$work/looks" "$video"
    expect 0
    python=$(command -v python3 || :)
    [ -z "$python" ] || "$python" - "$work/printed" "$video" <<'EOF'
import json, sys
line = json.loads(open(sys.argv[1]).read())
assert line["video"] == sys.argv[2] and len(line["predictions"]) == 3
p = [x["probability"] for x in line["predictions"]]
assert p == sorted(p, reverse=True) and 0 < sum(p) <= 1.0001
assert len(line["frames"]) == 8 and len(line["attention"]) == 8
assert line["frames"] == sorted(line["frames"]) and abs(sum(line["attention"]) - 1) < 1e-4
EOF
    [ "$(head -c 4 "$work/looks/sign_000000.png" | tail -c 3)" = PNG ]
    sed 's/"video":"[^"]*"//' "$work/printed" >"$work/file"
    ask "$step" --json --top 3 --attention "$work/looks" - <"$video"
    expect 0
    sed 's/"video":"[^"]*"//' "$work/printed" | cmp - "$work/file"
    printf '<html>' >"$work/page.mp4"
    ask "$step" --json "$work/page.mp4" "$video"
    expect 65
    says '1 of 2 videos cannot be read'
    grep -q '"error":' "$work/printed"
    [ "$(wc -l <"$work/printed")" = 2 ]
    ask "$work/set" "$video"
    expect 66
    says 'holds no model.safetensors'
    ask "$work/nowhere" "$video"
    expect 66
    head -c 300 "$step/model.safetensors" >"$work/cut.safetensors"
    ask "$work/cut.safetensors" "$video"
    expect 65
    learn frames 1 student.input=frames student.model=avt student.frames=4 student.width=8 student.heads=1 student.layers=1 \
        student.cnn.channels=[4] student.cnn.width=8 video.size=32 train.epochs=1
    expect 0
    ask "$work/frames/steps/student" "$video"
    expect 65
    says 'a student with student.input clips'
    ;;
views) # what a run scores of three crops, each mirrored as well, is what magister predict says of the same file
    signs 20,10,10
    recipe
    learn run 2 student.transform.crops=3 student.transform.flip_views=true
    expect 0
    awk -F'"' '/"gloss":/ {gloss = $4} /"split":/ {part = $4} /"video_id":/ && part == "test" {print $4 "\t" gloss}' \
        "$work/set/signs.json" >"$work/truth"
    [ "$(wc -l <"$work/truth")" = 10 ]
    for top in 1 5; do
        scored=$(tr -d '\n ' <"$work/run/metrics.json" | sed "s/.*\"student\":{[^{]*\"action\":{[^}]*\"top$top\":\([0-9.]*\).*/\1/")
        right=0
        while IFS="$(printf '\t')" read -r id sign; do
            said=$("$magister" predict "$work/run/steps/student" --top $top "$work/set/videos/$id.mp4" 2>/dev/null)
            case $said in *[:,]" $sign "[0-9]*) right=$((right + 1)) ;; esac
        done <"$work/truth"
        echo "top-$top: scored $scored %, predicted $right of 10"
        awk -v a="$scored" -v b="$right" 'BEGIN {exit (a - b * 10)^2 > 1e-6}'
    done
    ;;
ranks) # one, two and four ranks
    signs 24,10,10
    recipe
    for ranks in 1 2 4; do # slices of one clip, and of two where seven are a batch; norms take their statistics from each
        learn "exact$ranks" $ranks student.train.exact=true student.train.micro_batch=1
        expect 0
        learn "uneven$ranks" $ranks student.train.exact=true student.train.micro_batch=2 train.batch=7
        expect 0
    done
    for ranks in 2 4; do
        same_model exact1 exact$ranks
        same_model uneven1 uneven$ranks
    done
    if same_model exact1 uneven1 >/dev/null 2>&1; then echo "batches mean nothing"; exit 1; fi
    # without batch norm: the same but for rounding
    attention="student.model=timesformer student.network.patch=8 student.network.width=16 student.network.heads=2"
    for ranks in 1 2; do
        # shellcheck disable=SC2086
        learn "plain$ranks" $ranks $attention
        expect 0
    done
    losses_agree plain1 plain2 1e-5
    # with batch norm: where slices hold the same clips, whoever computes them; running statistics are compared by the trainer
    learn slices1 1 student.train.micro_batch=2
    expect 0
    learn slices2 2
    expect 0
    losses_agree slices1 slices2 1e-5
    ;;
resume) # in the middle of an epoch, with running statistics, bit by bit; by other threads of loading
    signs 24,10,10
    recipe
    words="train.epochs=24 student.train.micro_batch=1" # to be met on the way
    # shellcheck disable=SC2086
    learn whole 2 $words
    expect 0
    # shellcheck disable=SC2086
    learn half 2 $words video.threads=1 train.checkpoint_steps=9 &
    for _ in $(seq 6000); do
        ! ls "$work"/half/steps/student/checkpoint-*/DONE >/dev/null 2>&1 || break # old ones go
        sleep 0.02
    done
    "$magister" cancel "$work/half" >/dev/null
    wait $!
    grep -q 'stopped' "$work/said"
    [ ! -e "$work/half/steps/student/done.json" ]
    ls "$work/half/steps/student"
    code=0
    # shellcheck disable=SC2086
    "$magister" run --resume "$work/recipe.yaml" --ranks 2 out="$work/half" $words video.threads=1 train.checkpoint_steps=9 \
        >"$work/said" 2>&1 || code=$?
    expect 0
    same_model whole half
    losses whole | tail -n 1 >"$work/one"
    losses half | tail -n 1 | cmp - "$work/one"
    ;;
teach) # AVT over clips of a kitchen on film, taught by a teacher of text: logits and, through a projector, features
    cat >"$work/recipe.yaml" <<EOF
stages: [generate, teacher, predict, student, evaluate]
generate: {film: video, videos: 8, eval_videos: 3, texts: 10, size: 32, render_fps: 5}
teacher: {vocabulary: word, hist_len: 4, layers: 1, width: 32, heads: 2, baselines: []}
predict: {features: float32}
video: {threads: 2, memory_mb: 8}
student:
  model: avt
  task: anticipate
  input: clips
  frames: 4
  network: {patch: 8, width: 16, layers: 1, heads: 2, backbone_width: 16, backbone_layers: 1, backbone_heads: 2}
  transform: {size: 24, short_side: [26, 30], flip: 0.5, crops: 3, flip_views: true}
  loss: {feature: 1, past: 0.1}
  distill: {from: teacher, loss: topk_kl, k: 20, features: cosine}
  variants:
    student_plain: {distill: {loss: none, features: none}}
    student_shuffled: {distill: {shuffle: true}}
train: {epochs: 1, batch: 8, max_steps: 6}
EOF
    learn run 2
    expect 0
    grep -q '"coverage": 1.0' "$work/run/steps/student/stats.json"
    grep -q '"coverage": null' "$work/run/steps/student_plain/stats.json"
    for set in teacher student student_plain student_shuffled; do grep -q "\"$set\":" "$work/run/metrics.json"; done
    grep -q '"role": "control"' "$work/run/metrics.json"
    if cmp -s "$(model run)" "$work/run/steps/student_plain/model.safetensors"; then echo "teaching changes nothing"; exit 1; fi
    film=$(ls "$work"/run/data/videos/*.mp4 | head -n 1)
    ask "$work/run/steps/student" --top 2 "$film" # its projector is of no use here, and in the file
    expect 0
    ask "$work/run/steps/student" --attention "$work/looks" "$film"
    expect 64
    says 'without attention over frames'
    ;;
sentences) # signs inside of videos of sentences, told by a student of clips that a teacher of glosses taught
    mkdir "$work/set"
    quietly "$magister" generate "$work/kitchen" generate.film=video generate.videos=12 generate.eval_videos=2 \
        generate.texts=5 generate.size=32 generate.render_fps=5
    mv "$work/kitchen/videos" "$work/set/videos"
    {
        echo video,speaker,word,startframe,endframe
        for video in $(ls "$work/set/videos" | sed -n 's/\.mp4$//p'); do
            n=$((${n:-0} + 1))
            for place in 0 1 2 3; do
                set -- JOHN BOOK READ CAN MARY
                shift $(((n + place * (1 + n % 2)) % 5))
                echo "$video,woman-1,$1,$((place * 60 + 3)),$((place * 60 + 50))"
            done
        done
    } >"$work/set/words.csv"
    cat >"$work/recipe.yaml" <<EOF
stages: [teacher, predict, student, evaluate]
data: {train: $work/set/words.csv, videos: $work/set/videos, fps: 30, development: 0.2, eval_part: 0.2}
teacher: {input: tokens, hist_len: 3, layers: 1, width: 32, heads: 2, multi_task: {action: 1, verb: 0, noun: 0}}
predict: {encoding: dense}
video: {threads: 2, memory_mb: 8}
student:
  model: sign2text
  task: recognise
  input: clips
  frames: 6
  network: {channels: 4, depth: 1, feature: 16, hidden: 8, layers: 1}
  transform: {size: 24, short_side: [28]}
  distill: {loss: kl, weight: 0.5, temperature: 2, reduction: batchmean}
train: {epochs: 1, batch: 8}
EOF
    learn run 2
    expect 0
    grep -q '"coverage": 1.0' "$work/run/steps/student/stats.json"
    for set in teacher student bigram; do grep -q "\"$set\":" "$work/run/metrics.json"; done
    ;;
begin) # a student begins with another's weights, on any number of ranks; its head where classes differ is named
    signs 24,10,10
    recipe
    learn first 1 train.epochs=1
    expect 0
    for ranks in 1 2; do
        learn "next$ranks" $ranks student.init="$(model first)" train.epochs=1 student.freeze=[cnn] student.train.exact=true
        expect 0
        says 'student: begins with [1-9][0-9]* tensors of'
    done
    same_model next1 next2
    learn fewer 1 student.init="$(model first)" data.max_classes=4 train.epochs=1
    expect 65
    says 'fc.3.weight'
    says 'student.init_skip'
    learn fewer 1 student.init="$(model first)" data.max_classes=4 train.epochs=1 student.init_skip=[fc.3] --force
    expect 0
    says '2 stay as they were drawn'
    learn none 1 student.init="$work/nowhere.pth"
    expect 66
    ;;
*)
    echo "no case $1"
    exit 1
    ;;
esac
