/* What distillation changed: segments by who was right about them, and classes by how many more of theirs are right. */
#include "launcher/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = 8, EACH_SIDE = 10, WIDTH = 580, TEXT_BYTES = 128 };

/* ---- buckets ----------------------------------------------------------------------------------------------------- */

/* Cell keys in the order of the grid: teacher and plain student by row, distilled student by column. */
static const char *const KEYS[CELLS] = {"ttt", "ttf", "tft", "tff", "ftt", "ftf", "fft", "fff"};

typedef struct {
    double n[CELLS], total;
} bucket_counts;

static bool read_buckets(const report *p, bucket_counts *out)
{
    json_t *cells = json_object_get(json_array_get(json_object_get(p->analysis, "buckets"), 0), "cells");
    *out = (bucket_counts){0};
    for (size_t i = 0; i < CELLS; i++) {
        double n = json_real_at(cells, KEYS[i]);
        out->n[i] = n > 0 ? n : 0;
        out->total += out->n[i];
    }
    return out->total > 0;
}

static void write_summary(const report *p, const bucket_counts *b)
{
    double gained = b->n[2] + b->n[6], lost = b->n[1] + b->n[5], only_teacher = b->n[2] + b->n[3];
    fprintf(
        p->to,
        "<p>Of %.0f segments the distilled student is right about <b>%.0f</b> that the plain one is wrong about, "
        "%.0f of which the teacher is right about; it is wrong about <b>%.0f</b> that the plain one is right about.",
        b->total, gained, b->n[2], lost);
    if (only_teacher > 0)
        fprintf(p->to,
                " Of the %.0f that the teacher is right about and the plain student is not, it is right about %.0f "
                "(%.0f&nbsp;%%).",
                only_teacher, b->n[2], 100 * b->n[2] / only_teacher);
    fputs("</p>\n", p->to);
}

static status draw_buckets(const report *p, const bucket_counts *b)
{
    status st = OK;
    static const char *const ROWS[] = {"Teacher right\nplain student right", "Teacher right\nplain student wrong",
                                       "Teacher wrong\nplain student right", "Teacher wrong\nplain student wrong"};
    static const char *const COLUMNS[] = {"Distilled student right", "Distilled student wrong"};
    static const chart_ink INKS[CELLS] = {INK_SKY, INK_ORANGE, INK_BLUE, INK_PALE,
                                          INK_SKY, INK_ORANGE, INK_BLUE, INK_PALE};
    static const char *const MEANINGS[CELLS] = {"kept", "lost", "won from teacher", "not won",
                                                "kept", "lost", "won by itself",    "nobody knew"};
    char text[CELLS][TEXT_BYTES], note[CELLS][TEXT_BYTES];
    chart_cell cells[CELLS];
    for (size_t i = 0; i < CELLS; i++) {
        snprintf(text[i], TEXT_BYTES, "%.0f", b->n[i]);
        snprintf(note[i], TEXT_BYTES, "%.1f %%  %s", 100 * b->n[i] / b->total, MEANINGS[i]);
        cells[i] = (chart_cell){b->n[i], INKS[i], text[i], note[i]};
    }
    const chart_grid grid = {ROWS, COLUMNS, cells, 4, 2};
    fputs("<figure><figcaption>Segments</figcaption>\n", p->to);
    TRY(picture_write(p->to, p->pictures, "buckets", &(chart){.width = WIDTH, .grid = &grid},
                      "Segments by whether teacher, plain student and distilled student are right"));
    fputs("</figure>\n", p->to);
done:
    return st;
}

static void write_names(const report *p)
{
    json_t *names = json_array_get(json_object_get(p->analysis, "buckets"), 0);
    fputs("<p class=note>Teacher: ", p->to);
    html_text(p->to, json_text_at(names, "teacher"));
    fputs("; plain student: ", p->to);
    html_text(p->to, json_text_at(names, "plain"));
    fputs("; distilled student: ", p->to);
    html_text(p->to, json_text_at(names, "student"));
    fputs(". Right means top-1, in more than half of the seeds; the area of a square is its number.</p>\n", p->to);
}

/* ---- gains ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    double segments, n, with, without; /* `segments` more of the class's n are right with the teacher */
} class_gain;

static int by_segments(const void *a, const void *b)
{
    const class_gain *x = a, *y = b;
    if (x->segments != y->segments) return x->segments < y->segments ? 1 : -1;
    return (x->n < y->n) - (x->n > y->n);
}

