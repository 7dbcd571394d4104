/* What came of the run, in a sentence: whether learning from the teacher helped, or whatever of it can be said. */
#include "launcher/report.h"

#include <math.h>
#include <string.h>

static const double CONVINCING = 0.05;

typedef struct {
    double difference, low, high, p; /* the distilled student minus the plain one, points of top-1 */
} verdict;

static bool is(json_t *pair, const char *key, const char *text)
{
    return !strcmp(json_text_at(pair, key), text);
}

static verdict verdict_of(json_t *pair)
{
    return (verdict){json_real_at(pair, "difference"), json_real_at(pair, "low"), json_real_at(pair, "high"),
                     json_real_at(pair, "p")};
}

static bool find_verdict(const report *p, verdict *out)
{
    size_t i;
    json_t *pair, *pairs = json_object_get(p->analysis, "pairs");
    if (!p->student || !p->plain) return false;
    json_array_foreach(pairs, i, pair)
    {
        if (!is(pair, "metric", "top1")) continue;
        *out = verdict_of(pair);
        if (is(pair, "a", p->student) && is(pair, "b", p->plain)) return isfinite(out->difference);
        if (!is(pair, "a", p->plain) || !is(pair, "b", p->student)) continue;
        *out = (verdict){-out->difference, -out->high, -out->low, out->p};
        return isfinite(out->difference);
    }
    return false;
}

static double top1_of(const report *p, const char *set)
{
    return json_real_at(json_object_get(json_object_get(p->metrics, set), "action"), "top1");
}

/* "of the next actions", "of the signs" */
static const char *what_is_named(const report *p, const char *set)
{
    json_t *verb = json_object_get(json_object_get(p->metrics, set), "verb");
    if (!json_is_number(json_object_get(verb, "top1"))) return "of the glosses";
    bool watches = p->student && !strcmp(set, p->student);
    bool recognises = watches && !strcmp(recipe_text(p->recipe, "student.task"), "recognise");
    return recognises ? "of the actions" : "of the next actions";
}

static void write_interval(const report *p, double low, double high)
{
    double level = json_real_at(p->analysis, "level");
    fprintf(p->to, "%.0f&nbsp;%% interval %s%.1f to %s%.1f", 100 * level, low < 0 ? "&minus;" : "", fabs(low),
            high < 0 ? "&minus;" : "", fabs(high));
}

static void write_share(const report *p, const char *set)
{
    fprintf(p->to, "names <b>%.1f&nbsp;%%</b> %s right", top1_of(p, set), what_is_named(p, set));
}

static void write_own_interval(const report *p, const char *set)
{
    json_t *interval = report_interval(p, set, "top1");
    double low = json_real_at(interval, "low"), high = json_real_at(interval, "high");
    if (!isfinite(low) || !isfinite(high)) return;
    fputs(" (", p->to);
    write_interval(p, low, high);
    fputs(")", p->to);
}

static void write_comparison(const report *p, const verdict *v)
{
    char chance[24];
    bool convincing = v->p < CONVINCING && (v->low > 0 || v->high < 0);
    report_p_value(v->p, chance);
    fputs("The student that learned from the teacher ", p->to);
    write_share(p, p->student);
    fprintf(p->to, ", <b>%.1f&nbsp;points %s</b> than the one that learned from labels alone (", fabs(v->difference),
            v->difference < 0 ? "fewer" : "more");
    write_interval(p, v->low, v->high);
    fputs(", ", p->to);
    html_text(p->to, chance);
    fputs("). ", p->to);
    if (!convincing) fputs("That may be chance: this run does not show a gain from distillation.", p->to);
    else if (v->difference < 0) fputs("Here distillation has hurt.", p->to);
}

static void write_student(const report *p)
{
    verdict v;
    if (find_verdict(p, &v)) {
        write_comparison(p, &v);
        return;
    }
    fputs("The student ", p->to);
    write_share(p, p->student);
    write_own_interval(p, p->student);
    if (!p->plain)
        fputs(". No student of this run learned from labels alone, so that what the teacher gave cannot be told",
              p->to);
    else if (isfinite(top1_of(p, p->plain)))
        fprintf(p->to,
                "; the one that learned from labels alone %.1f&nbsp;%%. How much of that is chance was not tested",
                top1_of(p, p->plain));
    fputs(".", p->to);
}

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

static void write_teacher(const report *p)
{
    const char *baseline = best_baseline(p);
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

void report_verdict(const report *p)
{
    bool student = p->student && isfinite(top1_of(p, p->student));
    bool teacher = p->teacher && isfinite(top1_of(p, p->teacher));
    if (!student && !teacher) return;
    fputs("<p class=verdict>", p->to);
    if (student) write_student(p);
    if (teacher) write_teacher(p);
    fputs("</p>\n", p->to);
}
