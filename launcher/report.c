#include "launcher/report.h"

#include "base/file.h"
#include "conf/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char STYLE[] =
    "body{font:15px/1.5 system-ui,'DejaVu Sans',sans-serif;color:#1c2733;background:#fff;max-width:78rem;"
    "margin:2.5rem auto;padding:0 1.5rem}\n"
    "h1{font-size:1.7rem;margin:0 0 .3rem}h2{font-size:1.2rem;margin:2.6rem 0 .6rem;padding-bottom:.2rem;"
    "border-bottom:1px solid #d8dee5}h3{font-size:1rem;margin:1.2rem 0 .3rem}\n"
    "p{margin:.5rem 0;max-width:60rem}.verdict{font-size:1.2rem;line-height:1.45;margin:.8rem 0 1rem}"
    ".lead{color:#3c4a58}.note{color:#66727f;font-size:.88rem}.faint{color:#7b8794;font-weight:400}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}\n"
    "th,td{padding:.28rem .7rem;text-align:right;border-bottom:1px solid #e8ecf0;white-space:nowrap}\n"
    "th{color:#66727f;font-weight:600;vertical-align:bottom}td.text,th.text{text-align:left}td{vertical-align:top}"
    "\n"
    "tbody tr:hover{background:#f5f8fb}.sub{color:#7b8794;font-size:.85em}"
    "td.text .sub{white-space:normal;max-width:26rem}\n"
    ".scroll{overflow-x:auto}.wrap{white-space:normal;max-width:22rem;overflow-wrap:anywhere}.group "
    "td{color:#66727f;border-bottom:0;padding-top:.8rem;font-size:.85rem}\n"
    "img{max-width:100%;height:auto}figure{margin:0}figcaption{font-weight:600;font-size:.92rem;margin:0 0 .3rem}\n"
    ".charts{display:flex;flex-wrap:wrap;gap:1.2rem 2rem;align-items:flex-start;margin:.6rem 0}"
    ".charts>*{max-width:100%}.panel{overflow-x:auto}.panel h3{margin-top:0}\n"
    ".card{border:1px solid #e1e6eb;border-radius:8px;padding:.8rem 1.1rem;margin:.9rem 0}.card h3{margin:0}"
    ".tag{font-size:.78rem;font-weight:500;background:#eaf1f7;color:#23597f;border-radius:9px;padding:.12rem .55rem;"
    "margin-left:.4rem;vertical-align:middle}\n"
    ".strip{display:flex;flex-wrap:wrap;gap:.4rem;margin:.4rem 0}.strip figcaption{font-weight:400;font-size:.78rem;"
    "color:#7b8794}.history{max-width:none}.step{white-space:nowrap}\n"
    ".tops{display:flex;flex-wrap:wrap;gap:.6rem 2.2rem}.top td{padding:.1rem .4rem;border:0}.top td:first-child{"
    "padding-left:0;max-width:11rem;overflow:hidden;text-overflow:ellipsis}"
    ".bar{width:5.5rem}.bar i{display:block;height:.6rem;margin-top:.4rem;background:#b9c6d2}"
    ".right td{font-weight:600;color:#00704f}.right .bar i{background:#009e73}\n"
    "code,pre{font:12.5px/1.45 ui-monospace,'DejaVu Sans Mono',monospace;background:#f5f7f9;border-radius:4px}"
    "code{padding:.1rem .3rem}pre{padding:.9rem 1.1rem;overflow-x:auto}"
    "details{margin:.6rem 0}details summary{cursor:pointer;color:#3c4a58}\n";

double json_real_at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *json_text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

json_t *report_interval(const report *p, const char *set, const char *metric)
{
    return json_object_get(json_object_get(json_object_get(p->analysis, "sets"), set), metric);
}

chart_ink report_ink(const report *p, const char *set, const char *role)
{
    if (p->student && !strcmp(set, p->student)) return INK_BLUE;
    if (p->plain && !strcmp(set, p->plain)) return INK_ORANGE;
    if (!strcmp(role, "teacher")) return INK_GREEN;
    return !strcmp(role, "student") ? INK_SKY : !strcmp(role, "control") ? INK_PURPLE : INK_GREY;
}

void report_p_value(double p, char out[24])
{
    if (!isfinite(p)) snprintf(out, 24, "p = ?");
    else if (p < 0.001) snprintf(out, 24, "p < 0.001");
    else snprintf(out, 24, "p = %.*f", p < 0.1 ? 3 : 2, p);
}

static void write_model(const report *p)
{
    const recipe *r = p->recipe;
    const char *model = recipe_text(r, "teacher.model");
    fputs("A teacher", p->to);
    if (!strcmp(model, "encoder"))
        fprintf(p->to, " (an encoder of %lld layers and width %lld that reads %s)",
                (long long)recipe_int(r, "teacher.layers"), (long long)recipe_int(r, "teacher.width"),
                !strcmp(recipe_text(r, "teacher.input"), "text") ? "text" : "action tokens");
    else fprintf(p->to, " (%s counts)", model);
    fprintf(p->to, " reads up to %lld earlier actions and predicts the next",
            (long long)recipe_int(r, "teacher.hist_len"));
}

