/* sweep_table - all members of a sweep in one table: values, state, scores. None is left out: those that failed or were
 * not begun are rows like the others.
 *
 * Scores are those of each member's metrics.json, named SET.SCORE ("student.top1", of actions; "student.verb.top5",
 * "student.action.class_mean_top1"), with the deviation over the member's own seeds where it has several. Where the
 * sweep has the key `seed` and others, rows that differ in nothing else are also taken together: means and deviations
 * over the seeds that are done.
 */
#ifndef MAGISTER_LAUNCHER_SWEEP_TABLE_H
#define MAGISTER_LAUNCHER_SWEEP_TABLE_H

#include "base/status.h"

#include <jansson.h>
#include <stdio.h>

typedef struct sweep_table sweep_table;

/* Of what sweep_dir_read or sweep_dir_describe gave, `sweep` (borrowed as long as the table lives), and of what is in
 * the directory now. `scores`: names parted by commas; NULL: top1 and top5 of teacher and student. A member whose
 * metrics.json cannot be read has no scores. Slurm is asked where members have jobs. Errors: ERR_USAGE for names of
 * scores that are none, ERR_MEMORY. */
status sweep_table_make(const json_t *sweep, const char *directory, const char *scores, sweep_table **out);
void sweep_table_free(sweep_table **t);

/* Rows in the order of a column: the best scores, the smallest values first. `column` is a score, a swept key or its
 * label, "member" or "state". Rows without it come last. Errors: ERR_USAGE when there is no such column. */
status sweep_table_sort(sweep_table *t, const char *column);

/* For a terminal; the best by the first score that there is, or the one it is sorted by, has a star. */
void sweep_table_print(const sweep_table *t, FILE *to);

/* The table of a sweep's directory as it is now, with the usual scores. A failure that is waiting to be told stays.
 * Errors: those of sweep_dir_read and sweep_table_make. */
status sweep_table_show(const char *directory, FILE *to);

void sweep_table_csv(const sweep_table *t, FILE *to);

/* Errors: ERR_MEMORY, ERR_IO. */
status sweep_table_json(const sweep_table *t, FILE *to);

#endif
