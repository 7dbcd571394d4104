#include "distill/analysis.h"

#include "distill/comparisons.h"
#include "distill/json_put.h"

#include <stdlib.h>

const analysis_options ANALYSIS_DEFAULTS = {.resamples = 2000, .level = 0.95, .bins = 10, .examples = 8};

status analysis_options_check(const analysis_options *o)
{
    if (o->resamples < 1 || o->resamples > 1000000 || !(o->level > 0 && o->level < 1) || o->bins < 1 ||
        o->bins > 1000 || o->examples < 0 || o->examples > 1000)
        return FAIL(ERR_USAGE,
                    "analysis: resamples are 1 to 1000000, level 0 to 1, bins 1 to 1000, examples 0 to 1000");
    return OK;
}

/* ---- sets ---------------------------------------------------------------------------------------------------------
 */

status put_interval(json_t *object, const char *key, interval part)
{
    status st = OK;
    json_t *fresh = json_object();
    TRY(put_new(fresh, "mean", real_or_null(100 * part.mean)));
    TRY(put_new(fresh, "low", real_or_null(100 * part.low)));
    TRY(put_new(fresh, "high", real_or_null(100 * part.high)));
    TRY(put_new(object, key, json_incref(fresh)));
done:
    json_decref(fresh);
    return st;
}

status put_seeds(json_t *object, const table_set *set)
{
    status st = OK;
    json_t *seeds = json_array();
    for (size_t i = 0; i < set->seed_count; i++) TRY(append_new(seeds, json_integer(set->seeds[i].seed)));
    TRY(put_new(object, "seeds", json_incref(seeds)));
done:
    json_decref(seeds);
    return st;
}

/* metrics: (HIT_METRICS). */
static status put_set(json_t *sets, const analysis_table *t, const table_set *set, const interval *metrics)
{
    status st = OK;
    json_t *object = json_object(), *bins = NULL;
    TRY(put_new(object, "role", json_string(set->role)));
    TRY(put_seeds(object, set));
    TRY(put_new(object, "n", json_integer(set->n)));
    for (int m = 0; m < HIT_METRICS; m++) {
        double deviation = 100 * table_seed_deviation(t, set, m);
        TRY(put_interval(object, HIT_METRIC_NAMES[m], metrics[m]));
        TRY(put_new(json_object_get(object, HIT_METRIC_NAMES[m]), "seed_sd", real_or_null(deviation)));
    }
    TRY(reliability_json(&set->reliability, &bins));
    TRY(put_new(object, "reliability", json_incref(bins)));
    TRY(put_new(sets, set->name, json_incref(object)));
done:
    json_decref(bins);
    json_decref(object);
    return st;
}

static status put_sets(json_t *all, const analysis_table *t, const analysis_options *options)
{
    status st = OK;
    video_sums sums = {0};
    json_t *sets = json_object();
    interval *intervals = malloc((t->set_count * HIT_METRICS + 1) * sizeof *intervals);
    if (!intervals) TRY(FAIL(ERR_MEMORY, "no memory to analyse %zu sets", t->set_count));
    TRY(video_sums_new(t->video_count, t->set_count * HIT_METRICS, &sums));
    for (size_t k = 0; k < t->set_count * HIT_METRICS; k++)
        for (size_t i = 0; i < t->segment_count; i++)
            video_sums_add(&sums, t->segments[i].video, k, t->sets[k / HIT_METRICS].value[k % HIT_METRICS][i]);
    TRY(bootstrap_videos(&sums, options->resamples, options->level, options->seed, intervals));
    for (size_t i = 0; i < t->set_count; i++) TRY(put_set(sets, t, &t->sets[i], &intervals[i * HIT_METRICS]));
    TRY(put_new(all, "sets", json_incref(sets)));
done:
    video_sums_free(&sums);
    json_decref(sets);
    free(intervals);
    return st;
}

/* ---- all of it ----------------------------------------------------------------------------------------------------
 */

static status put_comparisons(json_t *all, store *s, const analysis_table *t, const analysis_options *options)
{
    status st = OK;
    json_t *part = NULL;
    TRY(pairs_json(t, options, &part));
    TRY(put_new(all, "pairs", part));
    TRY(buckets_json(t, &part));
    TRY(put_new(all, "buckets", part));
    TRY(gains_json(t, &part));
    TRY(put_new(all, "gains", part));
    TRY(confused_json(t, &part));
    TRY(put_new(all, "confused", part));
    TRY(examples_json(s, t, options, &part));
    TRY(put_new(all, "examples", part));
done:
    return st;
}

status analysis_json(store *s, const analysis_options *options, json_t **out)
{
    status st = OK;
    analysis_table t = {0};
    json_t *all = json_object();
    TRY(analysis_options_check(options));
    TRY(table_read(s, NULL, options->bins, &t));
    TRY(put_new(all, "level", json_real(options->level)));
    TRY(put_new(all, "resamples", json_integer(options->resamples)));
    TRY(put_new(all, "videos", json_integer((json_int_t)t.video_count)));
    TRY(put_new(all, "segments", json_integer((json_int_t)t.segment_count)));
    TRY(put_sets(all, &t, options));
    TRY(put_comparisons(all, s, &t, options));
    *out = all;
    all = NULL;
done:
    table_free(&t);
    json_decref(all);
    return st;
}
