#!/usr/bin/env bash
# magister on a Slurm of four nodes (cluster): slurm.sh CASE. Every case has a cluster of its own.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
MAGISTER="${MAGISTER:-$MAGISTER_BUILD/magister}"
case_name=${1:?which case}
[ -x "$MAGISTER_BUILD/magister-rank" ] || { echo "SKIPPED: there is no magister-rank"; exit 77; }
WORK=$(mktemp -d)
CLUSTER="$WORK/cluster"
FAILED=0

finish() {
    "$HERE/cluster" stop "$CLUSTER"
    [ "$FAILED" = 0 ] && rm -rf "$WORK" && return
    for log in "$WORK"/*/logs/slurm-*.out "$WORK"/wait.log; do
        [ ! -e "$log" ] || { echo "---- $log"; tail -n 40 "$log"; }
    done
    rm -rf "$WORK"
}
trap finish EXIT

wrong() {
    echo "FAILED: $*"
    FAILED=1
}

give_up() {
    wrong "$@"
    exit 1
}

# begin [WORD ...]: the cluster, and a small recipe that all cases change on the command line.
begin() {
    "$HERE/cluster" start "$CLUSTER" "$@" || exit $?
    eval "$("$HERE/cluster" env "$CLUSTER")"
    export XDG_STATE_HOME="$WORK/state" MAGISTER_DEBUG=1
    cd "$WORK" || exit 1
    cat >r.yaml <<'END'
name: small
launch: {bind: none, slurm: {nodes: 2}}
stages: [generate, teacher]
generate: {videos: 16, eval_videos: 4, texts: 0, width: 8}
teacher: {layers: 2, width: 128, heads: 2, baselines: [majority], train: {epochs: 3, patience: 0, batch: 32}}
student: {layers: 1, width: 32, heads: 2, train: {epochs: 2}}
END
}

# reference NODES [key=value ...]: the same run, undisturbed and without Slurm, in ref/.
reference() {
    local ranks=$1
    shift
    env -u SLURM_CONF "$MAGISTER" run r.yaml --ranks "$ranks" out=ref "$@" >ref.log 2>&1 || give_up "the reference: $(cat ref.log)"
}

weights() { # FILE: its tensors, without the header, which names the recipe's hash
    tail -c +$(($(od -An -t u8 -N 8 "$1") + 9)) "$1"
}

same_model() { # RUN [STEP]
    local model=steps/${2:-teacher}/model.safetensors
    [ -s "ref/$model" ] && cmp <(weights "ref/$model") <(weights "$1/$model") ||
        wrong "$1: the weights are not those of the undisturbed run"
}

wait_until() { # SECONDS WHAT COMMAND...: a busy machine is given three times as many
    local end=$((SECONDS + 3 * $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || give_up "$what did not come; $(squeue 2>&1)"
        sleep 0.2
    done
}

state_of() { squeue -h -t all -j "$1" -o %T 2>/dev/null | head -n 1; }
is_state() { [ "$(state_of "$1")" = "$2" ]; }
queue_is_empty() { [ -z "$(squeue -h 2>&1)" ]; }
has_ended() { case "$(state_of "$1")" in COMPLETED | FAILED | CANCELLED | TIMEOUT | NODE_FAIL) true ;; *) false ;; esac; }
run_is() { grep -q "\"state\": \"$2\"" "$1/state.json"; }
step_of() { # RUN: of its teacher's training
    local at
    at=$(sed -n 's/.*"done": \([0-9]*\).*/\1/p' "$1/steps/teacher/progress.json" 2>/dev/null)
    echo "${at:-0}"
}
trains() { [ "$(step_of "$1")" -ge "$2" ]; } # RUN STEP: it is that far or farther

