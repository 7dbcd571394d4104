#include "student/predict.h"

#include "base/hash.h"
#include "base/log.h"
#include "student/scoring.h"
#include "trainer/progress.h"

#include <stdlib.h>
#include <string.h>

enum { ROUND = 256 }; /* segments a rank predicts between two gatherings */

/* Records one after the other, each behind its length. */
typedef struct {
    unsigned char *at;
    size_t count, room;
} parcel;

static status parcel_add(parcel *p, const void *record, size_t bytes)
{
    size_t needed = p->count + sizeof bytes + bytes;
    if (needed > p->room) {
        unsigned char *more = realloc(p->at, 2 * needed);
        if (!more) return FAIL(ERR_MEMORY, "no memory for %zu bytes of predictions", 2 * needed);
        p->at = more;
        p->room = 2 * needed;
    }
    memcpy(p->at + p->count, &bytes, sizeof bytes);
    memcpy(p->at + p->count + sizeof bytes, record, bytes);
    p->count = needed;
    return OK;
}

static status write_parcels(store *to, int64_t set, const unsigned char *at, size_t count)
{
    status st = OK;
    size_t bytes = 0;
    for (size_t i = 0; i < count; i += bytes) {
        CHECK(count - i >= sizeof bytes);
        memcpy(&bytes, at + i, sizeof bytes);
        i += sizeof bytes;
        CHECK(count - i >= bytes);
        TRY(store_put_packed(to, set, at + i, bytes));
    }
done:
    return st;
}

/* ---- what rank 0 does -------------------------------------------------------------------------------------------- */

static status put_many_shot(store *to, const char *kind, const char *path)
{
    status st = OK;
    int64_t *ids = NULL;
    size_t count = 0;
    if (!path) goto done;
    TRY(ids_read(path, &ids, &count));
    TRY(store_put_many_shot(to, kind, ids, count));
done:
    free(ids);
    return st;
}

/* What scoring needs; nothing changes where the teacher's predictions brought it already. */
static status put_labels(store *to, const dataset *d, const predict_options *o)
{
    status st = OK;
    TRY(store_put_classes(to, &d->classes));
    TRY(store_put_segments(to, "train", &d->train, NULL));
    TRY(store_put_segments(to, "development", &d->development, NULL));
    TRY(store_put_segments(to, "eval", &d->eval, d->eval_group));
    TRY(put_many_shot(to, "verb", o->many_shot_verbs));
    TRY(put_many_shot(to, "noun", o->many_shot_nouns));
done:
    return st;
}

static status begin(const dataset *d, const predict_options *o, set_info *info, store **to, int64_t *set)
{
    status st = OK;
    set_info there = {0};
    TRY(hash_file(o->model_path, info->model_hash));
    TRY(store_open(o->store_path, STORE_WRITE, to));
    TRY(put_labels(*to, d, o));
    TRY(store_begin_set(*to, info, set));
    TRY(store_commit(*to));
    TRY(store_find_set(*to, o->name, o->seed, &there, set));
    info->complete = there.complete;
done:
    return st;
}

static status finish(store *to, int64_t set, const predict_options *o, size_t expected)
{
    status st = OK;
    TRY(store_complete_set(to, set, (int64_t)expected));
    TRY(store_commit(to));
    log_info("%s (seed %lld): %zu predictions in %s", o->name, (long long)o->seed, expected, o->store_path);
done:
    return st;
}

/* ---- what all ranks do ------------------------------------------------------------------------------------------- */

static status predict_share(student *s, const set_info *info, const segment *at, size_t count, parcel *out)
{
    status st = OK;
    size_t classes = s->data->classes.action_count, bytes = 0;
    void *record = NULL;
    float *logits = calloc(count * classes + 1, sizeof *logits);

    if (!logits) TRY(FAIL(ERR_MEMORY, "no memory for the predictions of %zu segments", count));
    TRY(student_predict_or_stop(s, &s->sight.eval_clips, at, count, logits));
    for (size_t i = 0; i < count; i++) {
        TRY(store_pack(info, at[i].uid, logits + i * classes, NULL, &record, &bytes));
        TRY(parcel_add(out, record, bytes));
        free(record);
        record = NULL;
    }
done:
    free(record);
    free(logits);
    return st;
}

