/* report - report.html of a run: one file without outside parts, for a person.
 *
 * In order: the run in a sentence; the scores of every prediction set; loss curves of every training; throughput; where
 * each number comes from; the resolved recipe. All text that comes from files is escaped.
 */
#ifndef MAGISTER_LAUNCHER_REPORT_H
#define MAGISTER_LAUNCHER_REPORT_H

#include "conf/recipe.h"
#include "distill/store.h"
#include "launcher/plan.h"

#include <jansson.h>
#include <stdio.h>

typedef struct {
    const char *run;
    const recipe *recipe;
    const plan *plan;
    store *store;
    json_t *metrics;  /* as in metrics.json */
    json_t *analysis; /* as in analysis.json */
    FILE *to;         /* set by report_write */
} report;

/* Errors: ERR_CREATE, ERR_IO, ERR_MEMORY, ERR_INPUT for curves that are no curves. */
status report_write(const report *what);

/* ---- parts, one file each ---------------------------------------------------------------------------------------- */

/* Text with the characters HTML gives a meaning escaped; bytes that are not UTF-8 become U+FFFD. */
void html_text(FILE *to, const char *text);

void report_results(const report *p);  /* tables of scores */
status report_curves(const report *p); /* losses and metrics while training, as SVG */
void report_throughput(const report *p);
status report_sources(const report *p); /* sets of the store, and how to see their numbers again */

#endif
