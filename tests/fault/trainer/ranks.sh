#!/bin/sh
# ranks.sh CASE - failures of one rank end all ranks with the same clear error and the right exit code.
set -eu
program=$MAGISTER_BUILD/tests/train_toy
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fails CODE key=value ...: two ranks; what they say goes to $work/said
fails() {
    expected=$1 code=0
    shift
    mpirun --allow-run-as-root --oversubscribe --bind-to none --quiet -n 2 "$program" "$work/run" "$@" \
        >"$work/said" 2>&1 || code=$?
    cat "$work/said"
    [ "$code" = "$expected" ] || { echo "expected exit $expected, got $code"; exit 1; }
}

# says TIMES WORDS
says() {
    times=$(grep -c -- "$2" "$work/said" || true)
    [ "$times" = "$1" ] || { echo "expected $1 times: $2"; exit 1; }
}

case $1 in
loss) # rank 1 cannot read a sample: both ranks say so, and the last checkpoint is there to go on from
    fails 66 checkpoint_steps=5 fail=8 bad_rank=1
    says 2 'rank 1 (.*): frame 12 of sample'
    [ -e "$work/run/checkpoint-00000005/DONE" ]
    fails 0
    says 1 'going on from step 5'
    ;;
not_finite)
    fails 65 checkpoint_steps=5 nan=8 bad_rank=1
    says 2 'rank 1 (.*): step 8 (epoch 1): the loss is not finite (nan; parameters that are not finite: none)'
    [ -e "$work/run/checkpoint-00000005/DONE" ]
    ;;
disk) # rank 0 cannot write its second checkpoint: files may not be larger than 4 KiB from then on
    fails 75 checkpoint_steps=5 stop=4
    fails 74 checkpoint_steps=5 disk=8
    says 2 'rank 0 (.*): .*checkpoint-00000010.*cannot write'
    [ -e "$work/run/checkpoint-00000005/DONE" ]
    [ ! -e "$work/run/checkpoint-00000010" ] && [ ! -e "$work/run/checkpoint-00000010.unfinished" ]
    fails 0
    says 1 'going on from step 5'
    ;;
*)
    exit 64
    ;;
esac
