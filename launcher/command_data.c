/* magister data */
#include "conf/suggest.h"
#include "data/split.h"
#include "launcher/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SEED = 's', KEY_PARTS = 'p', KEY_VIDEOS = 'v', KEY_OUT = 'o' };

static const struct argp_option OPTIONS[] = {
    {"out", KEY_OUT, "DIR", 0, "Folder to write clips.json into", 0},
    {"seed", KEY_SEED, "N", 0, "Seed of the split (0)", 0},
    {"parts", KEY_PARTS, "A,B,C", 0, "Shares of train, val and test (.7,.15,.15)", 0},
    {"videos", KEY_VIDEOS, "DIR", 0, "Folder that the video paths of a list lie below", 0},
    {0},
};

static const char HELP[] =
    "Splits clips of single signs into train, val and test, gloss by gloss."
    "\vSOURCE is a folder with a folder of videos a gloss, or a list: WLASL_v0.3.json, nslt_N.json, JSON with "
    "[{video_path, gloss}] as magister video check writes it, or a CSV with these columns. Splits that are there "
    "already "
    "do not count. Writes DIR/clips.json, which a recipe reads with data.format wlasl.\n\n"
    "Every part gets its share of each gloss, and at least one clip of glosses that have three. Of two clips one is "
    "learned from and one is in test; a single one is learned from. The same seed gives the same bytes.\n\n"
    "Examples:\n  magister data split videos --out splits\n"
    "  magister data split validated.json --videos videos --out splits --seed 1 --parts .8,.1,.1";

static void take_parts(const char *value, double parts[3], struct argp_state *state)
{
    const char *at = value;
    for (size_t i = 0; i < 3; i++) {
        char *end = NULL;
        parts[i] = strtod(at, &end);
        if (end == at || *end != (i < 2 ? ',' : '\0') || !(parts[i] > 0) || parts[i] > 1e9)
            argp_error(state, "--parts needs three shares above 0, as in .7,.15,.15, not %s", value);
        at = end + 1;
    }
}

static void take_option(int key, char *value, struct argp_state *state)
{
    split_order *order = ((command_line *)state->input)->self;
    char *end = NULL;
    if (key == KEY_OUT) order->out = value;
    if (key == KEY_VIDEOS) order->videos = value;
    if (key == KEY_PARTS) take_parts(value, order->parts, state);
    if (key != KEY_SEED) return;
    errno = 0;
    order->seed = strtoull(value, &end, 10);
    if (errno || end == value || *end || value[0] == '-')
        argp_error(state, "--seed needs a whole number from 0, not %s", value);
}

static status print_split(const split_order *o)
{
    status st = OK;
    split_result result = {0};
    TRY(split_make(o, &result));
    printf("%s/clips.json: %zu glosses; %zu clips to learn from, %zu to choose on (val), %zu to score on (test)\n",
           o->out, result.glosses, result.clips[0], result.clips[1], result.clips[2]);
    if (result.scarce)
        printf("%zu of the glosses have fewer than three clips and are not in every part: %s\n", result.scarce,
               result.scarce_names);
done:
    return st;
}

status command_data(int argc, char **argv)
{
    status st = OK;
    static const char *const ACTIONS[] = {"split"};
    split_order order = {.parts = {.7, .15, .15}};
    command_line line = {OPTIONS, "split SOURCE", HELP, 2, 2, take_option, &order, {0}};
    TRY(arguments_parse(&line, argc, argv));
    const char *action = line.found.at[0];
    if (strcmp(action, ACTIONS[0])) {
        const char *near = suggest_word(action, ACTIONS, 1);
        TRY(FAIL(ERR_USAGE, "data has split, not %s%s%s%s", action, near ? ": did you mean " : "", near ? near : "",
                 near ? "?" : ""));
    }
    if (!order.out) TRY(FAIL(ERR_USAGE, "data split needs --out DIR, the folder to write into"));
    order.source = line.found.at[1];
    TRY(print_split(&order));
done:
    free(line.found.at);
    return st;
}
