#!/usr/bin/env bash
# What protoc-c makes of trainer/event.proto is what lies in trainer/generated/, whichever version made it.
set -eu
cd "$(dirname "$0")/../../.."
command -v protoc-c >/dev/null || { echo "there is no protoc-c: not compared"; exit 77; }
MADE=$(mktemp -d)
trap 'rm -rf "$MADE"' EXIT
protoc-c --proto_path=trainer --c_out="$MADE" trainer/event.proto
for file in event.pb-c.c event.pb-c.h; do
    # the version that made it stands in one line
    diff <(grep -v 'PROTOBUF_C_MIN_COMPILER_VERSION' "trainer/generated/$file") \
        <(grep -v 'PROTOBUF_C_MIN_COMPILER_VERSION' "$MADE/$file") ||
        { echo "trainer/generated/$file is not what protoc-c makes: protoc-c --proto_path=trainer --c_out=trainer/generated trainer/event.proto"; exit 1; }
done
