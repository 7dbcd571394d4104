#!/usr/bin/env bash
# Every command's help, and what each says to wrong words and files.
source "$(dirname "$0")/common.sh"
cd "$WORK" || exit 1

echo "-- help and version"
expect 0 "magister run conf/demo.yaml" "$MAGISTER" --help
expect 0 "magister run conf/demo.yaml" "$MAGISTER" help
for each in run sweep submit status logs cancel report metrics store recipe generate video weights; do
    expect 0 "Usage: magister $each" "$MAGISTER" "$each" --help
    expect 0 "Usage: magister $each" "$MAGISTER" "$each" -h
    expect 0 "Usage: magister $each" "$MAGISTER" help "$each"
done
for each in probe frames cache; do
    expect 0 "Usage: magister video $each" "$MAGISTER" video "$each" --help
    expect 0 "Examples:" "$MAGISTER" video "$each" -h
done
expect 0 "sqlite" "$MAGISTER" --version
MAGISTER_RANK=/nowhere expect 0 "magister-rank: not there" "$MAGISTER" --version

echo "-- wrong words"
expect 64 "a command is missing" "$MAGISTER"
expect 64 "there is no command rnu: did you mean run?" "$MAGISTER" rnu
expect 64 "there is no command xyzzy (" "$MAGISTER" help xyzzy
expect 64 "an argument is missing: RECIPE" "$MAGISTER" run
expect 64 "unrecognized option" "$MAGISTER" run --nonsense
expect 64 "-o is for a comparison of several runs" "$MAGISTER" report a -o b.html
expect 66 "a: there is no such directory" "$MAGISTER" report a b
gone report-compare.html
expect 64 "did you mean check?" "$MAGISTER" recipe chek x
expect 64 "did you mean list?" "$MAGISTER" store lsit x
expect 64 "no key starts with techer" "$MAGISTER" recipe help techer

expect 64 "--watch is a number of seconds from 0.1 to 86400, not 0" "$MAGISTER" status --watch=0
expect 64 "one argument too many: b" "$MAGISTER" status a b
expect 64 "an argument is missing: RUN" "$MAGISTER" logs
expect 64 "--rank is a whole number from 0 to 9999999, not -1" "$MAGISTER" logs a --rank=-1
expect 64 "--lines is a whole number from 0 to 1000000000, not 1e3" "$MAGISTER" logs a --lines 1e3
expect 64 "an argument is missing: RUN" "$MAGISTER" cancel
expect 64 "--wait is a number of seconds from 0 to 1000000, not soon" "$MAGISTER" cancel a --wait soon

expect 64 "an argument is missing: probe|frames|cache" "$MAGISTER" video
expect 64 "did you mean probe?" "$MAGISTER" video prob x
expect 64 "unrecognized option" "$MAGISTER" video --json probe x
expect 64 "an argument is missing: FILE" "$MAGISTER" video probe --json
expect 64 "--timeout is a number from 0 to 1e+09, not soon" "$MAGISTER" video probe --timeout soon x
expect 64 "takes --times T,T,... or --count N" "$MAGISTER" video frames x
expect 64 "takes --times T,T,... or --count N" "$MAGISTER" video frames x --times 1 --count 2
expect 64 "one argument too many: y" "$MAGISTER" video frames x y --count 2
for each in "" 1, ,1 1,,2 , 1e400 nan -1; do
    expect 64 "--times is" "$MAGISTER" video frames x --times "0,$each"
done
expect 64 "--count is a whole number from 1 to 100000, not 1e3" "$MAGISTER" video frames x --count 1e3
expect 64 "--size is a whole number from 1 to 16384, not 16385" "$MAGISTER" video frames x --count 1 --size 16385
expect 64 "needs VIDEOS" "$MAGISTER" video cache -o frames
expect 64 "needs -o DIR" "$MAGISTER" video cache videos
expect 64 "say one of them" "$MAGISTER" video cache videos -o frames --fps 2 --frames 8
expect 64 "--fps is a number from 0.001 to 1000, not 0" "$MAGISTER" video cache videos -o frames --fps 0
expect 64 "--fit is crop or stretch, not corp: did you mean crop?" "$MAGISTER" video cache videos -o frames --fit corp
expect 64 "--student is for --features RUN" "$MAGISTER" video cache videos -o frames --student eyes
expect 64 "of the others only --student goes with it" "$MAGISTER" video cache --features a --resume
MAGISTER_RANK=/nowhere expect 66 "/nowhere: cannot run" "$MAGISTER" video probe x
gone frames

echo "-- recipes"
expect 66 "none.yaml: cannot open" "$MAGISTER" run none.yaml
printf 'nmae: a\nteacher: {layers: 0}\n' >bad.yaml
printf 'stages: [generate, teacher]\n' >good.yaml
expect 78 "bad.yaml:1:1: there is no key nmae: did you mean name?" "$MAGISTER" recipe check bad.yaml
expect 78 "bad.yaml:2:19: teacher.layers is a whole number from 1 to 96, not 0" "$MAGISTER" run bad.yaml
expect 78 "good.yaml: good" "$MAGISTER" recipe check bad.yaml good.yaml
expect 78 "command line, override 1: there is no key tacher.layers" "$MAGISTER" run good.yaml tacher.layers=1
gone runs
expect 0 "layers: 9" "$MAGISTER" recipe show good.yaml teacher.layers=9
expect 0 "student.distill.loss" "$MAGISTER" recipe help student
expect 78 "take one of them out" "$MAGISTER" run good.yaml data.train=mine.csv

echo "-- stores and runs that are none"
expect 66 "nowhere" "$MAGISTER" metrics nowhere
expect 66 "nowhere" "$MAGISTER" report nowhere
expect 64 "one argument too many: b (two sets are shown by --compare)" "$MAGISTER" metrics a b
expect 64 "--compare takes STORE A B, or STORE:A STORE:B" "$MAGISTER" metrics --compare a
expect 64 "no set in b" "$MAGISTER" metrics --compare a:student b
expect 66 "nowhere" "$MAGISTER" metrics nowhere --compare a b
expect 66 "nowhere" "$MAGISTER" metrics --compare nowhere:a elsewhere:b --json
mkdir folder
expect 66 "is no run" "$MAGISTER" report folder
expect 66 "is no run" "$MAGISTER" video cache --features folder
mkdir tracks_alone
printf 'stages: [student]\ndata: {train: a.csv, tracks: t.csv}\nstudent: {distill: {loss: none}}\n' >tracks_alone/recipe.yaml
expect 78 "none of its students sees features of another" "$MAGISTER" video cache --features tracks_alone
gone tracks_alone/lock
head -c 5000 /dev/urandom >noise.sqlite
expect 65 "noise.sqlite" "$MAGISTER" store check noise.sqlite
expect 65 "noise.sqlite" "$MAGISTER" store list noise.sqlite
expect 73 "is there already" "$MAGISTER" generate folder
expect 78 "override 1: generate.videos" "$MAGISTER" generate new generate.videos=0
expect 73 "is there already" "$MAGISTER" generate folder generate.film=video
MAGISTER_RANK=/nowhere expect 66 "/nowhere: cannot run" "$MAGISTER" generate new generate.film=video
gone new
[ -e /dev/full ] && { "$MAGISTER" --help >/dev/full 2>err; [ $? -eq 74 ] || wrong "a full disk is not told"; }
finish
