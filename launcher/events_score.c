#include "launcher/events_score.h"

#include "base/log.h"
#include "events/baselines.h"
#include "events/signals.h"
#include "events/truth.h"
#include "launcher/events_input.h"
#include "launcher/json_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIXED, RANDOM, PEAKS, BASELINES };
static const char *const BASELINE_NAMES[BASELINES] = {"fixed", "random", "peaks"};

typedef struct {
    video_score *at; /* (count) one a video, or one a video and draw */
    size_t count;
    video_score mean;
} score_set;

typedef struct {
    const score_request *request;
    const hierarchy_list *predictions;
    const truth_list *truth;
    signal_list signals;
    const hierarchy **videos; /* (video_count) that have a ground truth, in the order of the predictions */
    size_t video_count;
    score_set own, baselines[BASELINES]; /* count 0: not asked for */
} scoring;

static void set_free(score_set *set)
{
    for (size_t i = 0; i < set->count; i++) video_score_free(&set->at[i]);
    free(set->at);
    video_score_free(&set->mean);
}

static void scoring_free(scoring *s)
{
    signals_free(&s->signals);
    free(s->videos);
    set_free(&s->own);
    for (int i = 0; i < BASELINES; i++) set_free(&s->baselines[i]);
}

/* ---- inputs ------------------------------------------------------------------------------------------------------ */

static status pair_videos(scoring *s)
{
    s->videos = calloc(s->predictions->count, sizeof *s->videos);
    if (!s->videos) return FAIL(ERR_MEMORY, "no memory for %zu videos", s->predictions->count);
    for (size_t i = 0; i < s->predictions->count; i++)
        if (truth_find(s->truth, s->predictions->at[i].file)) s->videos[s->video_count++] = &s->predictions->at[i];
    if (s->video_count) return OK;
    return FAIL(ERR_INPUT, "%s has none of the videos with predictions: it has %.80s, they have %.200s",
                s->request->truth, s->truth->at[0].video, s->predictions->at[0].file);
}

/* ---- scores ------------------------------------------------------------------------------------------------------ */

static status make_baseline(const scoring *s, int which, const hierarchy *like, size_t draw, hierarchy *out)
{
    static const signal_series NONE;
    if (which == FIXED) return baseline_fixed(like, out);
    if (which == RANDOM) return baseline_random(like, s->request->seed, draw, out);
    const signal_series *series = signals_find(&s->signals, like->file);
    if (!series) log_warn("%s has no signal of %.200s", s->request->signal, like->file);
    if (!series) series = &NONE;
    return baseline_peaks(like, series->at, series->count, s->request->apart, out);
}

/* Scores a video's own events; or, with `which` from 0, those of a baseline. */
static status score_one(const scoring *s, int which, const hierarchy *video, size_t draw, video_score *out)
{
    status st = OK;
    hierarchy made = {0};
    if (which >= 0) TRY(make_baseline(s, which, video, draw, &made));
    TRY(video_score_make(which < 0 ? video : &made, &truth_find(s->truth, video->file)->segments, &s->request->scores,
                         out));
done:
    hierarchy_free(&made);
    return st;
}

static status score_videos(const scoring *s, int which, size_t draws, score_set *set)
{
    status st = OK;
    set->at = calloc(s->video_count * draws, sizeof *set->at);
    if (!set->at) TRY(FAIL(ERR_MEMORY, "no memory for the scores of %zu videos", s->video_count));
    for (; set->count < s->video_count * draws; set->count++)
        TRY(score_one(s, which, s->videos[set->count % s->video_count], set->count / s->video_count,
                      &set->at[set->count]));
    TRY(scores_mean(set->at, set->count, &set->mean));
done:
    return st;
}

