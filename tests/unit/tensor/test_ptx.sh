#!/bin/sh
# What nvcc makes of tensor/mask.cu is what lies in tensor/generated/. Only the release that made it makes the same.
set -eu
nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
"$nvcc" --version 2>/dev/null | grep -q 'release 13\.0' || { echo "skipped: there is no nvcc of CUDA 13.0"; exit 77; }
made=$(mktemp)
trap 'rm -f "$made"' EXIT
tensor/make_ptx "$nvcc" tensor/mask.cu >"$made"
diff tensor/generated/mask.ptx.h "$made" ||
    { echo "make it again: tensor/make_ptx $nvcc tensor/mask.cu >tensor/generated/mask.ptx.h"; exit 1; }
