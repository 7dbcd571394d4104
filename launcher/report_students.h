/* report_students - inside this room: the parts of what a report says of one student. */
#ifndef MAGISTER_LAUNCHER_REPORT_STUDENTS_H
#define MAGISTER_LAUNCHER_REPORT_STUDENTS_H

#include "distill/confusion_matrix.h"
#include "launcher/report.h"

/* "37.1"; a dash for what is not finite. */
void report_percent(FILE *to, double x);

/* A class's name; "class 7" where it has none. */
void report_class_name(FILE *to, const confusion_matrix *m, int64_t id);

/* ---- classes (report_classes.c) ---------------------------------------------------------------------------------- */

/* The confusion matrix of set `name`, rows in percent: whole up to MATRIX_CLASSES, else of the most confused classes;
 * and the table of all classes, the worst first. Both are written whole to confusion-NAME.csv and classes-NAME.csv
 * beside the pictures. Nothing for a matrix without predictions. Errors: ERR_CREATE, ERR_IO, ERR_MEMORY. */
enum { MATRIX_CLASSES = 30 };
status report_classes(const report *p, const char *name, const confusion_matrix *m);

/* ---- attention (report_attention.c) ------------------------------------------------------------------------------ */

/* The pictures that steps/STEP/attention.json names, and what was predicted. Nothing where there is none; what is
 * damaged is said in the page and left out. Errors: ERR_MEMORY. */
status report_attention(const report *p, const char *step);

/* Reads an object of JSON from steps/STEP/FILE of at most 16 MiB; `*out` is NULL where there is none, and where it is
 * damaged, which is warned of and said in the page. Errors: ERR_MEMORY. */
status report_step_json(const report *p, const char *step, const char *file, json_t **out);

#endif
