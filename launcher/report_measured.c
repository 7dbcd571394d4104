/* Throughput of the steps, and where each number comes from. */
#include "conf/run.h"
#include "launcher/report.h"

#include <stdlib.h>
#include <string.h>

static void number_cell(FILE *to, json_t *stats, const char *key, int digits)
{
    json_t *value = json_object_get(stats, key);
    if (json_is_number(value) && json_number_value(value) > 0)
        fprintf(to, "<td>%.*f</td>", digits, json_number_value(value));
    else fputs("<td>&ndash;</td>", to);
}

void report_throughput(const report *p)
{
    const char *step;
    json_t *stats, *all = json_object_get(p->metrics, "throughput");
    if (!json_object_size(all)) return;
    fputs("<h2>Throughput</h2>\n<div class=scroll><table><thead><tr><th "
          "class=text>step</th><th>ranks</th><th>samples/s</th>"
          "<th>tokens/s</th><th>step, median<br>ms</th><th>step, 99th<br>percentile ms</th><th>time to first<br>step "
          "s</th>"
          "<th>memory of a<br>rank MB</th></tr></thead><tbody>\n",
          p->to);
    json_object_foreach(all, step, stats)
    {
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

static void write_source(const report *p, const char *path, const set_info *info)
{
    fputs("<tr><td class=text>", p->to);
    html_text(p->to, info->name);
    fprintf(p->to, "</td><td>%lld</td><td>%lld%s</td><td class=text>", (long long)info->seed, (long long)info->count,
            info->complete ? "" : " (not complete)");
    html_text(p->to, info->model_hash[0] ? info->model_hash : "\xE2\x80\x93");
    fputs("</td><td class=text><code>magister metrics ", p->to);
    html_text(p->to, path);
    fputc(':', p->to);
    html_text(p->to, info->name);
    fputs(" --json</code></td></tr>\n", p->to);
}

status report_sources(const report *p)
{
    set_info info;
    int64_t id;
    char *path = run_path(p->run, "store.sqlite");
    if (!path) return FAIL(ERR_MEMORY, "no memory for the report's sources");
    fputs("<h2>Where the numbers come from</h2>\n<p>Every score is computed from the predictions in ", p->to);
    html_text(p->to, path);
    fputs(
        " and from nothing else; the commands show them again, with all rules of class means and both ways to verb and "
        "noun. Loss curves are those of <code>steps/*/curve.jsonl</code>, throughput is that of "
        "<code>steps/*/stats.json</code>. <code>magister report ",
        p->to);
    html_text(p->to, p->run);
    fputs("</code> makes this page again.</p>\n<div class=scroll><table><thead><tr><th class=text>set</th><th>seed</th>"
          "<th>records</th><th class=text>model</th><th class=text>command</th></tr></thead><tbody>\n",
          p->to);
    for (size_t i = 0; i < store_set_count(p->store); i++)
        if (store_set_at(p->store, i, &info, &id) == OK) write_source(p, path, &info);
    fputs("</tbody></table></div>\n", p->to);
    free(path);
    return OK;
}
