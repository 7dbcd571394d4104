/* small_world - files a student needs: 12 actions, videos of 8 segments with tracks of 4 numbers a frame, and a store
 * with a teacher's predictions, all made from counters so that a test can make any of them again. */
#ifndef MAGISTER_TESTS_STUDENT_SMALL_WORLD_H
#define MAGISTER_TESTS_STUDENT_SMALL_WORLD_H

#include "base/hash.h"
#include "base/rng.h"
#include "data/dataset.h"
#include "distill/store.h"
#include "tests/unit/data/scratch.h"

#include <math.h>

enum { WORLD_ACTIONS = 12, WORLD_NOUNS = 4, WORLD_VIDEOS = 12, WORLD_EVAL_VIDEOS = 3, WORLD_SEGMENTS = 8 };
enum { WORLD_FRAMES = 90, WORLD_WIDTH = 4, WORLD_FEATURES = 6, WORLD_K = 5 };

static inline int64_t world_action(size_t number, size_t place)
{
    return (int64_t)((number * 5 + place * 7 + place * number % 3) % WORLD_ACTIONS);
}

static inline void world_annotations(const char *name, size_t first, size_t videos)
{
    static char text[65536];
    size_t at = 0;
    for (size_t v = first; v < first + videos; v++)
        for (size_t i = 0; i < WORLD_SEGMENTS; i++) {
            int64_t action = world_action(v, i);
            size_t start = i ? 10 * i : 3; /* the first starts within a second of the beginning */
            at += (size_t)snprintf(text + at, sizeof text - at, "u%zu_%zu, v%zu, %zu, %zu, %d, %d, %d\n", v, i, v,
                                   start, start + 8, (int)action / WORLD_NOUNS, (int)action % WORLD_NOUNS, (int)action);
        }
    scratch_file(name, text);
}

static inline void world_actions(const char *name)
{
    char text[2048];
    size_t at = (size_t)snprintf(text, sizeof text, "id,action,verb,noun\n");
    for (int a = 0; a < WORLD_ACTIONS; a++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%d,v%d_n%d,%d,%d\n", a, a / WORLD_NOUNS, a % WORLD_NOUNS,
                               a / WORLD_NOUNS, a % WORLD_NOUNS);
    scratch_file(name, text);
}

/* Without the last video when `short_of_one`. */
static inline void world_tracks(const char *name, bool short_of_one)
{
    static char text[262144];
    size_t at = (size_t)snprintf(text, sizeof text, "video,frame,a,b,c,d\n");
    for (size_t v = 0; v < WORLD_VIDEOS + WORLD_EVAL_VIDEOS - (short_of_one ? 1 : 0); v++) {
        rng r = rng_stream(3, 1, v);
        for (size_t f = 0; f < WORLD_FRAMES; f++) {
            at += (size_t)snprintf(text + at, sizeof text - at, "v%zu,%zu", v, f);
            for (size_t i = 0; i < WORLD_WIDTH; i++)
                at += (size_t)snprintf(text + at, sizeof text - at, ",%.3f", 2 * rng_normal(&r) + (double)i);
            at += (size_t)snprintf(text + at, sizeof text - at, "\n");
        }
    }
    scratch_file(name, text);
}

static inline int world_open(void **state)
{
    if (scratch_open(state)) return -1;
    world_annotations("train.csv", 0, WORLD_VIDEOS);
    world_annotations("eval.csv", WORLD_VIDEOS, WORLD_EVAL_VIDEOS);
    world_actions("actions.csv");
    world_tracks("tracks.csv", false);
    return 0;
}

/* Whether `more` gives a key (the first `length` of `key`, or of what stands behind "data."). */
static inline bool world_gives(const char *const *more, const char *key, size_t length)
{
    for (; more && *more; more++) {
        const char *given = strncmp(*more, "data.", 5) ? *more : *more + 5;
        if (strcspn(given, "=") == length && !strncmp(given, key, length)) return true;
        if (strcspn(*more, "=") == length && !strncmp(*more, key, length)) return true;
    }
    return false;
}

