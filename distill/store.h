/* store - predictions kept in one SQLite file, keyed by UID (docs/formats.md).
 *
 * A store holds what scoring needs: action classes with verb and noun, segments with labels, many-shot sets, and any
 * number of prediction sets. A set has a name ("teacher", "student", ...) and a seed; it says what made it (hashes of
 * model, vocabulary and recipe), how its records are encoded, and whether it is complete. Every record has a CRC-32.
 *
 * One process writes a file (STORE_WRITE holds it until store_close; a second writer gets ERR_CREATE); any number read
 * it. Writes are batched in one transaction until store_commit. After a write has failed, a store takes no more of
 * them. Readers map at most 64 MiB of the file and keep a small cache, so a rank's memory does not grow with the store.
 * They read what was committed when their transaction began; it is renewed every 1,024 reads and by store_release. On
 * network file systems a commit waits until readers have let go: a reader that pauses calls store_release (or closes).
 * A store is used by one thread at a time.
 * Errors: ERR_MISSING; ERR_INPUT (not a store, truncated, CRC wrong: with path, set and uid); ERR_IO (disk full; what
 * was committed stays); ERR_CREATE; ERR_MEMORY.
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
void store_close(store **s);   /* what was not committed is rolled back; NULL is fine */
status store_commit(store *s); /* on return it survives a crash of the machine */
void store_release(store *s);  /* a reader lets go of the file until its next read */
status store_check(store *s);  /* SQLite's own check, every record's CRC, every set's count */

/* ---- what scoring needs ------------------------------------------------------------------------------------------ */

/* Putting what is there already changes nothing; classes, labels, a split or a many-shot set that differ from those in
 * the store are ERR_INPUT and name the first difference. */
status store_put_classes(store *s, const class_list *classes);
status store_get_classes(store *s, class_list *out); /* the caller frees it; ERR_MISSING when there are none */
/* `split`: "train", "development" or "eval"; "events" for what was found in videos and is never scored here. `group`
 * (count) or NULL: a label to score apart by ("seen", "new"); a segment that has none yet takes one. Predictions are
 * only kept of segments that are here. */
status store_put_segments(store *s, const char *split, const segment_list *list, const char *const *group);
/* After the classes: ids of verbs or nouns that are there. */
status store_put_many_shot(store *s, const char *kind /* "verb" or "noun" */, const int64_t *ids, size_t count);
/* Sorted ids, new memory; `*count` 0 and NULL when there are none. */
status store_get_many_shot(store *s, const char *kind, int64_t **ids, size_t *count);
/* Segments of a split (NULL: all), and of one group of it (NULL: all). */
status store_count_segments(store *s, const char *split, const char *group, int64_t *out);
/* The groups of a split, sorted: one new block of (count) pointers and their texts, freed by the caller. */
status store_get_groups(store *s, const char *split, char ***out, size_t *count);

/* ---- prediction sets --------------------------------------------------------------------------------------------- */

typedef struct {
    char name[64];
    int64_t seed;
    char role[16]; /* "teacher", "baseline", "backbone", "student", "control" */
    char model_hash[33], vocabulary_hash[33], recipe_hash[33];
    store_encoding encoding;
    store_features features;
    int64_t classes;       /* C; 0: records have features alone (ENCODE_DENSE), and are never scored */
    int64_t k;             /* logits a record: with ENCODE_TOPK min(k, C), else C; read back as that number */
    int64_t feature_width; /* 0 with FEATURES_NONE */
    bool complete;
    int64_t count; /* records */
} set_info;

/* Starts a set, or goes on with the one of that name and seed when it says the same (so that finished work is reused);
 * one that says anything else (hashes, role, encoding, sizes) is removed with its records. `complete` and `count` of
 * `info` are ignored. `*set` names the set in this store. */
