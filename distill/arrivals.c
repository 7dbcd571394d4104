#include "distill/arrivals.h"

#include "distill/record.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *uid;
    size_t number;
} numbered;

struct arrivals {
    record_coder *coder;
    size_t k, count;
    numbered *by_uid;        /* (count) sorted */
    unsigned char **records; /* (count) NULL: not here yet */
};

static int by_uid(const void *a, const void *b)
{
    return strcmp(((const numbered *)a)->uid, ((const numbered *)b)->uid);
}

status arrivals_new(set_info *info, const segment *at, size_t count, arrivals **out)
{
    status st = OK;
    arrivals *a = calloc(1, sizeof *a);
    if (!a) TRY(FAIL(ERR_MEMORY, "no memory for the predictions of %zu segments", count));
    TRY(set_info_check(info));
    TRY(record_coder_new(info, &a->coder));
    a->by_uid = calloc(count + 1, sizeof *a->by_uid);
    a->records = calloc(count + 1, sizeof *a->records);
    if (!a->by_uid || !a->records) TRY(FAIL(ERR_MEMORY, "no memory for the predictions of %zu segments", count));
    a->k = (size_t)info->k;
    a->count = count;
    for (size_t i = 0; i < count; i++) a->by_uid[i] = (numbered){at[i].uid, i};
    qsort(a->by_uid, count, sizeof *a->by_uid, by_uid);
    *out = a;
    a = NULL;
done:
    arrivals_free(&a);
    return st;
}

void arrivals_free(arrivals **at)
{
    if (!at || !*at) return;
    arrivals *a = *at;
    for (size_t i = 0; i < a->count; i++) free(a->records[i]);
    free(a->records);
    free(a->by_uid);
    record_coder_free(&a->coder);
    free(a);
    *at = NULL;
}

status arrivals_put(arrivals *a, const void *packed, size_t bytes)
{
    status st = OK;
    packed_record p = {0};
    char *uid = NULL;
    TRY(packed_read(packed, bytes, &p));
    TRY(record_check(a->coder, p.uid, p.uid_length, p.record, p.bytes));
    uid = strndup(p.uid, p.uid_length);
    if (!uid) TRY(FAIL(ERR_MEMORY, "no memory for a prediction"));
    const numbered *found = bsearch(&(numbered){.uid = uid}, a->by_uid, a->count, sizeof *a->by_uid, by_uid);
    if (!found) goto done;
    unsigned char *record = realloc(a->records[found->number], p.bytes);
    if (!record) TRY(FAIL(ERR_MEMORY, "no memory for the prediction of %s", uid));
    memcpy(record, p.record, p.bytes);
    a->records[found->number] = record;
done:
    free(uid);
    return st;
}

bool arrivals_have(const arrivals *a, size_t i)
{
    return i < a->count && a->records[i];
}

void arrivals_get(arrivals *a, size_t i, float absent, float *logits, float *features)
{
    record_logits(a->coder, a->records[i], absent, logits);
    if (features) record_features(a->coder, a->records[i], features);
}

void arrivals_get_topk(arrivals *a, size_t i, int32_t *classes, float *logits, size_t *count, float *features)
{
    record_sorted(a->coder, a->records[i], classes, logits);
    *count = a->k;
    if (features) record_features(a->coder, a->records[i], features);
}
