#include "teacher/predict_set.h"

#include "base/log.h"
#include "trainer/progress.h"
#include "trainer/trainer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = 256,      /* queries a rank predicts in a round */
    ASKED_BLOCK = 64, /* of those that a learner asks for, who may be waiting */
};

/* Queries of one list that a rank predicts at once. */
typedef struct {
    list_name which;
    const size_t *queries; /* (count) */
    size_t count;
} block;

typedef struct {
    comm *c;
    store *s; /* NULL unless rank 0 */
    int64_t set;
    const set_info *info;
    const dataset *d;
    const predictor *who;
    const predict_learner *learner;
    size_t total;             /* queries of all lists of the set */
    size_t start[LIST_COUNT]; /* where a list begins among them */
    unsigned char *missing;   /* (total) 1: no record yet */
    size_t *order;            /* (total) queries as they stand in blocks */
    block *blocks;            /* those that are asked for come first */
    size_t block_count, asked_count;
    size_t *due; /* (due_count) blocks in which anything is missing */
    size_t due_count;
    size_t present;           /* queries that have a record */
    size_t told;              /* blocks that the learner was told of */
    float *logits, *features; /* (BLOCK, ...) */
    unsigned char *packed;    /* records of a round, each after its size (size_t) */
    size_t packed_used, packed_room;
} job;

static void job_free(job *j)
{
    free(j->missing);
    free(j->order);
    free(j->blocks);
    free(j->due);
    free(j->logits);
    free(j->features);
    free(j->packed);
}

/* ---- blocks -------------------------------------------------------------------------------------------------------
 */

static status prepare(job *j, const bool lists[LIST_COUNT])
{
    size_t classes = (size_t)j->info->classes, width = (size_t)j->info->feature_width;
    for (list_name l = 0; l < LIST_COUNT; l++) {
        j->start[l] = j->total;
        if (lists[l]) j->total += list_of(j->d, l)->count;
    }
    size_t most = j->total / ASKED_BLOCK + 2 * LIST_COUNT + 1;
    j->missing = calloc(j->total + 1, 1);
    j->order = calloc(j->total + 1, sizeof *j->order);
    j->blocks = calloc(most, sizeof *j->blocks);
    j->due = calloc(most, sizeof *j->due);
    j->logits = calloc(BLOCK * classes, sizeof *j->logits);
    if (width) j->features = calloc(BLOCK * width, sizeof *j->features);
    if (!j->missing || !j->order || !j->blocks || !j->due || !j->logits || (width && !j->features))
        return FAIL(ERR_MEMORY, "no memory for %d predictions of %zu classes", BLOCK, classes);
    return OK;
}

/* A query by its uid. */
typedef struct {
    const char *uid;
    list_name which;
    size_t query;
    bool placed; /* it has a block */
} entry;

static int by_uid(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->uid, ((const entry *)b)->uid);
}

static void list_entries(const job *j, const bool lists[LIST_COUNT], entry *entries)
{
    size_t used = 0;
    for (list_name l = 0; l < LIST_COUNT; l++)
        for (size_t i = 0; lists[l] && i < list_of(j->d, l)->count; i++)
            entries[used++] = (entry){list_of(j->d, l)->at[i].uid, l, i, false};
    qsort(entries, j->total, sizeof *entries, by_uid);
}

/* A block of one list that is being filled. */
typedef struct {
    size_t queries[BLOCK];
    size_t count;
} open_block;

static void add_block(job *j, list_name which, open_block *from)
{
    size_t used = 0;
    if (!from->count) return;
    if (j->block_count) {
        const block *last = &j->blocks[j->block_count - 1];
        used = (size_t)(last->queries - j->order) + last->count;
    }
    memcpy(j->order + used, from->queries, from->count * sizeof *j->order);
    j->blocks[j->block_count++] = (block){which, j->order + used, from->count};
    from->count = 0;
}