/* The recipe of this world with more keys ("key=value", ended by NULL), freed by the caller. */
static inline recipe *world_recipe(const char *const *more)
{
    static char kept[32][192];
    char *keys[32];
    size_t count = 0;
    recipe *r = NULL;
    const char *const files[] = {"train=train.csv", "eval=eval.csv", "actions=actions.csv", "tracks=tracks.csv"};
    const char *const common[] = {
        "data.fps=5",
        "data.tau_a=1",
        "student.frames=3",
        "student.fps=2",
        "student.width=16",
        "student.heads=2",
        "student.layers=1",
        "student.encoder=10",
        "student.dropout=0.3",
        /* names that student.distill.from may have */
        "teacher.variants.dense.width=32",
        "teacher.variants.holes.width=32",
        "teacher.variants.half.width=32",
        "teacher.variants.retrained.width=32",
    };
    for (size_t i = 0; i < 4; i++) {
        int name = (int)strcspn(files[i], "=");
        if (world_gives(more, files[i], (size_t)name)) continue;
        snprintf(kept[count++], sizeof kept[0], "data.%.*s=%s/%s", name, files[i], scratch_directory,
                 files[i] + name + 1);
    }
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        if (!world_gives(more, common[i], strcspn(common[i], "=")))
            snprintf(kept[count++], sizeof kept[0], "%s", common[i]);
    for (; more && *more; more++) snprintf(kept[count++], sizeof kept[0], "%s", *more);
    for (size_t i = 0; i < count; i++) keys[i] = kept[i];
    assert_ok(recipe_read(NULL, keys, count, &r));
    return r;
}

#define WORLD_RECIPE(...) world_recipe((const char *const[]){__VA_ARGS__, NULL})

/* What the teacher says of a segment: logits (WORLD_ACTIONS), features (WORLD_FEATURES). */
static inline void world_prediction(const char *uid, float *logits, float *features)
{
    uint64_t key = 0;
    for (const char *c = uid; *c; c++) key = key * 131 + (unsigned char)*c;
    rng r = rng_stream(key, 7, 0);
    for (size_t i = 0; i < WORLD_ACTIONS; i++) logits[i] = (float)rng_normal(&r);
    for (size_t i = 0; i < WORLD_FEATURES; i++) features[i] = (float)rng_normal(&r);
}

static inline void world_put(store *s, int64_t set, const segment_list *list, const char *without)
{
    float logits[WORLD_ACTIONS], features[WORLD_FEATURES];
    for (size_t i = 0; i < list->count; i++) {
        if (without && !strcmp(list->at[i].uid, without)) continue;
        world_prediction(list->at[i].uid, logits, features);
        assert_ok(store_put(s, set, list->at[i].uid, logits, features));
    }
}

/* Writes <scratch>/store.sqlite with the set `name` of the training part, all but `without` (NULL: all). */
static inline void world_store(const dataset *d, const char *name, store_encoding encoding, const char *without,
                               bool complete)
{
    char path[128];
    store *s = NULL;
    int64_t set = 0;
    set_info info = {.role = "teacher", .encoding = encoding, .features = FEATURES_F32};
    snprintf(info.name, sizeof info.name, "%s", name);
    info.classes = WORLD_ACTIONS;
    info.k = encoding == ENCODE_TOPK ? WORLD_K : WORLD_ACTIONS;
    info.feature_width = WORLD_FEATURES;
    snprintf(path, sizeof path, "%s/store.sqlite", scratch_directory);
    assert_ok(store_open(path, STORE_WRITE, &s));
    assert_ok(store_put_classes(s, &d->classes));
    assert_ok(store_put_segments(s, "train", &d->train, NULL));
    assert_ok(store_put_segments(s, "development", &d->development, NULL));
    assert_ok(store_put_segments(s, "eval", &d->eval, NULL));
    assert_ok(store_begin_set(s, &info, &set));
    world_put(s, set, &d->train, without);
    if (complete) assert_ok(store_complete_set(s, set, (int64_t)d->train.count - (without ? 1 : 0)));
    assert_ok(store_commit(s));
    store_close(&s);
}

#endif
