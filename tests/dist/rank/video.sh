#!/bin/sh
# video.sh CASE - the command `magister video` with the real decoder, and students that read a frame cache.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export MAGISTER_TERMINAL=0 XDG_STATE_HOME="$work/state"
magister=$MAGISTER_BUILD/magister
films=$work/films
videos=$films/videos

kitchen() { # VIDEOS: annotations and films of 32 x 32, 5 frames a second
    "$magister" generate "$films" generate.film=video generate.videos="$1" generate.eval_videos=2 generate.texts=0 \
        generate.size=32 generate.render_fps=5 >/dev/null
}

try() { # COMMAND ...: sets code; what it prints goes to said and warned
    code=0
    "$@" >"$work/said" 2>"$work/warned" || code=$?
    cat "$work/said" "$work/warned"
}

expect() { [ "$code" = "$1" ] || { echo "expected exit $1, got $code"; exit 1; }; }
never() { if "$@"; then echo "this should not be: $*"; exit 1; fi; } # `set -e` takes no notice of `!`
says() { grep -q -- "$1" "$work/said"; }
warns() { grep -q -- "$1" "$work/warned"; }

png() { # FILE WIDTH HEIGHT
    sides=$(od -An -tu1 -j16 -N8 "$1" | tr -s ' ')
    [ "$(head -c 8 "$1" | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ]
    [ "$sides" = " 0 0 $(($2 / 256)) $(($2 % 256)) 0 0 $(($3 / 256)) $(($3 % 256))" ] || { echo "$1:$sides"; exit 1; }
}

recipe() { # STAGES: of small students that see frames
    cat >"$work/recipe.yaml" <<END
stages: $1
video: {size: 32}
teacher: {layers: 1, width: 16, heads: 2, baselines: [], train: {epochs: 1, max_steps: 2}}
student:
  input: frames
  frames: 4
  fps: 2.5
  width: 16
  heads: 2
  layers: 1
  cnn: {channels: [4, 4], width: 8}
  train: {epochs: 1, max_steps: 2, batch: 16}
END
}

learn() { # OUT [key=value ...]: a student alone, on the films
    out=$1
    shift
    recipe '[student]'
    try "$magister" run "$work/recipe.yaml" out="$work/$out" student.distill.loss=none data.train="$films/training.csv" \
        data.eval="$films/validation.csv" data.actions="$films/actions.csv" data.videos="$videos" "$@"
}

model() { # RUN: its weights, without the head of the file, which names the recipe
    tail -c +200 "$work/$1/steps/student/model.safetensors"
}

case $1 in
looks) # probe and frames
    kitchen 3
    film=$videos/kitchen_000000.mp4
    head -c 3000 "$film" >"$work/broken.mp4"
    try "$magister" video probe "$film" "$videos/kitchen_000001.mp4"
    expect 0
    [ "$(grep -c ': h264, 32 x 32, 5 frames/s, [0-9]* frames, [0-9.]* s$' "$work/said")" = 2 ]
    try "$magister" video probe "$work/broken.mp4" "$work/none.mp4" "$film" --json
    expect 65
    warns 'broken.mp4: no video that can be read'
    warns '2 of 3 files cannot be read'
    [ "$(grep -c '"error":' "$work/said")" = 2 ]
    says '"path":"[^"]*kitchen_000000.mp4","codec":"h264","pixels":"yuv420p","width":32,"height":32,"rotation":0,"fps":5.0'
    try "$magister" video frames "$film" --times 1.0,2.5,0 -o "$work/frames/new"
    expect 0
    says '001.png	2.400 s' # the frame on screen
    for number in 0 1 2; do png "$work/frames/new/00$number.png" 32 32; done
    never cmp -s "$work/frames/new/000.png" "$work/frames/new/002.png"
    try "$magister" video frames "$film" --count 11 --size 300 -o "$work/eleven"
    expect 0
    [ "$(ls "$work/eleven" | wc -l)" = 11 ]
    png "$work/eleven/010.png" 300 300
    try "$magister" video frames "$work/broken.mp4" --count 2 -o "$work/eleven"
    expect 65
    try "$magister" video frames "$film" --count 2 -o "$film"
    expect 73
    ;;
