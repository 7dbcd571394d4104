#!/bin/sh
# ranks.sh CASE - the promises of the trainer about ranks and resuming, on whole processes.
set -eu
program=$MAGISTER_BUILD/tests/train_toy
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
common="average=0.9 clip=0.5"

# train RANKS DIR key=value ...
train() {
    ranks=$1 dir=$2
    shift 2
    if [ "$ranks" = 1 ]; then
        "$program" "$work/$dir" "$@"
    else
        mpirun --allow-run-as-root --oversubscribe --bind-to none --quiet -n "$ranks" "$program" "$work/$dir" "$@"
    fi
}

# apart DIR key=value ...: on two ranks, of which the second is where none of the files of DIR can be found
apart() {
    dir=$1
    shift
    mkdir -p "$work/elsewhere"
    mpirun --allow-run-as-root --oversubscribe --bind-to none --quiet -wdir "$work" -n 1 "$program" "$dir" "$@" : \
        -wdir "$work/elsewhere" -n 1 "$program" "$dir" "$@"
}

# stopped RANKS DIR key=value ...: the same, and it must end with "saved, run again"
stopped() {
    code=0
    train "$@" || code=$?
    [ "$code" = 75 ] || { echo "expected exit 75, got $code"; exit 1; }
}

# orders DIR DIR: all ranks together have seen the same samples in each step, each once
order_of() { cat "$work/$1"/order.* | sort -n; }
orders() {
    [ "$(order_of "$1" | wc -l)" -gt 700 ]
    [ "$(order_of "$1")" = "$(order_of "$2")" ] || { echo "$1 and $2 saw other samples"; exit 1; }
}

compare() { "$program" compare "$work/$1" "$work/$2" "$3"; }

# The same training, stopped twice on the way (in mid-epoch and right before an evaluation), on $1 ranks.
resume() {
    ranks=$1
    shift
    train "$ranks" whole epochs=4 "$@"
    stopped "$ranks" parts epochs=4 "$@" stop=6 bad_rank=$((ranks - 1))
    stopped "$ranks" parts epochs=4 "$@" stop=25
    train "$ranks" parts epochs=4 "$@"
    compare whole parts bitwise
    rm -rf "${work:?}"/*
}

case $1 in
exact) # bitwise equal on any number of ranks and nodes, batches that do not divide evenly included
    for options in "accumulate=1" "accumulate=3 batch=10 micro_batch=3 optimizer=sgd lr=0.1"; do
        for ranks in 1 2 3 4; do train $ranks exact$ranks exact=1 epochs=8 max_steps=60 $common $options; done
        for ranks in 2 3 4; do compare exact1 exact$ranks bitwise; done
        for nodes in 0,0,1 0,1,0,1; do
            ranks=$(echo "$nodes" | tr , '\n' | wc -l)
            MAGISTER_TEST_NODES=$nodes train "$ranks" nodes$nodes exact=1 epochs=8 max_steps=60 $common $options
            compare exact1 nodes$nodes bitwise
        done
        rm -rf "${work:?}"/*
    done
    ;;
close) # 100 steps
    for options in "accumulate=1" "accumulate=2 micro_batch=3"; do
        for ranks in 1 2 4; do train $ranks close$ranks epochs=40 max_steps=100 lr=0.001 $common $options; done
        for ranks in 2 4; do compare close1 close$ranks close; done
        rm -rf "${work:?}"/*
    done
    ;;
resume_one)
    resume 1 $common
    resume 1 accumulate=2 schedule=plateau optimizer=sgd lr=0.2 patience=3 exact=1
    ;;
resume_two)
    resume 2 $common accumulate=2 schedule=plateau
    resume 2 micro_batch=4 optimizer=sgd lr=0.2 checkpoint_steps=10
    ;;
gpu) # gradients are added on the GPUs, or through the host where two ranks have one; not bitwise, with exact they are
    export TOY_DEVICE=cuda
    code=0
    train 1 one max_steps=100 epochs=40 lr=0.001 $common || code=$?
    [ "$code" != 78 ] || { echo "skipped: there is no GPU"; exit 77; }
    [ "$code" = 0 ]
    train 2 two max_steps=100 epochs=40 lr=0.001 $common
    compare one two close
    for ranks in 1 2; do train $ranks exact$ranks exact=1 epochs=8 max_steps=60 $common; done
    compare exact1 exact2 bitwise
    ;;
one_reads) # rank 0 reads checkpoints and models for all, on one node and on two
    for nodes in 0,0 0,1; do
        export MAGISTER_TEST_NODES=$nodes
        train 2 whole epochs=4 $common
        stopped 2 parts epochs=4 $common stop=21 # its evaluation has left a best model
        apart parts epochs=4 $common
        compare whole parts bitwise
        before=$(cat "$work/parts/stats.json")
        apart parts epochs=4 $common fail=0 # finished: taken as it is
        [ "$before" = "$(cat "$work/parts/stats.json")" ]
        [ -z "$(ls "$work/elsewhere")" ]

        truncate -s -4 "$work/parts/model.safetensors" # what is wrong is rank 0's to tell, and all end with it
        code=0
        apart parts epochs=4 $common fail=0 2>"$work/told" || code=$?
        [ "$code" = 65 ] || { echo "expected exit 65, got $code"; exit 1; }
        [ "$(grep -c 'rank 0 .*parts/model.safetensors: .*data end at byte' "$work/told")" = 2 ] || { cat "$work/told"; exit 1; }
        rm -rf "${work:?}"/*
    done
    ;;
resume_others) # begun on two ranks, gone on with on one, then on four: bitwise the same with exact, close without
    for options in "exact=1" "exact=1 accumulate=3 batch=10 micro_batch=3" "exact=0"; do
        train 1 whole epochs=4 lr=0.001 $common $options
        stopped 2 parts epochs=4 lr=0.001 $common $options stop=6 order=1
        stopped 1 parts epochs=4 lr=0.001 $common $options stop=11 order=1
        train 4 parts epochs=4 lr=0.001 $common $options order=1
        case $options in
        exact=1*) compare whole parts bitwise ;;
        *) compare whole parts close ;;
        esac
        train 1 other epochs=4 lr=0.001 $common $options order=1
        orders parts other
        rm -rf "${work:?}"/*
    done
    ;;
finished) # a finished training is taken as it is
    train 1 one epochs=1
    before=$(cat "$work/one/stats.json")
    train 1 one epochs=1 fail=0
    [ "$before" = "$(cat "$work/one/stats.json")" ]
    ;;
*)
    exit 64
    ;;
esac
