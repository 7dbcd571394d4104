#include "launcher/report_compare.h"

#include "base/file.h"
#include "conf/options.h"
#include "conf/run.h"
#include "distill/analysis.h"
#include "distill/metrics.h"
#include "launcher/report.h"
#include "launcher/rundir.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 96, TEXT_BYTES = 160, WIDTH = 580 };

typedef struct {
    const char *path;
    char letter[2]; /* what the page calls it: "A" */
    recipe *recipe;
    store *store;
    json_t *metrics, *analysis;
} compared_run;

typedef struct {
    compared_run at[COMPARED_RUNS_MAX]; /* (count) */
    size_t count;
    json_t *names;       /* of sets, in the order of the first run that has them: {NAME: role} */
    json_t *comparisons; /* {NAME: [of run 1, of run 2 ...]}: analysis_compare's, or a text that says why not */
    FILE *to;
} comparison;

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static status run_open(const char *path, size_t number, compared_run *out)
{
    status st = OK;
    char *recipe_path = run_path(path, "recipe.yaml"), *store_path = run_path(path, "store.sqlite");
    *out = (compared_run){.path = path, .letter = {(char)('A' + (int)number), '\0'}};
    if (!recipe_path || !store_path) TRY(FAIL(ERR_MEMORY, "no memory to read %s", path));
    TRY(rundir_require(path));
    TRY(recipe_read(recipe_path, NULL, 0, &out->recipe));
    TRY(store_open(store_path, STORE_READ, &out->store));
    TRY(metrics_json(out->store, &out->metrics));
    TRY(analysis_json(out->store, &ANALYSIS_DEFAULTS, &out->analysis));
done:
    free(store_path);
    free(recipe_path);
    return st;
}

static void comparison_free(comparison *c)
{
    for (size_t i = 0; i < c->count; i++) {
        recipe_free(&c->at[i].recipe);
        store_close(&c->at[i].store);
        json_decref(c->at[i].metrics);
        json_decref(c->at[i].analysis);
    }
    json_decref(c->names);
    json_decref(c->comparisons);
}

static status collect_names(comparison *c)
{
    const char *name;
    json_t *set;
    c->names = json_object();
    for (size_t i = 0; i < c->count; i++) json_object_foreach(c->at[i].metrics, name, set)
        {
            if (json_object_get(c->names, name)) continue;
            if (json_object_set_new(c->names, name, json_string(json_text_at(set, "role"))))
                return FAIL(ERR_MEMORY, "no memory for the names of sets");
        }
    return OK;
}

/* Run `i` minus the first. Where they cannot be compared the entry is the reason. */
static status compare_set(comparison *c, const char *name, size_t i, json_t *list)
{
    json_t *entry = NULL;
    bool both = json_object_get(c->at[0].metrics, name) && json_object_get(c->at[i].metrics, name);
    status st = OK;
    if (both) st = analysis_compare(c->at[i].store, name, c->at[0].store, name, &ANALYSIS_DEFAULTS, &entry);
    if (st == ERR_INPUT) {
        entry = json_string(fail_message());
        fail_clear();
        st = OK;
    }
    if (st == OK && json_array_append_new(list, entry ? entry : json_null()))
        st = FAIL(ERR_MEMORY, "no memory to compare %s", name);
    return st;
}

static status compare_sets(comparison *c)
{
    status st = OK;
    const char *name;
    json_t *role;
    c->comparisons = json_object();
    json_object_foreach(c->names, name, role)
    {
        json_t *list = json_array();
        if (json_object_set_new(c->comparisons, name, list)) TRY(FAIL(ERR_MEMORY, "no memory to compare %s", name));
        for (size_t i = 1; i < c->count; i++) TRY(compare_set(c, name, i, list));
    }
done:
    return st;
}

/* What analysis_compare said of a set of run `i`; NULL when there is nothing. */
static json_t *compared(const comparison *c, const char *name, size_t i)
{
    return json_array_get(json_object_get(c->comparisons, name), i - 1);
}

/* Run `i` minus the first, of a set; not known where they were not compared. */
static report_difference difference_of(const comparison *c, const char *name, size_t i, const char *metric)
{
    return report_difference_find(json_object_get(compared(c, name, i), "pairs"), name, name, metric);
}

/* ---- runs and scores --------------------------------------------------------------------------------------------- */