static status score_all(scoring *s)
{
    status st = OK;
    TRY(score_videos(s, -1, 1, &s->own));
    if (s->request->draws) TRY(score_videos(s, FIXED, 1, &s->baselines[FIXED]));
    if (s->request->draws) TRY(score_videos(s, RANDOM, s->request->draws, &s->baselines[RANDOM]));
    if (s->request->signal) TRY(score_videos(s, PEAKS, 1, &s->baselines[PEAKS]));
done:
    return st;
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

static void print_percent(double x)
{
    if (isfinite(x)) printf(" %7.1f", 100 * x);
    else printf(" %7s", "-");
}

static void print_name(const char *name, size_t length)
{
    char text[33];
    text_copy_printable(text, sizeof text, name, length, false);
    printf("%-32s", text);
}

/* "12/4/1": the events of each layer. */
static void print_counts(const video_score *score)
{
    char text[EVENT_LAYERS_MAX * 12] = "-";
    size_t used = 0;
    for (size_t i = 0; i < score->layer_count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.0f", i ? "/" : "",
                                 score->layers[i].at[LAYER_EVENTS]);
    printf("  %-16s", text);
}

static void print_videos(const scoring *s)
{
    printf("%-32s %9s %9s  %-16s %7s %7s\n", "video", "seconds", "segments", "events", "IoU", "MoF");
    for (size_t i = 0; i <= s->own.count; i++) {
        const video_score *score = i < s->own.count ? &s->own.at[i] : &s->own.mean;
        size_t length = strlen("mean");
        const char *name = i < s->own.count ? video_base_name(s->videos[i]->file, &length) : "mean";
        print_name(name, length);
        printf(" %9.1f %9.1f", score->at[SCORE_DURATION], score->at[SCORE_SEGMENTS]);
        print_counts(score);
        print_percent(score->at[SCORE_IOU]);
        print_percent(score->at[SCORE_MOF]);
        putchar('\n');
    }
}

static void print_layer(const layer_score *layer, size_t number, bool best, const score_options *options)
{
    char name[48];
    snprintf(name, sizeof name, "  layer %zu%s", number, best ? " (best alone)" : "");
    printf("%-24s %9.1f", name, layer->at[LAYER_EVENTS]);
    for (size_t i = LAYER_IOU; i <= LAYER_MATCHED_MOF; i++) print_percent(layer->at[i]);
    for (size_t i = 0; i < options->tolerance_count; i++) print_percent(layer->at[LAYER_F1 + i]);
    putchar('\n');
}

static void print_set(const char *name, const video_score *mean, const score_options *options)
{
    int best = scores_best_layer(mean);
    printf("%-24s %9s", name, "");
    print_percent(mean->at[SCORE_IOU]);
    print_percent(mean->at[SCORE_MOF]);
    putchar('\n');
    for (size_t i = 0; i < mean->layer_count; i++) print_layer(&mean->layers[i], i, (int)i == best, options);
}

static void print_means(const scoring *s)
{
    const score_options *options = &s->request->scores;
    char name[48];
    printf("\n%-24s %9s%16s%16s", "means over videos", "", "", "matched 1:1");
    printf("%s\n%-24s %9s %7s %7s %7s %7s", options->tolerance_count ? "   boundaries: F1 within" : "", "", "events",
           "IoU", "MoF", "IoU", "MoF");
    for (size_t i = 0; i < options->tolerance_count; i++) {
        snprintf(name, sizeof name, "%gs", options->tolerances[i]);
        printf(" %7s", name);
    }
    putchar('\n');
    print_set("hierarchy", &s->own.mean, options);
    for (int i = 0; i < BASELINES; i++) {
        if (!s->baselines[i].count) continue;
        snprintf(name, sizeof name, i == RANDOM ? "%s (%zu draws)" : "%s", BASELINE_NAMES[i], s->request->draws);
        print_set(name, &s->baselines[i].mean, options);
    }
}

static bool has_prediction(const scoring *s, const char *video)
{
    for (size_t i = 0; i < s->predictions->count; i++) {
        size_t length;
        const char *base = video_base_name(s->predictions->at[i].file, &length);
        if (strlen(video) == length && !memcmp(base, video, length)) return true;
    }
    return false;
}

static void print_left_out(const scoring *s)
{
    size_t unseen = 0;
    for (size_t i = 0; i < s->truth->count; i++) unseen += !has_prediction(s, s->truth->at[i].video);
    if (unseen) printf("\n%zu videos of the ground truth have no predictions and are not scored\n", unseen);
    if (s->predictions->count > s->video_count)
        printf("%s%zu videos with predictions have no ground truth and are not scored\n", unseen ? "" : "\n",
               s->predictions->count - s->video_count);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *name_json(const char *file)
{
    size_t length;
    const char *base = video_base_name(file, &length);
    return json_stringn(base, length);
}

static json_t *videos_json(const scoring *s)
{
    json_t *all = json_array();
    for (size_t i = 0; i < s->own.count; i++) {
        json_t *video = score_json(&s->own.at[i], &s->request->scores);
        json_object_set_new(video, "video", name_json(s->videos[i]->file));
        json_array_append_new(all, video);
    }
    return all;
}

static json_t *mean_json(const score_set *set, const score_options *options)
{
    int best = scores_best_layer(&set->mean);
    json_t *object = score_json(&set->mean, options);
    json_object_set_new(object, "best_layer", best < 0 ? json_null() : json_integer(best));
    return object;
}

static json_t *baselines_json(const scoring *s)
{
    json_t *all = json_object();
    for (int i = 0; i < BASELINES; i++) {
        if (!s->baselines[i].count) continue;
        json_t *mean = mean_json(&s->baselines[i], &s->request->scores);
        if (i == RANDOM) json_object_set_new(mean, "draws", json_integer((json_int_t)s->request->draws));
        if (i == RANDOM) json_object_set_new(mean, "seed", json_integer((json_int_t)s->request->seed));
        json_object_set_new(all, BASELINE_NAMES[i], mean);
    }
    return all;
}

static status make_json(const scoring *s, json_t **out)
{
    json_t *no_predictions = json_array(), *no_truth = json_array();
    for (size_t i = 0; i < s->truth->count; i++)
        if (!has_prediction(s, s->truth->at[i].video))
            json_array_append_new(no_predictions, json_string(s->truth->at[i].video));
    for (size_t i = 0; i < s->predictions->count; i++)
        if (!truth_find(s->truth, s->predictions->at[i].file))
            json_array_append_new(no_truth, name_json(s->predictions->at[i].file));
    *out = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "truth", json_text_of(s->request->truth), "merge",
                     isnan(s->request->merge) ? json_null() : json_real(fmin(s->request->merge, 1e9)), "videos",
                     videos_json(s), "mean", mean_json(&s->own, &s->request->scores), "baselines", baselines_json(s),
                     "without_predictions", no_predictions, "without_truth", no_truth);
    return *out ? OK : FAIL(ERR_MEMORY, "no memory for the scores");
}

static status print_json(const scoring *s)
{
    status st = OK;
    json_t *all = NULL;
    TRY(make_json(s, &all));
    if (json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(10))) TRY(FAIL(ERR_IO, "cannot write the scores"));
    putchar('\n');
done:
    json_decref(all);
    return st;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static status score_lists(scoring *s)
{
    status st = OK;
    if (s->request->signal) TRY(signals_read(s->request->signal, &s->signals));
    TRY(pair_videos(s));
    TRY(score_all(s));
done:
    return st;
}

status events_scores(const hierarchy_list *predictions, const truth_list *truth, const score_request *request,
                     json_t **out)
{
    status st = OK;
    scoring s = {.request = request, .predictions = predictions, .truth = truth};
    TRY(score_lists(&s));
    TRY(make_json(&s, out));
done:
    scoring_free(&s);
    return st;
}

status events_score(char *const *paths, size_t count, const score_request *request)
{
    status st = OK;
    hierarchy_list predictions = {0};
    truth_list truth = {0};
    scoring s = {.request = request, .predictions = &predictions, .truth = &truth};
    TRY(truth_read(request->truth, request->fps, &truth));
    if (!isnan(request->merge)) truth_merge(&truth, request->merge);
    if (truth.empty) log_warn("%s: %zu segments of no length were passed over", request->truth, truth.empty);
    TRY(events_input_read(paths, count, &predictions));
    TRY(score_lists(&s));
    if (request->json) TRY(print_json(&s));
    else {
        print_videos(&s);
        print_means(&s);
        print_left_out(&s);
    }
done:
    scoring_free(&s);
    truth_free(&truth);
    hierarchy_list_free(&predictions);
    return st;
}
