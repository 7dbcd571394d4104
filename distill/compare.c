/* Two sets against each other, of one store or of two. */
#include "distill/analysis.h"
#include "distill/comparisons.h"
#include "distill/json_put.h"

#include "data/names.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_A, SIDE_B, DIFFERENCE, SIDES }; /* the columns, HIT_METRICS each */

typedef struct {
    analysis_table table;
    const table_set *set; /* of the table */
} side;

/* ---- common segments ----------------------------------------------------------------------------------------------
 */

static status read_side(store *s, const char *name, const analysis_options *options, side *out)
{
    status st = OK;
    TRY(table_read(s, name, options->bins, &out->table));
    out->set = table_find(&out->table, name);
    CHECK(out->set);
done:
    return st;
}

static const char *name_or_none(const char *name)
{
    return name ? name : "none";
}

/* The same uid must be the same segment. */
static status check_segment(const side *a, size_t i, const side *b, size_t j)
{
    const table_segment *x = &a->table.segments[i], *y = &b->table.segments[j];
    const char *label_x = name_or_none(table_class_name(&a->table, x->action));
    const char *label_y = name_or_none(table_class_name(&b->table, y->action));
    const char *video_x = a->table.videos[x->video], *video_y = b->table.videos[y->video];
    if (!strcmp(label_x, label_y) && !strcmp(video_x, video_y)) return OK;
    return FAIL(ERR_INPUT,
                "segment %s is %s in %s in one store, %s in %s in the other: only predictions of the same "
                "segments can be compared",
                x->uid, label_x, video_x, label_y, video_y);
}

static void add_segment(video_sums *sums, const side *a, size_t i, const side *b, size_t j)
{
    const double of_a[] = {a->set->value[TOP1][i], a->set->value[TOP5][i]};
    const double of_b[] = {b->set->value[TOP1][j], b->set->value[TOP5][j]};
    size_t video = a->table.segments[i].video;
    if (isnan(of_a[TOP1]) || isnan(of_b[TOP1])) return;
    for (size_t m = 0; m < HIT_METRICS; m++) {
        video_sums_add(sums, video, SIDE_A * HIT_METRICS + m, of_a[m]);
        video_sums_add(sums, video, SIDE_B * HIT_METRICS + m, of_b[m]);
    }
    add_differences(sums, video, DIFFERENCE * HIT_METRICS, of_a, of_b);
}

/* Sums over the segments that both have; videos are numbered as in `a`. */
static status sum_common(const side *a, const side *b, video_sums *sums)
{
    status st = OK;
    name_table uids = {0};
    size_t j = 0, shared = 0;
    for (size_t i = 0; i < b->table.segment_count; i++) TRY(names_add(&uids, b->table.segments[i].uid, i, &j));
    for (size_t i = 0; i < a->table.segment_count; i++) {
        if (!names_find(&uids, a->table.segments[i].uid, &j)) continue;
        TRY(check_segment(a, i, b, j));
        add_segment(sums, a, i, b, j);
    }
    for (size_t v = 0; v < sums->videos; v++) shared += sums->count[v * sums->columns] > 0;
    if (!shared)
        TRY(FAIL(ERR_INPUT, "%s and %s have no labelled segment that both predict: they cannot be compared",
                 a->set->name, b->set->name));
done:
    names_free(&uids);
    return st;
}

