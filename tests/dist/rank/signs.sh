#!/bin/sh
# signs.sh CASE - the made-up signs as a set of single clips: filmed by any number of ranks, learned from with videos
# missing, and told apart by a small model that sees them in order, and by it alone.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export MAGISTER_TERMINAL=0 XDG_STATE_HOME="$work/state"
magister=$MAGISTER_BUILD/magister
world="generate.world=signs generate.size=32 generate.clips=[20,10,10]"

quietly() { "$@" >"$work/said" 2>&1 || { code=$?; cat "$work/said"; return $code; }; }
expect() { [ "$code" = "$1" ] || { echo "expected exit $1, got $code"; exit 1; }; }

learn() { # RUN [key=value ...]: a student of the clips, on $ranks ranks or two; sets code
    run=$1
    shift
    cat >"$work/recipe.yaml" <<EOF
stages: [student, evaluate]
data: {format: wlasl, train: $work/set/signs.json, videos: $work/set/videos}
student: {task: recognise, input: frames, frames: 4, width: 8, heads: 1, layers: 1, distill: {loss: none}, cnn: {channels: [4], width: 8, stack: 1}}
video: {size: 32}
train: {epochs: 1, batch: 10}
EOF
    code=0
    "$magister" run "$work/recipe.yaml" --ranks "${ranks:-2}" out="$work/$run" "$@" >"$work/said" 2>&1 || code=$?
    cat "$work/said"
}

says() { grep -q "$1" "$work/said" || { echo "this was not said: $1"; exit 1; }; }
is_missing() { grep -A 6 "\"uid\": \"$2\"" "$work/$1/steps/student/missing.json" | grep -q "\"reason\": \"$3" || { cat "$work/$1/steps/student/missing.json"; exit 1; }; }

case $1 in
same) # alone and on two ranks: the same bytes; other seeds: others; both worlds in one folder: refused
    # shellcheck disable=SC2086
    quietly "$magister" generate "$work/alone" $world
    printf 'stages: [generate]\n' >"$work/generate.yaml"
    # shellcheck disable=SC2086
    quietly "$magister" run "$work/generate.yaml" --ranks 2 out="$work/run" $world
    diff -r "$work/alone" "$work/run/data"
    [ "$(ls "$work/alone/videos" | grep -c 'sign_0000[0-3][0-9].mp4')" = 40 ]
    grep -q 'format: wlasl' "$work/run/recipe.yaml"
    "$magister" video probe "$work/alone/videos/sign_000000.mp4" | grep -q 'at most 1 frames from one to the next'
    # shellcheck disable=SC2086
    quietly "$magister" generate "$work/other" $world seed=1
    if cmp -s "$work/alone/videos/sign_000000.mp4" "$work/other/videos/sign_000000.mp4"; then echo "the seed means nothing"; exit 1; fi
    ;;
missing) # what is not there, is no video, or ends before its clip begins is named; the rest is learned from
    # shellcheck disable=SC2086
    quietly "$magister" generate "$work/set" $world
    learn whole
    expect 0
    grep -q '"missing": 0' "$work/whole/steps/student/missing.json"
    rm "$work/set/videos/sign_000000.mp4"
    printf '<!DOCTYPE html>' >"$work/set/videos/sign_000001.mp4"
    head -c 700 "$work/set/videos/sign_000003.mp4" >"$work/cut"
    mv "$work/cut" "$work/set/videos/sign_000002.mp4" # its index lies behind
    learn some
    expect 0
    says '3 of 40 clips are missing'
    says 'sign_000001'
    grep -q '"missing": 3' "$work/some/steps/student/missing.json"
    is_missing some sign_000000 'there is no such file'
    is_missing some sign_000001 'a page of HTML'
    grep -q '"uid": "sign_000002"' "$work/some/steps/student/missing.json"
    says 'training: 17 samples'
    sed 's/"frame_start": 1,/"frame_start": 200,/; s/"frame_end": [0-9]*,/"frame_end": 240,/' "$work/set/signs.json" >"$work/set/late.json"
    learn late data.train="$work/set/late.json" data.use_range=true
    expect 66
    says 'begins after the end of its video'
    says 'too little to learn from'
    grep -q '"missing": 40' "$work/late/steps/student/missing.json"
    learn strict data.on_missing=error
    expect 66
    says 'data.on_missing skip goes on'
    ;;
