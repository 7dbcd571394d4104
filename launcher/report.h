/* report - report.html of a run: one file without outside parts, for a person.
 *
 * In order: what came of the run in a sentence; scores with intervals and the paired comparisons; what distillation
 * changed, segment by segment and class by class; calibration; confusions; each student by itself; single segments;
 * the streaming learner; training; throughput; where each number comes from; the resolved recipe. All text that comes
 * from files is escaped. Charts are in the page and as PNG files in <run>/report/, tables of classes there as CSV.
 */
#ifndef MAGISTER_LAUNCHER_REPORT_H
#define MAGISTER_LAUNCHER_REPORT_H

#include "conf/recipe.h"
#include "distill/store.h"
#include "launcher/html.h"
#include "launcher/picture.h"
#include "launcher/plan.h"
#include "launcher/stream_results.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct {
    const char *run;
    const recipe *recipe;
    const plan *plan;
    store *store;                 /* NULL: the run has none, and nothing that is scored from it */
    const stream_results *stream; /* NULL: the run has no stage `stream` */
    json_t *metrics;              /* as in metrics.json */
    json_t *analysis;             /* as in analysis.json; NULL: there is none, and what is made of it is left out */

    /* ---- set by report_write ---- */
    FILE *to;
    char *pictures; /* folder of the PNG files */
    /* Names of the sets that tell what distillation gave: the teacher, the student without it (plain), and the one with
     * it. NULL where the run has none. */
    const char *teacher, *plain, *student;
    bool distilled; /* the student learned from predictions, not from labels alone */
} report;

/* Errors: ERR_MISSING without cairo; ERR_CREATE, ERR_IO, ERR_MEMORY; ERR_INPUT for curves that are no curves. */
status report_write(const report *what);

/* ---- parts, one file each ---------------------------------------------------------------------------------------- */

void report_verdict(const report *p);       /* the result in a sentence */
status report_scores(const report *p);      /* charts of scores and differences, and the table of paired comparisons */
void report_results(const report *p);       /* tables of scores */
status report_changes(const report *p);     /* segments and classes that distillation won and lost */
status report_calibration(const report *p); /* reliability diagrams */
void report_confusions(const report *p);
status report_students(const report *p); /* each student by itself: protocol, classes, what it looks at */
void report_examples(const report *p);
status report_stream(const report *p);       /* the stage `stream` */
void report_stream_verdict(const report *p); /* what came of it, in a sentence */
status report_curves(const report *p);       /* losses and metrics while training */
void report_throughput(const report *p);
status report_sources(const report *p); /* sets of the store, and how to see their numbers again */

/* ---- what several parts need ------------------------------------------------------------------------------------- */

/* Head of a page, with its title as the first heading; and its end. */
void report_page_begin(FILE *to, const char *title);
void report_page_end(FILE *to);

/* Number under `key`; NAN when there is none. Text under `key`; "" when there is none. */
double json_real_at(const json_t *object, const char *key);
const char *json_text_at(const json_t *object, const char *key);

/* {mean, low, high, seed_sd} of a set's "top1" or "top5"; NULL without an analysis. */
json_t *report_interval(const report *p, const char *set, const char *metric);

/* How many seeds a set has. */
size_t report_seeds(const report *p, const char *set);

/* The level of the analysis's intervals, 0 to 1; NAN without an analysis. */
double report_level(const report *p);

/* "95&nbsp;% interval", for a page. */
void report_interval_name(const report *p, char out[32]);

/* Whether the recipe's student `variant` (NULL: the section's own) has `key` set, a BOOL of its section; false for what
 * is no variant. */
bool report_student_has(const report *p, const char *variant, const char *key);

/* The recipe as the step of student `variant` (NULL: the section's own) has it; NULL for what is no variant, or without
 * memory. The caller frees it. */
recipe *report_student_recipe(const report *p, const char *variant);

chart_ink report_ink(const report *p, const char *set, const char *role);

/* ---- numbers, tests and commands (report_numbers.c) ---- */

/* One set minus another: points, interval, p; NAN for what is not known. */
typedef struct {
    double value, low, high, p;
} report_difference;

/* A pair of analysis.json; one that is NULL is not known. */
report_difference report_difference_of(const json_t *pair);

/* a minus b, in whichever order the pair is listed. */
report_difference report_difference_find(json_t *pairs, const char *a, const char *b, const char *metric);

/* Whether it is more than chance explains at this level: interval and test have to agree. */
bool report_is_apart(const report_difference *d, double level);

/* Blue for more, orange for less, grey for what may be chance. */
chart_ink report_difference_ink(const report_difference *d, double level);

/* "p = 0.004", "p < 0.001" */
void report_p_value(double p, char out[24]);

/* "+1.1", with a real minus sign; "0.0" for what rounds to it; "?" for what is not finite. */
void report_signed(double x, char out[24]);

/* Three cells of a table: difference (bold when apart), interval, p; dashes for what is not known. */
void report_difference_cells(FILE *to, const report_difference *d, double level);

/* A whole number under `key`; "?" when there is none. */
void report_count(const json_t *object, const char *key, char out[24]);

/* A word of a command that can be copied into a shell: quoted where it has to be, and escaped for the page. */
void report_word(FILE *to, const char *word);

#endif