status store_begin_set(store *s, const set_info *info, int64_t *set);
status store_complete_set(store *s, int64_t set, int64_t expected); /* ERR_INPUT when the count is another */
size_t store_set_count(store *s);
status store_set_at(store *s, size_t i, set_info *out, int64_t *set);
/* By name and seed (seed < 0: the lowest seed). ERR_MISSING names the sets that are there. */
status store_find_set(store *s, const char *name, int64_t seed, set_info *out, int64_t *set);

/* Refuses a set made by another teacher or vocabulary: ERR_INPUT with both hashes. NULL or "" is not compared. */
status set_require(const set_info *info, const char *model_hash, const char *vocabulary_hash);

/* One prediction. logits (classes) dense, NULL without classes; features (feature_width) or NULL. Takes the place of an
 * earlier one of that uid; a complete set becomes incomplete. A class ruled out (-inf) is kept as 65504 below the
 * largest logit. ERR_INPUT: NaN or +inf (with uid and place), features too large for float16, a uid without a segment.
 */
status store_put(store *s, int64_t set, const char *uid, const float *logits, const float *features);

/* One event of a video in a set without classes: its segment, of split "events", and its features (feature_width).
 * Putting the same again changes nothing. ERR_INPUT: a uid that is there with other times. */
status store_put_event(store *s, int64_t set, const char *uid, const char *video, double start, double end,
                       const float *features);

/* Reads one: classes not stored get `absent` as logit. 16-bit logits come back within 2^-11 of their distance from the
 * record's largest. Buffers are the caller's, of the set's sizes; `features` may be NULL. ERR_MISSING names set and
 * uid. */
status store_get(store *s, int64_t set, const char *uid, float absent, float *logits, float *features);
/* The sparse form: the set's k classes and logits, largest logit first (order of the logits before rounding where only
 * the top K are stored); `*count` entries. Dense sets give all C sorted. */
status store_get_topk(store *s, int64_t set, const char *uid, int32_t *classes, float *logits, size_t *count,
                      float *features);
/* True when the set has a record of the uid. */
bool store_has(store *s, int64_t set, const char *uid);

/* A segment with its labels and, where the set has one, its prediction. Borrowed during the visit. */
typedef struct {
    const char *uid, *group;    /* group NULL when it has none */
    const char *sequence;       /* its video or sentence */
    double start, end;          /* seconds in it */
    int64_t action, verb, noun; /* -1: not known */
    bool predicted;             /* false: nothing below */
    const int32_t *classes;     /* (count) largest logit first; NULL: logits are of classes 0, 1, 2 ... */
    const float *logits;        /* (count) */
    size_t count;
} stored_segment;

#define STORE_NO_SET (-1)

/* Visits every segment of a split in the order they were put, of one group of it when `group` is not NULL. With
 * STORE_NO_SET nothing is predicted. Memory does not grow with the store. A visit that does not return OK ends the scan
 * with its status. */
status store_scan(store *s, int64_t set, const char *split, const char *group,
                  status (*visit)(void *self, const stored_segment *at), void *self);

/* The features of a record, and what it is of. Borrowed during the visit. */
typedef struct {
    const char *uid, *sequence;
    double start, end;
    const float *features; /* (feature_width) */
} stored_features;

/* Visits the records of a set in the order of their segments; as store_scan. */
status store_scan_features(store *s, int64_t set, status (*visit)(void *self, const stored_features *at), void *self);

/* Records as bytes, for ranks that do not write: store_pack makes the record store_put would keep, with its uid in
 * front; store_put_packed checks and writes it. `*out` is new memory. */
status store_pack(const set_info *info, const char *uid, const float *logits, const float *features, void **out,
                  size_t *bytes);
status store_put_packed(store *s, int64_t set, const void *record, size_t bytes);
/* The stored record of a uid, packed: what store_pack gave for it. New memory. Errors: those of store_get. */
status store_get_packed(store *s, int64_t set, const char *uid, void **out, size_t *bytes);

#endif
