/* Each student by itself: by which protocol it is scored, how it does class by class, and what it looks at. */
#include "launcher/report_students.h"

#include "conf/run.h"
#include "data/instances.h"
#include "launcher/curve_file.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STUDENTS_MOST = 8, REASONS_MOST = 4 };

void report_percent(FILE *to, double x)
{
    if (isfinite(x)) fprintf(to, "%.1f", x);
    else fputs("&ndash;", to);
}

/* ---- scores ------------------------------------------------------------------------------------------------------ */

/* Means over the seeds whose curves say it. */
typedef struct {
    double top1, top5, n;
} part_scores;

static double mean(double sum, size_t count)
{
    return count ? sum / (double)count : NAN;
}

/* Of the development part, by the evaluations whose weights were kept; `first` and the `count` - 1 steps behind it are
 * the seeds of one set. */
static status development_scores(const report *p, const plan_step *first, size_t count, part_scores *out)
{
    status st = OK;
    double top1 = 0, top5 = 0;
    size_t kept = 0, with_top5 = 0;
    curve_file curve = {0};
    out->n = NAN;
    for (size_t i = 0; i < count; i++) {
        curve_file_free(&curve);
        TRY(curve_file_read(p->run, first[i].name, &curve));
        const curve_score *best = curve_file_best(&curve);
        if (!best) continue;
        top1 += best->metric;
        kept++;
        if (isfinite(best->samples)) out->n = best->samples;
        if (!isfinite(best->top5)) continue;
        top5 += best->top5;
        with_top5++;
    }
    out->top1 = mean(top1, kept);
    out->top5 = mean(top5, with_top5);
done:
    curve_file_free(&curve);
    return st;
}

static void write_interval(const report *p, const char *name, const char *metric)
{
    const json_t *interval = report_interval(p, name, metric);
    double low = json_real_at(interval, "low"), high = json_real_at(interval, "high");
    if (isfinite(low) && isfinite(high)) fprintf(p->to, "<div class=sub>%.1f to %.1f</div>", low, high);
}

static void write_count(FILE *to, double n)
{
    if (isfinite(n)) fprintf(to, "%.0f", n);
    else fputs("&ndash;", to);
}

static status write_scores(const report *p, const char *name, const plan_step *first, size_t count)
{
    status st = OK;
    part_scores development;
    const json_t *set = json_object_get(p->metrics, name), *action = json_object_get(set, "action");
    TRY(development_scores(p, first, count, &development));
    fputs("<table><thead><tr><th class=text>part</th><th>n</th><th>top-1</th><th>top-5</th></tr></thead><tbody>\n"
          "<tr><td class=text>development<div class=sub>the weights were chosen by it</div></td><td>",
          p->to);
    write_count(p->to, development.n);
    fputs("</td><td>", p->to);
    report_percent(p->to, development.top1);
    fputs("</td><td>", p->to);
    report_percent(p->to, development.top5);
    fputs("</td></tr>\n<tr><td class=text>eval</td><td>", p->to);
    write_count(p->to, json_real_at(set, "n"));
    fputs("</td><td>", p->to);
    report_percent(p->to, json_real_at(action, "top1"));
    write_interval(p, name, "top1");
    fputs("</td><td>", p->to);
    report_percent(p->to, json_real_at(action, "top5"));
    write_interval(p, name, "top5");
    fputs("</td></tr></tbody></table>\n", p->to);
done:
    return st;
}

/* ---- protocol ---------------------------------------------------------------------------------------------------- */

static void write_reasons(const report *p, json_t *missing)
{
    const char *reason;
    json_t *each;
    size_t written = 0;
    json_object_foreach(json_object_get(missing, "reasons"), reason, each)
    {
        char n[24];
        if (written == REASONS_MOST) break;
        report_count(json_object_get(missing, "reasons"), reason, n);
        fprintf(p->to, "%s%s: ", written ? "; " : " (", n);
        html_text(p->to, reason);
        written++;
    }
    if (written) fputc(')', p->to);
}

static status write_missing(const report *p, const char *step)
{
    status st = OK;
    json_t *missing = NULL;
    char count[24], wanted[24];
    TRY(report_step_json(p, step, "missing.json", &missing));
    if (!missing) goto done;
    report_count(missing, "missing", count);
    report_count(missing, "wanted", wanted);
    if (json_real_at(missing, "missing") < 0.5) fprintf(p->to, " All %s clips were at hand.", wanted);
    else {
        fprintf(p->to, " <b>%s of %s clips are missing</b>", count, wanted);
        write_reasons(p, missing);
        fputs(": scores are of those at hand.", p->to);
    }
done:
    json_decref(missing);
    return st;
}

