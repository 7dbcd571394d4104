# Sourced behind common.sh: a run on two ranks to be disturbed, and what it ends with when it is not. What it does, and how
# its moments are told, says stage-STAGE.sh:
#
#   run_with OUT STAGES WORD...   the run of these stages in directory OUT
#   ALL                           its stages
#   STEP                          its step
#   MOMENTS, at_moment MOMENT     where it is disturbed; waits until the run is there
#   phase_in STACK AIM            what a process with these stacks was at
#   same_end RUN REFERENCE        prints what differs
#   STOP_SLACK                    steps by which a stop may come after the last line of the curve
#   goes_on_from STEP             whether the resumed run has said so, in $OUT/said.resumed
MAGISTER=$BUILD/magister
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
export XDG_STATE_HOME="$OUT/state" OMP_NUM_THREADS=1
RUN=$OUT/run
EXEC='' # or exec, in a shell of its own that becomes the launcher
[ -e "$ROOT/tests/campaign/stage-$STAGE.sh" ] || usage 64
source "$ROOT/tests/campaign/stage-$STAGE.sh"

# The whole run, in $RUN, from where it is.
run_whole() { run_with "$RUN" "$ALL" --resume; }

# $OUT/template has the data, $OUT/reference all of the run.
if [ ! -e "$OUT/reference.done" ]; then
    rm -rf "$OUT/template" "$RUN" "$OUT/reference"
    run_with "$OUT/template" generate >"$OUT/reference.said" 2>&1 || { cat "$OUT/reference.said"; exit 1; }
    cp -r "$OUT/template" "$RUN"
    run_whole >"$OUT/reference.said" 2>&1 || { cat "$OUT/reference.said"; exit 1; }
    mv "$RUN" "$OUT/reference"
    touch "$OUT/reference.done"
fi

# All that works on the run but the launcher: mpirun, watchers, ranks.
processes() { pgrep -f -- "--run $RUN --section" || true; }

is_among() { case " $1 " in *" $2 "*) ;; *) return 1 ;; esac; }

parent_of() { sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$1/stat" 2>/dev/null; }

rank_of() { tr '\0' '\n' 2>/dev/null <"/proc/$1/environ" | sed -n 's/^OMPI_COMM_WORLD_RANK=//p'; }

# The processes of the ranks, or with "watchers" those above them: "RANK PROCESS" a line.
ranks_and_processes() { # [watchers]
    local all each parent
    all=$(pgrep -f "^[^ ]*magister-rank --run $RUN --section" | tr '\n' ' ')
    for each in $all; do
        parent=$(parent_of "$each")
        is_among "$all" "$parent" && echo "$(rank_of "$each") $([ $# = 0 ] && echo "$each" || echo "$parent")"
    done || true
}

process_of_rank() { ranks_and_processes | awk -v rank="$1" '$1 == rank {print $2}'; }

now_ms() { echo $(($(date +%s%N) / 1000000)); }

exec {NOTHING}<> <(:)
nap_ms() { read -rt "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))" -u "$NOTHING" || true; } # no process is started

# Waits until "$@" holds; not when the launcher has ended, or after four minutes.
until_holds() {
    local begun=$SECONDS
    until "$@"; do
        kill -0 "$LAUNCHER" 2>/dev/null && [ $((SECONDS - begun)) -lt 240 ] || return 1
        nap_ms 2
    done
}

# Sets PROCESS to that of rank $1.
holds_rank() {
    PROCESS=$(process_of_rank "$1")
    [ -n "$PROCESS" ]
}
trains() { [ "$(last_step)" -ge 2 ]; }
saves() { compgen -G "$RUN/steps/$STEP/*.unfinished" >/dev/null; }

# The last step in the curve, 0 before the first.
last_step() {
    local step
    step=$(sed -n 's/^{"step": \([0-9]*\),.*/\1/p' "$RUN/steps/$STEP/curve.jsonl" 2>/dev/null | tail -n 1)
    echo "${step:-0}"
}

# Lets the run come to the moment it is to be disturbed at: one of MOMENTS, with a random delay. Sets PROCESS to that of rank
# $2. Fails when the run has ended.
come_to() { # MOMENT RANK
    case $1 in
    start) until_holds holds_rank "$2" && nap_ms $((RANDOM % 800)) ;;
    saving) until_holds trains && holds_rank "$2" && nap_ms $((RANDOM % 300)) && until_holds saves && nap_ms $((RANDOM % 20)) ;;
    *) at_moment "$1" "$2" ;;
    esac
}

# Trials until as many are in the log as were asked for; `trial NUMBER MOMENT` writes its line with `note`, or fails when the
# run was over before it could be disturbed.
campaign() {
    local number
    number=$(wc -l <"$LOG")
    while [ "$(grep -vc missed "$LOG" || true)" -lt "$TRIALS" ]; do
        RANDOM=$((SEED * 7919 + number))
        rm -rf "$RUN"
        cp -r "$OUT/template" "$RUN"
        (EXEC=exec && run_whole) >"$OUT/said" 2>&1 &
        LAUNCHER=$!
        trial "$number" "${MOMENTS[$((number % ${#MOMENTS[@]}))]}" || echo "$number missed" >>"$LOG"
        number=$((number + 1))
    done
}

note() { # VERDICT WORDS: a failed trial is kept
    echo "$2 $1" >>"$LOG"
    [ "$1" != good ] || return 0
    local kept=$OUT/failed-${2%% *}
    rm -rf "$kept"
    cp -r "$RUN" "$kept"
    cp "$OUT"/said* "$kept/"
}

# Goes on with the run; prints what is wrong with the end it comes to.
resumes() {
    local code=0
    run_whole >"$OUT/said.resumed" 2>&1 || code=$?
    [ $code = 0 ] || { echo "(resuming ended with $code)"; return; }
    same_end "$RUN" "$OUT/reference"
}

# "start 3, step 4": how often each NAME=WORD is in the log.
counted() { # NAME
    grep -o "$1=[a-z]*" "$LOG" | sort | uniq -c | awk -v name="$1=" '{sub(name, "", $2); printf "%s%s %d", s, $2, $1; s = ", "}'
}
