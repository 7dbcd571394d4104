#!/bin/sh
# film.sh CASE - the stage generate with videos: the same files whoever makes them, and whatever came in between.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export MAGISTER_TERMINAL=0 XDG_STATE_HOME="$work/state"
magister=$MAGISTER_BUILD/magister
videos=6
small="generate.film=video generate.eval_videos=3 generate.texts=5 generate.size=32 generate.render_fps=5"

# shellcheck disable=SC2086 # words of $small
alone() { # NAME [key=value ...]
    name=$1
    shift
    "$magister" generate "$work/$name" $small generate.videos=$videos "$@" >"$work/said" 2>&1 || { cat "$work/said"; return 1; }
}

run() { # OPTIONS RANKS [key=value ...]: a run of the stage alone; sets code
    option=$1 ranks=$2
    shift 2
    printf 'stages: [generate]\n' >"$work/recipe.yaml"
    code=0
    # shellcheck disable=SC2086
    "$magister" run "$work/recipe.yaml" $option --ranks "$ranks" out="$work/run" $small generate.videos=$videos "$@" >"$work/said" 2>&1 || code=$?
    cat "$work/said"
}

expect() { [ "$code" = "$1" ] || { echo "expected exit $1, got $code"; exit 1; }; }
never() { if "$@"; then echo "this should not be: $*"; exit 1; fi; } # `set -e` takes no notice of `!`
same() { diff -r "$work/$1" "$work/$2"; } # folders

case $1 in
same) # alone, on two ranks, and again: the same bytes; other options: others
    alone first
    [ "$(ls "$work/first/videos" | grep -c 'kitchen_00000[0-8].mp4')" = 9 ]
    [ ! -e "$work/first/tracks" ]
    grep -q "$work/first" "$work/said"
    run "" 2
    expect 0
    same first run/data
    [ "$(wc -l <"$work/first/training.csv")" -gt 60 ]
    alone second seed=3
    never cmp -s "$work/first/videos/kitchen_000000.mp4" "$work/second/videos/kitchen_000000.mp4"
    grep -q "data.videos\|videos: .*run/data/videos" "$work/run/recipe.yaml"
    run --resume 2
    expect 0
    grep -q 'generate: done before' "$work/said"
    ;;
stopped) # in the middle: whole files only, and it goes on to what it would have been
    videos=60
    alone whole
    # shellcheck disable=SC2086
    "$magister" generate "$work/run" $small generate.videos=$videos >"$work/said" 2>&1 &
    for _ in $(seq 6000); do
        [ -e "$work/run/videos/kitchen_000003.mp4" ] && break
        sleep 0.02
    done
    kill -INT $!
    code=0
    wait $! || code=$?
    cat "$work/said"
    expect 75
    grep -q 'stopped after about' "$work/said"
    [ ! -e "$work/run/training.csv" ]
    for video in "$work"/run/videos/*.mp4; do cmp "$video" "$work/whole/videos/${video##*/}"; done
    [ -z "$(find "$work/run" -name '*.tmp*')" ]
    kept=$(stat -c %i "$work/run/videos/kitchen_000002.mp4")
    alone run
    [ "$(stat -c %i "$work/run/videos/kitchen_000002.mp4")" = "$kept" ]
    same whole run
    never alone run
    grep -q 'is there already' "$work/said"
    ;;
damaged) # what other options, or another drawing, have left is made anew; a place that cannot be written is told on all ranks
    videos=3
    alone first
    cp -r "$work/first" "$work/old" # of a making that was stopped
    rm "$work/old/many_shot_nouns.csv"
    grep -q '^drawing [0-9]*$' "$work/old/videos/film.txt"
    for line in 'drawing 0' ''; do # and of one that had no number yet
        sed -i "s/^drawing.*/$line/; /^\$/d" "$work/old/videos/film.txt"
        echo 'as it was drawn once' >"$work/old/videos/kitchen_000001.mp4"
        alone old
        same first old
        rm "$work/old/many_shot_nouns.csv"
    done
    run "" 2 seed=9
    expect 0
    rm "$work/run/steps/generate/done.json"
    run --resume 2
    expect 0
    same first run/data
    rm -r "$work/run"
    mkdir -p "$work/run"
    run "" 2
    expect 0
    rm "$work/run/steps/generate/done.json"
    rm "$work/run/data/videos/kitchen_000004.mp4"
    mkdir "$work/run/data/videos/kitchen_000004.mp4" # is no file
    run --resume 2
    expect 73
    grep -q 'kitchen_000004' "$work/said"
    ;;
*)
    exit 64
    ;;
esac
