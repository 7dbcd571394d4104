#!/bin/sh
# recipes.sh NAME - two steps of the published recipe conf/NAME.yaml, at its full size, on made-up inputs of the real shapes:
# that it can be run at all, what memory it takes, and how long a step is. Skipped where memory is short.
# For a machine that has little time: STEPS=1, and WORDS="student.train.batch=1 ..." for other values of the recipe's keys.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export MAGISTER_TERMINAL=0 XDG_STATE_HOME="$work/state"
magister=$MAGISTER_BUILD/magister
steps=${STEPS:-2}

need() { # GB
    free=$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
    [ "$free" -ge "$1" ] || { echo "$name takes $1 GB of memory, and $free are free"; exit 77; }
}
quietly() { "$@" >"$work/said" 2>&1 || { code=$?; tail -n 40 "$work/said"; return $code; }; }

signs() { # the form of WLASL: pictures of 256 x 256
    quietly "$magister" generate "$work/set" generate.world=signs generate.size=256 generate.clips=[10,2,2]
    set -- data.train="$work/set/signs.json" data.videos="$work/set/videos"
    run "$@"
}

kitchen() { # KEY=VALUE ... of generate: annotations, classes, and films or tracks. Three segments to score on
    quietly "$magister" generate "$work/set" generate.videos=6 generate.eval_videos=1 generate.texts=5 "$@"
    sed -i '4,$d' "$work/set/validation.csv"
    words="data.train=$work/set/training.csv data.eval=$work/set/validation.csv data.actions=$work/set/actions.csv data.fps=30
        data.many_shot_verbs=null data.many_shot_nouns=null teacher.train.max_steps=2 teacher.train.epochs=1"
}

run() {
    # shellcheck disable=SC2086 # words
    quietly "$magister" run "conf/$name.yaml" out="$work/run" device=cpu student.train.max_steps="$steps" student.train.epochs=1 \
        "$@" ${WORDS:-}
    stats="$work/run/steps/student/stats.json"
    value() { sed -n "s/.*\"$1\": *\([0-9.e+]*\).*/\1/p" "$stats" | head -n 1; }
    [ "$(value steps)" = "$steps" ] || { cat "$stats"; exit 1; }
    grep -q '"student":' "$work/run/metrics.json"
    loss=$(sed -n 's/.*"loss": *\([-0-9.e+]*\).*/\1/p' "$work/run/steps/student/curve.jsonl" | tail -n 1)
    [ -n "$loss" ] || { cat "$work/run/steps/student/curve.jsonl"; exit 1; }
    echo "$name: $(value step_ms_p50) ms a step, $(value rss_peak_mb) MB, loss $loss after $steps steps"
}

# shellcheck disable=SC2086 # words of $words
case ${name:=$1} in
wlasl-sign2text)
    need 8
    signs
    ;;
wlasl-timesformer)
    need 10
    signs
    ;;
egtea-avt)
    need 8
    kitchen generate.film=video generate.size=256 generate.render_fps=5
    run $words data.videos="$work/set/videos"
    ;;
egtea-tsn)
    need 5
    kitchen generate.width=1024
    run $words data.tracks="$work/set/tracks"
    ;;
ek55-avt)
    need 14
    kitchen generate.width=2048
    run $words data.tracks="$work/set/tracks"
    ;;
*)
    echo "no recipe $1"
    exit 1
    ;;
esac