static void write_runs(const comparison *c)
{
    char hash[33], segments[24], videos[24];
    fputs("<div class=scroll><table><thead><tr><th class=text></th><th class=text>run</th><th class=text>directory</th>"
          "<th class=text>recipe</th><th>segments</th><th>videos</th></tr></thead><tbody>\n",
          c->to);
    for (size_t i = 0; i < c->count; i++) {
        const compared_run *run = &c->at[i];
        recipe_hash(run->recipe, hash);
        fprintf(c->to, "<tr><td class=text><b>%s</b></td><td class=text>", run->letter);
        html_text(c->to, recipe_text(run->recipe, "name"));
        fputs("</td><td class=text>", c->to);
        html_text(c->to, run->path);
        report_count(run->analysis, "segments", segments);
        report_count(run->analysis, "videos", videos);
        fprintf(c->to, "</td><td class=text><code>%s</code></td><td>%s</td><td>%s</td></tr>\n", hash, segments, videos);
    }
    fputs("</tbody></table></div>\n", c->to);
}

static void write_score(const comparison *c, const compared_run *run, const char *name, const char *metric)
{
    json_t *scores = json_object_get(json_object_get(run->metrics, name), "action");
    json_t *interval = json_object_get(json_object_get(json_object_get(run->analysis, "sets"), name), metric);
    double low = json_real_at(interval, "low"), high = json_real_at(interval, "high");
    double value = json_real_at(scores, metric), deviation = json_real_at(interval, "seed_sd");
    if (!isfinite(value)) {
        fputs("<td>&ndash;</td>", c->to);
        return;
    }
    fprintf(c->to, "<td>%.2f", value);
    if (isfinite(deviation)) fprintf(c->to, "<div class=sub>&plusmn; %.2f</div>", deviation);
    if (isfinite(low) && isfinite(high)) fprintf(c->to, "<div class=sub>%.1f to %.1f</div>", low, high);
    fputs("</td>", c->to);
}

static void write_scores_head(const comparison *c)
{
    fprintf(c->to,
            "<thead><tr><th class=text></th><th class=text></th><th colspan=%zu>top-1</th><th colspan=%zu>top-5"
            "</th><th colspan=%zu>seeds</th></tr>\n<tr><th class=text>set</th><th class=text>role</th>",
            c->count, c->count, c->count);
    for (size_t part = 0; part < 3; part++)
        for (size_t i = 0; i < c->count; i++) fprintf(c->to, "<th>%s</th>", c->at[i].letter);
    fputs("</tr></thead><tbody>\n", c->to);
}

static void write_scores(const comparison *c)
{
    const char *name;
    json_t *role;
    fputs("<h2>Scores</h2>\n<p class=note>Actions named right, percent; mean and standard deviation over seeds, and "
          "95&nbsp;% intervals over videos.</p>\n<div class=scroll><table>",
          c->to);
    write_scores_head(c);
    json_object_foreach(c->names, name, role)
    {
        if (!*json_string_value(role)) continue; /* what was measured, and is no set */
        fputs("<tr><td class=text>", c->to);
        html_text(c->to, name);
        fputs("</td><td class=text>", c->to);
        html_text(c->to, json_string_value(role));
        fputs("</td>", c->to);
        for (size_t i = 0; i < c->count; i++) write_score(c, &c->at[i], name, "top1");
        for (size_t i = 0; i < c->count; i++) write_score(c, &c->at[i], name, "top5");
        for (size_t i = 0; i < c->count; i++)
            fprintf(c->to, "<td>%zu</td>",
                    json_array_size(json_object_get(json_object_get(c->at[i].metrics, name), "seeds")));
        fputs("</tr>\n", c->to);
    }
    fputs("</tbody></table></div>\n", c->to);
}

/* ---- charts ------------------------------------------------------------------------------------------------------ */

typedef struct {
    chart_row at[ROWS_MAX]; /* (count) */
    char label[ROWS_MAX][TEXT_BYTES], note[ROWS_MAX][TEXT_BYTES];
    size_t count;
} row_list;

static bool add_row(row_list *rows, double value, double low, double high, chart_ink ink)
{
    if (rows->count == ROWS_MAX || !isfinite(value)) return false;
    rows->at[rows->count] = (chart_row){rows->label[rows->count], rows->note[rows->count], value, low, high, ink};
    rows->count++;
    return true;
}