# epochs_for SECONDS MOST: how many of the teacher's take so long at the pace of two ranks on this machine now.
epochs_for() {
    local stats=pace/steps/teacher/stats.json
    env -u SLURM_CONF "$MAGISTER" run r.yaml --ranks 2 out=pace teacher.train.epochs=10 >pace.log 2>&1 || give_up "the pace: $(cat pace.log)"
    awk -F'[:,]' -v seconds="$1" -v most="$2" '/"samples_per_s"/ {pace = $2} /"steps":/ {steps = $2}
        END {n = int(seconds * pace / (32 * steps / 10)); if (n > most) n = most; print n < 10 ? 10 : n}' "$stats"
}

wait_while_it_trains() { # SECONDS RUN: until it is done, as long as there is a step within so many seconds
    local end=$((SECONDS + $1)) at=0 now
    until run_is "$2" done; do
        now=$(step_of "$2")
        [ "$now" = "$at" ] || end=$((SECONDS + $1)) at=$now
        [ $SECONDS -lt $end ] || give_up "$2 stands at step $at; $(squeue 2>&1)"
        sleep 0.2
    done
}

submit() { "$MAGISTER" submit r.yaml "$@" 2>submit.log || give_up "submit: $(cat submit.log)"; }

made() { # NAME KEY=VALUE ...: a made-up world in $WORK/NAME
    local set=$1
    shift
    env -u SLURM_CONF "$MAGISTER" generate "$WORK/$set" "$@" >"$WORK/made.log" 2>&1 || give_up "no $set: $(cat "$WORK/made.log")"
}

ends() { # NAME KEY=VALUE ...: jobs/NAME.sbatch, on a core a rank and in $MEMORY, comes to a good end
    local name=$1 id
    shift
    id=$(sbatch --parsable -c 1 ${MEMORY:+--mem="$MEMORY"} -o "$WORK/$name.out" "jobs/$name.sbatch" out="$WORK/$name" "$@") ||
        give_up "$name was refused"
    wait_until 300 "the end of $name" has_ended "$id"
    is_state "$id" COMPLETED || wrong "$name ended as $(state_of "$id"): $(tail -n 20 "$WORK/$name.out")"
}

says() { # FILE TEXT
    grep -qF -- "$2" "$1" || wrong "$1 does not say \"$2\": $(tail -n 20 "$1")"
}

pids_of_ranks() { # RUN: of the ranks themselves, not of those who watch over them
    local pid
    for pid in $(pgrep -f -- "magister-rank --run $1 "); do
        [ "$(readlink "/proc/$pid/cwd")" = "$WORK" ] || continue # somebody else's run of that name
        [ -z "$(pgrep -P "$pid" -f -- "magister-rank --run")" ] && echo "$pid"
    done
}

case $case_name in
finish) # over four nodes; what a dry run shows is what is submitted
    begin
    args=(out=a launch.slurm.nodes=4 launch.slurm.time=00:10:00 'stages=[generate,teacher,predict,student,evaluate]' launch.slurm.gpus_per_node=2 launch.slurm.ranks_per_node=1)
    "$MAGISTER" submit r.yaml --dry-run "${args[@]}" >dry 2>&1 || wrong "dry run: $(cat dry)"
    [ ! -e a ] || wrong "a dry run made something"
    before=$(date +%s%N)
    id=$(submit "${args[@]}")
    echo "submit took $((($(date +%s%N) - before) / 1000000)) ms"
    tail -n +2 dry | cmp - a/jobs/small.sbatch || wrong "the dry run is not what was submitted"
    wait_until 300 "the end" has_ended "$id"
    is_state "$id" COMPLETED || wrong "it ended as $(state_of "$id")"
    says "a/logs/slurm-$id.out" "4 nodes, 4 ranks"
    says a/logs/teacher.rank3.log "rank 3 of 4 on n4"
    run_is a done || wrong "state.json: $(cat a/state.json)"
    [ -s a/report.html ] && [ -s a/metrics.json ] || wrong "no report"
    grep -q '"world_size": 4' a/steps/student/stats.json || wrong "the student had no four ranks"
    ;;
