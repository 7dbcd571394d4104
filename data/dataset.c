#include "data/dataset.h"

#include "base/file.h"
#include "base/hash.h"
#include "data/dataset_instances.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRAIN, DEVELOPMENT, EVAL };
enum { SEED_EVAL = 1, SEED_RECORDINGS = 2, SEED_DEVELOPMENT = 3, SEED_SHARE = 4 };

/* How the segments of data.train are dealt out: (count) each. */
typedef struct {
    const segment_list *from;
    const char **groups; /* the video, or the gloss string of the sentence */
    unsigned char *split;
} deal;

typedef struct {
    const char *group, *sequence;
    uint64_t hash;
    size_t first, count; /* its segments */
} recording;

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_group_and_hash(const void *a, const void *b)
{
    const recording *x = a, *y = b;
    int order = strcmp(x->group, y->group);
    if (order) return order;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return strcmp(x->sequence, y->sequence);
}

/* ---- dealing out data.train ---------------------------------------------------------------------------------------
 */

static status find_groups(deal *d, bool glosses, segment_list *list, const class_list *classes)
{
    if (glosses) return sequence_texts(list, classes, &d->groups);
    d->groups = calloc(list->count, sizeof *d->groups);
    if (!d->groups) return FAIL(ERR_MEMORY, "no memory for the videos of %zu segments", list->count);
    for (size_t i = 0; i < list->count; i++) d->groups[i] = list->at[i].sequence;
    return OK;
}

/* Moves `part` of the groups that are still in train to `split`. */
static status take_groups(deal *d, double part, uint64_t seed, unsigned char split)
{
    status st = OK;
    size_t count = d->from->count, left = 0;
    const char **groups = calloc(count, sizeof *groups);
    unsigned char *in = calloc(count, 1);

    if (!groups || !in) TRY(FAIL(ERR_MEMORY, "no memory to split %zu segments", count));
    for (size_t i = 0; i < count; i++)
        if (d->split[i] == TRAIN) groups[left++] = d->groups[i];
    TRY(split_development(groups, left, part, seed, in));
    for (size_t i = 0, k = 0; i < count; i++)
        if (d->split[i] == TRAIN && in[k++]) d->split[i] = split;
done:
    free(groups);
    free(in);
    return st;
}

static uint64_t name_hash(uint64_t seed, const char *name)
{
    return hash_mix(seed, hash_of_name(name));
}

static size_t list_recordings(const deal *d, uint64_t seed, recording *out)
{
    size_t count = 0;
    const segment *at = d->from->at;
    for (size_t i = 0; i < d->from->count; i++) {
        if (d->split[i] != TRAIN) continue;
        if (count && !strcmp(out[count - 1].sequence, at[i].sequence)) {
            out[count - 1].count++;
            continue;
        }
        out[count++] = (recording){d->groups[i], at[i].sequence, name_hash(seed, at[i].sequence), i, 1};
    }
    return count;
}

static int by_hash(const void *a, const void *b)
{
    const recording *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return strcmp(x->sequence, y->sequence);
}

/* Keeps of `all` (count, sorted by group) those whose gloss string has another recording; returns how many. */
static size_t keep_spared(recording *all, size_t count)
{
    size_t spared = 0;
    const char *before = count ? all[0].group : NULL;
    for (size_t i = 1; i < count; i++) {
        const char *group = all[i].group;
        if (!strcmp(group, before)) all[spared++] = all[i];
        before = group;
    }
    return spared;
}

/* Moves recordings whose gloss string keeps another recording in train to eval: `part` of those that can be spared, and
 * at least one where there is one. */
static status take_recordings(deal *d, double part, uint64_t seed)
{
    status st = OK;
    recording *all = calloc(d->from->count, sizeof *all);
    if (!all) TRY(FAIL(ERR_MEMORY, "no memory to split %zu segments", d->from->count));
    size_t count = list_recordings(d, seed, all);
    qsort(all, count, sizeof *all, by_group_and_hash);
    size_t spared = keep_spared(all, count);
    qsort(all, spared, sizeof *all, by_hash);
    size_t taken = (size_t)ceil(part * (double)spared);
    for (size_t i = 0; i < taken; i++) memset(d->split + all[i].first, EVAL, all[i].count);
done:
    free(all);
    return st;
}

static status deal_out(deal *d, const recipe *r, bool glosses)
{
    status st = OK;
    uint64_t seed = (uint64_t)recipe_int(r, "data.split_seed");
    double eval_part = recipe_real(r, "data.eval_part");
    bool hold_out = recipe_is_null(r, "data.eval");

    if (hold_out) TRY(take_groups(d, eval_part, hash_mix(seed, SEED_EVAL), EVAL));
    TRY(take_groups(d, recipe_real(r, "data.development"), hash_mix(seed, SEED_DEVELOPMENT), DEVELOPMENT));
    if (hold_out && glosses) TRY(take_recordings(d, eval_part, hash_mix(seed, SEED_RECORDINGS)));
done:
    return st;
}