/* One round: each rank predicts its share of `count` segments, rank 0 writes them all. */
static status predict_round(comm *c, student *s, const set_info *info, const segment *at, size_t count, store *to,
                            int64_t set)
{
    status st = OK;
    size_t ranks = (size_t)comm_size(c), rank = (size_t)comm_rank(c);
    size_t first = count * rank / ranks, end = count * (rank + 1) / ranks;
    parcel mine = {0};
    void *all = NULL;
    size_t *offsets = calloc(ranks + 1, sizeof *offsets);

    st = offsets ? predict_share(s, info, at + first, end - first, &mine)
                 : FAIL(ERR_MEMORY, "no memory for %zu ranks", ranks);
    TRY(comm_agree(c, st));
    TRY(comm_gather(c, mine.at, mine.count, 0, &all, offsets));
    if (to) st = write_parcels(to, set, all, offsets[ranks]);
    if (to && st == OK) st = store_commit(to);
    TRY(comm_agree(c, st));
done:
    free(mine.at);
    free(all);
    free(offsets);
    return st;
}

static status describe(const student *s, const predict_options *o, set_info *out)
{
    *out = (set_info){
        .seed = o->seed,
        .encoding = o->encoding,
        .features = FEATURES_NONE,
        .classes = (int64_t)s->data->classes.action_count,
        .k = o->k,
    };
    if (strlen(o->name) >= sizeof out->name)
        return FAIL(ERR_CONFIG, "the name %s is too long for a prediction set", o->name);
    memcpy(out->name, o->name, strlen(o->name));
    snprintf(out->role, sizeof out->role, "%s", o->role);
    memcpy(out->recipe_hash, o->recipe_hash, sizeof out->recipe_hash);
    return OK;
}

/* Rounds that have records for all of their segments, of an earlier start; as rank 0 sees it. Others are predicted as a
 * whole, so that batches are made up as without a stop. */
static status find_done(comm *c, store *from, int64_t set, const segment_list *eval, size_t round, unsigned char *done)
{
    size_t rounds = (eval->count + round - 1) / round;
    for (size_t n = 0; from && n < rounds; n++) {
        size_t end = (n + 1) * round < eval->count ? (n + 1) * round : eval->count;
        done[n] = 1;
        for (size_t i = n * round; i < end && done[n]; i++) done[n] = store_has(from, set, eval->at[i].uid);
    }
    return comm_broadcast(c, done, rounds, 0);
}

/* What is predicted is kept, and the next start goes on with it. */
static status stopped(const predict_options *o, size_t predicted, size_t count)
{
    fail_clear();
    return FAIL(ERR_RETRY, "%s: stopped after %zu of %zu predictions as asked; they are kept, --resume goes on",
                o->name, predicted, count);
}

static status predict_rounds(comm *c, student *s, const set_info *info, const predict_options *o, store *to,
                             int64_t set)
{
    status st = OK;
    progress p;
    const segment_list *eval = &s->data->eval;
    size_t round = ROUND * (size_t)comm_size(c);
    unsigned char *done = calloc(eval->count / round + 1, 1);
    progress_begin(&p, comm_rank(c) == 0, 0, (int64_t)eval->count);
    TRY(comm_agree(c, done ? OK : FAIL(ERR_MEMORY, "no memory for the predictions of %s", o->name)));
    TRY(find_done(c, to, set, eval, round, done));
    for (size_t i = 0; i < eval->count; i += round) {
        size_t count = eval->count - i < round ? eval->count - i : round;
        if (!done[i / round]) st = predict_round(c, s, info, eval->at + i, count, to, set);
        if (st == ERR_RETRY) st = stopped(o, i, eval->count);
        TRY(st);
        progress_count(&p, (int64_t)(i + count), "predictions");
    }
done:
    progress_pause(&p);
    free(done);
    return st;
}

status student_write(comm *c, student *s, const predict_options *o)
{
    status st = OK;
    store *to = NULL; /* rank 0's */
    int64_t set = 0;
    set_info info;

    grad_pause();
    st = describe(s, o, &info);
    if (st == OK && comm_rank(c) == 0) st = begin(s->data, o, &info, &to, &set);
    TRY(comm_agree(c, st));
    TRY(comm_any(c, &info.complete));
    if (info.complete) goto done;
    TRY(predict_rounds(c, s, &info, o, to, set));
    if (to) st = finish(to, set, o, s->data->eval.count);
    TRY(comm_agree(c, st));
done:
    grad_resume();
    store_close(&to);
    return st;
}
