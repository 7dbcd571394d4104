/* Lists of segments: order, gloss strings, the development part. */
#include "data/annotations.h"

#include "base/hash.h"
#include "data/names.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const segment *x, const segment *y)
{
    int sequence = x->sequence == y->sequence ? 0 : strcmp(x->sequence, y->sequence);
    if (sequence) return sequence;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static int by_sequence_and_start(const void *a, const void *b)
{
    return compare(a, b);
}

void segments_sort(segment_list *list)
{
    if (list->count) qsort(list->at, list->count, sizeof *list->at, by_sequence_and_start);
}

bool segment_is_observable(const segment *s, double tau_a, double fps)
{
    const double rounding = 1e-9; /* of frame numbers turned into seconds */
    return s->start - tau_a >= 1 / fps - rounding;
}

/* ---- gloss strings ----------------------------------------------------------------------------------------------- */

static const char *gloss_of(const segment *s, const class_list *classes)
{
    bool known = s->action >= 0 && (size_t)s->action < classes->action_count;
    return known ? classes->actions[s->action].name : "<unknown>";
}

/* The glosses of at[0 .. count - 1], joined by blanks. */
static const char *join_glosses(arena *strings, const segment *const *at, size_t count, const class_list *classes)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) bytes += strlen(gloss_of(at[i], classes)) + 1;
    char *text = arena_alloc(strings, bytes), *to = text;
    if (!text) return NULL;
    for (size_t i = 0; i < count; i++) {
        if (i) *to++ = ' ';
        to = stpcpy(to, gloss_of(at[i], classes));
    }
    return text;
}

static int by_sequence_pointer(const void *a, const void *b)
{
    return compare(*(const segment *const *)a, *(const segment *const *)b);
}

status sequence_texts(segment_list *list, const class_list *classes, const char ***out)
{
    status st = OK;
    size_t room = list->count ? list->count : 1;
    const char **texts = calloc(room, sizeof *texts);
    const segment **sorted = calloc(room, sizeof *sorted);
    if (!texts || !sorted) TRY(FAIL(ERR_MEMORY, "no memory for the texts of %zu segments", list->count));
    for (size_t i = 0; i < list->count; i++) sorted[i] = &list->at[i];
    qsort(sorted, list->count, sizeof *sorted, by_sequence_pointer);
    for (size_t first = 0, next; first < list->count; first = next) {
        for (next = first; next < list->count && !strcmp(sorted[next]->sequence, sorted[first]->sequence);) next++;
        const char *text = join_glosses(list->strings, sorted + first, next - first, classes);
        if (!text) TRY(FAIL(ERR_MEMORY, "no memory for the texts of %zu segments", list->count));
        for (size_t i = first; i < next; i++) texts[sorted[i] - list->at] = text;
    }
    *out = texts;
    texts = NULL;
done:
    free(texts);
    free(sorted);
    return st;
}

/* ---- parts of whole groups --------------------------------------------------------------------------------------- */

typedef struct {
    uint64_t hash;
    const char *name;
} group;

static int by_hash(const void *a, const void *b)
{
    const group *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return strcmp(x->name, y->name);
}

static uint64_t group_hash(uint64_t seed, const char *name)
{
    for (; *name; name++) seed = hash_mix(seed, (unsigned char)*name);
    return seed;
}

/* Distinct names among `names`, ranked by hash: (*group_count) in `groups` (count). */
static status rank_groups(const char *const *names, size_t count, uint64_t seed, group *groups, size_t *group_count)
{
    status st = OK;
    name_table seen = {0};
    size_t found = 0;
    for (size_t i = 0, first; i < count; i++) {
        TRY(names_add(&seen, names[i], i, &first));
        if (first == i) groups[found++] = (group){group_hash(seed, names[i]), names[i]};
    }
    qsort(groups, found, sizeof *groups, by_hash);
    *group_count = found;
done:
    names_free(&seen);
    return st;
}

/* Whether each of `names` (count) is among the first `wanted` of the ranked groups: 1 or 0 in `chosen` (count). */
static status mark_first(const group *ranked, size_t wanted, const char *const *names, size_t count,
                         unsigned char *chosen)
{
    status st = OK;
    name_table first = {0};
    size_t place = 0;
    for (size_t i = 0; i < wanted; i++) TRY(names_add(&first, ranked[i].name, i, &place));
    for (size_t i = 0; i < count; i++) chosen[i] = names_find(&first, names[i], &place);
done:
    names_free(&first);
    return st;
}

static size_t groups_to_hold_out(size_t group_count, double part)
{
    double wanted = round((double)group_count * part);
    if (!(wanted >= 1)) return 1;
    return wanted < (double)group_count ? (size_t)wanted : group_count - 1;
}

status split_development(const char *const *groups, size_t count, double part, uint64_t seed,
                         unsigned char *in_development)
{
    status st = OK;
    size_t group_count = 0;
    group *ranked = calloc(count ? count : 1, sizeof *ranked);
    if (!ranked) TRY(FAIL(ERR_MEMORY, "no memory to split %zu segments", count));
    TRY(rank_groups(groups, count, seed, ranked, &group_count));
    if (group_count < 2)
        TRY(FAIL(ERR_INPUT,
                 "nothing can be held out for development: the training data is all of one video or sentence"));
    TRY(mark_first(ranked, groups_to_hold_out(group_count, part), groups, count, in_development));
done:
    free(ranked);
    return st;
}

status choose_groups(const char *const *groups, size_t count, double share, uint64_t seed, unsigned char *chosen)
{
    status st = OK;
    size_t group_count = 0;
    group *ranked = calloc(count ? count : 1, sizeof *ranked);
    if (!ranked) TRY(FAIL(ERR_MEMORY, "no memory to choose among %zu segments", count));
    TRY(rank_groups(groups, count, seed, ranked, &group_count));
    double wanted = round((double)group_count * share);
    TRY(mark_first(ranked, wanted >= 1 ? (size_t)wanted : 1, groups, count, chosen));
done:
    free(ranked);
    return st;
}
