#include "student/targets.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/rng.h"
#include "conf/run.h"
#include "distill/arrivals.h"

#include <stdlib.h>
#include <string.h>

enum { SHUFFLE = 0x736866 }; /* purpose of the random stream */

typedef enum { LOGITS_NONE, LOGITS_ALL, LOGITS_TOP } logit_kind;

struct targets {
    const prediction_source *source; /* borrowed; NULL: the store is complete */
    arrivals *arrived;               /* what came from it so far; NULL once the store is read */
    char *path;                      /* of the store */
    store *from;                     /* NULL while predictions come from a source */
    int64_t set;
    set_info info;
    const segment *at; /* (count) borrowed */
    size_t count, covered;
    size_t *learns_from;    /* (count) segment whose prediction each one learns from */
    unsigned char *present; /* (count) */
    logit_kind kind;
    int64_t k; /* logits a segment */
    bool features;
    int32_t *row_classes; /* (info.k) room for one record */
    float *row_logits;    /* (info.classes) */
};

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* "NAME" of the run's store, or "STORE:NAME". The caller frees both. */
static status find_place(const char *from, const char *run, char **path, char **name)
{
    const char *colon = strrchr(from, ':');
    *path = colon ? strndup(from, (size_t)(colon - from)) : run_path(run, "store.sqlite");
    *name = strdup(colon ? colon + 1 : from);
    if (!*path || !*name) return FAIL(ERR_MEMORY, "no memory for the name of a store");
    return OK;
}

static status hash_if_there(const char *directory, const char *name, char out[HASH_TEXT])
{
    status st = OK;
    out[0] = '\0';
    char *path = path_join(directory, name);
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the name of a file"));
    if (file_exists(path)) TRY(hash_file(path, out));
done:
    free(path);
    return st;
}

/* A teacher trained by this run must be the one whose predictions are read. */
static status check_model(const targets *t, const char *run)
{
    status st = OK;
    char model[HASH_TEXT], vocabulary[HASH_TEXT];
    char step[128];
    snprintf(step, sizeof step, "%s.%lld", t->info.name, (long long)t->info.seed); /* of several seeds */
    char *directory = run_step_directory(run, step);
    if (directory && !directory_exists(directory)) {
        free(directory);
        directory = run_step_directory(run, t->info.name);
    }
    if (!directory) TRY(FAIL(ERR_MEMORY, "no memory for the name of a directory"));
    TRY(hash_if_there(directory, "model.safetensors", model));
    TRY(hash_if_there(directory, "vocabulary.txt", vocabulary));
    TRY(set_require(&t->info, model, vocabulary));
done:
    free(directory);
    return st;
}

/* Where predictions come from a source, its ranks have read the same files for this recipe. */
static status check_classes(const targets *t, const class_list *wanted)
{
    status st = OK;
    class_list there = {0};
    if (t->from) TRY(store_get_classes(t->from, &there));
    if ((t->from && there.action_count != wanted->action_count) || t->info.classes != (int64_t)wanted->action_count)
        TRY(FAIL(
            ERR_INPUT,
            "the predictions of %s are over %lld action classes, this run has %zu: take a teacher of the same classes",
            t->info.name, (long long)t->info.classes, wanted->action_count));
    for (size_t i = 0; i < there.action_count; i++)
        if (strcmp(there.actions[i].name, wanted->actions[i].name))
            TRY(FAIL(ERR_INPUT,
                     "action class %zu is %s for the teacher %s and %s here: take a teacher of the same classes", i,
                     there.actions[i].name, t->info.name, wanted->actions[i].name));
done:
    classes_free(&there);
    return st;
}

static status check_complete(const targets *t)
{
    const set_info *i = &t->info;
    if (i->complete) return OK;
    return FAIL(ERR_INPUT, "the predictions of %s are not complete (%lld records): run the stage predict again",
                i->name, (long long)i->count);
}

static status check_contents(const targets *t)
{
    const set_info *i = &t->info;
    if (t->kind == LOGITS_ALL && i->k < i->classes)
        return FAIL(
            ERR_CONFIG,
            "student.distill.loss: kl wants all %lld logits and %s keeps the top %lld: set predict.encoding: dense, or "
            "distil with topk_kl",
            (long long)i->classes, i->name, (long long)i->k);
    if (t->features && i->features == FEATURES_NONE)
        return FAIL(ERR_CONFIG, "student.distill.features wants features and %s has none: set predict.features",
                    i->name);
    return OK;
}

status targets_sources(const recipe *r, size_t count, size_t **out)
{
    rng random = rng_stream((uint64_t)recipe_int(r, "seed"), SHUFFLE, 0);
    size_t *sources = calloc(count + 1, sizeof *sources);
    if (!sources) return FAIL(ERR_MEMORY, "no memory for the targets of %zu segments", count);
    for (size_t i = 0; i < count; i++) sources[i] = i;
    if (recipe_bool(r, "student.distill.shuffle")) rng_shuffle(&random, sources, count);
    *out = sources;
    return OK;
}

