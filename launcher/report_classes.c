/* A student class by class: what is taken for what, and how often each class is right. */
#include "base/file.h"
#include "launcher/report_students.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_WHOLE = 15, SHOWN_FIRST = 10, SHOWN_MOST = 1000 };

static double share(int64_t part, int64_t of)
{
    return of ? 100 * (double)part / (double)of : NAN;
}

void report_class_name(FILE *to, const confusion_matrix *m, int64_t id)
{
    const char *name = m->classes.actions[id].name;
    if (name && name[0]) html_text(to, name);
    else fprintf(to, "class %" PRId64, id);
}

/* ---- matrix ------------------------------------------------------------------------------------------------------ */

/* Right ones are blue, wrong ones orange, the darker the more. */
static void write_cell(const report *p, const confusion_matrix *m, int64_t label, int64_t predicted)
{
    int64_t n = confusion_matrix_at(m, label, predicted), of = m->at[label].n;
    double part = of ? (double)n / (double)of : 0;
    if (!n) {
        fputs("<td style=\"background:#f5f7f9\"></td>", p->to);
        return;
    }
    fprintf(p->to, "<td%s style=\"background:rgba(%s,%.2f)\" title=\"%" PRId64 " of %" PRId64 ": ",
            part > 0.55 ? " class=dark" : "", label == predicted ? "0,114,178" : "213,94,0", 0.12 + 0.88 * part, n, of);
    report_class_name(p->to, m, label);
    fputs(label == predicted ? " is recognised" : " is taken for ", p->to);
    if (label != predicted) report_class_name(p->to, m, predicted);
    fprintf(p->to, "\">%.0f</td>", 100 * part);
}

static void write_rest(const report *p, const confusion_matrix *m, int64_t label, const int64_t *ids, size_t count)
{
    int64_t shown = 0, of = m->at[label].n;
    for (size_t i = 0; i < count; i++) shown += confusion_matrix_at(m, label, ids[i]);
    fprintf(p->to, "<td title=\"%" PRId64 " of %" PRId64 " are taken for classes that are not shown\">", of - shown,
            of);
    if (of > shown) fprintf(p->to, "%.0f", share(of - shown, of));
    fputs("</td>", p->to);
}

static void write_matrix(const report *p, const confusion_matrix *m, const int64_t *ids, size_t count, bool whole)
{
    fputs("<div class=scroll><table class=matrix><thead><tr><td></td>", p->to);
    for (size_t i = 0; i < count; i++) {
        fputs("<th>", p->to);
        report_class_name(p->to, m, ids[i]);
        fputs("</th>", p->to);
    }
    fputs(whole ? "<th>n</th></tr></thead><tbody>\n" : "<th>(others)</th><th>n</th></tr></thead><tbody>\n", p->to);
    for (size_t row = 0; row < count; row++) {
        fputs("<tr><th>", p->to);
        report_class_name(p->to, m, ids[row]);
        fputs("</th>", p->to);
        for (size_t i = 0; i < count; i++) write_cell(p, m, ids[row], ids[i]);
        if (!whole) write_rest(p, m, ids[row], ids, count);
        fprintf(p->to, "<td class=n>%" PRId64 "</td></tr>\n", m->at[ids[row]].n);
    }
    fputs("</tbody></table></div>\n", p->to);
}