meet) # no rank passes a barrier of MPI before the ranks of other nodes have come to it
    begin
    export MAGISTER_RANK="$MAGISTER_BUILD/tests/slurm_meet"
    [ -x "$MAGISTER_RANK" ] || { echo "SKIPPED: built without MPI"; exit 77; }
    printf '#!/bin/sh\nexec "%s" run r.yaml out=a --ranks 2\n' "$MAGISTER" >job
    id=$(sbatch --parsable -N2 --ntasks-per-node=1 -o a.out job) # it fails: nothing is made
    wait_until 120 "the end" has_ended "$id"
    [ "$(cat meet.? | wc -l)" = 2 ] || give_up "there are no two ranks: $(cat a.out)"
    came=$(cut -d ' ' -f 1 meet.? | sort -g | tail -n 1)
    went=$(cut -d ' ' -f 2 meet.? | sort -g | head -n 1)
    awk "BEGIN {exit !($went >= $came)}" || wrong "one went on at $went s, before the other had come ($came)"
    ;;
stages) # a job a stage, and what becomes of the others when one fails
    begin
    ids=$(submit out=a launch.slurm.jobs=stages 'stages=[generate,teacher,predict]')
    [ "$(wc -w <<<"$ids")" = 3 ] || wrong "jobs: $ids"
    last=$(tail -n 1 <<<"$ids")
    wait_until 180 "the end of all" has_ended "$last"
    is_state "$last" COMPLETED || wrong "the last ended as $(state_of "$last")"
    [ -e a/steps/predict.teacher/done.json ] || wrong "predict did nothing"
    ids=$(submit out=b launch.slurm.jobs=stages 'stages=[generate,teacher,predict]' teacher.init=/nowhere/init.safetensors)
    last=$(tail -n 1 <<<"$ids")
    wait_until 300 "the end of those behind a failure" has_ended "$last"
    is_state "$last" CANCELLED || wrong "predict ended as $(state_of "$last") behind a failed teacher"
    run_is b failed || wrong "state.json: $(cat b/state.json)"
    wait_until 20 "the end of the failed one" queue_is_empty # its nodes may still be cleaned
    ;;
array) # a sweep with members that fail
    begin
    cat >>r.yaml <<'END'
sweep:
  teacher.init: [null, /nowhere/init.safetensors]
  seed: [0, 1]
END
    "$MAGISTER" submit r.yaml out=a launch.slurm.nodes=1 --wait >table 2>wait.log
    code=$?
    [ $code = 66 ] || wrong "exit code $code for members without their file: $(cat wait.log)"
    [ "$(grep -c "failed" table)" -ge 2 ] || wrong "the table hides failures: $(cat table)"
    [ "$(grep -c "done" table)" -ge 2 ] || wrong "two members are done: $(cat table)"
    says table "/nowhere/init.safetensors"
    "$MAGISTER" status a >said 2>&1 || wrong "status of the sweep: $(cat said)"
    says said "a: failed, 4 members, 2 done, 2 failed"
    ;;
preempt) # a job with more right to the nodes comes: saves, makes room, goes on
    begin
    reference 2 teacher.train.epochs=80
    id=$(submit out=a teacher.train.epochs=80)
    wait_until 60 "training" trains a 20
    big=$(sbatch --parsable -p high -N4 --exclusive -o /dev/null --wrap "sleep 15")
    wait_until 30 "the other job" is_state "$big" RUNNING
    run_is a stopped || wrong "it had not saved: $(cat a/state.json)"
    wait_while_it_trains 120 a
    wait_until 60 "the end" has_ended "$id"
    is_state "$id" COMPLETED || wrong "it ended as $(state_of "$id")"
    says "a/logs/slurm-$id.out" "going on from step"
    same_model a
    ;;
limit) # the time limit: saves 90 s before it, and goes on in its next turn
    begin
    epochs="teacher.train.epochs=$(epochs_for 150 350)" # more than half a minute, and not an hour on a busy machine
    echo "$epochs"
    reference 2 "$epochs"
    id=$(submit out=a "$epochs" launch.slurm.time=2)
    wait_until 100 "the signal before the limit" grep -q "goes back into the queue" "a/logs/slurm-$id.out"
    wait_until 30 "the queue" is_state "$id" PENDING
    scontrol update jobid="$id" timelimit=60 # a busy machine would need half a minute a turn to begin, and never end
    wait_until 60 "its next turn" is_state "$id" RUNNING
    wait_while_it_trains 120 a
    says "a/logs/slurm-$id.out" "going on from step"
    same_model a
    ;;