static status make_room(targets *t)
{
    t->present = calloc(t->count, 1);
    t->row_classes = calloc((size_t)t->info.k, sizeof *t->row_classes);
    t->row_logits = calloc((size_t)t->info.classes, sizeof *t->row_logits);
    if (!t->present || !t->row_classes || !t->row_logits)
        return FAIL(ERR_MEMORY, "no memory for the targets of %zu segments", t->count);
    return OK;
}

static status cover(targets *t, bool skip)
{
    const char *first = NULL;
    if (!t->from) {
        memset(t->present, 1, t->count);
        t->covered = t->count;
        return OK;
    }
    for (size_t i = 0; i < t->count; i++) {
        const char *uid = t->at[t->learns_from[i]].uid;
        t->present[i] = store_has(t->from, t->set, uid);
        t->covered += t->present[i];
        if (!t->present[i] && !first) first = uid;
    }
    size_t missing = t->count - t->covered;
    log_info("distillation from %s: %zu of %zu training segments have a prediction (coverage %.2f %%)", t->info.name,
             t->covered, t->count, 100 * targets_coverage(t));
    if (!missing || skip) return OK;
    return FAIL(ERR_MISSING,
                "segment %s has no prediction by %s (nor have %zu others of %zu): run the stage predict again, or set "
                "student.distill.on_missing: skip",
                first, t->info.name, missing - 1, t->count);
}

static logit_kind kind_of(const recipe *r)
{
    const char *loss = recipe_text(r, "student.distill.loss");
    if (!strcmp(loss, "kl")) return LOGITS_ALL;
    return strcmp(loss, "topk_kl") ? LOGITS_NONE : LOGITS_TOP;
}

/* ---- from the store, or while it is made -------------------------------------------------------------------------
 */

static status take_records(arrivals *to, const unsigned char *records, size_t count)
{
    status st = OK;
    for (size_t at = 0; at < count;) {
        size_t bytes = 0;
        CHECK(count - at >= sizeof bytes);
        memcpy(&bytes, records + at, sizeof bytes);
        at += sizeof bytes;
        CHECK(count - at >= bytes);
        TRY(arrivals_put(to, records + at, bytes));
        at += bytes;
    }
done:
    return st;
}

static status open_store(targets *t, const char *name)
{
    status st = OK;
    TRY(store_open(t->path, STORE_READ, &t->from));
    TRY(store_find_set(t->from, name, -1, &t->info, &t->set));
    TRY(check_complete(t));
done:
    return st;
}

/* Takes the next piece of the source. */
static status hear(targets *t, bool wait, bool *heard)
{
    status st = OK;
    prediction_news news = {0};
    TRY(t->source->next(t->source->self, wait, &news));
    *heard = news.kind != NEWS_NONE;
    if (news.kind == NEWS_SET) {
        t->info = news.info;
        TRY(arrivals_new(&t->info, t->at, t->count, &t->arrived));
    } else if (news.kind == NEWS_RECORDS) {
        CHECK(t->arrived);
        TRY(take_records(t->arrived, news.records, news.bytes));
    } else if (news.kind == NEWS_COMPLETE) {
        CHECK(t->arrived);
        t->source = NULL;
        TRY(open_store(t, t->info.name));
        arrivals_free(&t->arrived);
    }
done:
    return st;
}

/* All training segments will be predicted. */
static status open_source(targets *t)
{
    status st = OK;
    bool heard = false;
    while (!t->arrived && !t->from) TRY(hear(t, true, &heard));
    log_info("distillation from %s: its predictions of %zu training segments come while they are learned from",
             t->info.name, t->count);
done:
    return st;
}

static status open_set(targets *t, const recipe *r, const char *run, const class_list *classes)
{
    status st = OK;
    char *name = NULL;
    int64_t k = recipe_int(r, "student.distill.k");

    TRY(find_place(recipe_text(r, "student.distill.from"), run, &t->path, &name));
    TRY(t->source ? open_source(t) : open_store(t, name));
    TRY(check_contents(t));
    TRY(check_classes(t, classes));
    if (!strchr(recipe_text(r, "student.distill.from"), ':')) TRY(check_model(t, run));
    t->k = t->kind == LOGITS_ALL ? t->info.classes : k < t->info.k ? k : t->info.k;
    if (t->kind == LOGITS_TOP && k > t->info.k)
        log_info("distillation from %s: it keeps %lld logits a segment, so the top %lld are used, not %lld", name,
                 (long long)t->info.k, (long long)t->info.k, (long long)k);
done:
    free(name);
    return st;
}

status targets_open(const recipe *r, const char *run, const class_list *classes, const segment *at, size_t count,
                    const prediction_source *from, targets **out)
{
    status st = OK;
    targets *t = calloc(1, sizeof *t);
    bool skip = !strcmp(recipe_text(r, "student.distill.on_missing"), "skip");

    if (!t) TRY(FAIL(ERR_MEMORY, "no memory for the teacher's predictions"));
    *t = (targets){.source = from, .at = at, .count = count, .kind = kind_of(r)};
    t->features = strcmp(recipe_text(r, "student.distill.features"), "none") != 0;
    if (t->kind != LOGITS_NONE || t->features) {
        TRY(open_set(t, r, run, classes));
        TRY(targets_sources(r, count, &t->learns_from));
        TRY(make_room(t));
        TRY(cover(t, skip));
        *out = t;
        t = NULL;
    } else {
        *out = NULL;
    }
done:
    targets_close(&t);
    return st;
}