learned) # a small model learns the signs from the order of frames; the same model fed shuffled ones does not
    # shellcheck disable=SC2086
    quietly "$magister" generate "$work/set" generate.world=signs generate.size=32 'generate.clips=[200,20,100]'
    cat >"$work/recipe.yaml" <<EOF
stages: [student, evaluate]
data: {format: wlasl, train: $work/set/signs.json, videos: $work/set/videos}
launch: {ranks: 1, threads: 1}
student:
  model: sign2text
  task: recognise
  input: clips
  frames: 6
  network: {channels: 8, depth: 1, hidden: 64, feature: 64, layers: 1}
  transform: {size: 32, short_side: [32]}
  distill: {loss: none}
  train: {epochs: 24, batch: 10, clip: 1.0, optimizer: {lr: 4e-3}}
  variants:
    shuffled: {shuffle_frames: true}
EOF
    quietly "$magister" run "$work/recipe.yaml" out="$work/run"
    "$magister" metrics "$work/run/store.sqlite" | tee "$work/table"
    awk '$1 == "student" { seen = $3 } $1 == "shuffled" { shuffled = $3 }
        END { exit !(seen >= 50 && shuffled != "" && shuffled < 25) }' "$work/table" ||
        { echo "at least 50 % and less than 25 % were expected of 100 clips, by chance 10"; exit 1; }
    ;;
attention) # pictures of what a student looks at, the same for any number of ranks, in the report; none without attention
    # shellcheck disable=SC2086
    quietly "$magister" generate "$work/set" $world
    clips="student.input=clips student.frames=5 student.transform.size=32 student.transform.short_side=[36]"
    sizes="student.network.channels=8 student.network.depth=1 student.network.hidden=16 student.network.feature=16"
    for ranks in 1 2; do
        # shellcheck disable=SC2086
        learn "by$ranks" $clips $sizes student.model=sign2text data.use_range=true train.epochs=2
        expect 0
        [ "$(ls "$work/by$ranks/steps/student/attention")" = "$(printf '%s.png\n' 1 2 3 4 5 6)" ]
        [ "$(grep -c '"uid": "sign_' "$work/by$ranks/steps/student/attention.json")" = 6 ]
        [ "$(grep '"label":' "$work/by$ranks/steps/student/attention.json" | sort -u | wc -l)" = 6 ] # spread over classes
        [ "$(grep -o 'alt="Frames of the clip' "$work/by$ranks/report.html" | wc -l)" = 6 ]
        grep -q 'Confusion matrix' "$work/by$ranks/report.html"
        grep -q '"development_loss".*"learned".*"top5".*"samples": 10}' "$work/by$ranks/steps/student/curve.jsonl"
        [ -s "$work/by$ranks/report/training-student-accuracy.png" ]
    done
    uids() { grep '"uid"' "$work/$1/steps/student/attention.json"; }
    [ "$(uids by1)" = "$(uids by2)" ]
    # shellcheck disable=SC2086
    learn patches $clips student.model=timesformer student.network.patch=16 student.network.width=16 student.network.heads=2 student.network.layers=1
    expect 0
    [ -s "$work/patches/steps/student/attention/6.png" ]
    learn plain # AVT over frames
    expect 0
    [ -s "$work/plain/report.html" ]
    [ ! -e "$work/plain/steps/student/attention.json" ]
    ;;
*)
    echo "no case $1"
    exit 1
    ;;
esac