static void write_splits(const report *p)
{
    static const char *const USES[] = {" to learn from", " to choose on", " to score on"};
    size_t count = recipe_list_count(p->recipe, "data.splits");
    fputs(" Splits: ", p->to);
    for (size_t i = 0; i < count && i < sizeof USES / sizeof USES[0]; i++) {
        fputs(i ? ", " : "", p->to);
        html_text(p->to, recipe_list_text(p->recipe, "data.splits", i));
        fputs(USES[i], p->to);
    }
    fprintf(p->to, "; %s%s.", recipe_bool(p->recipe, "data.use_range") ? "clips are ranges of frames" : "whole videos",
            recipe_bool(p->recipe, "data.use_box") ? ", cut to the signer's box" : "");
}

static status write_protocol(const report *p, const plan_step *step, const confusion_matrix *m)
{
    status st = OK;
    int64_t learned = 0, chosen = 0, scored = 0;
    size_t classes = m->classes.action_count;
    TRY(store_count_segments(p->store, "train", NULL, &learned));
    TRY(store_count_segments(p->store, "development", NULL, &chosen));
    TRY(store_count_segments(p->store, "eval", NULL, &scored));
    fprintf(p->to, "<p class=note>Protocol: %zu class%s", classes, classes == 1 ? "" : "es");
    if (classes) fprintf(p->to, ", of which one by chance is right in %.1f&nbsp;%%", 100 / (double)classes);
    fprintf(p->to, "; %" PRId64 " segments to learn from, %" PRId64 " to choose on, %" PRId64 " to score on.", learned,
            chosen, scored);
    if (instances_are_meant(p->recipe)) {
        write_splits(p);
        TRY(write_missing(p, step->name));
    }
    if (classes && classes <= 5) fputs(" With so few classes top-5 is always right.", p->to);
    fputs("</p>\n", p->to);
done:
    return st;
}

/* ---- students ---------------------------------------------------------------------------------------------------- */

/* How many steps from `i` on are the seeds of one student; 0 where there is none. */
static size_t seeds_from(const plan *steps, size_t i)
{
    const char *name = run_set_name(&steps->at[i].step);
    size_t count = 0;
    while (i + count < steps->count && !strcmp(steps->at[i + count].step.section, "student") &&
           !strcmp(run_set_name(&steps->at[i + count].step), name))
        count++;
    return count;
}

static void write_task(const report *p, const plan_step *step)
{
    recipe *view = report_student_recipe(p, step->step.variant);
    if (view) {
        bool recognises = !strcmp(recipe_text(view, "student.task"), "recognise");
        fprintf(p->to, " <span class=faint>%s %s</span>", recipe_text(view, "student.model"),
                recognises ? "recognises" : "anticipates");
    }
    recipe_free(&view);
}

static status write_student(const report *p, const char *name, const plan_step *first, size_t seeds, bool open)
{
    status st = OK;
    confusion_matrix m = {0};
    TRY(confusion_matrix_read(p->store, name, &m));
    fprintf(p->to, "<details class=student%s><summary>", open ? " open" : "");
    html_text(p->to, name);
    write_task(p, first);
    fputs("</summary>\n", p->to);
    TRY(write_protocol(p, first, &m));
    TRY(write_scores(p, name, first, seeds));
    TRY(report_classes(p, name, &m));
    TRY(report_attention(p, first->name));
    fputs("</details>\n", p->to);
done:
    confusion_matrix_free(&m);
    return st;
}

static void write_title(const report *p)
{
    fputs(
        "<h2>Each student</h2>\n<p class=note>Top-1 and top-5 in percent, means over seeds; on the development part of "
        "the evaluation whose weights were kept. Pictures and clips missing are those of the first seed.</p>\n",
        p->to);
}

status report_students(const report *p)
{
    status st = OK;
    size_t written = 0, left = 0;
    for (size_t i = 0, seeds; i < p->plan->count; i += seeds ? seeds : 1) {
        const plan_step *first = &p->plan->at[i];
        const char *name = run_set_name(&first->step);
        seeds = seeds_from(p->plan, i);
        if (!seeds || !json_text_at(json_object_get(p->metrics, name), "role")[0]) continue;
        left += written == STUDENTS_MOST;
        if (written == STUDENTS_MOST) continue;
        if (!written) write_title(p);
        TRY(write_student(p, name, first, seeds, !written || (p->student && !strcmp(name, p->student))));
        written++;
    }
    if (left) fprintf(p->to, "<p class=note>%zu more students are in the store.</p>\n", left);
done:
    return st;
}
