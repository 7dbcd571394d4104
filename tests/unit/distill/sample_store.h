/* sample_store - a small store for tests: 12 actions of 3 verbs and 4 nouns, some segments, and predictions drawn from
 * a counter, so that any of them can be made again to compare. */
#ifndef MAGISTER_TESTS_SAMPLE_STORE_H
#define MAGISTER_TESTS_SAMPLE_STORE_H

#include "base/rng.h"
#include "distill/store.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { SAMPLE_ACTIONS = 12, SAMPLE_VERBS = 3, SAMPLE_NOUNS = 4, SAMPLE_SEGMENTS = 40, SAMPLE_WIDTH = 20 };

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        fail_clear();                                                                                                  \
        if ((call) != OK) fail_msg("%s: %s", #call, fail_message());                                                   \
    } while (0)

/* The call fails with this status and a message that contains `part`. */
#define assert_fails(code, part, call)                                                                                 \
    do {                                                                                                               \
        fail_clear();                                                                                                  \
        assert_int_equal((call), (code));                                                                              \
        if (!strstr(fail_message(), (part))) fail_msg("no \"%s\" in: %s", (part), fail_message());                     \
        fail_clear();                                                                                                  \
    } while (0)

static inline class_list sample_classes(void)
{
    static action_class actions[SAMPLE_ACTIONS];
    static char names[SAMPLE_ACTIONS][24], texts[SAMPLE_ACTIONS][24];
    static const char *verbs[SAMPLE_VERBS] = {"take", "put", NULL}, *nouns[SAMPLE_NOUNS] = {"pan", "tap", "egg", "Ei"};
    for (int i = 0; i < SAMPLE_ACTIONS; i++) {
        snprintf(names[i], sizeof names[i], "v%d_n%d", i / SAMPLE_NOUNS, i % SAMPLE_NOUNS);
        snprintf(texts[i], sizeof texts[i], "v%d <v> n%d", i / SAMPLE_NOUNS, i % SAMPLE_NOUNS);
        actions[i] = (action_class){names[i], texts[i], i / SAMPLE_NOUNS, i % SAMPLE_NOUNS};
    }
    return (class_list){NULL, actions, verbs, nouns, SAMPLE_ACTIONS, SAMPLE_VERBS, SAMPLE_NOUNS};
}

static inline const char *sample_uid(size_t i)
{
    static char uids[8][32];
    static size_t next;
    char *uid = uids[next++ % 8];
    snprintf(uid, sizeof uids[0], "P01_%04zu", i);
    return uid;
}

/* `count` segments from number `first` on; freed with free(list.at). */
static inline segment_list sample_segments(size_t first, size_t count)
{
    segment *at = calloc(count, sizeof *at + 32);
    char *uid = (char *)(at + count);
    for (size_t i = 0; i < count; i++, uid += 32) {
        int64_t action = (int64_t)((first + i) * 7 % SAMPLE_ACTIONS);
        snprintf(uid, 32, "%s", sample_uid(first + i));
        at[i] = (segment){.uid = uid,
                          .sequence = "P01_01",
                          .start = (double)(first + i) + 0.25,
                          .end = (double)(first + i) + 1.5,
                          .action = action,
                          .verb = action / SAMPLE_NOUNS,
                          .noun = action % SAMPLE_NOUNS,
                          .place = first + i};
    }
    return (segment_list){NULL, at, count};
}

static inline set_info sample_set(const char *name, int64_t seed, store_encoding encoding, int64_t k,
                                  store_features features)
{
    set_info info = {.seed = seed,
                     .role = "teacher",
                     .model_hash = "0123456789abcdef0123456789abcdef",
                     .vocabulary_hash = "fedcba9876543210fedcba9876543210",
                     .recipe_hash = "00112233445566778899aabbccddeeff",
                     .encoding = encoding,
                     .features = features,
                     .classes = SAMPLE_ACTIONS,
                     .k = k,
                     .feature_width = features == FEATURES_NONE ? 0 : SAMPLE_WIDTH};
    snprintf(info.name, sizeof info.name, "%s", name);
    return info;
}

/* (count) numbers that are a function of (key, i) alone. */
static inline void sample_values(uint64_t key, size_t i, float *out, size_t count)
{
    rng random = rng_stream(key, 77, i);
    for (size_t j = 0; j < count; j++) out[j] = (float)(3 * rng_normal(&random));
}

/* A path that does not exist yet, in the working directory of the process; static. */
static inline const char *sample_path(const char *name)
{
    static char path[256];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/magister-test-%ld-%s", folder ? folder : "/tmp", (long)getpid(), name);
    return path;
}

static inline void remove_store(const char *path)
{
    static const char *const ENDINGS[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < 4; i++) {
        char name[300];
        snprintf(name, sizeof name, "%s%s", path, ENDINGS[i]);
        unlink(name);
    }
}

/* A new store with classes and segments 0 .. SAMPLE_SEGMENTS - 1 (split eval), not committed. */
static inline store *sample_store(const char *path)
{
    store *s = NULL;
    class_list classes = sample_classes();
    segment_list segments = sample_segments(0, SAMPLE_SEGMENTS);
    remove_store(path);
    assert_ok(store_open(path, STORE_WRITE, &s));
    assert_ok(store_put_classes(s, &classes));
    assert_ok(store_put_segments(s, "eval", &segments, NULL));
    free(segments.at);
    return s;
}

/* Puts predictions first .. first + count - 1, drawn with `key`. */
static inline void put_samples(store *s, int64_t set, uint64_t key, size_t first, size_t count)
{
    float logits[SAMPLE_ACTIONS], features[SAMPLE_WIDTH];
    for (size_t i = first; i < first + count; i++) {
        sample_values(key, i, logits, SAMPLE_ACTIONS);
        sample_values(key + 1, i, features, SAMPLE_WIDTH);
        assert_ok(store_put(s, set, sample_uid(i), logits, features));
    }
}

#endif
