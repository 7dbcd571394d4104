/* Numbers, tests and commands as all parts of a report write them. */
#include "launcher/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

report_difference report_difference_of(const json_t *pair)
{
    return (report_difference){json_real_at(pair, "difference"), json_real_at(pair, "low"), json_real_at(pair, "high"),
                               json_real_at(pair, "p")};
}

static bool is_pair(const json_t *pair, const char *a, const char *b, const char *metric)
{
    return !strcmp(json_text_at(pair, "metric"), metric) && !strcmp(json_text_at(pair, "a"), a) &&
           !strcmp(json_text_at(pair, "b"), b);
}

report_difference report_difference_find(json_t *pairs, const char *a, const char *b, const char *metric)
{
    size_t i;
    json_t *pair;
    json_array_foreach(pairs, i, pair)
    {
        report_difference d = report_difference_of(pair);
        if (is_pair(pair, a, b, metric)) return d;
        if (is_pair(pair, b, a, metric)) return (report_difference){-d.value, -d.high, -d.low, d.p};
    }
    return report_difference_of(NULL);
}

bool report_is_apart(const report_difference *d, double level)
{
    return (d->low > 0 || d->high < 0) && d->p < 1 - level;
}

chart_ink report_difference_ink(const report_difference *d, double level)
{
    if (!report_is_apart(d, level)) return INK_GREY;
    return d->low > 0 ? INK_BLUE : INK_ORANGE;
}

void report_p_value(double p, char out[24])
{
    if (!isfinite(p)) snprintf(out, 24, "p = ?");
    else if (p < 0.001) snprintf(out, 24, "p < 0.001");
    else snprintf(out, 24, "p = %.*f", p < 0.1 ? 3 : 2, p);
}

void report_signed(double x, char out[24])
{
    if (!isfinite(x)) snprintf(out, 24, "?");
    else if (fabs(x) < 0.05) snprintf(out, 24, "0.0"); /* as printed it has no sign */
    else snprintf(out, 24, "%s%.1f", x < 0 ? "\xE2\x88\x92" : "+", fabs(x));
}

void report_count(const json_t *object, const char *key, char out[24])
{
    double count = json_real_at(object, key);
    if (isfinite(count)) snprintf(out, 24, "%.0f", count);
    else snprintf(out, 24, "?");
}

static void write_interval_cell(FILE *to, double low, double high)
{
    char from[24], end[24];
    report_signed(low, from);
    report_signed(high, end);
    if (isfinite(low) && isfinite(high)) fprintf(to, "<td>%s to %s</td>", from, end);
    else fputs("<td>&ndash;</td>", to);
}

void report_difference_cells(FILE *to, const report_difference *d, double level)
{
    char text[24];
    if (!isfinite(d->value)) {
        fputs("<td>&ndash;</td><td>&ndash;</td><td>&ndash;</td>", to);
        return;
    }
    report_signed(d->value, text);
    fprintf(to, report_is_apart(d, level) ? "<td><b>%s</b></td>" : "<td>%s</td>", text);
    write_interval_cell(to, d->low, d->high);
    report_p_value(d->p, text);
    fputs("<td>", to);
    html_text(to,
              isfinite(d->p) ? text + strlen(text[2] == '=' ? "p = " : "p ") : "\xE2\x80\x93"); /* the column says p */
    fputs("</td>", to);
}

void report_word(FILE *to, const char *word)
{
    static const char PLAIN[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+./:,@%=";
    char *quoted = NULL;
    size_t length = 0, plain = strspn(word, PLAIN);
    FILE *memory = NULL;
    if (plain && !word[plain]) {
        html_text(to, word);
        return;
    }
    memory = open_memstream(&quoted, &length);
    if (!memory) return;
    fputc('\'', memory);
    for (const char *at = word; *at; at++)
        if (*at == '\'') fputs("'\\''", memory);
        else fputc(*at, memory);
    fputc('\'', memory);
    if (!fclose(memory)) html_text(to, quoted);
    free(quoted);
}
