#!/bin/sh
# stream.sh CASE - the stage stream: the same on every run, stopped and gone on with, ranks of unequal videos, broken and
# odd input, and a trained learner at work.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export MAGISTER_TERMINAL=0 XDG_STATE_HOME="$work/state"
magister=$MAGISTER_BUILD/magister

quietly() { "$@" >"$work/said" 2>&1 || { code=$?; cat "$work/said"; return $code; }; }
expect() { [ "$code" = "$1" ] || { echo "expected exit $1, got $code"; cat "$work/said"; exit 1; }; }
holds() { grep -q "$1" "$2" || { echo "$2 does not hold: $1"; exit 1; }; }
lacks() { if grep -q "$1" "$2"; then echo "$2 holds: $1"; exit 1; fi; }
says() { grep -q "$1" "$work/said" || { echo "this was not said: $1"; cat "$work/said"; exit 1; }; }

films() { # small videos of a kitchen
    [ -d "$work/films" ] || quietly "$magister" generate "$work/films" generate.film=video generate.size=32 \
        generate.videos=6 generate.eval_videos=1 generate.texts=0
}

watch() { # RUN [key=value ...]: sets code
    run=$1
    shift
    cat >"$work/recipe.yaml" <<EOF
stages: [stream]
data: {train: $work/films/videos}
stream:
  size: [16, 16]
  channels: [4, 4, 8, 8]
  features: 16
  layers: 3
  buffer: 6
  snippet: 0.2
  turn: 16
  train: {optimize_every: 10, evolve_every: 300, average_every: 64, save_every: 500, lr: 1.0e-3, max_steps: 2000}
EOF
    code=0
    "$magister" run "$work/recipe.yaml" --ranks "${ranks:-1}" out="$work/$run" "$@" >"$work/said" 2>&1 || code=$?
    step=$work/$run/steps/stream
}

same_results() { # RUN RUN: models, curves and events, byte for byte
    cmp "$work/$1/steps/stream/model.safetensors" "$work/$2/steps/stream/model.safetensors"
    cmp "$work/$1/steps/stream/curve.jsonl" "$work/$2/steps/stream/curve.jsonl"
    for file in "$work/$1"/steps/stream/events.rank*.jsonl "$work/$1"/steps/stream/videos/*.json; do
        cmp "$file" "$work/$2/${file#"$work/$1/"}"
    done
}

case $1 in
same) # twice, on one rank and on two: the same bytes; all of every video is watched once
    films
    for ranks in 1 2; do
        watch "one$ranks" stream.train.max_steps=0
        expect 0
        watch "two$ranks" stream.train.max_steps=0
        expect 0
        same_results "one$ranks" "two$ranks"
        [ "$(ls "$step/videos" | wc -l)" = 7 ]
        [ "$(cat "$step"/events.rank*.jsonl | grep -c duration)" = 7 ]
        grep -q '"videos": 7.0' "$step/stats.json"
        grep -q '"layers": [23]' "$step/stats.json"
    done
    [ "$(grep -c duration "$step/events.rank0000.jsonl")" -ge 2 ] # both ranks had some
    [ "$(grep -c duration "$step/events.rank0001.jsonl")" -ge 2 ]
    ;;
stop) # TERM, and on: the bytes of a run without a stop
    films
    for ranks in 1 2; do
        watch "whole$ranks"
        expect 0
        cat >"$work/stop.sh" <<EOF
exec "$magister" run "$work/recipe.yaml" --ranks $ranks out="$work/part$ranks" "\$@" >"$work/said" 2>&1
EOF
        stops=0 more=
        while [ $stops -lt 4 ]; do
            sh "$work/stop.sh" $more &
            launcher=$!
            wanted=$((100 + 200 * stops))
            while kill -0 $launcher 2>/dev/null &&
                [ "$(cat "$work/part$ranks"/steps/stream/events.rank*.jsonl 2>/dev/null | wc -l)" -lt $wanted ]; do sleep 0.02; done
            kill -TERM $launcher 2>/dev/null || true
            code=0
            wait $launcher || code=$?
            [ $code = 0 ] && break
            expect 75
            says 'saved; --resume goes on'
            stops=$((stops + 1)) more=--resume
        done
        [ $stops -ge 1 ]
        code=0
        sh "$work/stop.sh" --resume || code=$?
        expect 0
        same_results "whole$ranks" "part$ranks"
    done
    ;;
kill) # a rank that is killed: the others end, and it goes on from the last checkpoint to the same bytes
    films
    ranks=2
    watch whole
    expect 0
    "$magister" run "$work/recipe.yaml" --ranks 2 out="$work/part" >"$work/said" 2>&1 &
    launcher=$!
    while kill -0 $launcher 2>/dev/null && ! ls "$work"/part/steps/stream/checkpoint-*/DONE >/dev/null 2>&1; do sleep 0.02; done
    victim=$(pgrep -f "magister-rank --run $work/part " | tail -1)
    kill -KILL "$victim"
    code=0
    wait $launcher || code=$?
    expect 76
    code=0
    "$magister" run "$work/recipe.yaml" --ranks 1 out="$work/part" --resume >"$work/said" 2>&1 || code=$?
    expect 78
    says 'is of 2 ranks, and now there are 1: .*launch.ranks=2.*stream.init=.*/checkpoint-[0-9]*/rank0000'
    code=0
    "$magister" run "$work/recipe.yaml" --ranks 2 out="$work/part" --resume >"$work/said" 2>&1 || code=$?
    expect 0
    says 'goes on from'
    same_results whole part
    ;;
sums) # gradients summed: one step for all, the same on every run
    films
    ranks=2
    watch one stream.train.sync=gradients
    expect 0
    watch two stream.train.sync=gradients
    expect 0
    same_results one two
    grep -q '"steps": [1-9]' "$step/stats.json"
    ;;