/* Blocks fill up in the order in which their queries are asked for; each is of one list. */
static void add_asked(job *j, entry *entries)
{
    open_block open[LIST_COUNT];
    for (list_name l = 0; l < LIST_COUNT; l++) open[l].count = 0;
    for (size_t i = 0; j->learner && i < j->learner->count; i++) {
        const entry wanted = {.uid = j->learner->asks[i]};
        entry *found = bsearch(&wanted, entries, j->total, sizeof *entries, by_uid);
        if (!found || found->placed) continue;
        open_block *to = &open[found->which];
        found->placed = true;
        to->queries[to->count++] = found->query;
        if (to->count == ASKED_BLOCK) add_block(j, found->which, to);
    }
    for (list_name l = 0; l < LIST_COUNT; l++) add_block(j, l, &open[l]);
    j->asked_count = j->block_count;
}

/* The others, in the order of the lists. `missing` still tells which these are. */
static void add_rest(job *j, const bool lists[LIST_COUNT])
{
    open_block open = {.count = 0};
    for (list_name l = 0; l < LIST_COUNT; l++) {
        for (size_t i = 0; lists[l] && i < list_of(j->d, l)->count; i++) {
            if (j->missing[j->start[l] + i]) continue;
            open.queries[open.count++] = i;
            if (open.count == BLOCK) add_block(j, l, &open);
        }
        add_block(j, l, &open);
    }
}

static status make_blocks(job *j, const bool lists[LIST_COUNT])
{
    entry *entries = calloc(j->total + 1, sizeof *entries);
    if (!entries) return FAIL(ERR_MEMORY, "no memory to deal out %zu segments", j->total);
    list_entries(j, lists, entries);
    add_asked(j, entries);
    for (size_t i = 0; i < j->total; i++) /* for a moment: those that have a block */
        j->missing[j->start[entries[i].which] + entries[i].query] = entries[i].placed;
    add_rest(j, lists);
    memset(j->missing, 0, j->total);
    free(entries);
    return OK;
}

/* ---- what there is to do ------------------------------------------------------------------------------------------
 */

static const char *uid_of(const job *j, const block *b, size_t i)
{
    return list_of(j->d, b->which)->at[b->queries[i]].uid;
}

static unsigned char *missing_of(const job *j, const block *b, size_t i)
{
    return &j->missing[j->start[b->which] + b->queries[i]];
}

static void find_missing(job *j)
{
    for (size_t n = 0; n < j->block_count; n++)
        for (size_t i = 0; i < j->blocks[n].count; i++)
            *missing_of(j, &j->blocks[n], i) = !store_has(j->s, j->set, uid_of(j, &j->blocks[n], i));
}

static void list_due(job *j)
{
    for (size_t n = 0; n < j->block_count; n++) {
        bool due = false;
        for (size_t i = 0; i < j->blocks[n].count; i++) {
            bool missing = *missing_of(j, &j->blocks[n], i);
            due = due || missing;
            j->present += !missing;
        }
        if (due) j->due[j->due_count++] = n;
    }
}

static bool is_told(const job *j)
{
    return j->s && j->learner && j->learner->sink;
}

static status plan(job *j, const bool lists[LIST_COUNT])
{
    status st = OK;
    status mine = prepare(j, lists);
    if (mine == OK) mine = make_blocks(j, lists);
    if (mine == OK && j->s) mine = store_begin_set(j->s, j->info, &j->set);
    if (mine == OK && j->s) find_missing(j);
    if (mine == OK && is_told(j) && j->asked_count) mine = j->learner->sink->begin(j->learner->sink->self, j->info);
    TRY(comm_agree(j->c, mine));
    TRY(comm_broadcast(j->c, j->missing, j->total, 0));
    list_due(j);
done:
    return st;
}

/* ---- telling the learner ------------------------------------------------------------------------------------------
 */

static status tell_block(job *j, const block *b)
{
    status st = OK;
    void *packed = NULL;
    size_t bytes = 0;
    const prediction_sink *sink = j->learner->sink;
    for (size_t i = 0; i < b->count; i++) {
        TRY(store_get_packed(j->s, j->set, uid_of(j, b, i), &packed, &bytes));
        TRY(sink->record(sink->self, packed, bytes));
        free(packed);
        packed = NULL;
    }
done:
    free(packed);
    return st;
}