static bool has_section(const report *p, const char *section)
{
    for (size_t i = 0; i < p->plan->count; i++)
        if (!strcmp(p->plan->at[i].step.section, section)) return true;
    return false;
}

static void write_student(const report *p)
{
    const recipe *r = p->recipe;
    fprintf(p->to, "; a student (%s, %lld layers, width %lld) watches %lld frames to ", recipe_text(r, "student.model"),
            (long long)recipe_int(r, "student.layers"), (long long)recipe_int(r, "student.width"),
            (long long)recipe_int(r, "student.frames"));
    if (strcmp(recipe_text(r, "student.task"), "anticipate")) fputs("recognise the action it sees", p->to);
    else fprintf(p->to, "anticipate the action that begins %g s later", recipe_real(r, "data.tau_a"));
    fputs(", from labels and from the teacher&#39;s stored predictions", p->to);
}

static void write_lead(const report *p)
{
    char stamp[32], hash[33];
    struct tm day;
    time_t now = time(NULL);
    const char *data = recipe_text(p->recipe, "data.train");
    strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M UTC", gmtime_r(&now, &day));
    recipe_hash(p->recipe, hash);
    fputs("<p class=lead>", p->to);
    write_model(p);
    if (has_section(p, "student")) write_student(p);
    fputs(".</p>\n<p class=note>", p->to);
    if (data) {
        fputs("Data: ", p->to);
        html_text(p->to, data);
        fputs(has_section(p, "generate") ? " (the generated kitchen world). " : ". ", p->to);
    }
    long long ranks = (long long)recipe_int(p->recipe, "launch.ranks"),
              threads = (long long)recipe_int(p->recipe, "launch.threads");
    fprintf(p->to, "%lld rank%s of %lld thread%s. Recipe %s. Report made %s.</p>\n", ranks, ranks == 1 ? "" : "s",
            threads, threads == 1 ? "" : "s", hash, stamp);
}

static status write_recipe(const report *p)
{
    char *text = NULL;
    size_t length;
    FILE *memory = open_memstream(&text, &length);
    if (!memory) return FAIL(ERR_MEMORY, "no memory for the recipe in the report");
    status st = recipe_write(p->recipe, memory);
    fclose(memory);
    fputs("<h2>Recipe</h2>\n<details><summary>Every key as it was resolved</summary><pre>", p->to);
    if (st == OK && text) html_text(p->to, text);
    fputs("</pre></details>\n", p->to);
    free(text);
    return st;
}

void report_page_begin(FILE *to, const char *title)
{
    fputs("<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
          "<meta name=viewport content=\"width=device-width,initial-scale=1\"><title>",
          to);
    html_text(to, title);
    fprintf(to, " &middot; Magister</title><style>\n%s</style></head><body>\n<h1>", STYLE);
    html_text(to, title);
    fputs("</h1>\n", to);
}

void report_page_end(FILE *to)
{
    fputs("</body></html>\n", to);
}

static status write_document(const report *p)
{
    status st = OK;
    report_page_begin(p->to, recipe_text(p->recipe, "name"));
    report_verdict(p);
    write_lead(p);
    TRY(report_scores(p));
    report_results(p);
    TRY(report_changes(p));
    TRY(report_calibration(p));
    report_confusions(p);
    report_examples(p);
    TRY(report_curves(p));
    report_throughput(p);
    TRY(report_sources(p));
    TRY(write_recipe(p));
    report_page_end(p->to);
done:
    return st;
}

/* ---- the sets that distillation is judged by --------------------------------------------------------------------- */

static bool has_role(const report *p, const char *set, const char *role)
{
    return !strcmp(json_text_at(json_object_get(p->metrics, set), "role"), role);
}

static bool ends_in_plain(const char *name)
{
    size_t length = strlen(name), ending = strlen("_plain");
    return length > ending && !strcmp(name + length - ending, "_plain");
}

/* By the names that the analysis goes by (distill/analysis.h). */
static void find_sets(report *p)
{
    const char *name;
    json_t *set;
    p->teacher = has_role(p, "teacher", "teacher") ? "teacher" : NULL;
    p->student = has_role(p, "student", "student") ? "student" : NULL;
    p->plain = has_role(p, "student_plain", "student") ? "student_plain" : NULL;
    json_object_foreach(p->metrics, name, set)
    {
        if (!p->plain && has_role(p, name, "student") && ends_in_plain(name)) p->plain = name;
    }
}

status report_write(const report *what)
{
    status st = OK;
    char *text = NULL, *path = run_path(what->run, "report.html");
    size_t length = 0;
    report p = *what;
    p.to = open_memstream(&text, &length);
    p.pictures = run_path(what->run, "report");
    if (!path || !p.to || !p.pictures) TRY(FAIL(ERR_MEMORY, "no memory for the report of %s", what->run));
    find_sets(&p);
    TRY(directory_make(p.pictures));
    TRY(write_document(&p));
    int failed = fclose(p.to);
    p.to = NULL;
    if (failed) TRY(FAIL(ERR_MEMORY, "no memory for the report of %s", what->run));
    TRY(file_write(path, text, length));
done:
    if (p.to) fclose(p.to);
    free(text);
    free(p.pictures);
    free(path);
    return st;
}
