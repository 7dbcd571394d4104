/* What came of the run, in a sentence: whether learning from the teacher helped, or whatever of it can be said. */
#include "launcher/report.h"

#include <math.h>
#include <string.h>

static double top1_of(const report *p, const char *set)
{
    return json_real_at(json_object_get(json_object_get(p->metrics, set), "action"), "top1");
}

static json_t *pairs_of(const report *p)
{
    return json_object_get(p->analysis, "pairs");
}

/* "of the next actions", "of the glosses": glosses have no verb. */
static const char *what_is_named(const report *p, const char *set)
{
    json_t *verb = json_object_get(json_object_get(p->metrics, set), "verb");
    bool actions = isfinite(json_real_at(verb, "top1"));
    bool watches = p->student && !strcmp(set, p->student);
    if (watches && !strcmp(recipe_text(p->recipe, "student.task"), "recognise"))
        return actions ? "of the actions" : "of the glosses";
    return actions ? "of the next actions" : "of the next glosses";
}

static void write_share(const report *p, const char *set)
{
    fprintf(p->to, "names <b>%.1f&nbsp;%%</b> %s right", top1_of(p, set), what_is_named(p, set));
}

static void write_own_interval(const report *p, const char *set)
{
    char name[32];
    json_t *interval = report_interval(p, set, "top1");
    double low = json_real_at(interval, "low"), high = json_real_at(interval, "high");
    report_interval_name(p, name);
    if (isfinite(low) && isfinite(high)) fprintf(p->to, " (%s %.1f to %.1f)", name, low, high);
}

/* ---- the student --------------------------------------------------------------------------------------------------
 */

/* "(95 % interval +0.4 to +2.1, p = 0.01)"; nothing where a single video leaves no interval. */
static void write_test(const report *p, const report_difference *d)
{
    char name[32], low[24], high[24], chance[24];
    if (!isfinite(d->low) || !isfinite(d->high)) return;
    report_signed(d->low, low);
    report_signed(d->high, high);
    report_p_value(d->p, chance);
    report_interval_name(p, name);
    fprintf(p->to, " (%s %s to %s, ", name, low, high);
    html_text(p->to, chance);
    fputc(')', p->to);
}

static bool has_one_seed(const report *p)
{
    return report_seeds(p, p->student) == 1 || report_seeds(p, p->plain) == 1;
}

static void write_conclusion(const report *p, const report_difference *d)
{
    if (!isfinite(d->low) || !isfinite(d->high)) {
        fputs("One video alone cannot tell whether that is chance.", p->to);
    } else if (!report_is_apart(d, report_level(p))) {
        fputs("That may be chance: this does not show that distillation helps or hurts.", p->to);
    } else {
        fprintf(p->to, "Distillation has %s here%s.", d->value > 0 ? "helped" : "hurt",
                has_one_seed(p) ? ", as far as one seed can tell" : "");
    }
}

/* Predictions dealt out to other segments say nothing of a segment; what a student gains by them is no knowledge of the
 * teacher's. */
static void write_control(const report *p)
{
    const char *name;
    json_t *set;
    char text[24];
    json_object_foreach(p->metrics, name, set)
    {
        report_difference d = report_difference_find(pairs_of(p), p->student, name, "top1");
        if (!isfinite(d.value) || !report_student_has(p, name, "student.distill.shuffle")) continue;
        report_signed(d.value, text);
        fprintf(p->to, " Against a student that got the same predictions for the wrong segments (");
        html_text(p->to, name);
        fprintf(p->to, ") it is %s points", text);
        write_test(p, &d);
        fputs(report_is_apart(&d, report_level(p))
                  ? "."
                  : ", which may be chance: the gain need not come from what the teacher knew of a segment.",
              p->to);
        return;
    }
}

