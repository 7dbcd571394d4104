/* comparisons - inside this room: how sets of one table differ (distill/analysis.h says what the JSON looks like). */
#ifndef MAGISTER_DISTILL_COMPARISONS_H
#define MAGISTER_DISTILL_COMPARISONS_H

#include "distill/analysis.h"
#include "distill/analysis_table.h"
#include "distill/confusion_matrix.h"

/* ---- what analyses share (analysis.c) ------------------------------------------------------------------------------
 */

status analysis_options_check(const analysis_options *options); /* ERR_USAGE */
/* {mean, low, high} in percent under `key`; {seeds: [...]}. Errors: ERR_MEMORY. */
status put_interval(json_t *object, const char *key, interval part);
status put_seeds(json_t *object, const table_set *set);

extern const char *const HIT_METRIC_NAMES[HIT_METRICS]; /* "top1", "top5" */

/* ---- pairs (pairs.c)
 * --------------------------------------------------------------------------------------------------------- */

/* Adds a segment's differences of two sets: column first + m is metric m. a, b: values of the metrics, NAN for none. */
void add_differences(video_sums *sums, size_t video, size_t first, const double a[HIT_METRICS],
                     const double b[HIT_METRICS]);

/* Tests pairs of sets and appends {a, b, metric, n, difference, low, high, p} of each pair and metric to `pairs`;
 * those without a common segment are left out. Pair i has the columns from HIT_METRICS * i on; names: (2 per pair).
 * Errors: ERR_MEMORY. */
status append_pairs(json_t *pairs, const video_sums *sums, const char *const (*names)[2],
                    const analysis_options *options);

/* Every two students, and students with controls; a plain student comes second. At most PAIRED_SETS sets take part,
 * the first ones. */
enum { PAIRED_SETS = 64 };
status pairs_json(const analysis_table *t, const analysis_options *options, json_t **out);

/* ---- what teaching changed ------------------------------------------------------------------------------------------
 */

/* The sets whose errors are set side by side; NULL where the table has none. */
typedef struct {
    const table_set *teacher, *plain, *student;
} teaching;

teaching teaching_of(const analysis_table *t);

/* True when all three sets are there. */
bool teaching_complete(const teaching *sets);

/* What the three say of a segment at top-1, as "ttf": teacher, plain, student. False when one of them says nothing. */
bool teaching_cell(const teaching *sets, size_t row, char cell[4]);

/* New JSON each. Errors: ERR_MEMORY. */
status buckets_json(const analysis_table *t, json_t **out);
status gains_json(const analysis_table *t, json_t **out);
status confused_json(const analysis_table *t, json_t **out);

/* Predictions of all seeds by label and first class, by rising label, then class (confusion_matrix.c). New memory.
 * Errors: ERR_MEMORY. */
status count_cells(const analysis_table *t, const table_set *set, confusion_cell **out, size_t *count);

/* ---- examples (examples.c) -----------------------------------------------------------------------------------------
 */

/* Segments that show what happened: in turn one that distillation helped, one that it hurt, one where the student is
 * right though its teacher is wrong, one that all name, one that none does; of each kind those of videos shown least
 * so far, those with a history before those without, then at random (keyed by options->seed). Lowest seeds and the
 * majority of seeds agree on them. Errors: those of the store; ERR_MEMORY. */
status examples_json(store *s, const analysis_table *t, const analysis_options *options, json_t **out);

#endif
