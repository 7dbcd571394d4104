#include "doctor/finding.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const LEVELS[] = {"ok", "note", "warning", "failure"};
enum { LEVEL_COUNT = sizeof LEVELS / sizeof LEVELS[0] };

/* ---- adding ------------------------------------------------------------------------------------------------------ */

static void one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f) *text = *text == '\n' || *text == '\t' ? ' ' : '?';
}

static finding *add(findings *list, const char *topic, finding_level level, status code, const char *advice)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 16;
        finding *larger = realloc(list->at, room * sizeof *larger);
        if (!larger) {
            list->lost = true;
            return NULL;
        }
        list->at = larger;
        list->room = room;
    }
    finding *f = &list->at[list->count++];
    *f = (finding){.level = level, .code = code};
    snprintf(f->topic, sizeof f->topic, "%s", topic);
    snprintf(f->advice, sizeof f->advice, "%s", advice ? advice : "");
    one_line(f->advice);
    return f;
}

__attribute__((format(printf, 2, 0))) static void tell(finding *f, const char *found, va_list values)
{
    if (!f) return;
    vsnprintf(f->found, sizeof f->found, found, values);
    one_line(f->found);
}

void finding_ok(findings *list, const char *topic, const char *found, ...)
{
    va_list values;
    va_start(values, found);
    tell(add(list, topic, FINDING_OK, OK, NULL), found, values);
    va_end(values);
}

void finding_note(findings *list, const char *topic, const char *advice, const char *found, ...)
{
    va_list values;
    va_start(values, found);
    tell(add(list, topic, FINDING_NOTE, OK, advice), found, values);
    va_end(values);
}

void finding_warn(findings *list, const char *topic, const char *advice, const char *found, ...)
{
    va_list values;
    va_start(values, found);
    tell(add(list, topic, FINDING_WARNING, OK, advice), found, values);
    va_end(values);
}

void finding_fail(findings *list, const char *topic, status code, const char *advice, const char *found, ...)
{
    va_list values;
    va_start(values, found);
    tell(add(list, topic, FINDING_FAILURE, code, advice), found, values);
    va_end(values);
}

void finding_fail_told(findings *list, const char *topic, status code, const char *advice)
{
    finding_fail(list, topic, code, advice, "%s", fail_message());
    fail_clear();
}

void finding_copy(findings *list, const finding *from)
{
    finding *f = add(list, from->topic, from->level, from->code, from->advice);
    if (f) memcpy(f->found, from->found, sizeof f->found);
}

void findings_free(findings *list)
{
    free(list->at);
    *list = (findings){0};
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

finding_level findings_worst(const findings *list)
{
    finding_level worst = list->lost ? FINDING_FAILURE : FINDING_OK;
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i].level > worst) worst = list->at[i].level;
    return worst;
}

status findings_code(const findings *list)
{
    status worst = list->lost ? ERR_MEMORY : OK;
    for (size_t i = 0; i < list->count; i++) {
        const finding *f = &list->at[i];
        status code = f->level == FINDING_FAILURE && f->code == OK ? ERR_INTERNAL : f->code;
        if (f->level == FINDING_FAILURE && code > worst) worst = code;
    }
    return worst;
}

static size_t count_of(const findings *list, finding_level level)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) count += list->at[i].level == level;
    return count;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

/* Bytes that are no UTF-8 cannot be JSON. New value. */
static json_t *text_to_json(const char *text)
{
    json_t *value = json_string(text);
    if (value) return value;
    char ascii[1024];
    snprintf(ascii, sizeof ascii, "%s", text);
    for (char *at = ascii; *at; at++)
        if ((unsigned char)*at > 0x7e) *at = '?';
    return json_string(ascii);
}

static json_t *finding_to_json(const finding *f)
{
    return json_pack("{s:o, s:s, s:o, s:o, s:i}", "topic", text_to_json(f->topic), "level", LEVELS[f->level], "found",
                     text_to_json(f->found), "advice", text_to_json(f->advice), "code", status_exit_code(f->code));
}

bool finding_write(const finding *f, FILE *to)
{
    json_t *line = finding_to_json(f);
    bool written = line && json_dumpf(line, to, JSON_COMPACT) == 0 && fputc('\n', to) != EOF;
    json_decref(line);
    return written;
}

static status code_of_exit(int code)
{
    for (int st = ERR_RETRY; st <= ERR_INTERNAL; st++)
        if (status_exit_code((status)st) == code) return (status)st;
    return code ? ERR_INTERNAL : OK;
}

bool finding_read(const char *line, finding *out)
{
    const char *topic, *level, *found, *advice;
    int code;
    size_t at = 0;
    json_t *value = line[0] == '{' ? json_loads(line, 0, NULL) : NULL;
    if (!value) return false;
    bool good = !json_unpack(value, "{s:s, s:s, s:s, s:s, s:i}", "topic", &topic, "level", &level, "found", &found,
                             "advice", &advice, "code", &code);
    while (good && at < LEVEL_COUNT && strcmp(level, LEVELS[at])) at++;
    good = good && at < LEVEL_COUNT;
    if (good) {
        *out = (finding){.level = (finding_level)at, .code = code_of_exit(code)};
        snprintf(out->topic, sizeof out->topic, "%s", topic);
        snprintf(out->found, sizeof out->found, "%s", found);
        snprintf(out->advice, sizeof out->advice, "%s", advice);
        one_line(out->topic);
        one_line(out->found);
        one_line(out->advice);
    }
    json_decref(value);
    return good;
}

status findings_print_json(const findings *list, double seconds, FILE *to)
{
    status st = OK;
    json_t *all = json_array();
    for (size_t i = 0; all && i < list->count; i++)
        if (json_array_append_new(all, finding_to_json(&list->at[i]))) all = (json_decref(all), NULL);
    json_t *whole = all ? json_pack("{s:o, s:I, s:I, s:f, s:i}", "findings", all, "failures",
                                    (json_int_t)count_of(list, FINDING_FAILURE), "warnings",
                                    (json_int_t)count_of(list, FINDING_WARNING), "seconds", seconds, "exit_code",
                                    status_exit_code(findings_code(list)))
                        : NULL;
    if (!whole) TRY(FAIL(ERR_MEMORY, "no memory to write %zu findings", list->count));
    if (json_dumpf(whole, to, JSON_INDENT(1) | JSON_REAL_PRECISION(4)) || fputc('\n', to) == EOF)
        TRY(FAIL(ERR_IO, "cannot write what was found"));
done:
    json_decref(whole);
    return st;
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

void findings_print(const findings *list, double seconds, FILE *to)
{
    for (size_t i = 0; i < list->count; i++) {
        const finding *f = &list->at[i];
        fprintf(to, "%-8s %-9s %s\n", LEVELS[f->level], f->topic, f->found);
        if (f->advice[0]) fprintf(to, "%-18s -> %s\n", "", f->advice);
    }
    size_t failures = count_of(list, FINDING_FAILURE), warnings = count_of(list, FINDING_WARNING);
    if (list->lost) fputs("failure  memory    there was none for all that was found\n", to);
    if (failures || warnings)
        fprintf(to, "\n%zu failure%s, %zu warning%s (%.1f s)\n", failures, failures == 1 ? "" : "s", warnings,
                warnings == 1 ? "" : "s", seconds);
    else fprintf(to, "\nall is well (%.1f s)\n", seconds);
}