/* Where the first guesses leave it open, the first five may tell: more of what the teacher says is in them. */
static void write_top5(const report *p)
{
    report_difference d = report_difference_find(pairs_of(p), p->student, p->plain, "top5");
    if (!isfinite(d.value) || !report_is_apart(&d, report_level(p))) return;
    fprintf(p->to, " Among its first five guesses the right one is <b>%.1f&nbsp;points %s often</b>", fabs(d.value),
            d.value < 0 ? "less" : "more");
    write_test(p, &d);
    fprintf(p->to, ": there distillation has %s%s.", d.value > 0 ? "helped" : "hurt",
            has_one_seed(p) ? ", as far as one seed can tell" : "");
}

static void write_comparison(const report *p, const report_difference *d)
{
    fputs("The student that learned from the teacher ", p->to);
    write_share(p, p->student);
    if (fabs(d->value) < 0.05) fputs(", <b>as many</b> as", p->to);
    else fprintf(p->to, ", <b>%.1f&nbsp;points %s</b> than", fabs(d->value), d->value < 0 ? "fewer" : "more");
    fputs(" the one that learned from labels alone", p->to);
    write_test(p, d);
    fputs(". ", p->to);
    write_conclusion(p, d);
    if (!report_is_apart(d, report_level(p))) write_top5(p);
    else if (d->value > 0) write_control(p);
}

static void write_alone(const report *p)
{
    fputs(p->distilled ? "The student " : "The student, which learned from labels alone, ", p->to);
    write_share(p, p->student);
    write_own_interval(p, p->student);
    if (p->distilled && !p->plain)
        fputs(". No student of this run learned from labels alone, so that what the teacher gave cannot be told",
              p->to);
    else if (p->distilled && isfinite(top1_of(p, p->plain)))
        fprintf(p->to,
                "; the one that learned from labels alone %.1f&nbsp;%%. How much of that is chance was not tested",
                top1_of(p, p->plain));
    fputs(".", p->to);
}

static void write_student(const report *p)
{
    report_difference d = report_difference_of(NULL);
    if (p->distilled && p->plain) d = report_difference_find(pairs_of(p), p->student, p->plain, "top1");
    if (isfinite(d.value)) write_comparison(p, &d);
    else write_alone(p);
}

/* ---- the teacher --------------------------------------------------------------------------------------------------
 */

static const char *best_baseline(const report *p)
{
    const char *name, *best = NULL;
    json_t *set;
    json_object_foreach(p->metrics, name, set)
    {
        if (strcmp(json_text_at(set, "role"), "baseline") || !isfinite(top1_of(p, name))) continue;
        if (!best || top1_of(p, name) > top1_of(p, best)) best = name;
    }
    return best;
}

static void write_teacher(const report *p, const char *baseline)
{
    fputs(" The teacher, which sees earlier actions and no video, ", p->to);
    write_share(p, p->teacher);
    write_own_interval(p, p->teacher);
    if (baseline) {
        fputs("; the best baseline, ", p->to);
        html_text(p->to, baseline);
        fprintf(p->to, ", %.1f&nbsp;%%", top1_of(p, baseline));
    }
    fputs(".", p->to);
}

static void write_baseline(const report *p, const char *baseline)
{
    fputs(" The best baseline, ", p->to);
    html_text(p->to, baseline);
    fputs(", ", p->to);
    write_share(p, baseline);
    write_own_interval(p, baseline);
    fputs(".", p->to);
}

void report_verdict(const report *p)
{
    const char *baseline = best_baseline(p);
    bool student = p->student && isfinite(top1_of(p, p->student));
    bool teacher = p->teacher && isfinite(top1_of(p, p->teacher));
    fputs("<p class=verdict>", p->to);
    if (student) write_student(p);
    if (teacher) write_teacher(p, baseline);
    else if (baseline) write_baseline(p, baseline);
    if (!student && !teacher && !baseline)
        fputs("There is no scored prediction of a teacher or student called so, nor of a baseline.", p->to);
    fputs("</p>\n", p->to);
}
