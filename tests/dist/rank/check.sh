#!/bin/sh
# check.sh CASE - the command `magister video check`, and probe on what it was given.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export MAGISTER_TERMINAL=0 XDG_STATE_HOME="$work/state"
magister=$MAGISTER_BUILD/magister
shared=../shared/data

try() { # COMMAND ...: sets code; what it prints goes to said and warned
    code=0
    "$@" >"$work/said" 2>"$work/warned" || code=$?
    cat "$work/said" "$work/warned"
}

expect() { [ "$code" = "$1" ] || { echo "expected exit $1, got $code"; exit 1; }; }
never() { if "$@"; then echo "this should not be: $*"; exit 1; fi; } # `set -e` takes no notice of `!`
says() { grep -q -- "$1" "$work/said" || { echo "stdout lacks: $1"; exit 1; }; }
warns() { grep -q -- "$1" "$work/warned" || { echo "stderr lacks: $1"; exit 1; }; }
holds() { grep -q -- "$2" "$work/$1" || { echo "$1 lacks: $2"; cat "$work/$1"; exit 1; }; }
count() { grep -c '"video_path":' "$work/$1"; }

videos() { # FOLDER: two good ones of two glosses
    "$magister" generate "$work/films" generate.film=video generate.videos=2 generate.eval_videos=1 generate.texts=0 \
        generate.size=32 generate.render_fps=5 >/dev/null
    mkdir -p "$1/book" "$1/drink"
    cp "$work/films/videos/kitchen_000000.mp4" "$1/book/1.mp4"
    cp "$work/films/videos/kitchen_000001.mp4" "$1/drink/2.mp4"
}

case $1 in
lists) # folders and lists of all forms; the same bytes for any number of threads
    videos "$work/some"
    some=$work/some
    try "$magister" video check "$some" --output "$work/out/new" --strict
    expect 0
    says '^2 files in .* 2 good (100.0 %), 0 bad (0.0 %)$'
    [ "$(cat "$work/out/new/corrupted.json")" = "[]" ]
    holds out/new/validated.json '"gloss": "drink"'
    holds out/new/validated.json '"codec": "h264"'
    page='<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'
    for name in 3 4 5 6 7; do echo "$page" >"$some/book/$name.mp4"; done
    head -c 3000 "$some/book/1.mp4" >"$some/drink/cut.mp4"
    : >"$some/drink/empty.mp4"
    ln -s nowhere.mp4 "$some/drink/gone.mp4"
    cp "$some/book/1.mp4" "$some/drink/$(printf 'b\377d').mp4"
    for threads in 1 4; do
        try "$magister" video check "$some" -o "$work/$threads" --threads $threads
        expect 0
        says '^11 files in .* 2 good (18.2 %), 9 bad (81.8 %)$'
        says '^ *5 text_page  *3.mp4, 4.mp4, 5.mp4, ...$'
        says '^ *1 no_moov_atom  *cut.mp4: no moov atom'
        says '^5 of them are the same 62 bytes (3.mp4, 4.mp4, 5.mp4, ...): an XML page of 62 bytes in the place of a video: "<?xml'
    done
    cmp "$work/1/validated.json" "$work/4/validated.json"
    cmp "$work/1/corrupted.json" "$work/4/corrupted.json"
    [ "$(count 1/validated.json)" = 2 ]
    [ "$(count 1/corrupted.json)" = 9 ]
    for kind in text_page no_moov_atom empty_file missing_file unreadable; do
        holds 1/corrupted.json "\"kind\": \"$kind\""
    done
    holds 1/corrupted.json 'its name is not UTF-8'
    try "$magister" video check "$some" -o "$work/1" --strict --json
    expect 65
    warns '9 of 11 files are bad'
    says '"files":11,"good":2,"bad":9,'
    says '"same":\[{"hash":"[0-9a-f]*","bytes":62,"count":5,"kind":"text_page"'
    try "$magister" video check "$work/1/validated.json" -o "$work/again" # its own lists are lists
    expect 0
    cmp "$work/1/validated.json" "$work/again/validated.json"
    printf '[{"gloss": "x", "instances": [{"video_id": "1"}, {"video_id": "8"}]}]' >"$work/wlasl.json"
    try "$magister" video check "$work/wlasl.json" --videos "$some/book" -o "$work/ids"
    expect 0
    says '1 missing_file  *8.mp4: there is no such file'
    holds ids/validated.json '"gloss": "x"'
    try "$magister" video check "$work/wlasl.json" -o "$work/ids"
    expect 64
    warns 'videos FOLDER says where they lie'
    printf 'gloss,video_path\n"a, b",1.mp4\n' >"$work/list.csv"
    try "$magister" video check "$work/list.csv" "$some/drink/2.mp4" --videos "$some/book" -o "$work/csv"
    expect 0
    holds csv/validated.json '"gloss": "a, b"'
    holds csv/validated.json 'drink/2.mp4'
    try "$magister" video check "$work/none" -o "$work/csv"
    expect 66
    try "$magister" video check "$some" -o "$work/list.csv/out"
    expect 73
    try "$magister" video check "$some" --timeout 0.000001 -o "$work/late"
    expect 0
    says '^11 files in .* 0 good'
    holds late/corrupted.json '"kind": "text_page"' # which needs no decoder
    holds late/corrupted.json 'took longer than 1e-06 s'
    try "$magister" video chek "$some"
    expect 64
    warns 'did you mean check?'
    ;;