static void add_scores(const comparison *c, row_list *rows, const char *name)
{
    if (rows->count + 1 + c->count > ROWS_MAX) return;
    rows->at[rows->count++] = (chart_row){.label = name, .value = NAN};
    for (size_t i = 0; i < c->count; i++) {
        const compared_run *run = &c->at[i];
        json_t *top1 = json_object_get(json_object_get(json_object_get(run->analysis, "sets"), name), "top1");
        size_t row = rows->count;
        double value = json_real_at(top1, "mean");
        if (!add_row(rows, value, json_real_at(top1, "low"), json_real_at(top1, "high"), (chart_ink)(i % INK_GREY)))
            continue;
        snprintf(rows->label[row], TEXT_BYTES, "%s  %.100s", run->letter, recipe_text(run->recipe, "name"));
        snprintf(rows->note[row], TEXT_BYTES, "%.1f", value);
    }
}

static void add_differences(const comparison *c, row_list *rows, const char *name)
{
    for (size_t i = 1; i < c->count; i++) {
        report_difference d = difference_of(c, name, i, "top1");
        char difference[24], chance[24];
        size_t row = rows->count;
        if (!add_row(rows, d.value, d.low, d.high, report_difference_ink(&d, ANALYSIS_DEFAULTS.level))) continue;
        report_signed(d.value, difference);
        report_p_value(d.p, chance);
        snprintf(rows->label[row], TEXT_BYTES, "%s: %s \xE2\x88\x92 %s", name, c->at[i].letter, c->at[0].letter);
        snprintf(rows->note[row], TEXT_BYTES, "%s,  %s", difference, chance);
    }
}

static status draw_rows_of(const comparison *c, row_list *rows, const char *caption, const char *axis, double low,
                           void (*add)(const comparison *, row_list *, const char *))
{
    status st = OK;
    const char *name;
    json_t *role;
    rows->count = 0;
    json_object_foreach(c->names, name, role)
    {
        if (*json_string_value(role)) add(c, rows, name);
    }
    if (!rows->count) return OK;
    const chart_rows list = {{axis, low, NAN}, false, true, rows->at, rows->count};
    fprintf(c->to, "<figure><figcaption>%s</figcaption>\n", caption);
    TRY(picture_write(c->to, NULL, caption, &(chart){.width = WIDTH, .rows = &list}, caption));
    fputs("</figure>\n", c->to);
done:
    return st;
}

static status write_charts(const comparison *c)
{
    status st = OK;
    row_list *rows = calloc(1, sizeof *rows);
    if (!rows) TRY(FAIL(ERR_MEMORY, "no memory for the charts of the comparison"));
    fputs("<div class=charts>\n", c->to);
    TRY(draw_rows_of(c, rows, "Actions named right", "action top-1, %, with intervals over videos", 0, add_scores));
    TRY(draw_rows_of(c, rows, "Differences on the same segments", "points of top-1", NAN, add_differences));
    fputs("</div>\n", c->to);
done:
    free(rows);
    return st;
}

/* ---- paired tests ------------------------------------------------------------------------------------------------ */

static void write_test(const comparison *c, const char *name, size_t i)
{
    char n[24];
    json_t *entry = compared(c, name, i);
    if (!entry || json_is_null(entry)) return;
    fputs("<tr><td class=text>", c->to);
    html_text(c->to, name);
    fprintf(c->to, "</td><td class=text>%s &minus; %s</td>", c->at[i].letter, c->at[0].letter);
    if (json_is_string(entry)) {
        fputs("<td class=text colspan=7>not compared: ", c->to);
        html_text(c->to, json_string_value(entry));
        fputs("</td></tr>\n", c->to);
        return;
    }
    report_difference top1 = difference_of(c, name, i, "top1"), top5 = difference_of(c, name, i, "top5");
    report_count(entry, "n", n);
    fprintf(c->to, "<td>%s</td>", n);
    report_difference_cells(c->to, &top1, ANALYSIS_DEFAULTS.level);
    report_difference_cells(c->to, &top5, ANALYSIS_DEFAULTS.level);
    fputs("</tr>\n", c->to);
}

