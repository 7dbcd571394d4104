#!/usr/bin/env bash
# magister events: scores that can be worked out by hand, baselines, other forms, and what it says to wrong words.
source "$(dirname "$0")/common.sh"
cd "$WORK" || exit 1

cat >events.jsonl <<'END'
{"video": "films/a.mp4", "layer": 0, "event": 0, "start": 0, "end": 4, "error": 0.5}
{"video": "films/a.mp4", "layer": 0, "event": 1, "start": 4, "end": 8, "error": 0.25}
{"video": "films/a.mp4", "layer": 1, "event": 0, "start": 0, "end": 8, "error": null}
{"video": "films/a.mp4", "layer": 0, "event": 2, "start": 8, "end": 10, "error": null}
{"video": "films/a.mp4", "layer": 1, "event": 1, "start": 8, "end": 10, "error": null}
{"video": "films/a.mp4", "duration": 10}
{"video": "b.mkv", "layer": 0, "event": 0, "start": 0, "end": 5, "error": null}
END
cat >truth.csv <<'END'
video,start,end,label
a,0,3,cut
a,5,8,cut
a,8,9,stir
c,1,2,stir
END

echo "-- scores"
expect 0 "62.5" "$MAGISTER" events score events.jsonl --truth truth.csv   # (3/4 + 1/2) / 2
expect 0 "70.0" "$MAGISTER" events score events.jsonl --truth truth.csv   # 3-5 and 9-10 are wrong
expect 0 "  layer 0 (best alone)" "$MAGISTER" events score events.jsonl --truth truth.csv
expect 0 "1 videos of the ground truth have no predictions" "$MAGISTER" events score events.jsonl --truth truth.csv
expect 0 "1 videos with predictions have no ground truth" "$MAGISTER" events score events.jsonl --truth truth.csv
expect 0 '"iou": 62.5' "$MAGISTER" events score events.jsonl --truth truth.csv --json
expect 0 '    "c"' "$MAGISTER" events score events.jsonl --truth truth.csv --json
# Merged, 0-8 and 8-9: one segment each for 0-8 and 8-10.
expect 0 '"iou": 75.0' "$MAGISTER" events score events.jsonl --truth truth.csv --json --merge
expect 0 '"iou": 62.5' "$MAGISTER" events score events.jsonl --truth truth.csv --json --merge=1
expect 0 "0.25s" "$MAGISTER" events score events.jsonl --truth truth.csv --tolerances 0.25,7

echo "-- baselines"
printf 'video,time,value\na,1,1\na,4,9\na,5,0\na,8,9\na,9,0\n' >signal.csv
expect 0 "random (3 draws)" "$MAGISTER" events score events.jsonl --truth truth.csv --baselines=3 --signal signal.csv
"$MAGISTER" events score events.jsonl --truth truth.csv --baselines --signal signal.csv --json >first.json || wrong "no scores"
"$MAGISTER" events score events.jsonl --truth truth.csv --baselines --signal signal.csv --json >second.json
"$MAGISTER" events score events.jsonl --truth truth.csv --baselines --signal signal.csv --json --seed 1 >third.json
cmp -s first.json second.json || wrong "the same seed gives other baselines"
cmp -s first.json third.json && wrong "another seed gives the same baselines"
of() { sed -n "/\"$1\": {/,\$p" first.json | grep -m 1 -A 8 '"layer": 0' | grep -E '"(iou|mof|boundaries)"' | tr -d ' '; } # of layer 0
[ -n "$(of peaks)" ] && [ "$(of peaks)" = "$(of mean)" ] || wrong "the signal peaks where the events end: $(of peaks)"
[ "$(of fixed | grep boundaries)" = "$(of mean | grep boundaries)" ] || wrong "fixed has other boundaries: $(of fixed)"
[ "$(of fixed)" != "$(of mean)" ] || wrong "segments of one length score as the events do"

echo "-- other forms"
expect 0 "out/a.layer1.vtt" "$MAGISTER" events convert events.jsonl --vtt out --published out
holds out/a.layer0.vtt "00:00:04.000 --> 00:00:08.000"
there out/b.json
expect 0 '"iou": 62.5' "$MAGISTER" events score out --truth truth.csv --json
cp out/a.json once.json
expect 0 "out/a.json" "$MAGISTER" events convert out --published out
cmp -s once.json out/a.json || wrong "what was read and written again differs"
expect 0 "out/a.json" "$MAGISTER" events convert events.jsonl --published out --seed 5
cmp -s once.json out/a.json && wrong "another seed gives the same colours"

echo "-- pictures"
printf '{"video": "a", "layer": 0, "time": 4, "error": 2, "threshold": 1, "boundary": true}\n' >errors.jsonl
"$MAGISTER" events draw events.jsonl --truth truth.csv --errors errors.jsonl --out pictures 2>drawn.txt
case $? in
0) there pictures/a.svg && there pictures/b.png ;;
66) holds drawn.txt "cairo" ;; # built without it, or not there
*) wrong "draw: $(cat drawn.txt)" ;;
esac
expect 64 "Say --out DIR" "$MAGISTER" events draw events.jsonl

echo "-- wrong words and files"
expect 64 "an argument is missing" "$MAGISTER" events score
expect 64 "Say --truth FILE" "$MAGISTER" events score events.jsonl
expect 64 "Say --vtt DIR" "$MAGISTER" events convert events.jsonl
expect 64 "did you mean score?" "$MAGISTER" events scor events.jsonl
expect 64 "--tolerances is a number from 0" "$MAGISTER" events score events.jsonl --truth truth.csv --tolerances 1,,2
expect 64 "--baselines is a whole number from 1" "$MAGISTER" events score events.jsonl --truth truth.csv --baselines=0
expect 66 "nowhere.jsonl: cannot open" "$MAGISTER" events score nowhere.jsonl --truth truth.csv
expect 66 "nowhere.csv: cannot open" "$MAGISTER" events score events.jsonl --truth nowhere.csv
expect 65 "video a is there twice" "$MAGISTER" events score events.jsonl once.json --truth truth.csv
expect 65 "has none of the videos" "$MAGISTER" events score out/b.json --truth truth.csv
mkdir empty
expect 66 "no file *.json or *.jsonl in it" "$MAGISTER" events score empty --truth truth.csv
printf 'video,start_frame,end_frame\na,0,30\n' >frames.csv
expect 65 "frames.csv:2: times are frames, and their rate is not known: say it with --fps" \
    "$MAGISTER" events score events.jsonl --truth frames.csv
expect 0 "mean" "$MAGISTER" events score events.jsonl --truth frames.csv --fps 10

finish