void targets_close(targets **at)
{
    if (!at || !*at) return;
    targets *t = *at;
    store_close(&t->from);
    arrivals_free(&t->arrived);
    free(t->path);
    free(t->learns_from);
    free(t->present);
    free(t->row_classes);
    free(t->row_logits);
    free(t);
    *at = NULL;
}

status targets_settle(targets *t, bool *settled)
{
    bool heard = false;
    status st = t->source ? hear(t, true, &heard) : OK;
    *settled = !t->source;
    return st;
}

double targets_coverage(const targets *t)
{
    return t->count ? (double)t->covered / (double)t->count : 0;
}

int64_t targets_feature_width(const targets *t)
{
    return t->features ? t->info.feature_width : 0;
}

/* ---- batches ----------------------------------------------------------------------------------------------------- */

/* Rows of a batch; those of segments without a prediction stay zero. */
typedef struct {
    int64_t *classes; /* (B, K) */
    float *logits;    /* (B, K) */
    float *features;  /* (B, D) */
    float *present;   /* (B) */
} rows;

static status rows_new(const targets *t, size_t count, rows *out)
{
    size_t k = (size_t)t->k, width = (size_t)t->info.feature_width;
    *out = (rows){
        .classes = calloc(count * k + 1, sizeof *out->classes),
        .logits = calloc(count * k + 1, sizeof *out->logits),
        .features = calloc(count * width + 1, sizeof *out->features),
        .present = calloc(count + 1, sizeof *out->present),
    };
    if (!out->classes || !out->logits || !out->features || !out->present)
        return FAIL(ERR_MEMORY, "no memory for the teacher's predictions of %zu segments", count);
    return OK;
}

static void rows_free(rows *r)
{
    free(r->classes);
    free(r->logits);
    free(r->features);
    free(r->present);
}

static status read_topk(targets *t, size_t of, size_t *count, float *features)
{
    if (t->from) return store_get_topk(t->from, t->set, t->at[of].uid, t->row_classes, t->row_logits, count, features);
    arrivals_get_topk(t->arrived, of, t->row_classes, t->row_logits, count, features);
    return OK;
}

static status read_all(targets *t, size_t of, float *features)
{
    if (t->from) return store_get(t->from, t->set, t->at[of].uid, 0, t->row_logits, features);
    arrivals_get(t->arrived, of, 0, t->row_logits, features);
    return OK;
}

static status read_row(targets *t, size_t of, const rows *r, size_t row)
{
    status st = OK;
    size_t k = (size_t)t->k, stored = 0;
    float *features = t->features ? r->features + row * (size_t)t->info.feature_width : NULL;

    if (t->kind == LOGITS_TOP) {
        TRY(read_topk(t, of, &stored, features));
        CHECK(stored >= k);
        for (size_t i = 0; i < k; i++) r->classes[row * k + i] = t->row_classes[i];
    } else {
        TRY(read_all(t, of, features));
    }
    if (t->kind != LOGITS_NONE) memcpy(r->logits + row * k, t->row_logits, k * sizeof *r->logits);
done:
    return st;
}

/* Takes all that is here, then waits until the segment's prediction is. */
static status await(targets *t, size_t of)
{
    status st = OK;
    bool heard = t->source != NULL;
    while (t->source && heard) TRY(hear(t, false, &heard));
    while (t->source && !arrivals_have(t->arrived, of)) TRY(hear(t, true, &heard));
done:
    return st;
}

static void rows_to_tensors(const targets *t, const rows *r, int64_t count, target_batch *out)
{
    *out = (target_batch){0};
    if (t->kind == LOGITS_TOP) out->classes = t_from_i64(r->classes, SHAPE(count, t->k));
    if (t->kind != LOGITS_NONE) out->logits = t_from_f32(r->logits, SHAPE(count, t->k));
    if (t->features) out->features = t_from_f32(r->features, SHAPE(count, t->info.feature_width));
    if (t->covered < t->count) out->present = t_from_f32(r->present, SHAPE(count));
}

status targets_await(targets *t, const size_t *samples, size_t count)
{
    status st = OK;
    for (size_t i = 0; i < count; i++) TRY(await(t, t->learns_from[samples[i]]));
done:
    return st;
}

status targets_batch(targets *t, const size_t *samples, size_t count, target_batch *out)
{
    status st = OK;
    rows r = {0};

    TRY(targets_await(t, samples, count));
    TRY(rows_new(t, count, &r));
    for (size_t i = 0; i < count; i++) {
        if (!t->present[samples[i]]) continue;
        r.present[i] = 1;
        TRY(read_row(t, t->learns_from[samples[i]], &r, i));
    }
    rows_to_tensors(t, &r, (int64_t)count, out);
done:
    rows_free(&r);
    return st;
}
