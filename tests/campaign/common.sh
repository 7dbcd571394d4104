# Sourced by the campaigns with their command line: NAME TRIALS [--seed S] [--out DIR] [--stage STAGE].
#
# A campaign makes TRIALS trials, each from (seed, number) alone, and keeps a line for each in DIR/NAME.log. Started again
# with the same DIR it goes on behind the last of them. The last words count what happened; the exit code is 1 when a trial
# failed. Without --out DIR is made and removed.
set -eu
NAME=$(basename "$0") TRIALS='' SEED=1 OUT='' STAGE=teacher
BUILD=${MAGISTER_BUILD:-$(cd "$(dirname "$0")/../.." && pwd)/build}

usage() {
    echo "Usage: $0 TRIALS [--seed S] [--out DIR] [--stage teacher|stream]"
    exit "$1"
}

while [ $# -gt 0 ]; do
    case $1 in
    --seed) SEED=$2 && shift ;;
    --out) OUT=$2 && shift ;;
    --stage) STAGE=$2 && shift ;;
    -h | --help) usage 0 ;;
    *) [ -z "$TRIALS" ] || usage 64 && TRIALS=$1 ;;
    esac
    shift
done
case $TRIALS$SEED in '' | *[!0-9]*) usage 64 ;; esac
[ -n "$TRIALS" ] || usage 64
if [ -z "$OUT" ]; then
    OUT=$(mktemp -d)
    trap 'rm -rf "$OUT"' EXIT
fi
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
LOG=$OUT/$NAME.log
exec {LOCK}>"$OUT/lock" # also held by what a campaign that was cut off has left running
flock -n "$LOCK" || { echo "$0: another one works in $OUT" >&2; exit 73; }
touch "$LOG"
