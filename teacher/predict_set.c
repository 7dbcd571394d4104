#include "teacher/predict_set.h"

#include "base/log.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 256 }; /* queries a rank predicts in a round */

/* Queries of one list that a rank predicts at once. */
typedef struct {
    list_name which;
    size_t first, count;
    const unsigned char *missing; /* (count) 1: no record yet */
} block;

typedef struct {
    comm *c;
    store *s; /* NULL unless rank 0 */
    int64_t set;
    const set_info *info;
    const dataset *d;
    const predictor *who;
    size_t total;           /* queries of all lists of the set */
    unsigned char *missing; /* (total) list after list */
    block *blocks;
    size_t block_count;
    float *logits, *features; /* (BLOCK, ...) */
    unsigned char *packed;    /* records of a round, each after its size (size_t) */
    size_t packed_used, packed_room;
} job;

static void job_free(job *j)
{
    free(j->missing);
    free(j->blocks);
    free(j->logits);
    free(j->features);
    free(j->packed);
}

/* ---- what there is to do ------------------------------------------------------------------------------------------
 */

static status prepare(job *j, const bool lists[LIST_COUNT])
{
    size_t classes = (size_t)j->info->classes, width = (size_t)j->info->feature_width;
    for (list_name l = 0; l < LIST_COUNT; l++)
        if (lists[l]) j->total += list_of(j->d, l)->count;
    j->missing = calloc(j->total + 1, 1);
    j->blocks = calloc(j->total / BLOCK + LIST_COUNT + 1, sizeof *j->blocks);
    j->logits = calloc(BLOCK * classes, sizeof *j->logits);
    if (width) j->features = calloc(BLOCK * width, sizeof *j->features);
    if (!j->missing || !j->blocks || !j->logits || (width && !j->features))
        return FAIL(ERR_MEMORY, "no memory for %d predictions of %zu classes", BLOCK, classes);
    return OK;
}

static void find_missing(job *j, const bool lists[LIST_COUNT])
{
    unsigned char *missing = j->missing;
    for (list_name l = 0; l < LIST_COUNT; l++) {
        const segment_list *list = list_of(j->d, l);
        for (size_t i = 0; lists[l] && i < list->count; i++) *missing++ = !store_has(j->s, j->set, list->at[i].uid);
    }
}

/* Blocks in which anything is missing. */
static void list_blocks(job *j, const bool lists[LIST_COUNT])
{
    const unsigned char *missing = j->missing;
    for (list_name l = 0; l < LIST_COUNT; l++) {
        size_t count = lists[l] ? list_of(j->d, l)->count : 0;
        for (size_t first = 0; first < count; first += BLOCK) {
            size_t length = count - first < BLOCK ? count - first : BLOCK;
            if (memchr(missing + first, 1, length))
                j->blocks[j->block_count++] = (block){l, first, length, missing + first};
        }
        missing += count;
    }
}

static status plan(job *j, const bool lists[LIST_COUNT])
{
    status st = OK;
    status mine = prepare(j, lists);
    if (mine == OK && j->s) mine = store_begin_set(j->s, j->info, &j->set);
    if (mine == OK && j->s) find_missing(j, lists);
    TRY(comm_agree(j->c, mine));
    TRY(comm_broadcast(j->c, j->missing, j->total, 0));
    list_blocks(j, lists);
done:
    return st;
}

/* ---- one round ----------------------------------------------------------------------------------------------------
 */

static status keep_packed(job *j, const void *record, size_t bytes)
{
    size_t needed = j->packed_used + sizeof bytes + bytes;
    if (needed > j->packed_room) {
        size_t room = needed * 2;
        unsigned char *larger = realloc(j->packed, room);
        if (!larger) return FAIL(ERR_MEMORY, "no memory for %zu bytes of records", room);
        j->packed = larger;
        j->packed_room = room;
    }
    memcpy(j->packed + j->packed_used, &bytes, sizeof bytes);
    memcpy(j->packed + j->packed_used + sizeof bytes, record, bytes);
    j->packed_used = needed;
    return OK;
}

static status predict_block(job *j, const block *b)
{
    status st = OK;
    void *record = NULL;
    const segment *at = list_of(j->d, b->which)->at;
    size_t classes = (size_t)j->info->classes, width = (size_t)j->info->feature_width;

    TRY(j->who->predict(j->who->self, b->which, b->first, b->count, j->logits, j->features));
    for (size_t i = 0; i < b->count; i++) {
        size_t bytes = 0;
        if (!b->missing[i]) continue;
        const float *features = j->features ? j->features + i * width : NULL;
        TRY(store_pack(j->info, at[b->first + i].uid, j->logits + i * classes, features, &record, &bytes));
        TRY(keep_packed(j, record, bytes));
        free(record);
        record = NULL;
    }
done:
    free(record);
    return st;
}

/* Writes the records of all ranks: `count` bytes, each record after its size. */
static status write_records(job *j, const unsigned char *records, size_t count)
{
    status st = OK;
    for (size_t at = 0; at < count;) {
        size_t bytes = 0;
        memcpy(&bytes, records + at, sizeof bytes);
        at += sizeof bytes;
        TRY(store_put_packed(j->s, j->set, records + at, bytes));
        at += bytes;
    }
    TRY(store_commit(j->s));
done:
    return st;
}

/* Rank r predicts block `first` + r. `mine` is what became of this rank's part of the round before. */
static status run_round(job *j, size_t first, status *mine)
{
    status st = OK;
    void *gathered = NULL;
    size_t own = first + (size_t)comm_rank(j->c);
    size_t *offsets = calloc((size_t)comm_size(j->c) + 1, sizeof *offsets);

    j->packed_used = 0;
    if (*mine == OK && !offsets) *mine = FAIL(ERR_MEMORY, "no memory to gather records");
    if (*mine == OK && own < j->block_count) *mine = predict_block(j, &j->blocks[own]);
    TRY(comm_agree(j->c, *mine));
    TRY(comm_gather(j->c, j->packed, j->packed_used, 0, &gathered, offsets));
    if (j->s) *mine = write_records(j, gathered, offsets[comm_size(j->c)]);
done:
    free(gathered);
    free(offsets);
    return st;
}

static status finish(job *j)
{
    status st = OK;
    if (!j->s) goto done;
    TRY(store_complete_set(j->s, j->set, (int64_t)j->total));
    TRY(store_commit(j->s));
done:
    return st;
}

status predict_set(comm *c, store *s, const set_info *info, const dataset *d, const bool lists[LIST_COUNT],
                   const predictor *who)
{
    status st = OK, mine = OK;
    job j = {.c = c, .s = s, .info = info, .d = d, .who = who};

    TRY(plan(&j, lists));
    for (size_t first = 0; first < j.block_count; first += (size_t)comm_size(c)) TRY(run_round(&j, first, &mine));
    if (mine == OK) mine = finish(&j);
    TRY(comm_agree(c, mine));
    log_info("%s: %zu segments predicted%s", info->name, j.total, j.block_count ? "" : " before; nothing to do");
done:
    job_free(&j);
    return st;
}
