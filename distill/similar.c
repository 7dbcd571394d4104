#include "distill/similar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const set_info *info;
    const char *id;
    size_t k;
    size_t width;
    float *wanted; /* (width) features of what was asked for */
    double norm;   /* of these */
    bool exact;    /* its uid is `id`, and not only begins so */
    char *second;  /* another uid that begins so; NULL: there is none */
    similar_list list;
} search;

static double dot(const float *a, const float *b, size_t width)
{
    double sum = 0;
    for (size_t i = 0; i < width; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

static void free_record(similar_record *r)
{
    free(r->uid);
    free(r->sequence);
    *r = (similar_record){0};
}

static status copy_record(const stored_features *at, double similarity, similar_record *out)
{
    *out = (similar_record){strdup(at->uid), strdup(at->sequence), at->start, at->end, similarity};
    if (out->uid && out->sequence) return OK;
    free_record(out);
    return FAIL(ERR_MEMORY, "no memory for what is similar");
}

/* Length of a record's features. Errors: ERR_INPUT. */
static status norm_of(const search *s, const stored_features *at, double *out)
{
    double square = dot(at->features, at->features, s->width);
    if (!isfinite(square)) return FAIL(ERR_INPUT, "set %s, uid %s: a feature is not finite", s->info->name, at->uid);
    *out = sqrt(square);
    return OK;
}

/* ---- the one that is meant --------------------------------------------------------------------------------------- */

static status look_for_id(void *self, const stored_features *at)
{
    status st = OK;
    search *s = self;
    bool begins = !strncmp(at->uid, s->id, strlen(s->id)), exact = !strcmp(at->uid, s->id);
    if (!begins || s->exact) return OK;
    if (s->list.of.uid && !exact) { /* several begin so: an exact one may still come */
        if (!s->second) s->second = strdup(at->uid);
        return s->second ? OK : FAIL(ERR_MEMORY, "no memory for a uid");
    }
    free_record(&s->list.of);
    TRY(copy_record(at, 1, &s->list.of));
    TRY(norm_of(s, at, &s->norm));
    memcpy(s->wanted, at->features, s->width * sizeof *s->wanted);
    s->exact = exact;
done:
    return st;
}

static status check_found(const search *s)
{
    const similar_record *of = &s->list.of;
    if (!of->uid) return FAIL(ERR_MISSING, "set %s has no uid that begins with %s", s->info->name, s->id);
    if (!s->exact && s->second)
        return FAIL(ERR_INPUT, "set %s has several uids that begin with %s, among them %s and %s: say more of it",
                    s->info->name, s->id, of->uid, s->second);
    if (s->norm > 0) return OK;
    return FAIL(ERR_INPUT, "set %s, uid %s: its features are all 0, which is similar to nothing", s->info->name,
                of->uid);
}

/* ---- the nearest ------------------------------------------------------------------------------------------------- */

/* Keeps the list sorted and at most k long. */
static status take_record(void *self, const stored_features *at)
{
    status st = OK;
    search *s = self;
    similar_list *list = &s->list;
    similar_record record = {0};
    double norm = 0;
    if (!strcmp(at->uid, list->of.uid)) return OK;
    TRY(norm_of(s, at, &norm));
    double similarity = norm > 0 ? dot(at->features, s->wanted, s->width) / norm / s->norm : 0;
    if (list->count == s->k && (!s->k || similarity <= list->at[list->count - 1].similarity)) goto done;
    TRY(copy_record(at, similarity, &record));
    if (list->count == s->k) free_record(&list->at[--list->count]);
    size_t place = list->count++;
    for (; place && list->at[place - 1].similarity < similarity; place--) list->at[place] = list->at[place - 1];
    list->at[place] = record;
done:
    return st;
}

status similar_find(store *s, const set_info *info, int64_t set, const char *id, size_t k, similar_list *out)
{
    status st = OK;
    search all = {.info = info, .id = id, .width = (size_t)info->feature_width};
    all.k = k < (size_t)info->count ? k : (size_t)info->count;
    if (info->features == FEATURES_NONE) TRY(FAIL(ERR_INPUT, "set %s has no features", info->name));
    all.wanted = malloc(all.width * sizeof *all.wanted);
    all.list.at = calloc(all.k + 1, sizeof *all.list.at);
    if (!all.wanted || !all.list.at) TRY(FAIL(ERR_MEMORY, "no memory for %zu records", all.k));
    TRY(store_scan_features(s, set, look_for_id, &all));
    TRY(check_found(&all));
    TRY(store_scan_features(s, set, take_record, &all));
    *out = all.list;
    all.list = (similar_list){0};
done:
    free(all.wanted);
    free(all.second);
    similar_free(&all.list);
    return st;
}

void similar_free(similar_list *list)
{
    for (size_t i = 0; i < list->count; i++) free_record(&list->at[i]);
    free_record(&list->of);
    free(list->at);
    *list = (similar_list){0};
}
