# Sourced by the tests of the launcher: a place to work in, and checks that tell what was expected.
set -u
MAGISTER="${MAGISTER:-$MAGISTER_BUILD/magister}"
FAKE="$MAGISTER_BUILD/tests/fake_rank"
[ -x "$MAGISTER" ] || { echo "skipped: there is no $MAGISTER"; exit 77; }
WORK="$(mktemp -d)"
: >"$WORK/a.csv" # what recipes here name as inputs: the ranks read neither
: >"$WORK/t"
trap 'rm -rf "$WORK"' EXIT
export XDG_STATE_HOME="$WORK/state" MAGISTER_RANK="$FAKE"
FAILED=0

wrong() {
    echo "FAILED: $*"
    FAILED=1
}

# expect CODE TEXT COMMAND...: the command ends with CODE, and what it prints holds TEXT.
expect() {
    local code="$1" text="$2" got
    shift 2
    "$@" >"$WORK/output" 2>&1
    got=$?
    [ "$got" -eq "$code" ] || wrong "$* ended with $got, not $code: $(cat "$WORK/output")"
    grep -qF -- "$text" "$WORK/output" || wrong "$* does not say \"$text\" but: $(cat "$WORK/output")"
}

holds() {
    grep -qF -- "$2" "$1" 2>/dev/null || wrong "$1 does not hold \"$2\": $(cat "$1" 2>&1)"
}

# wait_for FILE [TEXT [TIMES]]: until it is there and holds the text in so many lines; a busy machine is given a minute.
wait_for() {
    local end=$((SECONDS + 60))
    until [ "$(grep -cF -- "${2:-}" "$1" 2>/dev/null)" -ge "${3:-1}" ] 2>/dev/null; do
        [ $SECONDS -lt $end ] || { wrong "$1 never came${2:+ to hold \"$2\"}: $(cat "$1" 2>&1)"; return 1; }
        sleep 0.05
    done
}

there() {
    [ -e "$1" ] || wrong "$1 is not there"
}

gone() {
    [ ! -e "$1" ] || wrong "$1 is still there"
}

finish() {
    [ "$FAILED" -eq 0 ] && echo "all checks passed"
    exit "$FAILED"
}