/* Tells what the store has by now: all blocks before the next one that is due. What it had before comes from it as
 * well, so that the learner sees what it would read there. A set that is complete is not told: it will be read. */
static status tell(job *j, size_t done)
{
    status st = OK;
    if (!is_told(j) || !j->due_count) goto done;
    size_t until = done < j->due_count ? j->due[done] : j->block_count;
    for (; j->told < until && j->told < j->asked_count; j->told++) TRY(tell_block(j, &j->blocks[j->told]));
    TRY(j->learner->sink->alive(j->learner->sink->self));
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
    size_t classes = (size_t)j->info->classes, width = (size_t)j->info->feature_width;

    TRY(j->who->predict(j->who->self, b->which, b->queries, b->count, j->logits, j->features));
    for (size_t i = 0; i < b->count; i++) {
        size_t bytes = 0;
        if (!*missing_of(j, b, i)) continue;
        const float *features = j->features ? j->features + i * width : NULL;
        TRY(store_pack(j->info, uid_of(j, b, i), j->logits + i * classes, features, &record, &bytes));
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

/* Rank r predicts the block that is due at `first` + r. `mine` is what became of this rank's part of the round before.
 */
static status look_for_stop(const job *j)
{
    bool teaches = j->learner && j->learner->sink; /* the learner stops where it can save, and then ends this too */
    if (teaches || !trainer_stop_requested()) return OK;
    return FAIL(ERR_RETRY, "%s: stopped after %zu of %zu predictions as asked; they are kept, --resume goes on",
                j->info->name, j->present, j->total);
}

/* Queries that a round gave records. */
static void count_round(job *j, size_t first)
{
    for (size_t n = first; n < first + (size_t)comm_size(j->c) && n < j->due_count; n++) {
        const block *b = &j->blocks[j->due[n]];
        for (size_t i = 0; i < b->count; i++) j->present += *missing_of(j, b, i);
    }
}

static status run_round(job *j, size_t first, status *mine)
{
    status st = OK;
    void *gathered = NULL;
    size_t ranks = (size_t)comm_size(j->c), own = first + (size_t)comm_rank(j->c);
    size_t *offsets = calloc(ranks + 1, sizeof *offsets);

    j->packed_used = 0;
    if (*mine == OK && !offsets) *mine = FAIL(ERR_MEMORY, "no memory to gather records");
    if (*mine == OK) *mine = look_for_stop(j);
    if (*mine == OK && own < j->due_count) *mine = predict_block(j, &j->blocks[j->due[own]]);
    TRY(comm_agree(j->c, *mine));
    TRY(comm_gather(j->c, j->packed, j->packed_used, 0, &gathered, offsets));
    if (j->s) *mine = write_records(j, gathered, offsets[ranks]);
    if (*mine == OK) *mine = tell(j, first + ranks);
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
                   const predictor *who, const predict_learner *learner)
{
    status st = OK, mine = OK;
    job j = {.c = c, .s = s, .info = info, .d = d, .who = who, .learner = learner};
    progress p = {0};

    TRY(plan(&j, lists));
    progress_begin(&p, comm_rank(c) == 0 && !is_told(&j), (int64_t)j.present, (int64_t)j.total);
    mine = tell(&j, 0);
    for (size_t first = 0; first < j.due_count; first += (size_t)comm_size(c)) {
        TRY(run_round(&j, first, &mine));
        count_round(&j, first);
        progress_count(&p, (int64_t)j.present, "predictions");
    }
    if (mine == OK) mine = finish(&j);
    TRY(comm_agree(c, mine));
    log_info("%s: %zu segments predicted%s", info->name, j.total, j.due_count ? "" : " before; nothing to do");
done:
    progress_pause(&p);
    job_free(&j);
    return st;
}