requeue) # ten times
    begin
    reference 2 teacher.train.epochs=200
    id=$(submit out=a teacher.train.epochs=200)
    for turn in $(seq 10); do
        before=$(step_of a)
        wait_until 60 "turn $turn" is_state "$id" RUNNING
        wait_until 60 "training in turn $turn" trains a $((before + 6))
        scancel --batch --signal=USR1 "$id"
        wait_until 30 "the queue after turn $turn" is_state "$id" PENDING
    done
    wait_while_it_trains 120 a
    wait_until 60 "the end" has_ended "$id"
    [ "$(grep -c "going on from step" "a/logs/slurm-$id.out")" = 10 ] || wrong "it did not go on ten times"
    same_model a
    ;;
node) # a node goes off: Slurm finds it gone, and the job goes on with others
    MAGISTER_SLURMD_TIMEOUT=15 begin
    reference 2 teacher.train.epochs=80 teacher.train.checkpoint_steps=20
    id=$(submit out=a teacher.train.epochs=80 teacher.train.checkpoint_steps=20)
    wait_until 60 "training" trains a 60
    "$HERE/cluster" power-off "$CLUSTER" 2
    wait_until 90 "the loss to be seen" grep -qE "REQUEUE|NODE FAIL" "a/logs/slurm-$id.out"
    wait_while_it_trains 120 a
    wait_until 60 "the end" has_ended "$id"
    is_state "$id" COMPLETED || wrong "it ended as $(state_of "$id")"
    says "a/logs/slurm-$id.out" "going on from step"
    same_model a
    ;;
kill) # a rank is killed: told by name, and taken up again where that is asked for
    begin
    reference 2 teacher.train.epochs=80 teacher.train.checkpoint_steps=20
    id=$(submit out=a teacher.train.epochs=80)
    wait_until 60 "training" trains a 30
    kill -9 "$(pids_of_ranks a | shuf -n 1 --random-source=<(yes))"
    wait_until 15 "the end" has_ended "$id"
    is_state "$id" FAILED || wrong "it ended as $(state_of "$id")"
    scontrol show job "$id" | grep -q "ExitCode=76:0" || wrong "exit code: $(scontrol show job "$id" | grep Exit)"
    grep -q "was killed\|signal 9" "a/logs/slurm-$id.out" || wrong "the cause is not told"
    [ -z "$(pids_of_ranks a)" ] || wrong "ranks are left"
    id=$(submit out=b teacher.train.epochs=80 teacher.train.checkpoint_steps=20 launch.max_restarts=3)
    for step in 40 90 200; do
        wait_until 60 "training" trains b $step
        kill -9 "$(pids_of_ranks b | shuf -n 1 --random-source=<(yes))"
        sleep 3
    done
    wait_while_it_trains 120 b
    wait_until 60 "the end" has_ended "$id"
    is_state "$id" COMPLETED || wrong "it ended as $(state_of "$id")"
    same_model b
    ;;
