#include "rank/video_summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MOST = 3 };

/* Bad files that have something in common: their kind, or all their bytes. */
typedef struct {
    size_t first, count;      /* number of the first file */
    size_t names[NAMES_MOST]; /* numbers of the first few */
} group;

typedef struct {
    const video_list *list;
    const video_verdict *at;
    group kinds[VIDEO_KINDS];
    group *same; /* (same_count) of two and more, the largest first */
    size_t same_count, bad;
} summary;

json_t *text_to_json(const char *text)
{
    json_t *value = json_string(text);
    if (value) return value;
    char *clean = strdup(text);
    for (char *at = clean; at && *at; at++)
        if (*at & 0x80) *at = '?';
    value = clean ? json_string(clean) : NULL;
    free(clean);
    return value;
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

static void group_add(group *g, size_t file)
{
    if (!g->count) g->first = file;
    if (g->count < NAMES_MOST) g->names[g->count] = file;
    g->count++;
}

static int by_hash(const void *a, const void *b, void *self)
{
    const summary *s = self;
    const size_t *x = a, *y = b;
    int order = strcmp(s->at[*x].hash, s->at[*y].hash);
    return order ? order : (*x > *y) - (*x < *y);
}

static int by_count(const void *a, const void *b)
{
    const group *x = a, *y = b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    return (x->first > y->first) - (x->first < y->first);
}

static status find_same(summary *s)
{
    status st = OK;
    size_t hashed = 0, *order = calloc(s->bad ? s->bad : 1, sizeof *order);
    s->same = calloc(s->bad ? s->bad : 1, sizeof *s->same);
    if (!order || !s->same) TRY(FAIL(ERR_MEMORY, "no memory to count %zu bad files", s->bad));
    for (size_t i = 0; i < s->list->count; i++)
        if (s->at[i].hash[0]) order[hashed++] = i;
    if (hashed) qsort_r(order, hashed, sizeof *order, by_hash, s);
    for (size_t i = 0, end; i < hashed; i = end) {
        for (end = i + 1; end < hashed && !strcmp(s->at[order[end]].hash, s->at[order[i]].hash);) end++;
        for (size_t j = i; end - i > 1 && j < end; j++) group_add(&s->same[s->same_count], order[j]);
        s->same_count += end - i > 1;
    }
    if (s->same_count) qsort(s->same, s->same_count, sizeof *s->same, by_count);
done:
    free(order);
    return st;
}

static status count_all(summary *s)
{
    for (size_t i = 0; i < s->list->count; i++) {
        group_add(&s->kinds[s->at[i].kind], i);
        s->bad += s->at[i].kind != VIDEO_GOOD;
    }
    return find_same(s);
}

/* Kinds of trouble, the most frequent first; returns how many there are. */
static size_t order_kinds(const summary *s, video_kind out[VIDEO_KINDS])
{
    size_t count = 0;
    for (int kind = VIDEO_GOOD + 1; kind < VIDEO_KINDS; kind++) {
        if (!s->kinds[kind].count) continue;
        size_t place = count++;
        for (; place > 0 && s->kinds[out[place - 1]].count < s->kinds[kind].count; place--) out[place] = out[place - 1];
        out[place] = (video_kind)kind;
    }
    return count;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static const char *short_name(const summary *s, size_t file)
{
    const char *slash = strrchr(s->list->at[file].path, '/');
    return slash && slash[1] ? slash + 1 : s->list->at[file].path;
}

static void print_names(const summary *s, const group *g)
{
    for (size_t i = 0; i < g->count && i < NAMES_MOST; i++) printf("%s%s", i ? ", " : "", short_name(s, g->names[i]));
    if (g->count > NAMES_MOST) fputs(", ...", stdout);
}

static double percent(size_t part, size_t of)
{
    return of ? 100.0 * (double)part / (double)of : 0;
}

static void print_lines(const summary *s, double seconds)
{
    video_kind kinds[VIDEO_KINDS];
    size_t all = s->list->count, count = order_kinds(s, kinds);
    printf("%zu files in %.1f s (%.1f files/s): %zu good (%.1f %%), %zu bad (%.1f %%)\n", all, seconds,
           seconds > 0 ? (double)all / seconds : 0, all - s->bad, percent(all - s->bad, all), s->bad,
           percent(s->bad, all));
    for (size_t i = 0; i < count; i++) {
        const group *g = &s->kinds[kinds[i]];
        printf("%8zu %-16s ", g->count, video_kind_name(kinds[i]));
        print_names(s, g);
        if (g->count == 1) printf(": %s", s->at[g->first].reason);
        putchar('\n');
    }
    for (size_t i = 0; i < s->same_count; i++) {
        const group *g = &s->same[i];
        printf("%zu of them are the same %lld bytes (", g->count, (long long)s->at[g->first].bytes);
        print_names(s, g);
        printf("): %s\n", s->at[g->first].reason);
    }
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *names_to_json(const summary *s, const group *g)
{
    json_t *names = json_array();
    for (size_t i = 0; names && i < g->count && i < NAMES_MOST; i++)
        json_array_append_new(names, text_to_json(s->list->at[g->names[i]].path));
    return names;
}

static json_t *summary_to_json(const summary *s, double seconds)
{
    video_kind kinds[VIDEO_KINDS];
    size_t all = s->list->count, count = order_kinds(s, kinds);
    json_t *reasons = json_array(), *same = json_array();
    for (size_t i = 0; i < count; i++) {
        const group *g = &s->kinds[kinds[i]];
        json_array_append_new(reasons, json_pack("{s:s, s:I, s:o, s:o}", "kind", video_kind_name(kinds[i]), "count",
                                                 (json_int_t)g->count, "reason", text_to_json(s->at[g->first].reason),
                                                 "first", names_to_json(s, g)));
    }
    for (size_t i = 0; i < s->same_count; i++) {
        const group *g = &s->same[i];
        const video_verdict *v = &s->at[g->first];
        json_array_append_new(same, json_pack("{s:s, s:I, s:I, s:s, s:o, s:o}", "hash", v->hash, "bytes",
                                              (json_int_t)v->bytes, "count", (json_int_t)g->count, "kind",
                                              video_kind_name(v->kind), "reason", text_to_json(v->reason), "first",
                                              names_to_json(s, g)));
    }
    return json_pack("{s:I, s:I, s:I, s:f, s:f, s:o, s:o}", "files", (json_int_t)all, "good",
                     (json_int_t)(all - s->bad), "bad", (json_int_t)s->bad, "seconds", seconds, "files_per_s",
                     seconds > 0 ? (double)all / seconds : 0, "kinds", reasons, "same", same);
}

static status print_json(const summary *s, double seconds)
{
    status st = OK;
    json_t *value = summary_to_json(s, seconds);
    if (!value) TRY(FAIL(ERR_MEMORY, "no memory for the summary"));
    if (json_dumpf(value, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6))) TRY(FAIL(ERR_IO, "cannot write to stdout"));
    putchar('\n');
done:
    json_decref(value);
    return st;
}

status video_summary_print(const video_list *list, const video_verdict *verdicts, double seconds, bool json,
                           size_t *bad)
{
    status st = OK;
    summary s = {.list = list, .at = verdicts};
    TRY(count_all(&s));
    *bad = s.bad;
    if (json) TRY(print_json(&s, seconds));
    else print_lines(&s, seconds);
done:
    free(s.same);
    return st;
}