/* Classes with their gains, most gained first. The caller frees `*out`. */
static status read_gains(const report *p, class_gain **out, size_t *count)
{
    size_t i;
    json_t *each, *list = json_object_get(p->analysis, "gains");
    *count = 0;
    *out = calloc(json_array_size(list) + 1, sizeof **out);
    if (!*out) return FAIL(ERR_MEMORY, "no memory for the gains of classes");
    json_array_foreach(list, i, each)
    {
        class_gain g = {json_text_at(each, "name"), 0, json_real_at(each, "n"), json_real_at(each, "a"),
                        json_real_at(each, "b")};
        g.segments = g.n * (g.with - g.without) / 100;
        if (isfinite(g.segments)) (*out)[(*count)++] = g;
    }
    if (*count) qsort(*out, *count, sizeof **out, by_segments);
    return OK;
}

typedef struct {
    chart_row at[2 * EACH_SIDE + 2]; /* (count) */
    char label[2 * EACH_SIDE + 2][TEXT_BYTES], note[2 * EACH_SIDE + 2][TEXT_BYTES];
    size_t count;
} gain_rows;

static void add_heading(gain_rows *rows, const char *text)
{
    rows->at[rows->count++] = (chart_row){.label = text, .value = NAN};
}

static void add_gain(gain_rows *rows, const class_gain *g)
{
    char *label = rows->label[rows->count], *note = rows->note[rows->count];
    snprintf(label, TEXT_BYTES, "%s", g->name);
    snprintf(note, TEXT_BYTES, "%.0f \xE2\x86\x92 %.0f %% of %.0f", g->without, g->with, g->n);
    rows->at[rows->count++] = (chart_row){label, note, g->segments, NAN, NAN, g->segments > 0 ? INK_BLUE : INK_ORANGE};
}

static size_t count_gained(const class_gain *gains, size_t count)
{
    size_t gained = 0;
    while (gained < count && gains[gained].segments > 1e-9) gained++;
    return gained;
}

static size_t count_lost(const class_gain *gains, size_t count)
{
    size_t lost = 0;
    while (lost < count && gains[count - 1 - lost].segments < -1e-9) lost++;
    return lost;
}

static void fill_rows(gain_rows *rows, const class_gain *gains, size_t count)
{
    size_t gained = count_gained(gains, count), lost = count_lost(gains, count);
    size_t first = gained < EACH_SIDE ? gained : EACH_SIDE, last = lost < EACH_SIDE ? lost : EACH_SIDE;
    if (first) add_heading(rows, "Gained most");
    for (size_t i = 0; i < first; i++) add_gain(rows, &gains[i]);
    if (last) add_heading(rows, "Lost most");
    for (size_t i = count - last; i < count; i++) add_gain(rows, &gains[i]);
}

static status draw_gains(const report *p, const class_gain *gains, size_t count)
{
    status st = OK;
    gain_rows *rows = calloc(1, sizeof *rows);
    if (!rows) TRY(FAIL(ERR_MEMORY, "no memory for the gains of classes"));
    fill_rows(rows, gains, count);
    const chart_rows list = {
        {"segments more (or fewer) right than without the teacher", NAN, NAN}, true, true, rows->at, rows->count};
    fprintf(p->to, "<figure><figcaption>Classes <span class=faint>%zu of %zu gained, %zu lost</span></figcaption>\n",
            count_gained(gains, count), count, count_lost(gains, count));
    if (rows->count)
        TRY(picture_write(p->to, p->pictures, "gains", &(chart){.width = WIDTH, .rows = &list},
                          "Classes that gained and lost most by distillation"));
    fputs("</figure>\n", p->to);
done:
    free(rows);
    return st;
}

static void write_gains_note(const report *p)
{
    fputs("<p class=note>A bar counts the segments of a class, a mean over seeds; beside it the share of them that is "
          "right without and with the teacher, and their number. These are the largest of many differences: chance "
          "alone makes some large.</p>\n",
          p->to);
}

status report_changes(const report *p)
{
    status st = OK;
    bucket_counts b;
    class_gain *gains = NULL;
    size_t count = 0;
    bool counted = read_buckets(p, &b);
    TRY(read_gains(p, &gains, &count));
    if (!counted && !count) goto done;
    fputs("<h2>What distillation changed</h2>\n", p->to);
    if (counted) write_summary(p, &b);
    fputs("<div class=charts>\n", p->to);
    if (counted) TRY(draw_buckets(p, &b));
    if (count) TRY(draw_gains(p, gains, count));
    fputs("</div>\n", p->to);
    if (counted) write_names(p);
    if (count) write_gains_note(p);
done:
    free(gains);
    return st;
}
