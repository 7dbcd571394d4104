#include "distill/analysis_table.h"

#include "data/names.h"
#include "distill/ranking.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- segments -----------------------------------------------------------------------------------------------------
 */

typedef struct {
    analysis_table *t;
    name_table videos; /* to places in t->videos */
    size_t room;       /* of t->segments and of t->videos */
} segment_reader;

static status make_room(segment_reader *r)
{
    size_t room = r->room ? 2 * r->room : 256;
    table_segment *segments = realloc(r->t->segments, room * sizeof *segments);
    if (segments) r->t->segments = segments;
    const char **videos = realloc(r->t->videos, room * sizeof *videos);
    if (videos) r->t->videos = videos;
    if (!segments || !videos) return FAIL(ERR_MEMORY, "no memory to analyse %zu segments", room);
    r->room = room;
    return OK;
}

static status find_video(segment_reader *r, const char *name, size_t *out)
{
    analysis_table *t = r->t;
    if (names_find(&r->videos, name, out)) return OK;
    const char *kept = arena_copy(t->strings, name, strlen(name));
    if (!kept) return FAIL(ERR_MEMORY, "no memory to analyse %zu videos", t->video_count);
    t->videos[t->video_count] = kept;
    return names_add(&r->videos, kept, t->video_count++, out);
}

static status read_segment(void *self, const stored_segment *at)
{
    status st = OK;
    segment_reader *r = self;
    analysis_table *t = r->t;
    size_t video = 0;
    if (t->segment_count == r->room) TRY(make_room(r));
    TRY(find_video(r, at->sequence, &video));
    const char *uid = arena_copy(t->strings, at->uid, strlen(at->uid));
    if (!uid) TRY(FAIL(ERR_MEMORY, "no memory to analyse %zu segments", t->segment_count));
    t->segments[t->segment_count++] = (table_segment){uid, video, at->start, at->end, at->action};
    t->labelled = t->labelled || at->action >= 0;
done:
    return st;
}

/* A store that has no classes has no segments that name one. */
static status read_classes(store *s, analysis_table *t)
{
    status st = store_get_classes(s, &t->classes);
    if (st != ERR_MISSING) return st;
    fail_clear();
    t->classes = (class_list){0};
    return OK;
}

static status read_segments(store *s, analysis_table *t)
{
    status st = OK;
    segment_reader r = {.t = t};
    t->strings = arena_new();
    if (!t->strings) TRY(FAIL(ERR_MEMORY, "no memory to analyse a store"));
    TRY(read_classes(s, t));
    TRY(store_scan(s, STORE_NO_SET, "eval", NULL, read_segment, &r));
done:
    names_free(&r.videos);
    return st;
}

/* ---- predictions --------------------------------------------------------------------------------------------------
 */

typedef struct {
    const analysis_table *t;
    const char *name;
    table_seed *seed;
    reliability *reliability;
    size_t at;
} seed_reader;

static uint8_t hits_of(int64_t label, const int64_t *top, size_t count)
{
    unsigned hits = 0;
    for (size_t i = 0; label >= 0 && i < count; i++)
        if (top[i] == label) hits |= i == 0 ? 1U << TOP1 | 1U << TOP5 : 1U << TOP5;
    return (uint8_t)hits;
}

static status read_prediction(void *self, const stored_segment *at)
{
    seed_reader *r = self;
    int64_t top[RANKED];
    size_t i = r->at++;
    if (i >= r->t->segment_count || strcmp(at->uid, r->t->segments[i].uid))
        return FAIL(ERR_INPUT, "segment %s was stored while set %s was read: try again when its step has ended",
                    at->uid, r->name);
    size_t count = at->predicted ? rank_actions(at, top) : 0;
    if (!count) return OK;
    r->seed->first[i] = (int32_t)top[0];
    r->seed->hits[i] = hits_of(at->action, top, count);
    r->seed->predicted++;
    reliability_add(r->reliability, confidence_of(at->logits, at->count), r->seed->hits[i] >> TOP1 & 1);
    return OK;
}

static void seed_free(table_seed *seed)
{
    free(seed->first);
    free(seed->hits);
    *seed = (table_seed){0};
}

/* A seed that predicts nothing here is left out. */
static status read_seed(store *s, const analysis_table *t, int64_t id, int64_t number, table_set *set)
{
    status st = OK;
    size_t room = t->segment_count ? t->segment_count : 1;
    table_seed seed = {.set = id, .seed = number};
    seed_reader r = {t, set->name, &seed, &set->reliability, 0};
    seed.first = malloc(room * sizeof *seed.first);
    seed.hits = calloc(room, sizeof *seed.hits);
    if (!seed.first || !seed.hits) TRY(FAIL(ERR_MEMORY, "no memory to analyse %zu segments", room));
    for (size_t i = 0; i < t->segment_count; i++) seed.first[i] = NOT_PREDICTED;
    TRY(store_scan(s, id, "eval", NULL, read_prediction, &r));
    if (!seed.predicted) goto done;
    set->seeds[set->seed_count++] = seed;
    seed = (table_seed){0};
done:
    seed_free(&seed);
    return st;
}

static bool every_seed_predicts(const table_set *set, size_t row)
{
    for (size_t i = 0; i < set->seed_count; i++)
        if (set->seeds[i].first[row] == NOT_PREDICTED) return false;
    return set->seed_count > 0;
}