again) # several epochs of several videos side by side, stopped in a later one: lines of a video are of one time at a time
    films
    epochs="stream.streams=3 stream.train.epochs=3 stream.train.max_steps=0 stream.layers=1"
    # shellcheck disable=SC2086 # words
    watch whole $epochs
    expect 0
    # shellcheck disable=SC2086
    "$magister" run "$work/recipe.yaml" out="$work/part" $epochs >"$work/said" 2>&1 &
    launcher=$!
    ended() { cat "$work/part/steps/stream/events.rank0000.jsonl" 2>/dev/null | grep -c duration || true; }
    while kill -0 $launcher 2>/dev/null && [ "$(ended)" -lt 9 ]; do sleep 0.02; done
    kill -TERM $launcher 2>/dev/null || true
    code=0
    wait $launcher || code=$?
    expect 75
    # shellcheck disable=SC2086
    quietly "$magister" run "$work/recipe.yaml" out="$work/part" $epochs --resume
    same_results whole part
    quietly "$magister" events score "$work/whole/steps/stream/events.rank0000.jsonl" --truth "$work/films/training.csv" --fps 30
    ;;
held_out) # data.eval as annotations: watched after each epoch, not learned from; scored, shown, and the same over stops
    films
    held=$(cut -d, -f2 "$work/films/validation.csv" | tr -d ' ' | sort -u)
    epochs="stream.train.epochs=2 stream.train.max_steps=0 stream.layers=2"
    # shellcheck disable=SC2086 # words
    watch whole $epochs stream.streams=3 data.eval="$work/films/validation.csv" data.videos="$work/films/videos"
    expect 0
    [ "$(grep -c '"eval_errors": \[[0-9.]*, ' "$step/curve.jsonl")" = 2 ]
    holds '"errors": \[[0-9.]*, [0-9.]*\]' "$step/curve.jsonl"
    [ "$(ls "$step/eval/videos")" = "$held.json" ]
    [ ! -e "$step/videos/$held.json" ]
    [ "$(ls "$step/videos" | wc -l)" = 6 ]
    holds '"eval_videos": 1' "$step/stats.json"
    holds '"eval_errors": ' "$step/stats.json"
    holds "$held" "$step/eval/errors.rank0000.jsonl"
    lacks "$held" "$step/errors.rank0000.jsonl"
    [ "$(grep -o '"video": *"[^"]*"' "$step/errors.rank0000.jsonl" | sort -u | wc -l)" = 4 ] # without stream.errors, of four
    cat "$step"/events/* >"$work/scalars"
    holds 'eval_error/layer 1' "$work/scalars"
    holds 'learning_rate' "$work/scalars"
    "$magister" report "$work/whole" >"$work/said"
    says "$work/whole/report.html"
    holds "Events of $held" "$work/whole/report.html"
    holds 'Against what is known' "$work/whole/report.html"
    holds '"held_out": {' "$work/whole/metrics.json"
    printf '%s\n' "$work/films/videos/$held.mp4" "$work/gone.mp4" >"$work/list.txt"
    watch missing data.eval="$work/list.txt"
    expect 66
    says '1 of the 2 videos of data.eval is not there:'
    says gone.mp4
    [ ! -e "$step/curve.jsonl" ]
    watch nothing data.eval="$work/films/videos"
    expect 65
    says 'data.eval holds out all videos of data.train'
    # nearly all the time is evaluation: stops come into that after the first epoch, and into the last
    ls -d "$work"/films/videos/*.mp4 >"$work/all.txt"
    sed -n 1,2p "$work/all.txt" >"$work/train.txt"
    sed -n '3,$p' "$work/all.txt" >"$work/eval.txt"
    ranks=2
    # shellcheck disable=SC2086
    watch two $epochs data.train="$work/train.txt" data.eval="$work/eval.txt"
    expect 0
    cp "$work/recipe.yaml" "$work/part.yaml"
    part=$work/part/steps/stream
    watched() { cat "$part"/eval/events.rank*.jsonl 2>/dev/null | grep -c duration || true; }
    stops=0 inside=0 more=
    while [ $stops -lt 8 ] && [ $inside -lt 2 ]; do
        rm -rf "$part/eval"
        # shellcheck disable=SC2086
        "$magister" run "$work/part.yaml" --ranks 2 out="$work/part" $epochs data.train="$work/train.txt" \
            data.eval="$work/eval.txt" $more >"$work/said" 2>&1 &
        launcher=$!
        while kill -0 $launcher 2>/dev/null && { [ ! -s "$part/eval/events.rank0000.jsonl" ] || [ "$(watched)" = 5 ] ||
            [ "$(grep -c eval_errors "$part/curve.jsonl")" -lt $stops ]; }; do sleep 0.02; done
        kill -TERM $launcher 2>/dev/null || true
        code=0
        wait $launcher || code=$?
        [ $code = 0 ] && break
        expect 75
        if [ "$(watched)" -lt 5 ]; then inside=$((inside + 1)); fi
        stops=$((stops + 1)) more=--resume
    done
    [ $inside -ge 1 ]
    # shellcheck disable=SC2086
    quietly "$magister" run "$work/part.yaml" --ranks 2 out="$work/part" $epochs data.train="$work/train.txt" \
        data.eval="$work/eval.txt" --resume
    same_results two part
    for rank in 0 1; do
        cmp "$work/two/steps/stream/eval/events.rank000$rank.jsonl" "$part/eval/events.rank000$rank.jsonl"
        cmp "$work/two/steps/stream/eval/errors.rank000$rank.jsonl" "$part/eval/errors.rank000$rank.jsonl"
    done
    ;;
init) # begun with another run's learner: with as many layers, fewer, more, and of other sizes
    films
    short="stream.train.max_steps=32 stream.train.lr=0"
    # shellcheck disable=SC2086 # words
    watch first $short stream.init_layers=2 stream.train.evolve_every=9999
    expect 0
    cp "$step/model.safetensors" "$work/two.safetensors"
    # nothing is learned: what comes out is what went in
    # shellcheck disable=SC2086
    watch second $short stream.init="$work/first/steps/stream" stream.train.evolve_every=9999 seed=7
    expect 0
    says 'begins with the 2 layers of .*/first/steps/stream/model.safetensors'
    cmp "$work/first/steps/stream/model.safetensors" "$step/model.safetensors"
    # shellcheck disable=SC2086
    watch more $short stream.init="$work/two.safetensors" stream.init_layers=3 stream.layers=4 stream.buffer=9
    expect 0
    says 'begins with the 2 layers of .*; stream.init_layers asks for 3, so the others begin anew'
    # shellcheck disable=SC2086
    watch fewer $short stream.init="$work/two.safetensors" stream.layers=1
    expect 78
    says 'two.safetensors has 2 layers, and stream.layers is 1: give it all of them (stream.layers=2)'
    # shellcheck disable=SC2086
    watch other $short stream.init="$work/two.safetensors" stream.features=24
    expect 65
    says 'a learner of other sizes, .*stream.features=16; here they are .*stream.features=24'
    echo nothing >"$work/empty.safetensors"
    # shellcheck disable=SC2086
    watch none $short stream.init="$work/empty.safetensors"
    expect 65
    says 'empty.safetensors'
    ;;
streams) # several videos side by side on a rank
    films
    watch one stream.streams=3
    expect 0
    watch two stream.streams=3
    same_results one two
    grep -q '"layers": [23]' "$step/stats.json"
    # as many as there may be, and as seldom a checkpoint: none is made
    watch many stream.streams=4096 stream.turn=1 stream.train.max_steps=60 stream.train.save_every=9000000000000000
    expect 0
    if ls -d "$step"/checkpoint-*; then exit 1; fi
    ;;
broken) # what cannot be read, breaks off or has one frame is told and passed over
    films
    cp "$work/films/videos/kitchen_000000.mp4" "$work/films/videos/cut.mp4"
    truncate -s 20000 "$work/films/videos/cut.mp4"
    echo 'not found' >"$work/films/videos/page.mp4"
    : >"$work/films/videos/empty.mp4"
    watch run
    expect 0
    says 'page.mp4'
    says 'empty.mp4'
    says 'videos were broken'
    tr -d ' \n' <"$step/stats.json" | grep -q '"broken":{"unreadable":[23]'
    grep -q '"frames": 2' "$step/stats.json"
    # behind a good one: no length, and not that one's; a name that cannot be written down is passed over as well
    for some in train eval; do
        mkdir "$work/$some"
        cp "$work/films/videos/kitchen_000001.mp4" "$work/$some/a.mp4"
        cp "$work/films/videos/page.mp4" "$work/$some/page.mp4"
    done
    cp "$work/films/videos/kitchen_000001.mp4" "$work/train/$(printf 'caf\351.mp4')"
    watch few data.train="$work/train" data.eval="$work/eval" stream.order=listed stream.train.max_steps=0
    expect 0
    says "a video's name is not UTF-8: rename the file"
    tr -d ' \n' <"$step/stats.json" | grep -q '"broken":{"unreadable":2}'
    for some in "$step" "$step/eval"; do
        [ "$(grep -c duration "$some/events.rank0000.jsonl")" = 2 ]
        [ "$(sed -n 's/.*page.mp4", //p' "$some/events.rank0000.jsonl")" = '"duration": 0}' ]
    done
    ;;
predict) # the model's file is enough: files, a pipe, raw pictures; other files are refused
    films
    watch run
    expect 0
    film=$work/films/videos/kitchen_000001.mp4
    quietly "$magister" predict "$step" --events "$work/events" "$film"
    [ -s "$work/events/kitchen_000001.json" ]
    head -1 "$work/events/kitchen_000001.layer0.vtt" | grep -q WEBVTT
    for way in file again; do "$magister" predict "$step" --json "$film" >"$work/$way.jsonl"; done
    "$magister" predict "$step" --json - <"$film" >"$work/pipe.jsonl"
    for way in file again pipe; do sed 's/"video":"[^"]*"//; s/"latency":[^}]*//' "$work/$way.jsonl" >"$work/$way"; done
    cmp "$work/file" "$work/again"
    # through a pipe turns are as frames come: the same events, but for the last digits of errors
    for way in file pipe; do sed 's/"error":[^,]*,//' "$work/$way" >"$work/$way.times"; done
    cmp "$work/file.times" "$work/pipe.times"
    quietly "$magister" events score "$work/events" --truth "$work/films/training.csv" --fps 30 --baselines
    says 'random'
    head -c 7680 /dev/zero | "$magister" predict "$step" --json --raw 16x16@5:rgb24 - | grep -q '"duration":2'
    sed 's/stream.features=16/stream.features=65536/' "$step/model.safetensors" >"$work/huge.safetensors"
    code=0
    "$magister" predict "$work/huge.safetensors" "$film" >"$work/said" 2>&1 || code=$?
    expect 65
    sed 's/"layers":"[0-9]"/"layers":"8"/' "$step/model.safetensors" >"$work/high.safetensors"
    code=0
    "$magister" predict "$work/high.safetensors" "$film" >"$work/said" 2>&1 || code=$?
    expect 65
    says 'says it has 8 layers, and its settings allow 3'
    ;;
