/* made_store - stores for tests of the analysis: segments of given videos and labels, and sets that put given classes
 * first. */
#ifndef MAGISTER_TESTS_MADE_STORE_H
#define MAGISTER_TESTS_MADE_STORE_H

#include "distill/analysis.h"
#include "tests/unit/distill/sample_store.h"

enum { MADE_MOST = 512, MADE_CLASSES = 8, NOTHING = -1 };

typedef struct {
    int video, label;
} made_segment;

static inline const char *made_uid(size_t i)
{
    static char uid[16];
    snprintf(uid, sizeof uid, "u%03zu", i);
    return uid;
}

/* Classes "v0_n0" ..., segments u000 ... of videos "video0" ...; segment i runs from 10 i to 10 i + 5 seconds. They are
 * stored from the first to the last, or backwards. */
static inline store *made_store_in_order(const char *path, const made_segment *at, size_t count, bool backwards)
{
    static char uids[MADE_MOST][16], videos[MADE_MOST][16];
    static segment segments[MADE_MOST];
    class_list classes = sample_classes();
    store *s = NULL;
    classes.action_count = MADE_CLASSES;
    assert_true(count <= MADE_MOST);
    for (size_t i = 0; i < count; i++) {
        snprintf(uids[i], sizeof uids[i], "%s", made_uid(i));
        snprintf(videos[i], sizeof videos[i], "video%d", at[i].video);
        segments[backwards ? count - 1 - i : i] =
            (segment){uids[i], videos[i], 10.0 * (double)i, 10.0 * (double)i + 5, at[i].label, -1, -1, i, NULL};
    }
    segment_list list = {NULL, segments, count};
    remove_store(path);
    assert_ok(store_open(path, STORE_WRITE, &s));
    assert_ok(store_put_classes(s, &classes));
    assert_ok(store_put_segments(s, "eval", &list, NULL));
    return s;
}

static inline store *made_store(const char *path, const made_segment *at, size_t count)
{
    return made_store_in_order(path, at, count, false);
}

/* first: (count) the class a seed puts first, the others by their ids after it; NOTHING for no prediction. */
static inline void made_set(store *s, const char *name, const char *role, int64_t seed, const int *first, size_t count)
{
    int64_t set = 0;
    set_info info = {.seed = seed, .encoding = ENCODE_DENSE, .classes = MADE_CLASSES};
    snprintf(info.name, sizeof info.name, "%s", name);
    snprintf(info.role, sizeof info.role, "%s", role);
    assert_ok(store_begin_set(s, &info, &set));
    for (size_t i = 0; i < count; i++) {
        float logits[MADE_CLASSES];
        if (first[i] == NOTHING) continue;
        for (int c = 0; c < MADE_CLASSES; c++) logits[c] = c == first[i] ? 4.0f : -0.25f * (float)c;
        assert_ok(store_put(s, set, made_uid(i), logits, NULL));
    }
}

static inline const json_t *json_at(const json_t *from, const char *key)
{
    const json_t *found = json_object_get(from, key);
    if (!found) fail_msg("there is no %s", key);
    return found;
}

static inline double real_at(const json_t *from, const char *key)
{
    const json_t *found = json_at(from, key);
    if (!json_is_number(found)) fail_msg("%s is no number", key);
    return json_number_value(found);
}

static inline const char *text_at(const json_t *from, const char *key)
{
    const json_t *found = json_at(from, key);
    if (!json_is_string(found)) fail_msg("%s is no text", key);
    return json_string_value(found);
}

#endif
