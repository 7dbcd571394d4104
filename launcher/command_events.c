/* magister events score|convert|draw */
#include "base/file.h"
#include "conf/suggest.h"
#include "events/event_files.h"
#include "events/truth.h"
#include "launcher/commands.h"
#include "launcher/events_input.h"
#include "launcher/events_score.h"
#include "launcher/picture.h"
#include "launcher/report_events.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_TRUTH = 256,
    KEY_FPS,
    KEY_FRAMES,
    KEY_MERGE,
    KEY_TOLERANCES,
    KEY_BASELINES,
    KEY_SEED,
    KEY_SIGNAL,
    KEY_APART,
    KEY_JSON,
    KEY_VTT,
    KEY_PUBLISHED,
    KEY_OUT,
    KEY_ERRORS,
    DRAWS_MAX = 10000
};

static const struct argp_option OPTIONS[] = {
    {0, 0, NULL, 0, "score and draw:", 1},
    {"truth", KEY_TRUTH, "FILE", 0, "The ground truth: CSV of segments (docs/formats.md)", 1},
    {"fps", KEY_FPS, "RATE", 0, "Frames a second of a ground truth in frame numbers", 1},
    {"merge", KEY_MERGE, "SECONDS", OPTION_ARG_OPTIONAL,
     "Join neighbouring segments with the same label, if at most SECONDS apart (however far without)", 1},
    {0, 0, NULL, 0, "score:", 2},
    {"tolerances", KEY_TOLERANCES, "LIST", 0, "Seconds within which a boundary counts as found (0.5,1,2,3,5)", 1},
    {"frames", KEY_FRAMES, "RATE", 0, "Count MoF over frames at this rate, and not over time itself", 1},
    {"baselines", KEY_BASELINES, "DRAWS", OPTION_ARG_OPTIONAL,
     "Also score segments of one length, and random boundaries (mean over DRAWS, 10), as many as were predicted", 1},
    {"seed", KEY_SEED, "N", 0, "Of random boundaries, and of colours (0)", 1},
    {"signal", KEY_SIGNAL, "FILE", 0, "Also score the largest peaks of a signal: CSV with video, time, value", 1},
    {"apart", KEY_APART, "SECONDS", 0, "The least time between two such peaks (1)", 1},
    {"json", KEY_JSON, NULL, 0, "One JSON object instead of a table", 1},
    {0, 0, NULL, 0, "convert:", 3},
    {"vtt", KEY_VTT, "DIR", 0, "Write DIR/VIDEO.layerN.vtt, for players", 3},
    {"published", KEY_PUBLISHED, "DIR", 0, "Write DIR/VIDEO.json, as the published logs are", 3},
    {0, 0, NULL, 0, "draw:", 4},
    {"out", KEY_OUT, "DIR", 0, "Write DIR/VIDEO.svg and DIR/VIDEO.png", 4},
    {"errors", KEY_ERRORS, "FILE", 0, "Errors over time, as JSON lines (docs/formats.md)", 4},
    {0},
};

static const char EVENTS_HELP[] =
    "Scores the events found in videos against a ground truth, or writes them in another form."
    "\v  score EVENTS... --truth FILE   IoU and MoF of the hierarchy (level reduction) and of each layer, one-to-one "
    "matching, boundaries\n"
    "  convert EVENTS... --vtt DIR    the same events as other files\n"
    "  draw EVENTS... --out DIR       a picture of each video's events, with the ground truth and the errors, if "
    "given\n\n"
    "EVENTS are files of events (the published JSON, or JSON lines), or folders of them. Videos are found in the "
    "ground "
    "truth by their names without folder and ending.\n\n"
    "Examples:\n  magister events score runs/epic/events --truth EPIC_100_validation.csv --baselines\n"
    "  magister events score events.jsonl --truth validation.csv --fps 30 --merge --json\n"
    "  magister events convert events.jsonl --vtt subtitles\n"
    "  magister events draw events.jsonl --errors errors.jsonl --truth validation.csv --out pictures";

typedef struct {
    score_request score;
    const char *vtt, *published, *out, *errors;
} events_options;

static double take_number(const char *name, const char *text, double least, double most, struct argp_state *state)
{
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= least && value <= most))
        argp_error(state, "--%s is a number from %g to %g, not %.40s", name, least, most, text);
    return value;
}

static uint64_t take_whole(const char *name, const char *text, uint64_t least, uint64_t most, struct argp_state *state)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end || errno || text[0] == '-' || value < least || value > most)
        argp_error(state, "--%s is a whole number from %" PRIu64 " to %" PRIu64 ", not %.40s", name, least, most, text);
    return value;
}

static void take_tolerances(char *text, score_options *to, struct argp_state *state)
{
    to->tolerance_count = 0;
    for (char *word; (word = strsep(&text, ","));) {
        if (to->tolerance_count == TOLERANCES_MAX)
            argp_error(state, "--tolerances takes up to %d numbers", TOLERANCES_MAX);
        to->tolerances[to->tolerance_count++] = take_number("tolerances", word, 0, 1e6, state);
    }
}

