/* analysis_table - inside this room: a store's evaluation as a compact table, from which everything else is computed.
 *
 * Of a prediction only what ranks first and whether the label is among the first are kept: five bytes a segment and
 * seed, whatever the number of classes. Segments are those of split "eval", in the store's order.
 */
#ifndef MAGISTER_DISTILL_ANALYSIS_TABLE_H
#define MAGISTER_DISTILL_ANALYSIS_TABLE_H

#include "distill/families.h"
#include "distill/reliability.h"
#include "distill/resampling.h"

enum { TOP1, TOP5, HIT_METRICS };
enum { NOT_PREDICTED = -1 };

typedef struct {
    const char *uid;
    size_t video;
    double start, end;
    int64_t action; /* -1: not known */
} table_segment;

/* The predictions of one seed. */
typedef struct {
    int64_t set, seed; /* as in the store */
    int32_t *first;    /* (segment_count) the class ranked first, or NOT_PREDICTED */
    uint8_t *hits;     /* (segment_count) bit m: the label is a hit of metric m */
    int64_t predicted; /* how many there are */
} table_seed;

/* All seeds of a name that predict any segment of the split. */
typedef struct {
    char name[SET_NAME_BYTES], role[SET_ROLE_BYTES];
    table_seed *seeds; /* (seed_count) ascending */
    size_t seed_count;
    double *value[HIT_METRICS]; /* (segment_count) hits 0..1, the mean over seeds; NAN unless every seed has a
                                 * prediction, and everywhere in a split without labels */
    int64_t n;                  /* segments that every seed predicts */
    reliability reliability;    /* of all seeds' predictions */
} table_set;

typedef struct {
    arena *strings;
    class_list classes;
    const char **videos;     /* (video_count) in the order in which they appear */
    table_segment *segments; /* (segment_count) */
    table_set *sets;         /* (set_count) in the order of reports */
    size_t video_count, segment_count, set_count;
    bool labelled; /* any segment has a label */
} analysis_table;

/* `name`: of one set only, or NULL. Errors: ERR_MISSING when there is no set of that name; those of the store. */
status table_read(store *s, const char *name, int64_t bins, analysis_table *out);
void table_free(analysis_table *t);

/* NULL when there is none. */
const table_set *table_find(const analysis_table *t, const char *name);

/* Borrowed; NULL for what is no class. */
const char *table_class_name(const analysis_table *t, int64_t action);

/* The deviation (a sample's) of a metric over seeds, on the segments that all of them predict; NAN with fewer than two.
 */
double table_seed_deviation(const analysis_table *t, const table_set *set, int metric);

/* True when more than half of the seeds put the label first. */
bool table_mostly_right(const table_set *set, size_t row);

#endif
