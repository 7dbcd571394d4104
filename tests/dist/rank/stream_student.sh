#!/bin/sh
# stream_student.sh CASE - students that see what a streaming learner knows: the same for any number of ranks, after another
# learner another student, and what is missing, unfit or broken.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export MAGISTER_TERMINAL=0 XDG_STATE_HOME="$work/state"
magister=$MAGISTER_BUILD/magister

expect() { [ "$code" = "$1" ] || { echo "expected exit $1, got $code"; cat "$work/said"; exit 1; }; }
says() { grep -q "$1" "$work/said" || { echo "this was not said: $1"; cat "$work/said"; exit 1; }; }
never() { if "$@"; then echo "this should not be: $*"; exit 1; fi; } # `set -e` takes no notice of `!`

cat >"$work/world.yaml" <<END
stages: [generate, stream]
generate: {film: video, videos: 5, eval_videos: 2, texts: 0, size: 32, render_fps: 5}
stream:
  size: [16, 16]
  channels: [4, 4, 8, 8]
  features: 8
  layers: 2
  init_layers: 2
  buffer: 6
  snippet: 0.5
  train: {optimize_every: 10, max_steps: 200, average_every: 50}
END
cat >"$work/student.yaml" <<END
stages: [student]
data:
  train: $work/world/data/training.csv
  eval: $work/world/data/validation.csv
  actions: $work/world/data/actions.csv
  videos: $work/films
  development: 0.3
student:
  input: stream
  stream: $work/learner
  frames: 4
  width: 16
  heads: 2
  layers: 1
  distill: {loss: none}
  train: {epochs: 1, batch: 32, micro_batch: 8, exact: true}
END

run() { # RECIPE NAME [WORD ...]: sets code
    recipe=$1 name=$2
    shift 2
    code=0
    "$magister" run "$work/$recipe.yaml" out="$work/$name" "$@" >"$work/said" 2>&1 || code=$?
}

learner() { # NAME [key=value ...]: the learner of a new world of films, at $work/learner
    name=$1
    shift
    run world "$name" "$@"
    expect 0
    rm -rf "$work/learner"
    cp -r "$work/$name/steps/stream" "$work/learner"
    [ -d "$work/films" ] || cp -r "$work/$name/data/videos" "$work/films"
}

case $1 in
ranks) # one rank and two: the same tracks, the same student; the student says what it saw
    learner world
    run student one
    expect 0
    says '7 videos'
    run student two --ranks 2
    expect 0
    for features in "$work"/one/features/*/kitchen_00000?.f32; do cmp "$features" "$work/two/${features#"$work/one/"}"; done
    [ "$(ls "$work"/one/features/*/kitchen_00000?.f32 | wc -l)" = 7 ]
    cmp "$work"/one/features/*/manifest.json "$work"/two/features/*/manifest.json
    cmp "$work/one/steps/student/model.safetensors" "$work/two/steps/student/model.safetensors"
    grep -q "\"model\": \"$work/learner/model.safetensors\"" "$work/one/steps/student/features.json"
    [ "$(awk 'NR == 2 { print $3 " " $4 }' "$work"/one/features/*/index.tsv)" = '20 2' ] # 2 layers of 8 + 2 numbers, 1 / 0.5 s
    ;;
another) # the learner is replaced: the videos are watched and the student is trained anew, and once only
    learner world
    run student run
    expect 0
    cp "$work/run/steps/student/model.safetensors" "$work/before"
    run student run --resume
    expect 0
    says 'student: done before'
    learner other seed=5
    run student run --resume
    expect 0
    says '(0 of them were there already)'
    says 'student: the features that it saw have been made anew'
    never cmp -s "$work/before" "$work/run/steps/student/model.safetensors"
    run student run --resume
    expect 0
    says '(7 of them were there already)'
    says 'student: done before'
    ;;
own) # of the recipe's own stage; a stop in between; another recipe's learner is another student
    cp "$work/world.yaml" "$work/own.yaml"
    sed -i 's/^stages.*/stages: [generate, stream, student, evaluate]/' "$work/own.yaml"
    sed -n '/^student:/,$p' "$work/student.yaml" | grep -v '  stream:' >>"$work/own.yaml"
    run own run data.development=0.3
    expect 0
    says 'generate, stream, features, student, evaluate'
    grep -q '"model": "steps/stream/model.safetensors"' "$work/run/steps/student/features.json"
    grep -q student "$work/run/metrics.json"
    run own run data.development=0.3 --resume --only evaluate # though the step features looks for itself each time
    expect 0
    rm "$work/run/features/stream/kitchen_000002.track.json" # as of a step that was stopped before its last video
    run own run data.development=0.3 --resume
    expect 0
    says '(6 of them were there already)'
    says 'student: done before' # the same track again
    run own run data.development=0.3 stream.threshold=0.2 --resume
    expect 78
    says 'done with another recipe'
    ;;
missing) # what is missing or unfit is told before anything begins; a broken video is told and gone on with, or stops it
    learner world
    run student run student.stream="$work/nowhere"
    expect 66
    says 'student.stream: .*/nowhere'
    run student run student.stream="$work/world/recipe.yaml" --force
    expect 65
    cp "$work/learner/model.safetensors" "$work/kept"
    sed 's/streaming learner/streaming learned/' "$work/kept" >"$work/learner/model.safetensors"
    run student run --force
    expect 65
    says 'is no streaming learner'
    cp "$work/kept" "$work/learner/model.safetensors"
    echo 'not found' >"$work/films/kitchen_000001.mp4"
    truncate -s 20000 "$work/films/kitchen_000006.mp4"
    run student run --force video.on_broken=error
    expect 65
    says 'kitchen_00000[16]'
    run student run --force
    expect 0
    says 'kitchen_000001.*nothing new is known'
    says 'kitchen_000006.*nothing new is known'
    says '2 videos were broken in part'
    ;;
*) exit 64 ;;
esac
