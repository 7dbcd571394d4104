/* Throughput of the steps, and where each number comes from. */
#include "conf/run.h"
#include "launcher/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void number_cell(FILE *to, json_t *stats, const char *key, int digits)
{
    json_t *value = json_object_get(stats, key);
    if (json_is_number(value) && json_number_value(value) > 0)
        fprintf(to, "<td>%.*f</td>", digits, json_number_value(value));
    else fputs("<td>&ndash;</td>", to);
}

/* A stream counts frames, and tells of them in its own part. */
static bool is_stream(const json_t *stats)
{
    return json_object_get(stats, "frames_per_s");
}

void report_throughput(const report *p)
{
    const char *step;
    size_t others = 0;
    json_t *stats, *all = json_object_get(p->metrics, "throughput");
    json_object_foreach(all, step, stats) others += !is_stream(stats);
    if (!others) return;
    fputs("<h2>Throughput</h2>\n<div class=scroll><table><thead><tr><th "
          "class=text>step</th><th>ranks</th><th>samples/s</th>"
          "<th>tokens/s</th><th>step, median<br>ms</th><th>step, 99th<br>percentile ms</th><th>time to first<br>step "
          "s</th>"
          "<th>memory of a<br>rank MB</th></tr></thead><tbody>\n",
          p->to);
    json_object_foreach(all, step, stats)
    {
        if (is_stream(stats)) continue;
        fputs("<tr><td class=text>", p->to);
        html_text(p->to, step);
        fputs("</td>", p->to);
        number_cell(p->to, stats, "world_size", 0);
        number_cell(p->to, stats, "samples_per_s", 0);
        number_cell(p->to, stats, "tokens_per_s", 0);
        number_cell(p->to, stats, "step_ms_p50", 1);
        number_cell(p->to, stats, "step_ms_p99", 1);
        number_cell(p->to, stats, "time_to_first_step_s", 2);
        number_cell(p->to, stats, "rss_peak_mb", 0);
        fputs("</tr>\n", p->to);
    }
    fputs("</tbody></table></div>\n", p->to);
}

/* ---- sources ----------------------------------------------------------------------------------------------------- */

static void write_set_source(const report *p, const set_info *info, const char *address, bool first)
{
    fputs("<tr><td class=text>", p->to);
    html_text(p->to, info->name);
    fprintf(p->to, "</td><td>%lld</td><td>%lld%s</td><td class=text>", (long long)info->seed, (long long)info->count,
            info->complete ? "" : " (not complete)");
    html_text(p->to, info->model_hash[0] ? info->model_hash : "\xE2\x80\x93");
    fputs("</td><td class=text>", p->to);
    if (first) { /* of all seeds together */
        fputs("<code>magister metrics ", p->to);
        report_word(p->to, address);
        fputs(" --json</code>", p->to);
    }
    fputs("</td></tr>\n", p->to);
}

static status write_sets(const report *p, const char *path)
{
    status st = OK;
    set_info info, last = {0};
    int64_t id;
    char *address = NULL;
    for (size_t i = 0; i < store_set_count(p->store); i++) {
        TRY(store_set_at(p->store, i, &info, &id));
        if (!info.classes) continue; /* it has no scores */
        free(address);
        if (asprintf(&address, "%s:%s", path, info.name) < 0) {
            address = NULL;
            TRY(FAIL(ERR_MEMORY, "no memory for the report's sources"));
        }
        write_set_source(p, &info, address, strcmp(info.name, last.name) != 0);
        last = info;
    }
done:
    free(address);
    return st;
}

/* One row of the table of sources; `command` and what follows it up to NULL are its words. */
static void write_kind(FILE *to, const char *numbers, const char *from, const char *const *words)
{
    fprintf(to, "<tr><td class=\"text wide\">%s</td><td class=text><code>%s</code></td><td class=text>", numbers, from);
    for (size_t i = 0; words && words[i]; i++) {
        fputs(i ? " " : "<code>", to);
        report_word(to, words[i]);
    }
    fputs(words ? "</code></td></tr>\n" : "</td></tr>\n", to);
}

static void write_kinds(const report *p)
{
    json_t *pair = json_array_get(json_object_get(p->analysis, "pairs"), 0);
    const char *const all[] = {"magister", "metrics", p->run, NULL};
    const char *const again[] = {"magister", "report", p->run, NULL};
    const char *const compare[] = {
        "magister", "metrics", p->run, "--compare", json_text_at(pair, "a"), json_text_at(pair, "b"), NULL};
    fputs("<div class=scroll><table><thead><tr><th class=text>numbers</th><th class=text>lie in</th>"
          "<th class=text>shown, or made, again by</th></tr></thead><tbody>\n",
          p->to);
    write_kind(p->to, "scores, means and deviations over seeds", "metrics.json", all);
    if (p->analysis) {
        write_kind(p->to, "intervals, calibration, right and wrong segments, gains, confusions, single segments",
                   "analysis.json", again);
        if (pair) write_kind(p->to, "differences and p of any two sets", "analysis.json", compare);
    }
    write_kind(p->to, "losses and development metrics", "steps/*/curve.jsonl", NULL);
    write_kind(p->to, "throughput", "steps/*/stats.json", NULL);
    fputs("</tbody></table></div>\n", p->to);
}

status report_sources(const report *p)
{
    status st = OK;
    char *path = run_path(p->run, "store.sqlite");
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the report's sources"));
    fputs("<h2>Where the numbers come from</h2>\n<p>Every score is computed from the predictions in <code>", p->to);
    html_text(p->to, path);
    fputs("</code> and from nothing else.</p>\n", p->to);
    write_kinds(p);
    fputs("<p>The sets of the store; the commands show all rules of class means, and both ways to verb and noun.</p>\n"
          "<div class=scroll><table><thead><tr><th class=text>set</th><th>seed</th><th>records</th>"
          "<th class=text>model</th><th class=text>command</th></tr></thead><tbody>\n",
          p->to);
    TRY(write_sets(p, path));
    fputs("</tbody></table></div>\n", p->to);
done:
    free(path);
    return st;
}