kept) # a cache is made; stopped and killed, it goes on to what it would have been
    kitchen 2
    mkdir "$work/many"
    for number in $(seq 100 399); do ln "$videos/kitchen_000000.mp4" "$work/many/$number.mp4"; done
    many="$work/many --frames 20 --size 32 --threads 1"
    # shellcheck disable=SC2086 # words of $many
    try "$magister" video cache $many -o "$work/whole"
    expect 0
    says 'whole: 300 videos (0 were there), 6000 frames, 18.4 MB, 0 damaged, 0 empty, '
    for signal in INT KILL; do
        again=
        [ ! -e "$work/part" ] || again=--resume
        before=$(find "$work/part" -name '*.u8' 2>/dev/null | wc -l)
        # shellcheck disable=SC2086
        "$magister" video cache $many $again -o "$work/part" >"$work/said" 2>&1 &
        for _ in $(seq 6000); do
            [ "$(find "$work/part" -name '*.u8' 2>/dev/null | wc -l)" -gt $((before + 3)) ] && break
            sleep 0.02
        done
        kill -$signal $!
        code=0
        wait $! || code=$?
        cat "$work/said"
        expect "$([ $signal = INT ] && echo 75 || echo 137)"
        [ ! -e "$work/part/manifest.json" ]
        [ $signal = KILL ] || grep -q 'stopped when [0-9]* of 300 videos were done: --resume goes on' "$work/said"
        [ $signal = KILL ] || [ -z "$(find "$work/part" -name '*.part')" ]
        for each in "$work"/part/*.u8; do cmp "$each" "$work/whole/${each##*/}"; done
    done
    kept=$(stat -c %i "$work/part/102.u8")
    # shellcheck disable=SC2086
    try "$magister" video cache $many -o "$work/part"
    expect 73
    warns 'resume'
    # shellcheck disable=SC2086
    try "$magister" video cache $many -o "$work/part" --resume
    expect 0
    says 'part: 300 videos ([1-9][0-9]* were there), 6000 frames'
    [ "$(stat -c %i "$work/part/102.u8")" = "$kept" ]
    [ -z "$(find "$work/part" -name '*.part')" ]
    for each in "$work"/part/*.u8; do cmp "$each" "$work/whole/${each##*/}"; done
    ;;
damaged) # broken videos are told and the others are kept
    kitchen 2
    mkdir "$work/some"
    cp "$videos"/kitchen_00000[01].mp4 "$work/some"
    head -c 3000 "$videos/kitchen_000000.mp4" >"$work/some/cut.mp4"
    cp "$videos/kitchen_000000.mp4" "$work/some/part.mp4"
    tr '\0' '\377' </dev/zero | dd of="$work/some/part.mp4" bs=1000 seek=8 count=3 iflag=fullblock conv=notrunc 2>/dev/null
    try "$magister" video cache "$work/some" -o "$work/cache"
    expect 0
    warns 'warning: part: [0-9]* of [0-9]* frames cannot be decoded and are their neighbours: frame '
    warns 'warning: cut: left out, none of its frames can be had: .*some/cut.mp4: '
    says 'cache: 4 videos (0 were there), [0-9]* frames, .* MB, 1 damaged, 1 empty, '
    try "$magister" video cache "$work/some" -o "$work/cache" --resume --size 16
    expect 65
    warns 'holds 10 frames a second of 64 x 64 (crop), but wanted are 10 frames a second of 16 x 16 (crop)'
    try "$magister" video cache "$work/none" -o "$work/other"
    expect 66
    try "$magister" video frames "$work/some/part.mp4" --count 100 -o "$work/frames"
    expect 0
    warns 'part.mp4: [0-9]* of frames [0-9]* to [0-9]* could not be decoded and are their neighbours: frame '
    rm "$work"/some/[kp]*.mp4
    try "$magister" video cache "$work/some" -o "$work/other"
    expect 65
    warns 'not one frame of 1 videos could be decoded'
    ;;
