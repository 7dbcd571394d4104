#include "launcher/report.h"

#include "base/file.h"
#include "conf/run.h"
#include "data/signs.h"

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
    ".wide{white-space:normal;max-width:30rem}.scroll{overflow-x:auto}.wrap{white-space:normal;max-width:22rem;"
    "overflow-wrap:anywhere}.group "
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
    "table.matrix{font-size:.74rem;border-collapse:separate;border-spacing:1px}.matrix th,.matrix "
    "td{padding:0;border:0}"
    ".matrix td{min-width:1.7rem;height:1.55rem;text-align:center;vertical-align:middle}.matrix "
    "td.n{padding-left:.6rem;"
    "text-align:right;color:#66727f}.matrix thead th{writing-mode:vertical-rl;transform:rotate(180deg);text-align:left;"
    "max-height:9rem;overflow:hidden;text-overflow:ellipsis;padding-top:.3rem}.matrix tbody th{text-align:right;"
    "padding-right:.5rem;max-width:11rem;overflow:hidden;text-overflow:ellipsis;vertical-align:middle}"
    ".matrix .dark{color:#fff}.matrix tbody tr:hover{background:none}\n"
    "a{color:#0072b2}details.student>summary{font-weight:600;font-size:1rem;margin:.8rem "
    "0}.looks{min-width:min(38rem,100%);max-width:100%}\n"
    "code,pre{font:12.5px/1.45 ui-monospace,'DejaVu Sans Mono',monospace;background:#f5f7f9;border-radius:4px}"
    "code{padding:.1rem .3rem}pre{padding:.9rem 1.1rem;overflow-x:auto}"
    "details{margin:.6rem 0}details summary{cursor:pointer;color:#3c4a58}\n";

json_t *report_interval(const report *p, const char *set, const char *metric)
{
    return json_object_get(json_object_get(json_object_get(p->analysis, "sets"), set), metric);
}

size_t report_seeds(const report *p, const char *set)
{
    return json_array_size(json_object_get(json_object_get(p->metrics, set), "seeds"));
}

double report_level(const report *p)
{
    return json_real_at(p->analysis, "level");
}

void report_interval_name(const report *p, char out[32])
{
    double level = report_level(p);
    if (isfinite(level)) snprintf(out, 32, "%.0f&nbsp;%% interval", 100 * level);
    else snprintf(out, 32, "interval");
}

chart_ink report_ink(const report *p, const char *set, const char *role)
{
    if (p->student && !strcmp(set, p->student)) return INK_BLUE;
    if (p->plain && !strcmp(set, p->plain)) return INK_ORANGE;
    if (!strcmp(role, "teacher")) return INK_GREEN;
    return !strcmp(role, "student") ? INK_SKY : !strcmp(role, "control") ? INK_PURPLE : INK_GREY;
}

/* ---- what the run is ----------------------------------------------------------------------------------------------
 */

static bool has_section(const report *p, const char *section)
{
    for (size_t i = 0; i < p->plan->count; i++)
        if (!strcmp(p->plan->at[i].step.section, section)) return true;
    return false;
}

static void write_number_of(FILE *to, int64_t count, const char *what)
{
    fprintf(to, "%lld %s%s", (long long)count, what, count == 1 ? "" : "s");
}

static void write_teacher(const report *p)
{
    const recipe *r = p->recipe;
    const char *model = recipe_text(r, "teacher.model");
    fputs("The teacher", p->to);
    if (!strcmp(model, "encoder")) {
        fputs(" (an encoder of ", p->to);
        write_number_of(p->to, recipe_int(r, "teacher.layers"), "layer");
        fprintf(p->to, " and width %lld that reads %s)", (long long)recipe_int(r, "teacher.width"),
                !strcmp(recipe_text(r, "teacher.input"), "text") ? "text" : "action tokens");
    } else fprintf(p->to, " (%s counts)", model);
    fputs(" reads up to ", p->to);
    write_number_of(p->to, recipe_int(r, "teacher.hist_len"), "earlier action");
    fputs(" and predicts the next. ", p->to);
}

static void write_lessons(const report *p)
{
    const char *from = recipe_text(p->recipe, "student.distill.from");
    fputs(", and learns from labels", p->to);
    if (!p->distilled) fputs(" alone. ", p->to);
    else if (!from || !strcmp(from, "teacher")) fputs(" and from the teacher&#39;s stored predictions. ", p->to);
    else {
        fputs(" and from the stored predictions of ", p->to);
        html_text(p->to, from);
        fputs(". ", p->to);
    }
}