hang) # a rank that stands still: found within twice the time-out, stacks written, the job ends
    begin
    id=$(submit out=a teacher.train.epochs=20000 launch.timeout=15)
    wait_until 60 "training" trains a 30
    victim=$(pids_of_ranks a | tail -n 1)
    kill -STOP "$victim"
    stopped=$SECONDS
    wait_until 30 "the end" has_ended "$id"
    echo "ended $((SECONDS - stopped)) s after the stop"
    [ $((SECONDS - stopped)) -le 50 ] || wrong "it took $((SECONDS - stopped)) s with a time-out of 15 s" # and 20 s to end
    scontrol show job "$id" | grep -q "ExitCode=76:0" || wrong "exit code: $(scontrol show job "$id" | grep Exit)"
    ls a/logs/*.stack >/dev/null 2>&1 || wrong "no stacks: $(ls a/logs)"
    [ -z "$(pids_of_ranks a)" ] || wrong "ranks are left"
    ;;
nopmix) # Slurm without PMIx: mpirun starts the ranks
    begin no-pmix
    id=$(submit out=a launch.slurm.nodes=4)
    wait_until 300 "the end" has_ended "$id"
    is_state "$id" COMPLETED || wrong "it ended as $(state_of "$id")"
    says "a/logs/slurm-$id.out" "srun has no PMIx"
    says a/logs/teacher.rank3.log "rank 3 of 4 on n4"
    ;;
noscontrol) # compute nodes without Slurm's commands
    begin
    mkdir bin few
    for program in /usr/bin/* /bin/*; do
        case "${program##*/}" in scontrol) ;; *) ln -sf "$program" "bin/${program##*/}" ;; esac
    done
    reference 2 teacher.train.epochs=60
    id=$(submit out=a teacher.train.epochs=60 "launch.slurm.environment=[\"export PATH=$WORK/bin\"]")
    wait_until 60 "training" trains a 20
    scancel --batch --signal=USR1 "$id"
    wait_until 30 "its end" has_ended "$id"
    says "a/logs/slurm-$id.out" "submitted again"
    wait_until 300 "the end of the second job" run_is a done
    same_model a
    id=$("$MAGISTER" submit r.yaml out=c launch.slurm.nodes=1 teacher.train.epochs=60 "sweep.seed=[0,1]" \
        "launch.slurm.environment=[\"export PATH=$WORK/bin\"]" 2>submit.log) || give_up "submit: $(cat submit.log)"
    wait_until 60 "training" trains c/01-seed_1 20
    scancel --batch --signal=USR1 "${id}_1"
    wait_until 30 "its end" grep -q "submitted again" "c/logs/slurm-${id}_1.out"
    grep -q "\"$id\"" c/submitted.json && grep -q "\"[0-9]*_1\"" c/submitted.json || wrong "noted: $(cat c/submitted.json)"
    wait_until 300 "the end of the member" run_is c/01-seed_1 done
    wait_until 300 "the end of the other" run_is c/00-seed_0 done
    "$MAGISTER" status c >said 2>&1
    says said "c: done, 2 members, 2 done"
    rm bin/sbatch
    "$MAGISTER" submit r.yaml out=b teacher.train.epochs=60 --wait "launch.slurm.environment=[\"export PATH=$WORK/bin\"]" >ids 2>wait.log &
    waits=$!
    wait_until 60 "training" trains b 20
    scancel --batch --signal=USR1 "$(sed -n 1p ids)"
    wait $waits || wrong "submit --wait ended with $?"
    says wait.log "it is submitted again"
    same_model b
    "$MAGISTER" status b >said 2>&1
    says said "b: done"
    ;;
cancel) # saves, and does not come back
    begin
    id=$(submit out=a teacher.train.epochs=20000)
    wait_until 60 "training" trains a 20
    "$MAGISTER" cancel a >cancel.log 2>&1 || wrong "cancel: $(cat cancel.log)"
    wait_until 20 "the end" has_ended "$id"
    run_is a stopped || wrong "state.json: $(cat a/state.json)"
    sleep 3
    has_ended "$id" || wrong "it came back: $(squeue)"
    id=$(submit out=a teacher.train.epochs=20000 --resume)
    wait_until 60 "going on" grep -q "going on from step" "a/logs/slurm-$id.out"
    scancel "$id"
    wait_until 30 "its end" has_ended "$id"
    sleep 3
    has_ended "$id" || wrong "it came back after scancel: $(squeue)"
    ;;
