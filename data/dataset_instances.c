#include "data/dataset_instances.h"

#include "base/hash.h"
#include "data/stratify.h"

#include <stdlib.h>
#include <string.h>

enum { PART_NONE = PART_COUNT, SEED_CLASSES = 5 };

/* Which part each clip is in: PART_NONE where its split is none of data.splits. */
static status read_parts(const recipe *r, const instance_list *list, unsigned char *part_of)
{
    size_t named = recipe_list_count(r, "data.splits");
    if (named != PART_COUNT)
        return FAIL(ERR_CONFIG,
                    "data.splits has %zu names; it must have three: to learn from, to choose on, to score on", named);
    for (size_t i = 0; i < list->count; i++) {
        const char *split = list->at[i].split;
        part_of[i] = split[0] ? PART_NONE : PART_TRAIN;
        for (size_t p = 0; p < PART_COUNT; p++)
            if (!strcmp(split, recipe_list_text(r, "data.splits", p))) part_of[i] = (unsigned char)p;
    }
    return OK;
}

/* Gives the parts that no clip is in their share of train's, class by class. What files are there does not matter here:
 * a clip stays where it is when others come or go. */
static status deal_missing_parts(const recipe *r, const instance_list *list, unsigned char *part_of)
{
    status st = OK;
    size_t in[PART_COUNT + 1] = {0}, count = 0;
    double eval = recipe_real(r, "data.eval_part"), development = recipe_real(r, "data.development");
    uint64_t seed = hash_mix((uint64_t)recipe_int(r, "data.split_seed"), SEED_CLASSES);
    int64_t *class_of = calloc(list->count, sizeof *class_of);
    const char **uids = calloc(list->count, sizeof *uids);
    unsigned char *dealt = calloc(list->count, 1);
    if (!class_of || !uids || !dealt) TRY(FAIL(ERR_MEMORY, "no memory to split %zu clips", list->count));
    for (size_t i = 0; i < list->count; i++) in[part_of[i]]++;
    if (in[PART_DEVELOPMENT] && in[PART_EVAL]) goto done;
    if (in[PART_EVAL]) eval = 0;
    if (in[PART_DEVELOPMENT]) development = 0;
    else development *= 1 - eval; /* data.development is a part of what is left */
    for (size_t i = 0; i < list->count; i++) {
        if (part_of[i] != PART_TRAIN) continue;
        class_of[count] = list->at[i].class_id;
        uids[count++] = list->at[i].uid;
    }
    const double parts[PART_COUNT] = {1 - eval - development, development, eval};
    TRY(stratify(class_of, uids, count, parts, seed, dealt));
    for (size_t i = 0, k = 0; i < list->count; i++)
        if (part_of[i] == PART_TRAIN) part_of[i] = dealt[k++];
done:
    free(class_of);
    free(uids);
    free(dealt);
    return st;
}

static segment segment_of(const instance *of, size_t place)
{
    segment s = {.uid = of->uid,
                 .sequence = of->video,
                 .start = (double)of->first_frame / of->fps,
                 .action = of->class_id,
                 .verb = -1,
                 .noun = -1,
                 .place = place,
                 .instance = of};
    s.end = of->last_frame < 0 ? s.start : (double)(of->last_frame + 1) / of->fps;
    return s;
}

/* The clips of a part that are at hand. */
static status collect(const instance_list *list, const unsigned char *part_of, unsigned char part, bool filed,
                      segment_list *out)
{
    out->at = calloc(list->count, sizeof *out->at);
    if (!out->at) return FAIL(ERR_MEMORY, "no memory for %zu clips", list->count);
    for (size_t i = 0; i < list->count; i++)
        if (part_of[i] == part && (list->at[i].path || !filed)) out->at[out->count++] = segment_of(&list->at[i], i);
    segments_sort(out);
    return OK;
}

static status find_files(const recipe *r, dataset *d, const unsigned char *part_of)
{
    status st = OK;
    unsigned char *wanted = calloc(d->instances.count, 1);
    if (!wanted) TRY(FAIL(ERR_MEMORY, "no memory for %zu clips", d->instances.count));
    for (size_t i = 0; i < d->instances.count; i++) wanted[i] = part_of[i] != PART_NONE;
    TRY(missing_find(r, &d->instances, wanted, &d->missing));
done:
    free(wanted);
    return st;
}

static status check_parts(const recipe *r, const dataset *d)
{
    size_t counts[] = {d->train.count, d->development.count, d->eval.count};
    for (size_t p = 0; p < PART_COUNT; p++)
        if (!counts[p])
            return FAIL(
                ERR_INPUT,
                "%s: %zu clips to learn from (%s), %zu to choose on (%s), %zu to score on (%s): none may be empty",
                recipe_text(r, "data.train"), counts[0], recipe_list_text(r, "data.splits", 0), counts[1],
                recipe_list_text(r, "data.splits", 1), counts[2], recipe_list_text(r, "data.splits", 2));
    return OK;
}

status dataset_open_instances(const recipe *r, dataset *out)
{
    status st = OK;
    dataset d = {.glosses = true};
    unsigned char *part_of = NULL;
    bool filed = instances_videos(r) != NULL;
    TRY(instances_read(r, &d.instances));
    d.classes = d.instances.classes;
    d.classes.strings = NULL; /* the instances own them */
    part_of = calloc(d.instances.count, 1);
    if (!part_of) TRY(FAIL(ERR_MEMORY, "no memory to split %zu clips", d.instances.count));
    TRY(read_parts(r, &d.instances, part_of));
    TRY(deal_missing_parts(r, &d.instances, part_of));
    TRY(find_files(r, &d, part_of));
    TRY(collect(&d.instances, part_of, PART_TRAIN, filed, &d.train));
    TRY(collect(&d.instances, part_of, PART_DEVELOPMENT, filed, &d.development));
    TRY(collect(&d.instances, part_of, PART_EVAL, filed, &d.eval));
    TRY(check_parts(r, &d));
    *out = d;
    d = (dataset){0};
done:
    free(part_of);
    dataset_free(&d);
    return st;
}

/* ---- measured ---------------------------------------------------------------------------------------------------- */

/* Why a clip cannot be seen in a video of so many seconds; NULL where it can. */
static const char *unfit(const segment *s, double seconds, const char *reason)
{
    if (!(seconds > 0)) return reason ? reason : "cannot be decoded";
    return s->start < seconds ? NULL : "begins after the end of its video";
}

static status fit_list(dataset *d, segment_list *list, const double *seconds, const char *const *reasons)
{
    status st = OK;
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        segment s = list->at[i];
        const char *reason = unfit(&s, seconds[s.place], reasons[s.place]);
        if (reason) {
            TRY(missing_add(&d->missing, &d->instances, s.instance, reason));
            continue;
        }
        if (s.instance->last_frame < 0 || s.end > seconds[s.place]) s.end = seconds[s.place];
        list->at[kept++] = s;
    }
    list->count = kept;
done:
    return st;
}

status dataset_fit_clips(const recipe *r, dataset *d, const double *seconds, const char *const *reasons)
{
    status st = OK;
    TRY(fit_list(d, &d->train, seconds, reasons));
    TRY(fit_list(d, &d->development, seconds, reasons));
    TRY(fit_list(d, &d->eval, seconds, reasons));
    TRY(missing_check(r, &d->missing));
    TRY(check_parts(r, d));
done:
    return st;
}