static void write_student(const report *p)
{
    const recipe *r = p->recipe;
    int64_t frames = recipe_int(r, "student.subclip");
    fprintf(p->to, "The student (%s", recipe_text(r, "student.model"));
    if (strcmp(recipe_text(r, "student.input"), "clips")) { /* models of clips have sizes of their own */
        fputs(", ", p->to);
        write_number_of(p->to, recipe_int(r, "student.layers"), "layer");
        fprintf(p->to, ", width %lld", (long long)recipe_int(r, "student.width"));
    }
    fputs(") watches ", p->to);
    write_number_of(p->to, recipe_int(r, "student.frames"), frames > 1 ? "sub-clip" : "frame");
    if (frames > 1) fprintf(p->to, " of %lld frames", (long long)frames);
    if (strcmp(recipe_text(r, "student.task"), "anticipate")) fputs(" to recognise the action it sees", p->to);
    else fprintf(p->to, " to anticipate the action that begins %g s later", recipe_real(r, "data.tau_a"));
    write_lessons(p);
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
    if (has_section(p, "teacher") || has_section(p, "predict")) write_teacher(p);
    if (has_section(p, "student")) write_student(p);
    fputs("</p>\n<p class=note>", p->to);
    if (data) {
        fputs("Data: ", p->to);
        html_text(p->to, data);
        fputs(!has_section(p, "generate")  ? ". "
              : signs_are_meant(p->recipe) ? " (generated signs). "
                                           : " (the generated kitchen world). ",
              p->to);
    }
    write_number_of(p->to, recipe_int(p->recipe, "launch.ranks"), "rank");
    fputs(" of ", p->to);
    write_number_of(p->to, recipe_int(p->recipe, "launch.threads"), "thread");
    fprintf(p->to, ". Recipe %s. Report made %s.</p>\n", hash, stamp);
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

/* What is made from the store. */
static status write_scored(const report *p)
{
    status st = OK;
    TRY(report_scores(p));
    report_results(p);
    TRY(report_changes(p));
    TRY(report_calibration(p));
    report_confusions(p);
    TRY(report_students(p));
    report_examples(p);
done:
    return st;
}

static status write_document(const report *p)
{
    status st = OK;
    report_page_begin(p->to, recipe_text(p->recipe, "name"));
    if (p->store) report_verdict(p);
    else if (p->stream) report_stream_verdict(p);
    write_lead(p);
    if (p->store) TRY(write_scored(p));
    TRY(report_stream(p));
    TRY(report_curves(p));
    report_throughput(p);
    if (p->store) TRY(report_sources(p));
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

static bool is_student_variant(const report *p, const char *name)
{
    for (size_t i = 0; i < recipe_variant_count(p->recipe, "student"); i++)
        if (!strcmp(recipe_variant_name(p->recipe, "student", i), name)) return true;
    return false;
}

recipe *report_student_recipe(const report *p, const char *variant)
{
    recipe *view = NULL;
    if (variant && !is_student_variant(p, variant)) return NULL;
    if (recipe_for_step(p->recipe, "student", variant, recipe_int(p->recipe, "seed"), &view) != OK) fail_clear();
    return view;
}

bool report_student_has(const report *p, const char *variant, const char *key)
{
    recipe *view = report_student_recipe(p, variant);
    bool has = view && recipe_bool(view, key);
    recipe_free(&view);
    return has;
}

static bool learns_from_predictions(const report *p, const char *variant)
{
    recipe *view = report_student_recipe(p, variant);
    bool learns = view && (strcmp(recipe_text(view, "student.distill.loss"), "none") ||
                           strcmp(recipe_text(view, "student.distill.features"), "none"));
    recipe_free(&view);
    return learns;
}

/* A student that learned from labels alone: as the recipe has it, or, of one it does not know, by its name. */
static bool is_plain(const report *p, const char *name)
{
    if (!has_role(p, name, "student")) return false;
    return is_student_variant(p, name) ? !learns_from_predictions(p, name) : ends_in_plain(name);
}

/* By the names that the analysis goes by (distill/analysis.h), then whatever they are called. */
static const char *find_plain(const report *p)
{
    const char *name, *other = NULL;
    json_t *set;
    if (is_plain(p, "student_plain")) return "student_plain";
    json_object_foreach(p->metrics, name, set)
    {
        if (!is_plain(p, name)) continue;
        if (ends_in_plain(name)) return name;
        if (!other) other = name;
    }
    return other;
}

static void find_sets(report *p)
{
    p->teacher = has_role(p, "teacher", "teacher") ? "teacher" : NULL;
    p->student = has_role(p, "student", "student") ? "student" : NULL;
    p->plain = find_plain(p);
    p->distilled = learns_from_predictions(p, NULL);
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