static status show_matrix(const report *p, const confusion_matrix *m)
{
    status st = OK;
    int64_t ids[MATRIX_CLASSES + 1];
    size_t count = 0;
    TRY(confusion_matrix_choose(m, MATRIX_CLASSES + 1, ids, &count));
    bool whole = count <= MATRIX_CLASSES;
    if (!whole) TRY(confusion_matrix_choose(m, MATRIX_CLASSES, ids, &count));
    fprintf(p->to,
            "<h3>Confusion matrix</h3>\n<p class=note>Rows are labels, columns the first prediction, in percent of the "
            "row; n predictions of the label%s.%s</p>\n",
            m->seeds > 1 ? ", of all seeds" : "",
            whole ? "" : " The classes with the most mistakes, as label or as prediction; the others are one column.");
    write_matrix(p, m, ids, count, whole);
done:
    return st;
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

typedef struct {
    int64_t id;
    const class_result *of;
} ranked_class;

static int by_worst(const void *a, const void *b)
{
    const ranked_class *x = a, *y = b;
    double part_x = share(x->of->top1, x->of->n), part_y = share(y->of->top1, y->of->n);
    if (part_x < part_y || part_x > part_y) return part_x < part_y ? -1 : 1;
    if (x->of->n != y->of->n) return x->of->n > y->of->n ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

/* Classes that have predictions, the worst first. New memory. */
static status rank_classes(const confusion_matrix *m, ranked_class **out, size_t *count)
{
    *count = 0;
    *out = calloc(m->classes.action_count + 1, sizeof **out);
    if (!*out) return FAIL(ERR_MEMORY, "no memory for a table of %zu classes", m->classes.action_count);
    for (size_t c = 0; c < m->classes.action_count; c++)
        if (m->at[c].n) (*out)[(*count)++] = (ranked_class){(int64_t)c, &m->at[c]};
    qsort(*out, *count, sizeof **out, by_worst);
    return OK;
}

static void write_class(const report *p, const confusion_matrix *m, const ranked_class *c)
{
    fputs("<tr><td class=text>", p->to);
    report_class_name(p->to, m, c->id);
    fprintf(p->to, "</td><td>%" PRId64 "</td><td>%.1f</td><td>%.1f</td><td class=text>", c->of->n,
            share(c->of->top1, c->of->n), share(c->of->top5, c->of->n));
    if (c->of->taken_for >= 0) {
        report_class_name(p->to, m, c->of->taken_for);
        fprintf(p->to, " <span class=faint>%" PRId64 " of %" PRId64 "</span>", c->of->taken, c->of->n);
    } else fputs("<span class=faint>&ndash;</span>", p->to);
    fputs("</td></tr>\n", p->to);
}

static void write_rows(const report *p, const confusion_matrix *m, const ranked_class *list, size_t count)
{
    fputs("<div class=scroll><table><thead><tr><th class=text>class</th><th>n</th><th>top-1</th><th>top-5</th>"
          "<th class=text>most often taken for</th></tr></thead><tbody>\n",
          p->to);
    for (size_t i = 0; i < count; i++) write_class(p, m, &list[i]);
    fputs("</tbody></table></div>\n", p->to);
}

static void write_link(const report *p, const char *file)
{
    fprintf(p->to, "<a href=\"report/%s\">report/%s</a>", file, file); /* of characters that need no quoting */
}

static void write_table(const report *p, const char *name, const confusion_matrix *m, const ranked_class *list,
                        size_t count)
{
    char file[PICTURE_NAME], cells[PICTURE_NAME], full[2 * PICTURE_NAME];
    size_t first = count > SHOWN_WHOLE ? SHOWN_FIRST : count, most = count < SHOWN_MOST ? count : SHOWN_MOST;
    snprintf(full, sizeof full, "classes-%s", name);
    picture_file_name(full, ".csv", file);
    snprintf(full, sizeof full, "confusion-%s", name);
    picture_file_name(full, ".csv", cells);
    fputs("<h3>Classes</h3>\n<p class=note>Percent, the worst first. ", p->to);
    if (count < m->classes.action_count)
        fprintf(p->to, "%zu of %zu classes have no labelled prediction here. ", m->classes.action_count - count,
                m->classes.action_count);
    fputs("As files: ", p->to);
    write_link(p, file);
    fputs(", ", p->to);
    write_link(p, cells);
    fputs("</p>\n", p->to);
    write_rows(p, m, list, first);
    if (first == count) return;
    fprintf(p->to, "<details><summary>%s%zu classes</summary>\n", most < count ? "The first " : "All ", most);
    write_rows(p, m, list, most);
    fputs("</details>\n", p->to);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static void write_field(FILE *to, const char *text)
{
    fputc('"', to);
    for (; text && *text; text++) {
        if (*text == '"') fputc('"', to);
        fputc(*text, to);
    }
    fputc('"', to);
}

static const char *name_of(const confusion_matrix *m, int64_t id)
{
    return id >= 0 ? m->classes.actions[id].name : NULL;
}

static void write_cells(FILE *to, const confusion_matrix *m)
{
    fputs("label_id,label,predicted_id,predicted,n\n", to);
    for (size_t i = 0; i < m->cell_count; i++) {
        const confusion_cell *cell = &m->cells[i];
        fprintf(to, "%" PRId64 ",", cell->label);
        write_field(to, name_of(m, cell->label));
        fprintf(to, ",%" PRId64 ",", cell->predicted);
        write_field(to, name_of(m, cell->predicted));
        fprintf(to, ",%" PRId64 "\n", cell->n);
    }
}

/* All classes by their ids, those without predictions with empty scores. */
static void write_results(FILE *to, const confusion_matrix *m)
{
    fputs("class_id,class,n,top1,top5,taken_for_id,taken_for,taken\n", to);
    for (size_t c = 0; c < m->classes.action_count; c++) {
        const class_result *of = &m->at[c];
        fprintf(to, "%zu,", c);
        write_field(to, name_of(m, (int64_t)c));
        fprintf(to, ",%" PRId64 ",", of->n);
        if (of->n) fprintf(to, "%.2f,%.2f,", share(of->top1, of->n), share(of->top5, of->n));
        else fputs(",,", to);
        if (of->taken_for >= 0) fprintf(to, "%" PRId64, of->taken_for);
        fputc(',', to);
        write_field(to, name_of(m, of->taken_for));
        fprintf(to, ",%" PRId64 "\n", of->taken);
    }
}

static status write_csv(const report *p, const char *what, const char *name, const confusion_matrix *m,
                        void (*write)(FILE *to, const confusion_matrix *m))
{
    status st = OK;
    char full[2 * PICTURE_NAME], file[PICTURE_NAME], *path = NULL, *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    snprintf(full, sizeof full, "%s-%s", what, name);
    picture_file_name(full, ".csv", file);
    path = path_join(p->pictures, file);
    if (!path || !to) TRY(FAIL(ERR_MEMORY, "no memory for the results of %s", name));
    write(to, m);
    int failed = fclose(to);
    to = NULL;
    if (failed) TRY(FAIL(ERR_MEMORY, "no memory for the results of %s", name));
    TRY(file_write(path, text, length));
done:
    if (to) fclose(to);
    free(text);
    free(path);
    return st;
}

status report_classes(const report *p, const char *name, const confusion_matrix *m)
{
    status st = OK;
    ranked_class *list = NULL;
    size_t count = 0;
    if (!m->n) goto done;
    TRY(write_csv(p, "confusion", name, m, write_cells));
    TRY(write_csv(p, "classes", name, m, write_results));
    TRY(show_matrix(p, m));
    TRY(rank_classes(m, &list, &count));
    write_table(p, name, m, list, count);
done:
    free(list);
    return st;
}
