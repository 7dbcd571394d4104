# Sourced by run.sh: a streaming learner of 1,600 frames, some seconds, two videos at a time on each rank, which meet every 16
# frames and save some ten times.
ALL=generate,stream
STEP=stream
MOMENTS=(start frame meeting saving)
STOP_MOMENTS=(start frame saving)
STOP_SLACK=256 # frames of four streams: between the meeting that ran and the stop, and from one turn to the next
LAST_STEP=1600

run_with() { # OUT STAGES WORD...
    local out=$1 stages=$2
    shift 2
    cat >"$OUT/stream.yaml" <<END
stages: [$stages]
generate: {film: video, size: 32, videos: 6, eval_videos: 1, texts: 0}
stream:
  {size: [16, 16], channels: [4, 4, 8, 8], features: 16, layers: 3, buffer: 6, snippet: 0.1, turn: 8, streams: 2, errors: true,
   train: {epochs: 20, optimize_every: 10, evolve_every: 100, average_every: 16, save_every: 40, lr: 1.0e-3, max_steps: $LAST_STEP}}
launch: {timeout: 120}
END
    $EXEC "$MAGISTER" run "$OUT/stream.yaml" --ranks 2 out="$out" "$@"
}

# Stops the process, and lets it go on unless it is in a meeting: between a look and a kill it would be over.
stopped_in_meeting() {
    kill -STOP "$PROCESS" 2>/dev/null || return 1
    ! eu-stack -p "$PROCESS" 2>/dev/null | grep -q ' stage_meet' || return 0
    kill -CONT "$PROCESS"
    return 1
}

at_moment() { # MOMENT RANK
    until_holds trains && holds_rank "$2" && nap_ms $((RANDOM % 1500)) || return 1
    [ "$1" != meeting ] || ! command -v eu-stack >/dev/null || until_holds stopped_in_meeting
}

phase_in() { # STACK AIM
    case $1 in
    '') echo "$2" ;;
    *" stage_save"* | *" stage_finish"*) echo saving ;;
    *" stage_meet"*) echo meeting ;;
    *" learner_step"* | *" replay"*) echo step ;;
    *" learner_watch"* | *" feed_turn"*) echo frame ;;
    *" stage_resume"*) echo resume ;;
    *) echo start ;;
    esac
}

same_end() { # RUN REFERENCE
    local file
    for file in "$2"/steps/stream/{model.safetensors,curve.jsonl,events.rank*.jsonl,errors.rank*.jsonl,videos/*}; do
        cmp -s "$1/${file#"$2/"}" "$file" || { echo "(${file##*/} is another)"; return; }
    done
}

stopped_at() { grep -ohs 'stopped after [0-9]* frames' "$RUN"/logs/stream.rank0.error | tail -n 1 | cut -d' ' -f3; }
goes_on_from() { grep -q "goes on from .*/checkpoint-0*$1\$" "$OUT/said.resumed"; }
