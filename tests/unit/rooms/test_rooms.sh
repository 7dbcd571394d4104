#!/usr/bin/env bash
# Rooms include only what CMakeLists.txt lets them link; C++ and torch stay in tensor/, MPI in comm/, and the launcher links
# neither. The rules are read from CMakeLists.txt, so that there is one place that says them.
set -u
cd "$(dirname "$0")/../../.." || exit 1
declare -A LINKS FOLDER OWNER # of rooms; OWNER: room of a folder, or of a single file of it
FAILED=0
ROOMS=()

wrong() {
    echo "FAILED: $*"
    FAILED=1
}

read_room() { # the words of one magister_room(...)
    local name="$1" mode="" word
    shift
    [ -n "${FOLDER[$name]:-}" ] || ROOMS+=("$name") # a room may be said twice, for two ways to build
    FOLDER[$name]="$name" LINKS[$name]=""
    local only=()
    for word in "$@"; do
        case "$word" in
        FOLDER | ONLY | EXCEPT | LINKS | PRIVATE_LINKS) mode="$word" ;;
        *)
            case "$mode" in
            FOLDER) FOLDER[$name]="$word" ;;
            ONLY) only+=("${word%.*}") ;;
            LINKS) LINKS[$name]+=" $word" ;;
            esac
            ;;
        esac
    done
    if [ "${#only[@]}" -eq 0 ]; then
        OWNER[${FOLDER[$name]}]="$name"
    else
        for word in "${only[@]}"; do OWNER[${FOLDER[$name]}/$word]="$name"; done
    fi
}

room_of() { # path of a source or header, without its ending
    local path="${1%.*}"
    echo "${OWNER[$path]:-${OWNER[${path%%/*}]:-}}"
}

while read -r words; do
    # shellcheck disable=SC2086
    read_room $words
done < <(sed -n 's/^ *magister_room(\(.*\))$/\1/p' CMakeLists.txt)
[ "${#ROOMS[@]}" -ge 12 ] || wrong "only ${#ROOMS[@]} rooms were found in CMakeLists.txt"

# A room links only rooms that stand above it.
SEEN=" "
for room in "${ROOMS[@]}"; do
    for link in ${LINKS[$room]}; do
        for other in "${ROOMS[@]}"; do
            [ "$link" = "$other" ] && [[ "$SEEN" != *" $link "* ]] && wrong "$room links $link, which does not stand above it"
        done
    done
    SEEN+="$room "
done

CHECKED=0
for room in "${ROOMS[@]}"; do
    [ -n "${OWNER[${FOLDER[$room]}]:-}" ] || continue
    [ "${OWNER[${FOLDER[$room]}]}" = "$room" ] || continue
    while IFS=: read -r file include; do
        mine="$(room_of "$file")" other="$(room_of "$include")"
        CHECKED=$((CHECKED + 1))
        [ -n "$other" ] || { wrong "$file includes \"$include\", which is in no room"; continue; }
        [ "$mine" = "$other" ] && continue
        [[ " ${LINKS[$mine]} " == *" $other "* ]] || wrong "$file includes \"$include\": $mine may not use $other"
    done < <(grep -oE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"]+"' -r "${FOLDER[$room]}" \
        --exclude-dir=generated --include='*.[ch]' --include='*.[ch]pp' --include='*.inc' | sed -E 's/:[^"]*"([^"]+)"/:\1/')
done
[ "$CHECKED" -gt 50 ] || wrong "only $CHECKED includes were found"

for room in "${ROOMS[@]}"; do
    folder="${FOLDER[$room]}"
    [ "$folder" = tensor ] || ! find "$folder" -regex '.*\.\([ch]pp\|cc\|cxx\)' | grep . || wrong "C++ outside of tensor/"
    [ "$folder" = tensor ] || ! grep -rnE '#[[:space:]]*include[[:space:]]*<(torch|ATen|c10)/' "$folder" ||
        wrong "torch headers outside of tensor/"
    [ "$folder" = comm ] || ! grep -rnE '#[[:space:]]*include[[:space:]]*<mpi\.h>' "$folder" || wrong "MPI outside of comm/"
done

MAGISTER="${MAGISTER_BUILD:-build}/magister"
if [ -x "$MAGISTER" ]; then
    if ldd "$MAGISTER" | grep -E 'torch|libc10|libmpi|libav|libcud'; then wrong "magister links what it must not"; fi
else
    echo "there is no $MAGISTER: what it links was not checked"
fi
[ "$FAILED" -eq 0 ] && echo "$CHECKED includes of ${#ROOMS[@]} rooms: good"
exit "$FAILED"