disk) # a disk that is full for a while, or to the end: told, and no byte is another
    [ "${OWN_MOUNTS:-}" ] || {
        rm -rf "$work"
        [ "$(id -u)" = 0 ] && unshare -m mount -t tmpfs tmpfs /tmp 2>/dev/null ||
            { echo "skipped: nothing can be mounted here"; exit 77; }
        OWN_MOUNTS=1 exec unshare -m "$0" disk
    }
    films
    steps="stream.errors=true stream.train.max_steps=1200 stream.train.save_every=300"
    # shellcheck disable=SC2086 # words
    watch whole $steps
    expect 0
    mkdir "$work/disk"
    mount -t tmpfs -o size=4m tmpfs "$work/disk"
    trap 'umount "$work/disk"; rm -rf "$work"' EXIT
    rank() { pgrep -f "^[^ ]*magister-rank --run $work/disk/$run " | while read -r each; do kill "-$1" "$each"; done; }
    until_holds() { while kill -0 $launcher 2>/dev/null && ! "$@"; do sleep 0.02; done; }
    has_saved() { ls "$work/disk/$run"/steps/stream/checkpoint-*/DONE >/dev/null 2>&1; }
    says_no_room() { grep -q 'cannot save at' "$work/said"; }
    fills_up() { # RUN: begins one, and takes all room when there is a checkpoint
        run=$1
        # shellcheck disable=SC2086
        "$magister" run "$work/recipe.yaml" out="$work/disk/$run" $steps >"$work/said" 2>&1 &
        launcher=$!
        until_holds has_saved
        rank STOP
        dd if=/dev/zero of="$work/disk/filler" bs=4k >/dev/null 2>&1 || true
        rank CONT
    }
    same_on_disk() {
        same_results whole "disk/$run"
        cmp "$work/whole/steps/stream/errors.rank0000.jsonl" "$work/disk/$run/steps/stream/errors.rank0000.jsonl"
    }
    fills_up part # for a while
    until_holds says_no_room
    rank STOP
    rm "$work/disk/filler"
    rank CONT
    code=0
    wait $launcher || code=$?
    expect 0
    says 'what cannot be written waits, and watching goes on: .*/steps/stream/e.*jsonl: cannot write line [0-9]*: No space left'
    says 'cannot save at [0-9]* frames, and goes on; what is saved is of [0-9]* frames'
    says 'all that waited for room on the disk is written'
    same_on_disk
    rm -rf "$work/disk/part"
    fills_up end # to the end
    code=0
    wait $launcher || code=$?
    expect 74
    says 'error.*/steps/stream/.*: No space left'
    rm "$work/disk/filler"
    # shellcheck disable=SC2086
    quietly "$magister" run "$work/recipe.yaml" out="$work/disk/end" $steps --resume
    says 'goes on from .*/checkpoint-'
    same_on_disk
    ;;
*) exit 64 ;;
esac
