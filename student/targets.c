#include "student/targets.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/rng.h"
#include "conf/run.h"

#include <stdlib.h>
#include <string.h>

enum { SHUFFLE = 0x736866 }; /* purpose of the random stream */

typedef enum { LOGITS_NONE, LOGITS_ALL, LOGITS_TOP } logit_kind;

struct targets {
    store *from;
    int64_t set;
    set_info info;
    const segment *at; /* (count) borrowed */
    size_t count, covered;
    size_t *source;         /* (count) segment whose prediction each one learns from */
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

static status check_classes(const targets *t, const class_list *wanted)
{
    status st = OK;
    class_list there = {0};
    TRY(store_get_classes(t->from, &there));
    if (there.action_count != wanted->action_count || t->info.classes != (int64_t)wanted->action_count)
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

static status check_contents(const targets *t)
{
    const set_info *i = &t->info;
    if (!i->complete)
        return FAIL(ERR_INPUT, "the predictions of %s are not complete (%lld records): run the stage predict again",
                    i->name, (long long)i->count);
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

static status deal(targets *t, bool shuffle, uint64_t seed)
{
    t->source = calloc(t->count, sizeof *t->source);
    t->present = calloc(t->count, 1);
    t->row_classes = calloc((size_t)t->info.k, sizeof *t->row_classes);
    t->row_logits = calloc((size_t)t->info.classes, sizeof *t->row_logits);
    if (!t->source || !t->present || !t->row_classes || !t->row_logits)
        return FAIL(ERR_MEMORY, "no memory for the targets of %zu segments", t->count);
    for (size_t i = 0; i < t->count; i++) t->source[i] = i;
    rng random = rng_stream(seed, SHUFFLE, 0);
    if (shuffle) rng_shuffle(&random, t->source, t->count);
    return OK;
}

static status cover(targets *t, bool skip)
{
    const char *first = NULL;
    for (size_t i = 0; i < t->count; i++) {
        const char *uid = t->at[t->source[i]].uid;
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

static status open_set(targets *t, const recipe *r, const char *run, const class_list *classes)
{
    status st = OK;
    char *path = NULL, *name = NULL;
    int64_t k = recipe_int(r, "student.distill.k");

    TRY(find_place(recipe_text(r, "student.distill.from"), run, &path, &name));
    TRY(store_open(path, STORE_READ, &t->from));
    TRY(store_find_set(t->from, name, -1, &t->info, &t->set));
    TRY(check_contents(t));
    TRY(check_classes(t, classes));
    if (!strchr(recipe_text(r, "student.distill.from"), ':')) TRY(check_model(t, run));
    t->k = t->kind == LOGITS_ALL ? t->info.classes : k < t->info.k ? k : t->info.k;
    if (t->kind == LOGITS_TOP && k > t->info.k)
        log_info("distillation from %s: it keeps %lld logits a segment, so the top %lld are used, not %lld", name,
                 (long long)t->info.k, (long long)t->info.k, (long long)k);
done:
    free(path);
    free(name);
    return st;
}

status targets_open(const recipe *r, const char *run, const class_list *classes, const segment *at, size_t count,
                    targets **out)
{
    status st = OK;
    targets *t = calloc(1, sizeof *t);
    bool skip = !strcmp(recipe_text(r, "student.distill.on_missing"), "skip");

    if (!t) TRY(FAIL(ERR_MEMORY, "no memory for the teacher's predictions"));
    *t = (targets){.at = at, .count = count, .kind = kind_of(r)};
    t->features = strcmp(recipe_text(r, "student.distill.features"), "none") != 0;
    if (t->kind != LOGITS_NONE || t->features) {
        TRY(open_set(t, r, run, classes));
        TRY(deal(t, recipe_bool(r, "student.distill.shuffle"), (uint64_t)recipe_int(r, "seed")));
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
    free(t->source);
    free(t->present);
    free(t->row_classes);
    free(t->row_logits);
    free(t);
    *at = NULL;
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

static status read_row(targets *t, const char *uid, const rows *r, size_t row)
{
    status st = OK;
    size_t k = (size_t)t->k, stored = 0;
    float *features = t->features ? r->features + row * (size_t)t->info.feature_width : NULL;

    if (t->kind == LOGITS_TOP) {
        TRY(store_get_topk(t->from, t->set, uid, t->row_classes, t->row_logits, &stored, features));
        CHECK(stored >= k);
        for (size_t i = 0; i < k; i++) r->classes[row * k + i] = t->row_classes[i];
    } else {
        TRY(store_get(t->from, t->set, uid, 0, t->row_logits, features));
    }
    if (t->kind != LOGITS_NONE) memcpy(r->logits + row * k, t->row_logits, k * sizeof *r->logits);
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

status targets_batch(targets *t, const size_t *samples, size_t count, target_batch *out)
{
    status st = OK;
    rows r = {0};

    TRY(rows_new(t, count, &r));
    for (size_t i = 0; i < count; i++) {
        if (!t->present[samples[i]]) continue;
        r.present[i] = 1;
        TRY(read_row(t, t->at[t->source[samples[i]]].uid, &r, i));
    }
    rows_to_tensors(t, &r, (int64_t)count, out);
done:
    rows_free(&r);
    return st;
}
