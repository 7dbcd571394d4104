#!/bin/sh
# pictures.sh CASE - students of videos that are folders of numbered pictures: what they learn of the films' own pictures is
# what they learn of the films.
set -eu
command -v ffmpeg >/dev/null || { echo "ffmpeg is not here"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export MAGISTER_TERMINAL=0 XDG_STATE_HOME="$work/state"
magister=$MAGISTER_BUILD/magister

expect() { [ "$code" = "$1" ] || { cat "$work/said"; echo "expected exit $1, got $code"; exit 1; }; }
says() { grep -q -- "$1" "$work/said" || { cat "$work/said"; echo "this was not said: $1"; exit 1; }; }
model() { tail -c +200 "$work/$1/steps/student/model.safetensors"; } # without the head, which names the recipe
same_model() {
    model "$1" >"$work/one"
    model "$2" | cmp - "$work/one"
}

try() { # COMMAND ...; sets code
    code=0
    "$@" >"$work/said" 2>&1 || code=$?
}

unpack() { # FOLDER: the pictures of all films of it, FOLDER/../pictures/NAME/000.png ...
    for film in "$1"/*.mp4; do
        name=${film##*/}
        pictures="$1/../pictures/${name%.mp4}"
        mkdir -p "$pictures"
        ffmpeg -nostdin -v error -i "$film" -fps_mode passthrough -pix_fmt rgb24 -start_number 0 "$pictures/%03d.png"
    done
}

learn() { # OUT [key=value ...]
    out=$1
    shift
    try "$magister" run "$work/recipe.yaml" out="$work/$out" "$@"
}

case $1 in
clips) # whole frames: the same model; gaps and pages of errors are told, and what has no picture at all is missing
    try "$magister" generate "$work/set" generate.world=signs generate.size=48 generate.clips=[14,2,2]
    expect 0
    unpack "$work/set/videos"
    cat >"$work/recipe.yaml" <<EOF
stages: [student, evaluate]
data: {format: wlasl, train: $work/set/signs.json, frame_rate: 25}
video: {threads: 2, memory_mb: 8}
student:
  {task: recognise, input: clips, model: sign2text, frames: 8, distill: {loss: none},
   network: {channels: 4, depth: 1, feature: 16, hidden: 8, layers: 1},
   transform: {size: 32, short_side: [36, 44], flip: 0, rand_augment: {count: 2}}}
train: {epochs: 1, batch: 4}
predict: {encoding: dense}
EOF
    learn films data.videos="$work/set/videos"
    expect 0
    learn pictures data.videos="$work/set/pictures"
    expect 0
    same_model films pictures
    "$magister" predict "$work/films/steps/student" "$work/set/videos/sign_000014.mp4" 2>/dev/null | sed 's/^[^:]*://' >"$work/one"
    "$magister" predict "$work/films/steps/student" "$work/set/pictures/sign_000014" 2>/dev/null | sed 's/^[^:]*://' | cmp - "$work/one"
    [ -s "$work/one" ]
    rm "$work"/set/pictures/sign_000000/00[2-9].png
    for picture in "$work"/set/pictures/sign_000001/*.png; do echo '<html>not found</html>' >"$picture"; done
    learn damaged data.videos="$work/set/pictures" student.frames=20
    expect 0
    says 'sign_000000.*picture [2-9]: there is no picture of this number'
    grep -q 'none of its first pictures can be read: 000.png: is no picture' "$work/damaged/steps/student/missing.json"
    # a folder a class, of folders
    for name in 000002 000003 000012 000013; do
        class=$((1$name % 10))
        for copy in a b c; do
            mkdir -p "$work/classes/sign$class"
            cp -r "$work/set/pictures/sign_$name" "$work/classes/sign$class/$copy$name"
        done
    done
    learn run data.format=folder data.train="$work/classes" data.videos=null
    expect 0
    grep -q '"wanted": 12' "$work/run/steps/student/missing.json"
    grep -q '"missing": 0' "$work/run/steps/student/missing.json"
    grep -q '"student":' "$work/run/metrics.json"
    ;;
frames) # moments of a kitchen, decoded and out of a cache; and the pages of a report
    try "$magister" generate "$work/films" generate.film=video generate.videos=3 generate.eval_videos=1 generate.texts=0 \
        generate.size=32 generate.render_fps=5
    expect 0
    unpack "$work/films/videos"
    pictures=$work/films/pictures
    cat >"$work/recipe.yaml" <<EOF
stages: [student, evaluate]
data: {train: $work/films/training.csv, eval: $work/films/validation.csv, actions: $work/films/actions.csv, frame_rate: 5}
video: {size: 32}
student:
  {input: frames, frames: 4, fps: 2.5, width: 16, heads: 2, layers: 1, cnn: {channels: [4, 4], width: 8},
   distill: {loss: none}, train: {epochs: 1, max_steps: 2, batch: 16}}
EOF
    learn filmed data.videos="$work/films/videos"
    expect 0
    learn pictures data.videos="$pictures"
    expect 0
    same_model filmed pictures
    grep -q '<img width=96 alt="frame at' "$work/pictures/report.html"
    try "$magister" video cache "$pictures" -o "$work/cache" --fps 5 --size 32 --frame-rate 5
    expect 0
    says '4 videos (0 were there)'
    learn cached data.videos="$pictures" video.cache="$work/cache"
    expect 0
    same_model filmed cached
    learn slower data.videos="$pictures" video.cache="$work/cache" data.frame_rate=4
    expect 65
    says '--resume --frame-rate 4 brings it up to date'
    ;;
*)
    echo "no case $1"
    exit 1
    ;;
esac
