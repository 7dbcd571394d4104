# Sourced by run.sh: a teacher of 90 steps, some seconds, with a checkpoint every 10, and its predictions.
ALL=generate,teacher,predict
STEP=teacher
MOMENTS=(start step saving store)
STOP_MOMENTS=(start step saving)
STOP_SLACK=2 # the step that ran, and the one that the other rank had begun by then
LAST_STEP=90

run_with() { # OUT STAGES WORD...
    local out=$1 stages=$2
    shift 2
    $EXEC "$MAGISTER" run "$ROOT/tests/fixtures/kitchen.yaml" generate.videos=12 generate.eval_videos=4 generate.texts=60 \
        teacher.variants=null teacher.layers=2 teacher.width=96 teacher.train.epochs=100 teacher.train.max_steps=$LAST_STEP \
        teacher.train.checkpoint_steps=10 launch.timeout=30 --ranks 2 "stages=[$stages]" out="$out" "$@"
}

predicts() { [ -e "$RUN/logs/predict.teacher.rank0.log" ]; }
writes() { [ -e "$RUN/store.sqlite-journal" ] || [ -s "$RUN/store.sqlite-wal" ]; }

at_moment() { # MOMENT RANK
    case $1 in
    step) until_holds trains && holds_rank "$2" && nap_ms $((RANDOM % 1500)) ;;
    store) until_holds predicts && holds_rank "$2" && until_holds writes && nap_ms $((RANDOM % 100)) ;;
    esac
}

phase_in() { # STACK AIM
    [ "$2" != store ] || ! writes || { echo store; return; } # a transaction is open
    case $1 in
    '') echo "$2" ;;
    *" checkpoint_write"* | *" checkpoint_take"* | *" checkpoint_prune"*) echo saving ;;
    *" store_"* | *" sqlite3_"*) echo store ;;
    *" comm_sum"* | *" comm_agree"* | *" comm_any"*) echo sum ;;
    *" step_run"*) echo step ;;
    *" trainer_run"*) echo training ;;
    *" teacher_predict"*) echo predict ;;
    *) echo start ;;
    esac
}

same_end() { # RUN REFERENCE
    local model=steps/teacher/model.safetensors
    cmp -s "$1/$model" "$2/$model" || { echo "(the weights are others)"; return; }
    "$MAGISTER" store check "$1/store.sqlite" >"$OUT/said.store" 2>&1 || echo "(the store is damaged)"
}

stopped_at() { grep -ohs 'stopped after step [0-9]* of' "$RUN"/logs/teacher.rank0.error | tail -n 1 | cut -d' ' -f4; }
goes_on_from() { grep -q "going on from step $1 " "$OUT/said.resumed"; }