stopped) # leaves no lists, not even those of an earlier check, and no process
    videos "$work/some"
    for number in $(seq 1500); do ln "$work/some/book/1.mp4" "$work/some/book/x$number.mp4"; done
    for signal in INT TERM KILL; do
        mkdir -p "$work/out"
        echo '[]' >"$work/out/validated.json"
        echo '[]' >"$work/out/corrupted.json"
        "$magister" video check "$work/some" -o "$work/out" --threads 2 >"$work/said" 2>"$work/warned" &
        check=$!
        for _ in $(seq 6000); do
            [ -e "$work/out/validated.json" ] || [ "$(pgrep -cP $check)" -lt 2 ] || break
            sleep 0.02
        done
        workers=$(pgrep -P $check)
        [ -n "$workers" ]
        kill -$signal $check
        code=0
        wait $check || code=$?
        cat "$work/said" "$work/warned"
        expect "$([ $signal = KILL ] && echo 137 || echo 75)"
        [ $signal = KILL ] || warns 'stopped when [0-9]* of 1502 files were checked'
        [ -z "$(ls "$work/out")" ]
        for _ in $(seq 600); do
            left=
            for each in $workers; do if [ -d "/proc/$each" ]; then left=$each; fi; done
            [ -n "$left" ] || break
            sleep 0.05
        done
        [ -z "$left" ] || { echo "worker $left is left"; exit 1; }
    done
    try "$magister" video check "$work/some" -o "$work/out"
    expect 0
    [ "$(count out/validated.json)" = 1502 ]
    ;;
killed) # somebody kills the processes that decode: no file is lost
    videos "$work/some"
    for number in $(seq 600); do ln "$work/some/book/1.mp4" "$work/some/book/x$number.mp4"; done
    "$magister" video check "$work/some" -o "$work/out" --threads 2 >"$work/said" 2>"$work/warned" &
    check=$!
    deaths=0
    for _ in $(seq 40); do
        for each in $(pgrep -P $check); do if kill -SEGV "$each" 2>/dev/null; then deaths=$((deaths + 1)); fi; done
        sleep 0.1
    done
    code=0
    wait $check || code=$?
    cat "$work/said" "$work/warned"
    expect 0
    [ "$deaths" -gt 3 ]
    [ $(($(count out/validated.json) + $(grep -c '"kind": "decoder_died"' "$work/out/corrupted.json" || true))) = 602 ]
    ;;
shared) # real clips: what is good and what is not, and what probe tells of them
    [ -d "$shared/videos" ] || { echo "$shared/videos is not here"; exit 77; }
    try "$magister" video check "$shared/videos" -o "$work/out"
    expect 0
    says '^18 files in .* 17 good (94.4 %), 1 bad (5.6 %)$'
    says '1 decode_error  *decord_corrupted.mp4: [0-9]* of 50 frames cannot be decoded whole, the first is frame '
    try "$magister" video probe "$shared"/videos/*.m[pko][4kv] "$shared"/videos/*.avi
    expect 0
    [ "$(grep -c '^[^ ].* frames/s, ' "$work/said")" = 18 ]
    [ "$(grep -c '^  container ' "$work/said")" = 18 ]
    says '^  also in it: stream 1, audio, aac, 48000 Hz, 1 channel$'
    try "$magister" video probe --json "$shared/videos/torchcodec_nasa_13013.mp4"
    expect 0
    says '"frames":390,.*"profile":"High","level":21,"colours":"bt709","range":"tv","key_frames":2,"key_distance":240'
    says '"number":4,"type":"audio","codec":"aac","rate":16000,"channels":2'
    [ ! -e "$shared/wlasl/asl100.json" ] || {
        try "$magister" video check "$shared/wlasl/asl100.json" --videos "$shared/videos" -o "$work/ids"
        expect 0
        says '^2038 files in .* 2038 bad (100.0 %)$'
    }
    ;;
*)
    exit 64
    ;;
esac