static void take_option(int key, char *value, struct argp_state *state)
{
    events_options *o = ((command_line *)state->input)->self;
    score_request *s = &o->score;
    switch (key) {
    case KEY_TRUTH: s->truth = value; break;
    case KEY_FPS: s->fps = take_number("fps", value, 1e-3, 1e6, state); break;
    case KEY_FRAMES: s->scores.rate = take_number("frames", value, 1e-3, 1e6, state); break;
    case KEY_MERGE: s->merge = value ? take_number("merge", value, 0, 1e9, state) : INFINITY; break;
    case KEY_TOLERANCES: take_tolerances(value, &s->scores, state); break;
    case KEY_BASELINES: s->draws = value ? take_whole("baselines", value, 1, DRAWS_MAX, state) : 10; break;
    case KEY_SEED: s->seed = take_whole("seed", value, 0, INT64_MAX, state); break;
    case KEY_SIGNAL: s->signal = value; break;
    case KEY_APART: s->apart = take_number("apart", value, 0, 1e9, state); break;
    case KEY_JSON: s->json = true; break;
    case KEY_VTT: o->vtt = value; break;
    case KEY_PUBLISHED: o->published = value; break;
    case KEY_OUT: o->out = value; break;
    case KEY_ERRORS: o->errors = value; break;
    default: break;
    }
}

/* ---- convert ----------------------------------------------------------------------------------------------------- */

/* New path FOLDER/VIDEO.ENDING. */
static status make_path(const char *folder, const hierarchy *h, const char *ending, char **out)
{
    size_t length;
    const char *base = video_base_name(h->file, &length);
    char name[PICTURE_NAME], *video = strndup(base, length);
    if (video) picture_file_name(video, ending, name);
    *out = video ? path_join(folder, name) : NULL;
    free(video);
    return *out ? OK : FAIL(ERR_MEMORY, "%s: no memory for a path", folder);
}

static status write_layer_vtt(const char *folder, const hierarchy *h, size_t layer)
{
    status st = OK;
    char ending[32], *path = NULL;
    snprintf(ending, sizeof ending, ".layer%zu.vtt", layer);
    TRY(make_path(folder, h, ending, &path));
    TRY(vtt_write(path, h, layer));
    puts(path);
done:
    free(path);
    return st;
}

static status write_published(const char *folder, const hierarchy *h, uint64_t seed)
{
    status st = OK;
    char *path = NULL;
    TRY(make_path(folder, h, ".json", &path));
    TRY(published_write(path, h, seed));
    puts(path);
done:
    free(path);
    return st;
}

static status convert(char *const *paths, size_t count, const events_options *o)
{
    status st = OK;
    hierarchy_list list = {0};
    if (!o->vtt && !o->published) TRY(FAIL(ERR_USAGE, "convert into what? Say --vtt DIR, --published DIR, or both"));
    TRY(events_input_read(paths, count, &list));
    if (o->vtt) TRY(directory_make(o->vtt));
    if (o->published) TRY(directory_make(o->published));
    for (size_t i = 0; i < list.count; i++) {
        const hierarchy *h = &list.at[i];
        for (size_t layer = 0; o->vtt && layer < h->layer_count; layer++) TRY(write_layer_vtt(o->vtt, h, layer));
        if (o->published) TRY(write_published(o->published, h, o->score.seed));
    }
done:
    hierarchy_list_free(&list);
    return st;
}

/* ---- draw -------------------------------------------------------------------------------------------------------- */

static status draw_video(const hierarchy *h, const truth_list *truth, const events_options *o)
{
    status st = OK;
    error_curves errors = {.layer_count = 0};
    const truth_video *marked = truth_find(truth, h->file);
    if (o->errors) TRY(errors_read(o->errors, h->file, &errors));
    events_picture picture = {h, marked ? &marked->segments : NULL, o->errors ? &errors : NULL, o->score.seed};
    TRY(events_picture_save(o->out, &picture));
done:
    errors_free(&errors);
    return st;
}

static status draw(char *const *paths, size_t count, const events_options *o)
{
    status st = OK;
    hierarchy_list list = {0};
    truth_list truth = {0};
    if (!o->out) TRY(FAIL(ERR_USAGE, "draw to where? Say --out DIR"));
    if (o->score.truth) TRY(truth_read(o->score.truth, o->score.fps, &truth));
    if (!isnan(o->score.merge)) truth_merge(&truth, o->score.merge);
    TRY(events_input_read(paths, count, &list));
    TRY(directory_make(o->out));
    for (size_t i = 0; i < list.count; i++) TRY(draw_video(&list.at[i], &truth, o));
done:
    truth_free(&truth);
    hierarchy_list_free(&list);
    return st;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static status act(const char *action, char *const *paths, size_t count, const events_options *o)
{
    static const char *const ACTIONS[] = {"score", "convert", "draw"};
    if (!strcmp(action, "score")) {
        if (!o->score.truth) return FAIL(ERR_USAGE, "score against what? Say --truth FILE");
        return events_score(paths, count, &o->score);
    }
    if (!strcmp(action, "convert")) return convert(paths, count, o);
    if (!strcmp(action, "draw")) return draw(paths, count, o);
    const char *near = suggest_word(action, ACTIONS, 3);
    return FAIL(ERR_USAGE, "events has score, convert and draw, not %.60s%s%s%s", action, near ? ": did you mean " : "",
                near ? near : "", near ? "?" : "");
}

status command_events(int argc, char **argv)
{
    status st = OK;
    events_options o = {.score = {.scores = SCORE_DEFAULTS, .merge = NAN, .apart = 1}};
    command_line line = {OPTIONS, "score|convert|draw EVENTS...", EVENTS_HELP, 2, 0, take_option, &o, {0}};
    TRY(arguments_parse(&line, argc, argv));
    TRY(act(line.found.at[0], line.found.at + 1, line.found.count - 1, &o));
done:
    free(line.found.at);
    return st;
}