/* New list of the segments in `split`; strings stay borrowed. */
static status collect(const deal *d, unsigned char split, segment_list *out)
{
    size_t count = 0;
    for (size_t i = 0; i < d->from->count; i++) count += d->split[i] == split;
    out->at = calloc(count ? count : 1, sizeof *out->at);
    if (!out->at) return FAIL(ERR_MEMORY, "no memory for %zu segments", count);
    for (size_t i = 0; i < d->from->count; i++)
        if (d->split[i] == split) out->at[out->count++] = d->from->at[i];
    return OK;
}

/* ---- eval ---------------------------------------------------------------------------------------------------------
 */

static status copy_list(const segment_list *from, segment_list *out)
{
    out->at = calloc(from->count ? from->count : 1, sizeof *out->at);
    if (!out->at) return FAIL(ERR_MEMORY, "no memory for %zu segments", from->count);
    if (from->count) memcpy(out->at, from->at, from->count * sizeof *out->at);
    out->count = from->count;
    return OK;
}

/* Gloss strings of train, sorted: (count) pointers in new memory. */
static status train_texts(const deal *d, const char ***out, size_t *count)
{
    const char **texts = calloc(d->from->count, sizeof *texts);
    if (!texts) return FAIL(ERR_MEMORY, "no memory for %zu gloss strings", d->from->count);
    *count = 0;
    for (size_t i = 0; i < d->from->count; i++)
        if (d->split[i] == TRAIN) texts[(*count)++] = d->groups[i];
    qsort(texts, *count, sizeof *texts, by_text);
    *out = texts;
    return OK;
}

/* Gloss strings of the segments of eval: (eval.count) pointers in new memory. */
static status eval_texts(dataset *d, const deal *parts, const char ***out)
{
    if (d->files[1].count) return sequence_texts(&d->files[1], &d->classes, out);
    const char **texts = calloc(d->eval.count, sizeof *texts);
    if (!texts) return FAIL(ERR_MEMORY, "no memory for %zu gloss strings", d->eval.count);
    for (size_t i = 0, k = 0; i < parts->from->count; i++)
        if (parts->split[i] == EVAL) texts[k++] = parts->groups[i];
    *out = texts;
    return OK;
}

static status name_groups(dataset *d, const deal *parts)
{
    status st = OK;
    const char **known = NULL, **texts = NULL;
    size_t count = 0;

    TRY(train_texts(parts, &known, &count));
    TRY(eval_texts(d, parts, &texts));
    d->eval_group = calloc(d->eval.count, sizeof *d->eval_group);
    if (!d->eval_group) TRY(FAIL(ERR_MEMORY, "no memory for the groups of %zu segments", d->eval.count));
    for (size_t i = 0; i < d->eval.count; i++)
        d->eval_group[i] = bsearch(&texts[i], known, count, sizeof *known, by_text) ? "seen" : "new";
done:
    free(known);
    free(texts);
    return st;
}

/* ---- the whole ----------------------------------------------------------------------------------------------------
 */

static int by_uid(const void *a, const void *b)
{
    return strcmp((*(const segment *const *)a)->uid, (*(const segment *const *)b)->uid);
}

static status check_uids(const recipe *r, const segment_list *train, const segment_list *eval)
{
    status st = OK;
    size_t count = train->count;
    const segment **sorted = calloc(count + 1, sizeof *sorted);
    if (!sorted) TRY(FAIL(ERR_MEMORY, "no memory to compare %zu uids", count));
    for (size_t i = 0; i < count; i++) sorted[i] = &train->at[i];
    qsort(sorted, count, sizeof *sorted, by_uid);
    for (size_t i = 0; i < eval->count; i++) {
        const segment *wanted = &eval->at[i];
        const segment *const *found = bsearch(&wanted, sorted, count, sizeof *sorted, by_uid);
        if (found)
            TRY(FAIL(ERR_INPUT, "uid %s is in %s (segment %zu) and in %s (segment %zu): a uid names one segment",
                     wanted->uid, recipe_text(r, "data.train"), (*found)->place + 1, recipe_text(r, "data.eval"),
                     wanted->place + 1));
    }
done:
    free(sorted);
    return st;
}

/* `given`, or the file in the folder data.eval that is named like `model` of the training part. */
static status eval_path(const recipe *r, const char *given, const char *model, char **out)
{
    const char *folder = recipe_text(r, "data.eval");
    *out = NULL;
    if (given && !directory_exists(given)) {
        *out = strdup(given);
    } else if (folder && model && directory_exists(folder)) {
        const char *slash = strrchr(model, '/');
        *out = path_join(folder, slash ? slash + 1 : model);
    } else {
        return OK;
    }
    return *out ? OK : FAIL(ERR_MEMORY, "no memory for the name of a file");
}

