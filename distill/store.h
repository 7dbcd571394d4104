/* store - predictions kept in one SQLite file, keyed by UID (docs/formats.md).
 *
 * A store holds what scoring needs: action classes with verb and noun, segments with labels, many-shot sets, and any
 * number of prediction sets. A set has a name ("teacher", "student", ...) and a seed; it says what made it (hashes of
 * model, vocabulary and recipe), how its records are encoded, and whether it is complete. Every record has a CRC-32.
 *
 * One process writes a file; any number read it. Writes are batched in one transaction until store_commit. Readers map
 * the file and keep one read transaction, so a rank's memory does not grow with the store.
 * Errors: ERR_MISSING; ERR_INPUT (not a store, truncated, CRC wrong: with path, set and uid); ERR_IO (disk full; what was
 * committed stays); ERR_CREATE; ERR_MEMORY.
 */
#ifndef MAGISTER_DISTILL_STORE_H
#define MAGISTER_DISTILL_STORE_H

#include "base/status.h"
#include "data/annotations.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct store store;

typedef enum { STORE_READ, STORE_WRITE } store_mode; /* STORE_WRITE makes the file when it is not there */
typedef enum { ENCODE_DENSE, ENCODE_TOPK } store_encoding;
typedef enum { FEATURES_NONE, FEATURES_F16, FEATURES_F32 } store_features;

status store_open(const char *path, store_mode mode, store **out);
void store_close(store **s);                 /* what was not committed is rolled back */
status store_commit(store *s);
status store_check(store *s);                /* SQLite's own check, and every record's CRC */

/* ---- what scoring needs ------------------------------------------------------------------------------------------ */

status store_put_classes(store *s, const class_list *classes);
status store_get_classes(store *s, class_list *out);          /* the caller frees it */
/* `split`: "train", "development" or "eval". `group` (count) or NULL: a label to score apart by ("seen", "new"). */
status store_put_segments(store *s, const char *split, const segment_list *list, const char *const *group);
status store_put_many_shot(store *s, const char *kind /* "verb" or "noun" */, const int64_t *ids, size_t count);

/* ---- prediction sets --------------------------------------------------------------------------------------------- */

typedef struct {
    char name[64];
    int64_t seed;
    char role[16];            /* "teacher", "baseline", "student", "control" */
    char model_hash[33], vocabulary_hash[33], recipe_hash[33];
    store_encoding encoding;
    store_features features;
    int64_t classes;          /* C */
    int64_t k;                /* logits a record with ENCODE_TOPK; min(k, C) is stored */
    int64_t feature_width;    /* 0 with FEATURES_NONE */
    bool complete;
    int64_t count;            /* records */
} set_info;

/* Starts a set, or goes on with an incomplete one that says the same (so that finished work is reused). A complete set
 * of that name and seed is replaced when any hash differs. `*set` names it in this store. */
status store_begin_set(store *s, const set_info *info, int64_t *set);
status store_complete_set(store *s, int64_t set, int64_t expected); /* ERR_INPUT when the count is another */
size_t store_set_count(store *s);
status store_set_at(store *s, size_t i, set_info *out, int64_t *set);
/* By name and seed (seed < 0: the lowest seed). ERR_MISSING names the sets that are there. */
status store_find_set(store *s, const char *name, int64_t seed, set_info *out, int64_t *set);

/* Refuses a set made by another teacher or vocabulary: ERR_INPUT with both hashes. NULL or "" is not compared. */
status set_require(const set_info *info, const char *model_hash, const char *vocabulary_hash);

/* One prediction. logits (classes) dense; features (feature_width) or NULL. */
status store_put(store *s, int64_t set, const char *uid, const float *logits, const float *features);

/* Reads one: classes not stored get `absent` as logit. Buffers are the caller's, of the set's sizes; `features` may be
 * NULL. ERR_MISSING names set and uid. */
status store_get(store *s, int64_t set, const char *uid, float absent, float *logits, float *features);
/* The sparse form: up to set k classes and logits, largest logit first; `*count` entries. Dense sets give all sorted. */
status store_get_topk(store *s, int64_t set, const char *uid, int32_t *classes, float *logits, size_t *count, float *features);
/* True when the set has a record of the uid. */
bool store_has(store *s, int64_t set, const char *uid);

/* Records as bytes, for ranks that do not write: store_pack makes one record of the same bytes store_put would keep;
 * store_put_packed writes it. `*out` is new memory. */
status store_pack(const set_info *info, const char *uid, const float *logits, const float *features, void **out, size_t *bytes);
status store_put_packed(store *s, int64_t set, const void *record, size_t bytes);

#endif
