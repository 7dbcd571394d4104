#include "events/scores.h"

#include "events/matching.h"
#include "events/reduction.h"

#include <math.h>
#include <stdlib.h>

const score_options SCORE_DEFAULTS = {.tolerances = {0.5, 1, 2, 3, 5}, .tolerance_count = 5};

/* ---- one video --------------------------------------------------------------------------------------------------- */

typedef struct {
    double *at; /* (count) */
    size_t count;
} times;

static status score_boundaries(const hierarchy *h, size_t layer, const times *wanted, const score_options *options,
                               layer_score *out)
{
    times found = {0};
    status st = boundaries_of(&h->layers[layer], h->duration, &found.at, &found.count);
    if (st != OK) return st;
    out->at[LAYER_BOUNDARIES] = (double)found.count;
    for (size_t i = 0; i < options->tolerance_count; i++) {
        boundary_score s = boundaries_score(found.at, found.count, wanted->at, wanted->count, options->tolerances[i]);
        out->at[LAYER_PRECISION + i] = s.precision;
        out->at[LAYER_RECALL + i] = s.recall;
        out->at[LAYER_F1 + i] = s.f1;
    }
    free(found.at);
    return OK;
}

static status score_layer(const hierarchy *h, size_t layer, const event_list *truth, const times *wanted,
                          const score_options *options, layer_score *out)
{
    status st = OK;
    reduction alone = {0};
    matching matched;
    hierarchy flat = *h;
    flat.layers = &h->layers[layer];
    flat.layer_count = 1;
    TRY(reduction_make(&flat, truth, options->rate, &alone));
    TRY(matching_make(&h->layers[layer], truth, &matched));
    out->videos = 1;
    out->at[LAYER_EVENTS] = (double)h->layers[layer].count;
    out->at[LAYER_IOU] = alone.iou;
    out->at[LAYER_MOF] = alone.mof;
    out->at[LAYER_MATCHED_IOU] = matched.iou;
    out->at[LAYER_MATCHED_MOF] = matched.mof;
    TRY(score_boundaries(h, layer, wanted, options, out));
done:
    event_list_free(&alone.chosen);
    return st;
}

static status new_score(size_t layers, video_score *out)
{
    *out = (video_score){.layers = calloc(layers + 1, sizeof *out->layers), .layer_count = layers};
    return out->layers ? OK : FAIL(ERR_MEMORY, "no memory for the scores of %zu layers", layers);
}

status video_score_make(const hierarchy *h, const event_list *truth, const score_options *options, video_score *out)
{
    status st = OK;
    reduction whole = {0};
    times wanted = {0};
    video_score score = {0};
    TRY(new_score(h->layer_count, &score));
    TRY(reduction_make(h, truth, options->rate, &whole));
    TRY(boundaries_of(truth, h->duration, &wanted.at, &wanted.count));
    score.videos = 1;
    score.at[SCORE_SEGMENTS] = (double)truth->count;
    score.at[SCORE_DURATION] = h->duration;
    score.at[SCORE_TRUE_BOUNDARIES] = (double)wanted.count;
    score.at[SCORE_IOU] = whole.iou;
    score.at[SCORE_MOF] = whole.mof;
    for (size_t i = 0; i < h->layer_count; i++) TRY(score_layer(h, i, truth, &wanted, options, &score.layers[i]));
    *out = score;
    score = (video_score){0};
done:
    event_list_free(&whole.chosen);
    free(wanted.at);
    video_score_free(&score);
    return st;
}

void video_score_free(video_score *score)
{
    free(score->layers);
    *score = (video_score){0};
}

/* ---- means ------------------------------------------------------------------------------------------------------- */

static void add_value(double value, double *sum, size_t *count)
{
    if (isnan(value)) return;
    *sum += value;
    ++*count;
}

static double mean_of(double sum, size_t count)
{
    return count ? sum / (double)count : NAN;
}

static double mean_value(const video_score *all, size_t count, size_t value)
{
    double sum = 0;
    size_t used = 0;
    for (size_t i = 0; i < count; i++) add_value(all[i].at[value], &sum, &used);
    return mean_of(sum, used);
}

static double mean_layer_value(const video_score *all, size_t count, size_t layer, size_t value)
{
    double sum = 0;
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (layer < all[i].layer_count) add_value(all[i].layers[layer].at[value], &sum, &used);
    return mean_of(sum, used);
}

status scores_mean(const video_score *all, size_t count, video_score *out)
{
    size_t layers = 0;
    for (size_t i = 0; i < count; i++) layers = all[i].layer_count > layers ? all[i].layer_count : layers;
    status st = new_score(layers, out);
    if (st != OK) return st;
    for (size_t value = 0; value < SCORE_VALUES; value++) out->at[value] = mean_value(all, count, value);
    for (size_t layer = 0; layer < layers; layer++)
        for (size_t value = 0; value < LAYER_VALUES; value++)
            out->layers[layer].at[value] = mean_layer_value(all, count, layer, value);
    for (size_t i = 0; i < count; i++) {
        out->videos += all[i].videos;
        for (size_t layer = 0; layer < all[i].layer_count; layer++)
            out->layers[layer].videos += all[i].layers[layer].videos;
    }
    return OK;
}

int scores_best_layer(const video_score *means)
{
    int best = -1;
    for (size_t i = 0; i < means->layer_count; i++) {
        const layer_score *layer = &means->layers[i];
        if (layer->videos < means->videos || isnan(layer->at[LAYER_IOU])) continue;
        if (best < 0 || layer->at[LAYER_IOU] > means->layers[best].at[LAYER_IOU]) best = (int)i;
    }
    return best;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *real_of(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *percent_of(double x)
{
    return real_of(100 * x);
}

static json_t *boundaries_json(const layer_score *layer, const score_options *options)
{
    json_t *all = json_array();
    for (size_t i = 0; i < options->tolerance_count; i++)
        json_array_append_new(all, json_pack("{s:o, s:o, s:o, s:o}", "tolerance", real_of(options->tolerances[i]),
                                             "precision", percent_of(layer->at[LAYER_PRECISION + i]), "recall",
                                             percent_of(layer->at[LAYER_RECALL + i]), "f1",
                                             percent_of(layer->at[LAYER_F1 + i])));
    return all;
}

static json_t *layer_json(size_t number, const layer_score *layer, const score_options *options)
{
    const double *at = layer->at;
    return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "layer", (json_int_t)number, "videos",
                     (json_int_t)layer->videos, "events", real_of(at[LAYER_EVENTS]), "boundaries",
                     real_of(at[LAYER_BOUNDARIES]), "iou", percent_of(at[LAYER_IOU]), "mof", percent_of(at[LAYER_MOF]),
                     "matched_iou", percent_of(at[LAYER_MATCHED_IOU]), "matched_mof", percent_of(at[LAYER_MATCHED_MOF]),
                     "boundary", boundaries_json(layer, options));
}

json_t *score_json(const video_score *score, const score_options *options)
{
    json_t *layers = json_array();
    for (size_t i = 0; i < score->layer_count; i++)
        json_array_append_new(layers, layer_json(i, &score->layers[i], options));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "segments", real_of(score->at[SCORE_SEGMENTS]), "duration",
                     real_of(score->at[SCORE_DURATION]), "true_boundaries", real_of(score->at[SCORE_TRUE_BOUNDARIES]),
                     "iou", percent_of(score->at[SCORE_IOU]), "mof", percent_of(score->at[SCORE_MOF]), "layers",
                     layers);
}