status dataset_eval_annotations(const recipe *r, char **out)
{
    return eval_path(r, recipe_text(r, "data.eval"), recipe_text(r, "data.train"), out);
}

status dataset_eval_tracks(const recipe *r, char **out)
{
    const char *given = recipe_text(r, "data.eval_tracks");
    if (!given) return eval_path(r, NULL, recipe_text(r, "data.tracks"), out);
    *out = strdup(given); /* may be a folder of tracks itself */
    return *out ? OK : FAIL(ERR_MEMORY, "no memory for the name of a file");
}

static status read_files(const recipe *r, dataset *out)
{
    status st = OK;
    char *eval = NULL;
    const char *train = recipe_text(r, "data.train");
    const char *actions = recipe_text(r, "data.actions"), *format = recipe_text(r, "data.format");
    double fps = recipe_real(r, "data.fps");

    if (!train) TRY(FAIL(ERR_CONFIG, "data.train is not given: name the annotations to learn from"));
    if (actions) TRY(classes_read(actions, &out->classes));
    else TRY(classes_collect(train, format, &out->classes));
    TRY(segments_read(train, format, fps, &out->classes, &out->files[0]));
    segments_sort(&out->files[0]);
    TRY(dataset_eval_annotations(r, &eval));
    if (!eval) goto done;
    TRY(segments_read(eval, format, fps, &out->classes, &out->files[1]));
    segments_sort(&out->files[1]);
    TRY(check_uids(r, &out->files[0], &out->files[1]));
done:
    free(eval);
    return st;
}

static void count_unlabelled(dataset *d)
{
    const segment_list *lists[] = {&d->train, &d->development, &d->eval};
    for (size_t l = 0; l < 3; l++)
        for (size_t i = 0; i < lists[l]->count; i++) d->unlabelled += lists[l]->at[i].action < 0;
}

static status fill_lists(dataset *d, const deal *parts, const recipe *r)
{
    status st = OK;
    TRY(collect(parts, TRAIN, &d->train));
    TRY(collect(parts, DEVELOPMENT, &d->development));
    if (recipe_is_null(r, "data.eval")) TRY(collect(parts, EVAL, &d->eval));
    else TRY(copy_list(&d->files[1], &d->eval));
    if (!d->train.count || !d->development.count || !d->eval.count)
        TRY(FAIL(ERR_INPUT, "%s: %zu segments to learn from, %zu for development, %zu to score on: none may be empty",
                 recipe_text(r, "data.train"), d->train.count, d->development.count, d->eval.count));
    count_unlabelled(d);
done:
    return st;
}

status dataset_open(const recipe *r, dataset *out)
{
    status st = OK;
    dataset d = {0};
    deal parts = {0};

    if (instances_are_meant(r)) return dataset_open_instances(r, out);
    TRY(read_files(r, &d));
    d.glosses = d.classes.verb_count == 0;
    parts.from = &d.files[0];
    parts.split = calloc(parts.from->count, 1);
    if (!parts.split) TRY(FAIL(ERR_MEMORY, "no memory to split %zu segments", parts.from->count));
    TRY(find_groups(&parts, d.glosses, &d.files[0], &d.classes));
    TRY(deal_out(&parts, r, d.glosses));
    TRY(fill_lists(&d, &parts, r));
    if (d.glosses) TRY(name_groups(&d, &parts));
    *out = d;
    d = (dataset){0};
done:
    free(parts.groups);
    free(parts.split);
    dataset_free(&d);
    return st;
}

status dataset_share(const recipe *r, double share, segment_list *list)
{
    status st = OK;
    size_t kept = 0;
    uint64_t seed = hash_mix((uint64_t)recipe_int(r, "data.split_seed"), SEED_SHARE);
    const char **sequences = calloc(list->count + 1, sizeof *sequences);
    unsigned char *chosen = calloc(list->count + 1, 1);
    if (!sequences || !chosen) TRY(FAIL(ERR_MEMORY, "no memory to choose among %zu segments", list->count));
    for (size_t i = 0; i < list->count; i++) sequences[i] = list->at[i].sequence;
    TRY(choose_groups(sequences, list->count, share, seed, chosen));
    for (size_t i = 0; i < list->count; i++)
        if (chosen[i]) list->at[kept++] = list->at[i];
    list->count = kept;
done:
    free(sequences);
    free(chosen);
    return st;
}

void dataset_free(dataset *d)
{
    if (!d) return;
    free(d->train.at);
    free(d->development.at);
    free(d->eval.at);
    free(d->eval_group);
    segments_free(&d->files[0]);
    segments_free(&d->files[1]);
    missing_free(&d->missing);
    instances_free(&d->instances);
    classes_free(&d->classes);
    *d = (dataset){0};
}