status) # what is said of a job that waits, runs, and is lost, from a machine that sees none of its processes
    begin
    other=$(sbatch --parsable -N4 --exclusive -o /dev/null --wrap "sleep 900")
    wait_until 20 "a full cluster" is_state "$other" RUNNING
    id=$(submit out=a teacher.train.epochs=20000)
    said() { "$MAGISTER" status a >said 2>&1 && grep -qF -- "$1" said; }
    wait_until 20 "pending" said "a: pending, job $id waits until enough nodes are free (Resources)"
    "$MAGISTER" logs a >said 2>&1
    [ $? = 66 ] || wrong "logs of a run without any: $(cat said)"
    scancel "$other"
    wait_until 60 "training" trains a 20
    wait_until 20 "running" said "samples/s" # not shown once it is old
    says said "a: running"
    says said "ranks     2 on 2 nodes"
    says said "in job $id"
    says said ": RUNNING on n[1-2], begun at "
    "$MAGISTER" logs a --rank 1 >said 2>&1 || wrong "logs: $(cat said)"
    says said "rank 1 of 2 on n2"
    "$MAGISTER" status a --watch=0.5 >watched 2>&1 &
    watcher=$!
    wait_until 20 "watching" grep -q "a: running" watched
    "$MAGISTER" cancel a --now >said 2>&1 || wrong "cancel --now: $(cat said)"
    says said "job $id on n[1-2]: cancelled, its ranks are killed"
    has_ended "$id" || wrong "cancel came back too early: $(squeue)"
    wait "$watcher" || wrong "--watch: $(cat watched)"
    grep -q "a: stopped\|a: died" watched || wrong "--watch did not tell the end: $(cat watched)"
    "$MAGISTER" cancel a >said 2>&1 || wrong "cancelled twice: $(cat said)"
    says said "a: does not run"
    ;;
overlap) # a teacher's rank on a node of its own predicts while the student trains: the same bits
    begin
    all='stages=[generate,teacher,predict,student]'
    reference 1 "$all" data.development=0.3
    id=$(submit out=a "$all" data.development=0.3 launch.overlap=1)
    wait_until 300 "the end" has_ended "$id"
    is_state "$id" COMPLETED || wrong "it ended as $(state_of "$id")"
    says "a/logs/slurm-$id.out" "predict.teacher+student"
    same_model a teacher
    same_model a student
    ;;
stream_jobs) # streaming learners on made-up films, small, on one rank and on eight of two nodes
    begin
    cd "$HERE/../.." || exit 1
    made films generate.videos=10 generate.eval_videos=2 generate.texts=0 generate.film=video generate.size=32 generate.render_fps=5
    words="data.train=$WORK/films/videos stream.size=[16,16] stream.channels=[4,4,4,4] stream.features=16 stream.train.max_steps=2000
        stream.train.average_every=20 stream.train.evolve_every=60 stream.train.optimize_every=10 stream.share=1"
    MEMORY=3G # these nodes have 4000M
    # shellcheck disable=SC2086 # words
    for name in streamer-epic streamer-ego4d; do
        ends $name $words
        grep -q '"layers": [23]' "$WORK/$name/steps/stream/stats.json" || wrong "$name did not grow: $(tail -n 20 "$WORK/$name.out")"
    done
    says "$WORK/streamer-ego4d/logs/stream.rank7.log" "rank 7 of 8"
    [ "$(cat "$WORK"/streamer-ego4d/steps/stream/events.rank000?.jsonl | grep -c '"duration"')" -ge 8 ] || wrong "videos are missing"
    ;;