static double mean_hits(const table_set *set, size_t row, int metric)
{
    double hits = 0;
    for (size_t i = 0; i < set->seed_count; i++) hits += set->seeds[i].hits[row] >> metric & 1;
    return hits / (double)set->seed_count;
}

static status average_seeds(const analysis_table *t, table_set *set)
{
    for (int m = 0; m < HIT_METRICS; m++) {
        set->value[m] = malloc((t->segment_count ? t->segment_count : 1) * sizeof *set->value[m]);
        if (!set->value[m]) return FAIL(ERR_MEMORY, "no memory to analyse %zu segments", t->segment_count);
    }
    for (size_t i = 0; i < t->segment_count; i++) {
        bool counts = every_seed_predicts(set, i);
        set->n += counts;
        for (int m = 0; m < HIT_METRICS; m++) set->value[m][i] = counts && t->labelled ? mean_hits(set, i, m) : NAN;
    }
    return OK;
}

/* Classes of a set must be those of its store: they index the names. */
static status check_family(store *s, const analysis_table *t, const set_family *family)
{
    status st = OK;
    set_info info = {0};
    int64_t id = 0;
    for (size_t i = 0; i < family->count; i++) {
        TRY(store_find_set(s, family->name, family->seeds[i], &info, &id));
        if (info.classes != (int64_t)t->classes.action_count)
            TRY(FAIL(ERR_INPUT, "set %s has %" PRId64 " classes, its store %zu", family->name, info.classes,
                     t->classes.action_count));
    }
done:
    return st;
}

static status read_set(store *s, const analysis_table *t, const set_family *family, int64_t bins, table_set *out)
{
    status st = OK;
    memcpy(out->name, family->name, sizeof out->name);
    memcpy(out->role, family->role, sizeof out->role);
    TRY(check_family(s, t, family));
    TRY(reliability_new((size_t)bins, &out->reliability));
    out->seeds = calloc(family->count, sizeof *out->seeds);
    if (!out->seeds) TRY(FAIL(ERR_MEMORY, "no memory to analyse set %s", family->name));
    for (size_t i = 0; i < family->count; i++) TRY(read_seed(s, t, family->sets[i], family->seeds[i], out));
    TRY(average_seeds(t, out));
done:
    return st;
}

static status read_sets(store *s, const char *name, int64_t bins, analysis_table *t)
{
    status st = OK;
    family_list families = {0};
    set_info info = {0};
    int64_t id = 0;
    if (name) TRY(store_find_set(s, name, -1, &info, &id)); /* says which sets there are */
    TRY(families_read(s, &families));
    t->sets = calloc(families.count ? families.count : 1, sizeof *t->sets);
    if (!t->sets) TRY(FAIL(ERR_MEMORY, "no memory to analyse %zu sets", families.count));
    for (size_t i = 0; i < families.count; i++)
        if (!name || !strcmp(name, families.at[i].name))
            TRY(read_set(s, t, &families.at[i], bins, &t->sets[t->set_count++]));
done:
    families_free(&families);
    return st;
}

/* ---- table --------------------------------------------------------------------------------------------------------
 */

status table_read(store *s, const char *name, int64_t bins, analysis_table *out)
{
    status st = OK;
    analysis_table t = {0};
    TRY(read_segments(s, &t));
    TRY(read_sets(s, name, bins, &t));
    *out = t;
    t = (analysis_table){0};
done:
    table_free(&t);
    return st;
}

void table_free(analysis_table *t)
{
    for (size_t i = 0; i < t->set_count; i++) {
        table_set *set = &t->sets[i];
        for (size_t k = 0; k < set->seed_count; k++) seed_free(&set->seeds[k]);
        for (int m = 0; m < HIT_METRICS; m++) free(set->value[m]);
        free(set->seeds);
        reliability_free(&set->reliability);
    }
    free(t->sets);
    free(t->segments);
    free(t->videos);
    classes_free(&t->classes);
    arena_free(&t->strings);
    *t = (analysis_table){0};
}

const table_set *table_find(const analysis_table *t, const char *name)
{
    for (size_t i = 0; i < t->set_count; i++)
        if (!strcmp(t->sets[i].name, name)) return &t->sets[i];
    return NULL;
}

const char *table_class_name(const analysis_table *t, int64_t action)
{
    return action >= 0 && action < (int64_t)t->classes.action_count ? t->classes.actions[action].name : NULL;
}

double table_seed_deviation(const analysis_table *t, const table_set *set, int metric)
{
    double sum = 0, squares = 0, seeds = (double)set->seed_count;
    if (seeds < 2 || !set->n || !t->labelled) return NAN;
    for (int pass = 0; pass < 2; pass++)
        for (size_t k = 0; k < set->seed_count; k++) {
            int64_t hits = 0;
            for (size_t i = 0; i < t->segment_count; i++)
                if (!isnan(set->value[metric][i])) hits += set->seeds[k].hits[i] >> metric & 1;
            double mean = (double)hits / (double)set->n;
            if (pass == 0) sum += mean;
            else squares += (mean - sum / seeds) * (mean - sum / seeds);
        }
    return sqrt(squares / (seeds - 1));
}

bool table_mostly_right(const table_set *set, size_t row)
{
    return set->value[TOP1][row] > 0.5;
}
