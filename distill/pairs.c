/* Paired comparisons: the difference of two sets on the segments that both predict, and how sure it is. */
#include "distill/comparisons.h"
#include "distill/json_put.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const HIT_METRIC_NAMES[HIT_METRICS] = {[TOP1] = "top1", [TOP5] = "top5"};

void add_differences(video_sums *sums, size_t video, size_t first, const double a[HIT_METRICS],
                     const double b[HIT_METRICS])
{
    for (size_t m = 0; m < HIT_METRICS; m++) video_sums_add(sums, video, first + m, a[m] - b[m]);
}

static double segments_of(const video_sums *sums, size_t column)
{
    double count = 0;
    for (size_t v = 0; v < sums->videos; v++) count += sums->count[v * sums->columns + column];
    return count;
}

static status append_pair(json_t *pairs, const char *const names[2], size_t metric, double n, interval difference,
                          double p)
{
    status st = OK;
    json_t *object = json_object();
    TRY(put_new(object, "a", json_string(names[0])));
    TRY(put_new(object, "b", json_string(names[1])));
    TRY(put_new(object, "metric", json_string(HIT_METRIC_NAMES[metric])));
    TRY(put_new(object, "n", json_integer((json_int_t)n)));
    TRY(put_new(object, "difference", real_or_null(100 * difference.mean)));
    TRY(put_new(object, "low", real_or_null(100 * difference.low)));
    TRY(put_new(object, "high", real_or_null(100 * difference.high)));
    TRY(put_new(object, "p", real_or_null(p)));
    TRY(append_new(pairs, json_incref(object)));
done:
    json_decref(object);
    return st;
}

status append_pairs(json_t *pairs, const video_sums *sums, const char *const (*names)[2],
                    const analysis_options *options)
{
    status st = OK;
    size_t columns = sums->columns;
    interval *differences = malloc((columns + 1) * sizeof *differences);
    double *p = malloc((columns + 1) * sizeof *p);
    if (!differences || !p) TRY(FAIL(ERR_MEMORY, "no memory to compare %zu pairs of sets", columns / HIT_METRICS));
    TRY(bootstrap_videos(sums, options->resamples, options->level, options->seed, differences));
    TRY(permute_videos(sums, options->resamples, options->seed, p));
    for (size_t c = 0; c < columns; c++) {
        double n = segments_of(sums, c);
        if (n > 0) TRY(append_pair(pairs, names[c / HIT_METRICS], c % HIT_METRICS, n, differences[c], p[c]));
    }
done:
    free(differences);
    free(p);
    return st;
}

/* ---- pairs of a table ---------------------------------------------------------------------------------------------
 */

typedef struct {
    const table_set *a, *b;
} set_pair;

static bool is_pair(const table_set *a, const table_set *b)
{
    return !strcmp(a->role, "student") && (!strcmp(b->role, "student") || !strcmp(b->role, "control"));
}

/* pairs: (PAIRED_SETS * PAIRED_SETS). Controls come after students in a table. */
static size_t choose_pairs(const analysis_table *t, set_pair *pairs)
{
    const table_set *plain = teaching_of(t).plain, *chosen[PAIRED_SETS];
    size_t sets = 0, count = 0;
    for (size_t i = 0; i < t->set_count && sets < PAIRED_SETS; i++)
        if (!strcmp(t->sets[i].role, "student") || !strcmp(t->sets[i].role, "control")) chosen[sets++] = &t->sets[i];
    for (size_t i = 0; i < sets; i++)
        for (size_t j = i + 1; j < sets; j++) {
            if (!is_pair(chosen[i], chosen[j])) continue;
            bool swapped = chosen[i] == plain && !strcmp(chosen[j]->role, "student");
            pairs[count++] = swapped ? (set_pair){chosen[j], chosen[i]} : (set_pair){chosen[i], chosen[j]};
        }
    return count;
}

static void sum_pairs(const analysis_table *t, const set_pair *pairs, size_t count, video_sums *sums)
{
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < t->segment_count; i++) {
            const table_set *a = pairs[k].a, *b = pairs[k].b;
            const double of_a[] = {a->value[TOP1][i], a->value[TOP5][i]};
            const double of_b[] = {b->value[TOP1][i], b->value[TOP5][i]};
            add_differences(sums, t->segments[i].video, k * HIT_METRICS, of_a, of_b);
        }
}

status pairs_json(const analysis_table *t, const analysis_options *options, json_t **out)
{
    status st = OK;
    video_sums sums = {0};
    json_t *list = json_array();
    set_pair *pairs = malloc((size_t)PAIRED_SETS * PAIRED_SETS * sizeof *pairs);
    const char *(*names)[2] = malloc((size_t)PAIRED_SETS * PAIRED_SETS * sizeof *names);
    if (!pairs || !names || !list) TRY(FAIL(ERR_MEMORY, "no memory to compare sets"));
    size_t count = choose_pairs(t, pairs);
    for (size_t k = 0; k < count; k++) {
        names[k][0] = pairs[k].a->name;
        names[k][1] = pairs[k].b->name;
    }
    TRY(video_sums_new(t->video_count, count * HIT_METRICS, &sums));
    sum_pairs(t, pairs, count, &sums);
    TRY(append_pairs(list, &sums, (const char *const(*)[2])names, options));
    *out = list;
    list = NULL;
done:
    video_sums_free(&sums);
    json_decref(list);
    free(pairs);
    free(names);
    return st;
}
