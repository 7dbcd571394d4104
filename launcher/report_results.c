/* Tables of scores: one row a prediction set, by role. */
#include "launcher/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *of, *metric, *head;
} COLUMNS[] = {
    {"action", "top1", "action<br>top-1"},
    {"action", "top5", "action<br>top-5"},
    {"action", "class_mean_top1", "action<br>class mean"},
    {"action", "many_shot_recall5", "many-shot<br>recall@5"},
    {"verb", "top1", "verb<br>top-1"},
    {"verb", "top5", "verb<br>top-5"},
    {"noun", "top1", "noun<br>top-1"},
    {"noun", "top5", "noun<br>top-5"},
};
enum { COLUMN_COUNT = sizeof COLUMNS / sizeof COLUMNS[0] };

static const struct {
    const char *role, *title;
} ROLES[] = {
    {"teacher", "Teachers: see earlier actions, no video"},
    {"baseline", "Baselines: count earlier actions"},
    {"student", "Students: see video"},
    {"control", "Controls"},
};
enum { ROLE_COUNT = sizeof ROLES / sizeof ROLES[0] };

static json_t *cell(json_t *scores, size_t column)
{
    return json_object_get(json_object_get(scores, COLUMNS[column].of), COLUMNS[column].metric);
}

/* The scores of a set, or those on one group of its segments; NULL when there are none. */
static json_t *scores_of(json_t *set, const char *group)
{
    return group ? json_object_get(json_object_get(set, "groups"), group) : set;
}

static void find_columns(const report *p, const char *group, bool used[COLUMN_COUNT])
{
    const char *name;
    json_t *set;
    json_object_foreach(p->metrics, name, set)
    {
        for (size_t c = 0; c < COLUMN_COUNT; c++)
            if (json_is_number(cell(scores_of(set, group), c))) used[c] = true;
    }
}

static void write_head(const report *p, const bool used[COLUMN_COUNT])
{
    fputs("<thead><tr><th class=text>set</th><th>seeds</th><th>n</th><th>coverage</th>", p->to);
    for (size_t c = 0; c < COLUMN_COUNT; c++)
        if (used[c]) fprintf(p->to, "<th>%s</th>", COLUMNS[c].head);
    fputs("</tr></thead>\n", p->to);
}

static void write_variant(const report *p, const char *section, const char *name)
{
    char *text = NULL;
    size_t length;
    FILE *memory = open_memstream(&text, &length);
    if (!memory) return;
    recipe_variant_write(p->recipe, section, name, memory);
    fclose(memory);
    fprintf(p->to, "%s with ", section);
    if (text) html_text(p->to, text);
    free(text);
}

static bool is_variant(const report *p, const char *section, const char *name)
{
    for (size_t i = 0; i < recipe_variant_count(p->recipe, section); i++)
        if (!strcmp(recipe_variant_name(p->recipe, section, i), name)) return true;
    return false;
}

static const char *known_meaning(const char *name)
{
    static const char *const KNOWN[][2] = {
        {"teacher", "the recipe's teacher"},
        {"student", "the recipe's student"},
        {"majority", "the most frequent action"},
        {"bigram", "what follows the last action most often"},
        {"trigram", "what follows the last two actions most often, with back-off"},
        {"grammar",
         "the generating grammar itself, given the true history: no model of histories is better on average"},
    };
    for (size_t i = 0; i < sizeof KNOWN / sizeof KNOWN[0]; i++)
        if (!strcmp(KNOWN[i][0], name)) return KNOWN[i][1];
    return "";
}

static void write_number(const report *p, json_t *scores, size_t column)
{
    char deviation[64];
    json_t *value = cell(scores, column);
    fprintf(p->to, "%.2f", json_number_value(value));
    snprintf(deviation, sizeof deviation, "%s_sd", COLUMNS[column].metric);
    value = json_object_get(json_object_get(scores, COLUMNS[column].of), deviation);
    if (json_is_number(value)) fprintf(p->to, "<div class=sub>&plusmn; %.2f</div>", json_number_value(value));
}

/* Under a score of all segments: its interval. Groups of segments have none. */
static void write_interval(const report *p, const char *name, size_t column)
{
    bool has = !strcmp(COLUMNS[column].of, "action") && !strncmp(COLUMNS[column].metric, "top", 3);
    json_t *interval = has ? report_interval(p, name, COLUMNS[column].metric) : NULL;
    double low = json_real_at(interval, "low"), high = json_real_at(interval, "high");
    if (isfinite(low) && isfinite(high)) fprintf(p->to, "<div class=sub>%.1f to %.1f</div>", low, high);
}