/* The last columns alone, over the videos of all: pairs are tested as those of analysis_json. */
static status differences_of(const video_sums *sums, video_sums *out)
{
    status st = video_sums_new(sums->videos, HIT_METRICS, out);
    for (size_t v = 0; st == OK && v < sums->videos; v++)
        for (size_t m = 0; m < HIT_METRICS; m++) {
            size_t from = v * sums->columns + DIFFERENCE * HIT_METRICS + m, to = v * HIT_METRICS + m;
            out->sum[to] = sums->sum[from];
            out->count[to] = sums->count[from];
        }
    return st;
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------
 */

static status put_side(json_t *all, const char *key, const table_set *set, const interval *metrics)
{
    status st = OK;
    json_t *object = json_object();
    TRY(put_new(object, "name", json_string(set->name)));
    TRY(put_seeds(object, set));
    TRY(put_new(object, "n", json_integer(set->n)));
    for (int m = 0; m < HIT_METRICS; m++) TRY(put_interval(object, HIT_METRIC_NAMES[m], metrics[m]));
    TRY(put_new(all, key, json_incref(object)));
done:
    json_decref(object);
    return st;
}

static status put_counts(json_t *all, const video_sums *sums, const analysis_options *options)
{
    status st = OK;
    double n = 0;
    json_int_t videos = 0;
    for (size_t v = 0; v < sums->videos; v++) {
        n += sums->count[v * sums->columns];
        videos += sums->count[v * sums->columns] > 0;
    }
    TRY(put_new(all, "level", json_real(options->level)));
    TRY(put_new(all, "resamples", json_integer(options->resamples)));
    TRY(put_new(all, "videos", json_integer(videos)));
    TRY(put_new(all, "n", json_integer((json_int_t)n)));
done:
    return st;
}

static status put_comparison(json_t *all, const side *a, const side *b, const video_sums *sums,
                             const analysis_options *options)
{
    status st = OK;
    const char *const names[1][2] = {{a->set->name, b->set->name}};
    interval intervals[SIDES * HIT_METRICS];
    video_sums differences = {0};
    TRY(bootstrap_videos(sums, options->resamples, options->level, options->seed, intervals));
    TRY(differences_of(sums, &differences));
    TRY(put_counts(all, sums, options));
    TRY(put_side(all, "a", a->set, &intervals[SIDE_A * HIT_METRICS]));
    TRY(put_side(all, "b", b->set, &intervals[SIDE_B * HIT_METRICS]));
    TRY(put_new(all, "pairs", json_array()));
    TRY(append_pairs(json_object_get(all, "pairs"), &differences, names, options));
done:
    video_sums_free(&differences);
    return st;
}

status analysis_compare(store *store_a, const char *a, store *store_b, const char *b, const analysis_options *options,
                        json_t **out)
{
    status st = OK;
    side sides[2] = {0};
    video_sums sums = {0};
    json_t *all = json_object();
    TRY(analysis_options_check(options));
    TRY(read_side(store_a, a, options, &sides[0]));
    TRY(read_side(store_b, b, options, &sides[1]));
    TRY(video_sums_new(sides[0].table.video_count, SIDES * HIT_METRICS, &sums));
    TRY(sum_common(&sides[0], &sides[1], &sums));
    TRY(put_comparison(all, &sides[0], &sides[1], &sums, options));
    *out = all;
    all = NULL;
done:
    video_sums_free(&sums);
    table_free(&sides[0].table);
    table_free(&sides[1].table);
    json_decref(all);
    return st;
}

/* ---- words --------------------------------------------------------------------------------------------------------
 */

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* As printed with two decimals: no "-0.00". */
static double printed(double value)
{
    return fabs(value) < 0.005 ? 0 : value;
}

static void print_set(const json_t *set, FILE *to)
{
    size_t seeds = json_array_size(json_object_get(set, "seeds"));
    fprintf(to, "%s (%zu seed%s)", json_string_value(json_object_get(set, "name")), seeds, seeds == 1 ? "" : "s");
}

/* What may be concluded: the interval and the test have to agree before a difference is called one. */
static const char *verdict(const json_t *pair, double level)
{
    double low = number(pair, "low"), high = number(pair, "high");
    if (!json_is_number(json_object_get(pair, "low"))) return "one video alone cannot tell how sure this is";
    bool apart = (low > 0 || high < 0) && number(pair, "p") < 1 - level;
    return apart ? "more than chance explains" : "chance may explain it";
}

static void print_pair(const json_t *comparison, const json_t *pair, FILE *to)
{
    const char *metric = json_string_value(json_object_get(pair, "metric"));
    const json_t *a = json_object_get(json_object_get(comparison, "a"), metric);
    const json_t *b = json_object_get(json_object_get(comparison, "b"), metric);
    double difference = number(pair, "difference"), level = number(comparison, "level");
    fprintf(to, "%s: %.2f %% against %.2f %%", strcmp(metric, "top1") ? "top-5" : "top-1", number(a, "mean"),
            number(b, "mean"));
    if (printed(difference) == 0) fprintf(to, ", the same");
    else fprintf(to, ", %.2f points %s", fabs(difference), difference > 0 ? "more" : "less");
    if (json_is_number(json_object_get(pair, "low")))
        fprintf(to, " (%g %% interval %.2f to %.2f, p = %.2g)", 100 * level, printed(number(pair, "low")),
                printed(number(pair, "high")), number(pair, "p"));
    fprintf(to, ": %s\n", verdict(pair, level));
}

status analysis_compare_print(const json_t *comparison, FILE *to)
{
    const json_t *pairs = json_object_get(comparison, "pairs");
    long long n = (long long)number(comparison, "n"), videos = (long long)number(comparison, "videos");
    print_set(json_object_get(comparison, "a"), to);
    fprintf(to, " against ");
    print_set(json_object_get(comparison, "b"), to);
    fprintf(to, ", on the %lld segment%s of %lld video%s that both predict\n", n, n == 1 ? "" : "s", videos,
            videos == 1 ? "" : "s");
    for (size_t i = 0; i < json_array_size(pairs); i++) print_pair(comparison, json_array_get(pairs, i), to);
    fprintf(to,
            "Intervals: bootstrap over videos; p: exchanging the sets in whole videos; %lld draws each. Seeds are "
            "averaged.\n",
            (long long)number(comparison, "resamples"));
    return fflush(to) || ferror(to) ? FAIL(ERR_IO, "cannot write the comparison") : OK;
}