jobs) # the project's own scripts but for those of video_jobs and stream_jobs, from its folder; what they train is cut short
    begin
    cd "$HERE/../.." || exit 1
    words="teacher.train.max_steps=4"
    small="generate.videos=8 generate.eval_videos=4 generate.texts=40"
    sweep=$(sbatch --parsable -o "$WORK/sweep-%a.out" jobs/sweep.sbatch out="$WORK/sweep" $small $words)
    four=$(sbatch --parsable -o "$WORK/four.out" jobs/distillation.sbatch out="$WORK/four" $small $words \
        teacher.pretrain.train.max_steps=4 student.train.max_steps=4 "student.seeds=[0]")
    all_done() { [ "$(grep -l '"state": "done"' "$WORK"/sweep/0*/state.json | wc -l)" = 8 ]; }
    wait_until 400 "the end of the sweep" all_done
    wait_until 400 "the end" has_ended "$four"
    is_state "$four" COMPLETED || wrong "it ended as $(state_of "$four"): $(tail -n 20 "$WORK/four.out")"
    scontrol show job "$four" | grep -q "gres/gpu:4\|gres:gpu:4" || wrong "no four GPUs: $(scontrol show job "$four")"
    says "$WORK/four/logs/student.rank3.log" "rank 3 of 4"
    if [ -e ../shared/data/ek55_rulstm_split/training.csv ]; then
        ek55=$(sbatch --parsable -o "$WORK/ek55.out" jobs/ek55-teacher.sbatch out="$WORK/ek55" $words)
        wait_until 300 "the end" has_ended "$ek55"
        is_state "$ek55" COMPLETED || wrong "it ended as $(state_of "$ek55"): $(tail -n 20 "$WORK/ek55.out")"
    else
        echo "the annotations of EPIC-KITCHENS-55 are not here: jobs/ek55-teacher.sbatch was not tried"
    fi
    ;;
video_jobs) # those that learn from films and features, on made-up ones and with small models, one after the other
    begin
    export MAGISTER_TERMINAL=0
    cd "$HERE/../.." || exit 1
    job() { # NAME KEY=VALUE ...
        local name=$1
        ends "$@" student.train.max_steps=2
        says "$WORK/$name/logs/student.rank3.log" "rank 3 of 4"
        grep -q '"student":' "$WORK/$name/metrics.json" || wrong "$name has no scores: $(tail -n 20 "$WORK/$name.out")"
    }
    looks="student.frames=4 student.transform.size=32 student.transform.short_side=[36] video.threads=1"
    made signs generate.world=signs generate.size=48 generate.clips=[20,10,10]
    signs="data.train=$WORK/signs/signs.json data.videos=$WORK/signs/videos student.train.batch=20"
    job wlasl-sign2text $signs $looks student.network.channels=4 student.network.depth=1 student.network.feature=16 \
        student.network.hidden=8 student.network.layers=1
    job wlasl-timesformer $signs $looks student.network.patch=8 student.network.width=16 student.network.heads=2 student.network.layers=2
    kitchen() { # SET: its annotations
        echo "data.train=$WORK/$1/training.csv data.eval=$WORK/$1/validation.csv data.actions=$WORK/$1/actions.csv data.fps=30
            data.many_shot_verbs=null data.many_shot_nouns=null teacher.train.max_steps=2 teacher.layers=1 teacher.width=32 teacher.heads=2"
    }
    made films generate.videos=6 generate.eval_videos=2 generate.texts=5 generate.film=video generate.size=48 generate.render_fps=5
    job egtea-avt $(kitchen films) data.videos="$WORK/films/videos" $looks student.train.batch=12 student.train.optimizer.lr=2e-3 \
        student.network.patch=8 student.network.width=16 student.network.layers=1 student.network.heads=2 \
        student.network.backbone_width=16 student.network.backbone_layers=1 student.network.backbone_heads=2
    made tracks generate.videos=6 generate.eval_videos=2 generate.texts=5
    job ek55-avt $(kitchen tracks) data.tracks="$WORK/tracks/tracks" student.width=16 student.layers=1 student.heads=2
    ;;
shapes) # an allocation that is not what the recipe says, and one that several launchers were started in
    begin
    salloc -Q -N1 -n1 "$MAGISTER" run r.yaml out=a >out 2>&1
    [ $? = 78 ] || wrong "a world of one was started unnoticed: $(cat out)"
    says out "launch.slurm asks for 2 ranks on 2 nodes, and job"
    srun -Q -N2 -n2 "$MAGISTER" run r.yaml out=b >out 2>&1
    says out "write it without srun"
    salloc -Q -N2 -n4 "$MAGISTER" run r.yaml out=c --ranks 3 >out 2>&1 || wrong "three ranks on two nodes: $(cat out)"
    says c/logs/teacher.rank2.log "rank 2 of 3 on n2"
    ;;
*) give_up "there is no case $case_name" ;;
esac
exit $FAILED