seen) # a student that reads the cache learns the same, until a video changes
    kitchen 5
    try "$magister" video cache "$videos" -o "$work/frames" --fps 5 --size 32
    expect 0
    learn files
    expect 0
    learn cached video.cache="$work/frames" --ranks 1
    expect 0
    never warns 'video\.cache'
    model files >"$work/a"
    model cached >"$work/b"
    cmp "$work/a" "$work/b"
    learn two video.cache="$work/frames" --ranks 2
    expect 0
    warns "frames are taken from $work/frames"
    rm "$work/two/steps/student/done.json"
    learn two video.cache="$work/frames" --ranks 2 --resume # what is trained already is taken
    expect 0
    learn kept video.cache="$work/frames" student.variants.kept.input=cache student.variants.kept.backbone=student
    expect 0
    print=$(grep -o '"frame_cache": "[0-9a-f]\{32\}"' "$work/kept/cache/student/manifest.json")
    mv "$work/frames" "$work/fifths"
    try "$magister" video cache "$videos" -o "$work/frames" --fps 10 --size 32
    expect 0
    try "$magister" video cache --features "$work/kept" # are made again of other frames
    expect 0
    grep -q '"frame_cache": "[0-9a-f]\{32\}"' "$work/kept/cache/student/manifest.json"
    never grep -qF "$print" "$work/kept/cache/student/manifest.json"
    rm "$work/two/steps/student/done.json"
    learn two video.cache="$work/frames" --ranks 2 --resume # but not with another sampling
    expect 78
    warns 'stats.json is of a recipe of hash'
    rm -r "$work/frames"
    mv "$work/fifths" "$work/frames"
    cp "$videos/kitchen_000001.mp4" "$videos/kitchen_000000.mp4"
    learn changed video.cache="$work/frames" --ranks 2
    expect 65
    warns 'kitchen_000000.mp4 has changed since this cache was made'
    mend=$(sed -n 's/.*was made: magister \(.*\) brings it up to date.*/\1/p' "$work/warned" | head -n 1)
    # shellcheck disable=SC2086 # the words that were told
    try "$magister" $mend
    expect 0
    says '(6 were there)'
    learn mended video.cache="$work/frames"
    expect 0
    learn other video.cache="$work/frames" video.size=16
    expect 78
    warns 'holds pictures of 32 x 32 (crop), and video.size asks for 16 x 16'
    try "$magister" video cache "$videos" -o "$work/coarse" --fps 1 --size 32
    learn rough video.cache="$work/coarse"
    expect 0
    warns 'frames are 1 s apart, and student.fps asks for one every 0.4 s'
    ;;
report) # a run with films shows frames; its features are made again when they are wrong
    recipe '[generate, teacher, predict, student, evaluate]'
    try "$magister" run "$work/recipe.yaml" out="$work/run" generate.film=video generate.videos=5 generate.eval_videos=2 \
        generate.texts=0 generate.size=32 generate.render_fps=5 student.variants.student_plain.distill.loss=none \
        student.variants.kept.input=cache student.variants.kept.backbone=student_plain
    expect 0
    strips=$(grep -o '<img width=96 alt="frame at [0-9.]* s" src="data:image/png;base64,' "$work/run/report.html" | wc -l)
    [ "$strips" -gt 0 ]
    [ $((strips % 6)) = 0 ]
    never grep -q 'No frames' "$work/run/report.html"
    png "$work/run/report/example-1/000.png" 96 96
    features=$work/run/cache/student_plain
    made=$(stat -c %i "$features/manifest.json")
    try "$magister" video cache --features "$work/run"
    expect 0
    says "^$features\$"
    [ "$(stat -c %i "$features/manifest.json")" = "$made" ]
    cp -r "$features" "$work/first"
    rm "$features/manifest.json" "$features/index.tsv"
    try "$magister" video cache --features "$work/run" --student student_plain
    expect 0
    diff -r "$features" "$work/first"
    try "$magister" video cache --features "$work/run" --student student_plan
    expect 64
    warns 'did you mean student_plain?'
    rm "$work/run/data/videos/kitchen_000000.mp4"
    try "$magister" video cache --features "$work/run"
    expect 66
    warns 'kitchen_000000'
    ;;
without) # a build without FFmpeg says so
    mkdir "$work/some"
    echo film >"$work/some/film.mp4"
    for words in "probe $work/some/film.mp4" "frames $work/some/film.mp4 --count 2" "cache $work/some -o $work/cache" \
        "check $work/some -o $work/cache"; do
        # shellcheck disable=SC2086
        try "$magister" video $words
        expect 78
        warns 'built without FFmpeg: install libavformat-dev'
    done
    [ ! -e "$work/cache/manifest.json" ]
    [ ! -e "$work/cache/validated.json" ]
    ;;
*)
    exit 64
    ;;
esac