static void write_tests(const comparison *c)
{
    const char *name;
    json_t *role;
    fprintf(c->to,
            "<h2>Paired tests</h2>\n<p class=note>Sets of the same name on the segments that both runs predict. "
            "Intervals (%.0f&nbsp;%%) are of a bootstrap over whole videos, p is of a permutation test over whole "
            "videos (%lld resamples), not corrected for the number of tests.</p>\n<div class=scroll><table><thead><tr>"
            "<th class=text>set</th><th class=text></th><th>n</th><th>top-1,<br>points</th><th>interval</th><th>p</th>"
            "<th>top-5,<br>points</th><th>interval</th><th>p</th></tr></thead><tbody>\n",
            100 * ANALYSIS_DEFAULTS.level, (long long)ANALYSIS_DEFAULTS.resamples);
    json_object_foreach(c->names, name, role)
    {
        for (size_t i = 1; i < c->count; i++) write_test(c, name, i);
    }
    fputs("</tbody></table></div>\n", c->to);
}

/* ---- recipes ----------------------------------------------------------------------------------------------------- */

typedef void (*value_writer)(const recipe *r, const char *section, const char *key, FILE *to);

static void write_key(const recipe *r, const char *section, const char *key, FILE *to)
{
    (void)section;
    recipe_value_write(r, key, to);
}

/* What `write` writes of a run's recipe: new text, freed by the caller; NULL when out of memory. */
static char *recipe_part(const recipe *r, const char *section, const char *key, value_writer write)
{
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    if (!to) return NULL;
    write(r, section, key, to);
    return fclose(to) ? NULL : text;
}

/* What follows a run's own directory in a path; NULL for what does not lie there. */
static const char *inside(const compared_run *run, const char *text)
{
    const char *out = recipe_text(run->recipe, "out");
    size_t length = out ? strlen(out) : 0;
    return length && !strncmp(text, out, length) && (text[length] == '/' || !text[length]) ? text + length : NULL;
}

/* Paths inside the runs' own directories (generated data) are the same when they are so from there on. */
static bool is_same(const compared_run *a, const char *text_a, const compared_run *b, const char *text_b)
{
    const char *inside_a = inside(a, text_a), *inside_b = inside(b, text_b);
    return !strcmp(text_a, text_b) || (inside_a && inside_b && !strcmp(inside_a, inside_b));
}

/* One row of the table, unless the recipes agree. */
static status write_difference(const comparison *c, const char *section, const char *key, value_writer write,
                               size_t *rows)
{
    status st = OK;
    char *texts[COMPARED_RUNS_MAX] = {0};
    bool differ = false;
    for (size_t i = 0; i < c->count; i++) {
        texts[i] = recipe_part(c->at[i].recipe, section, key, write);
        if (!texts[i]) TRY(FAIL(ERR_MEMORY, "no memory to compare %s", key));
        differ = differ || !is_same(&c->at[i], texts[i], &c->at[0], texts[0]);
    }
    if (!differ) goto done;
    *rows += 1;
    fputs("<tr><td class=text><code>", c->to);
    html_text(c->to, section ? section : key);
    if (section) fputs(".variants.", c->to);
    html_text(c->to, section ? key : NULL);
    fputs("</code></td>", c->to);
    for (size_t i = 0; i < c->count; i++) {
        fputs("<td class=\"text wrap\">", c->to);
        html_text(c->to, texts[i][0] ? texts[i] : "\xE2\x80\x93");
        fputs("</td>", c->to);
    }
    fputs("</tr>\n", c->to);
done:
    for (size_t i = 0; i < c->count; i++) free(texts[i]);
    return st;
}

/* Whether an earlier run has a variant of that name: its row is written already. */
static bool variant_seen(const comparison *c, size_t run, const char *section, const char *name)
{
    for (size_t i = 0; i < run; i++)
        for (size_t v = 0; v < recipe_variant_count(c->at[i].recipe, section); v++)
            if (!strcmp(recipe_variant_name(c->at[i].recipe, section, v), name)) return true;
    return false;
}

static status write_variants(const comparison *c, const char *section, size_t *rows)
{
    status st = OK;
    for (size_t i = 0; i < c->count; i++)
        for (size_t v = 0; v < recipe_variant_count(c->at[i].recipe, section); v++) {
            const char *name = recipe_variant_name(c->at[i].recipe, section, v);
            if (!variant_seen(c, i, section, name)) TRY(write_difference(c, section, name, recipe_variant_write, rows));
        }
done:
    return st;
}

