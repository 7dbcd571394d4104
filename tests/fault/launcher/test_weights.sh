#!/usr/bin/env bash
# magister weights: what it prints of files that PyTorch wrote, what it makes of them, and what it says to wrong ones.
FILES="$PWD/tests/golden/weights"
source "$(dirname "$0")/common.sh"
cd "$WORK" || exit 1

echo "-- lists"
expect 0 "F32              6  2.weight (2, 3)" "$MAGISTER" weights "$FILES/checkpoint.pth"
expect 0 "value label_map: {\"book\":0,\"drink\":1" "$MAGISTER" weights "$FILES/checkpoint.pth"
expect 0 "left out: argparse.Namespace: 1 object, not read, at 'args'" "$MAGISTER" weights "$FILES/checkpoint.pth"
expect 0 "torch.save (zip), below model_state.module, 8 tensors, 75 numbers" "$MAGISTER" weights "$FILES/checkpoint.pth"
expect 0 "optimizer_state.state.3.exp_avg (2, 3)" "$MAGISTER" weights --all "$FILES/checkpoint.pth"
expect 0 "torch.save (legacy), 9 tensors" "$MAGISTER" weights "$FILES/views_legacy.pth"
expect 0 "safetensors, 9 tensors" "$MAGISTER" weights "$FILES/views.safetensors"
expect 0 "\"numbers\": 75" "$MAGISTER" weights --json "$FILES/checkpoint.pth"
expect 0 "\"wrapper\": \"model_state.module\"" "$MAGISTER" weights --json "$FILES/checkpoint.pth"

echo "-- runs nothing"
expect 0 "left out: posix.system: 1 call, not made, at 'payload'" "$MAGISTER" weights "$FILES/calls.pth"
expect 65 "posix.system (1 call, not made)" "$MAGISTER" weights "$FILES/calls_alone.pth"
expect 0 "eval: 1 call, not made" "$MAGISTER" weights convert "$FILES/evaluates.pth" weight.safetensors
gone magister-was-run

echo "-- converts"
expect 0 "out.safetensors: 9 tensors" "$MAGISTER" weights convert "$FILES/views_legacy.pth" out.safetensors
"$MAGISTER" weights out.safetensors | sed '$d' >out.txt
"$MAGISTER" weights "$FILES/views.safetensors" | sed '$d' >wanted.txt
cmp -s out.txt wanted.txt || wrong "what was converted differs: $(diff out.txt wanted.txt)"
expect 65 "check sum" "$MAGISTER" weights convert "$FILES/wrong_crc.pth" never.safetensors
gone never.safetensors
expect 73 "cannot create" "$MAGISTER" weights convert "$FILES/views.pth" nowhere/out.safetensors

echo "-- wrong words and files"
expect 64 "an argument is missing" "$MAGISTER" weights
expect 64 "convert takes FILE and OUT" "$MAGISTER" weights convert "$FILES/views.pth"
expect 64 "did you mean convert?" "$MAGISTER" weights convrt a b
expect 66 "nowhere.pth: cannot open" "$MAGISTER" weights nowhere.pth
expect 65 "was cut off" "$MAGISTER" weights "$FILES/cut.pth"
expect 65 "without data.pkl" "$MAGISTER" weights "$FILES/only_a_zip.pth"
expect 65 "packed by method 12" "$MAGISTER" weights "$FILES/bzip2.pth"

finish