static void write_score(const report *p, const char *name, json_t *scores, const char *group, size_t column)
{
    if (!json_is_number(cell(scores, column))) {
        fputs("<td>&ndash;</td>", p->to);
        return;
    }
    fputs("<td>", p->to);
    write_number(p, scores, column);
    if (!group) write_interval(p, name, column);
    fputs("</td>", p->to);
}

static void write_row(const report *p, const char *name, const char *group, const bool used[COLUMN_COUNT])
{
    json_t *set = json_object_get(p->metrics, name), *scores = scores_of(set, group);
    if (!json_is_object(scores)) return;
    char n[24];
    double coverage = json_real_at(scores, "coverage");
    report_count(scores, "n", n);
    fputs("<tr><td class=text>", p->to);
    html_text(p->to, name);
    fputs(json_is_false(json_object_get(set, "complete")) ? " (not complete)" : "", p->to);
    fputs("<div class=sub>", p->to);
    if (is_variant(p, "student", name)) write_variant(p, "student", name);
    else if (is_variant(p, "teacher", name)) write_variant(p, "teacher", name);
    else html_text(p->to, known_meaning(name));
    fprintf(p->to, "</div></td><td>%zu</td><td>%s</td>", report_seeds(p, name), n);
    if (isfinite(coverage)) fprintf(p->to, "<td>%.1f&nbsp;%%</td>", 100 * coverage);
    else fputs("<td>&ndash;</td>", p->to);
    for (size_t c = 0; c < COLUMN_COUNT; c++)
        if (used[c]) write_score(p, name, scores, group, c);
    fputs("</tr>\n", p->to);
}

static void write_role(const report *p, size_t role, const char *group, const bool used[COLUMN_COUNT], size_t columns)
{
    bool titled = false;
    const char *name;
    json_t *set;
    json_object_foreach(p->metrics, name, set)
    {
        const char *of = json_string_value(json_object_get(set, "role"));
        if (!of || strcmp(of, ROLES[role].role)) continue;
        if (!titled)
            fprintf(p->to, "<tr class=group><td class=text colspan=%zu>%s</td></tr>\n", columns, ROLES[role].title);
        titled = true;
        write_row(p, name, group, used);
    }
}

static void write_table(const report *p, const char *group)
{
    bool used[COLUMN_COUNT] = {false};
    size_t columns = 4;
    find_columns(p, group, used);
    for (size_t c = 0; c < COLUMN_COUNT; c++) columns += used[c];
    fputs("<div class=scroll><table>", p->to);
    write_head(p, used);
    fputs("<tbody>\n", p->to);
    for (size_t role = 0; role < ROLE_COUNT; role++) write_role(p, role, group, used, columns);
    fputs("</tbody></table></div>\n", p->to);
}

/* Groups are the same for all sets: those of the first set that has any. */
static json_t *find_groups(const report *p)
{
    const char *name;
    json_t *set;
    json_object_foreach(p->metrics, name, set)
    {
        json_t *groups = json_object_get(set, "groups");
        if (json_is_object(groups) && json_object_size(groups)) return groups;
    }
    return NULL;
}

static bool has_sets(const report *p)
{
    const char *name;
    json_t *set;
    json_object_foreach(p->metrics, name, set)
    {
        if (*json_text_at(set, "role")) return true;
    }
    return false;
}

void report_results(const report *p)
{
    const char *group;
    json_t *each;
    if (!has_sets(p)) {
        fputs("<h2>Results</h2>\n<p class=note>The store has no prediction sets yet.</p>\n", p->to);
        return;
    }
    fputs("<h2>Results</h2>\n<p class=note>Percent, on the segments of the evaluation split; mean and standard "
          "deviation over seeds, and intervals over videos below. Verb and noun count as right when they are the verb "
          "and noun of one of the best actions. Coverage is "
          "the "
          "part of the segments that have a prediction.</p>\n",
          p->to);
    write_table(p, NULL);
    json_object_foreach(find_groups(p), group, each)
    {
        fputs("<h2>Results on segments marked &ldquo;", p->to);
        html_text(p->to, group);
        fputs("&rdquo;</h2>\n", p->to);
        write_table(p, group);
    }
}