static status write_keys(const comparison *c, size_t *rows)
{
    status st = OK;
    size_t count;
    const option *all = options_all(&count);
    fputs("<div class=scroll><table><thead><tr><th class=text>key</th>", c->to);
    for (size_t i = 0; i < c->count; i++) fprintf(c->to, "<th class=text>%s</th>", c->at[i].letter);
    fputs("</tr></thead><tbody>\n", c->to);
    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i].key, "name") && strcmp(all[i].key, "out")) /* they stand at the top */
            TRY(write_difference(c, NULL, all[i].key, write_key, rows));
    TRY(write_variants(c, "teacher", rows));
    TRY(write_variants(c, "student", rows));
    fputs("</tbody></table></div>\n", c->to);
done:
    return st;
}

/* Into memory first: a table without rows is not shown. */
static status write_recipes(const comparison *c)
{
    status st = OK;
    comparison part = *c;
    char *text = NULL;
    size_t length = 0, rows = 0;
    part.to = open_memstream(&text, &length);
    if (!part.to) TRY(FAIL(ERR_MEMORY, "no memory to compare recipes"));
    TRY(write_keys(&part, &rows));
    int failed = fclose(part.to);
    part.to = NULL;
    if (failed) TRY(FAIL(ERR_MEMORY, "no memory to compare recipes"));
    fputs("<h2>Where the recipes differ</h2>\n", c->to);
    if (rows) fwrite(text, 1, length, c->to);
    fprintf(c->to, "<p class=note>%s is the same. Paths inside the runs&#39; own directories count as the same.</p>\n",
            rows ? "Every other key" : "Nowhere: every key");
done:
    if (part.to) fclose(part.to);
    free(text);
    return st;
}

/* ---- the page ---------------------------------------------------------------------------------------------------- */

/* A set that was compared, as an example of the command, a student before others; NULL when none was. */
static const char *find_compared(const comparison *c)
{
    const char *name, *found = NULL;
    json_t *role;
    json_object_foreach(c->names, name, role)
    {
        if (!json_is_object(compared(c, name, 1))) continue;
        if (!strcmp(json_string_value(role), "student")) return name;
        if (!found) found = name;
    }
    return found;
}

static void write_address(const comparison *c, size_t i, const char *name)
{
    char *address = NULL;
    if (asprintf(&address, "%s:%s", c->at[i].path, name) < 0) return;
    fputc(' ', c->to);
    report_word(c->to, address);
    free(address);
}

static void write_sources(const comparison *c)
{
    const char *name = find_compared(c);
    fputs("<h2>Where the numbers come from</h2>\n<p>From the runs&#39; stores and recipes and from nothing else.",
          c->to);
    if (name) {
        fputs(" <code>magister metrics --compare", c->to);
        write_address(c, 1, name);
        write_address(c, 0, name);
        fputs("</code> shows a test again;", c->to);
    }
    fputs(" <code>magister report", c->to);
    for (size_t i = 0; i < c->count; i++) {
        fputc(' ', c->to);
        report_word(c->to, c->at[i].path);
    }
    fputs("</code> makes this page again.</p>\n", c->to);
}

static status write_page(const comparison *c)
{
    status st = OK;
    report_page_begin(c->to, "Runs side by side");
    write_runs(c);
    TRY(write_charts(c));
    write_scores(c);
    write_tests(c);
    TRY(write_recipes(c));
    write_sources(c);
    report_page_end(c->to);
done:
    return st;
}

status report_compare(char *const *runs, size_t count, const char *path)
{
    status st = OK;
    comparison c = {0};
    char *text = NULL;
    size_t length = 0;
    if (count < 2 || count > COMPARED_RUNS_MAX)
        TRY(FAIL(ERR_USAGE, "2 to %d runs can be compared, not %zu", COMPARED_RUNS_MAX, count));
    while (c.count < count) {
        c.count++; /* what was opened of it is closed also when the rest fails */
        TRY(run_open(runs[c.count - 1], c.count - 1, &c.at[c.count - 1]));
    }
    TRY(collect_names(&c));
    TRY(compare_sets(&c));
    c.to = open_memstream(&text, &length);
    if (!c.to) TRY(FAIL(ERR_MEMORY, "no memory for the comparison"));
    TRY(write_page(&c));
    int failed = fclose(c.to);
    c.to = NULL;
    if (failed) TRY(FAIL(ERR_MEMORY, "no memory for the comparison"));
    TRY(file_write(path, text, length));
done:
    if (c.to) fclose(c.to);
    free(text);
    comparison_free(&c);
    return st;
}
