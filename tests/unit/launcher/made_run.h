/* made_run - run directories for tests of what is made from a run: a recipe, a store whose scores are known, and steps
 * with curves and stats. */
#ifndef MAGISTER_TESTS_MADE_RUN_H
#define MAGISTER_TESTS_MADE_RUN_H

#include "base/file.h"
#include "conf/run.h"
#include "distill/store.h"
#include "launcher/evaluate.h"
#include "launcher/plan.h"
#include "launcher/rundir.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MADE_CLASSES = 6, MADE_SEGMENTS = 144, MADE_NAME = 24 };

typedef struct {
    char path[64];
    recipe *recipe;
    plan plan;
    int segments, each; /* how many there are, and in a video */
} made_run;

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        fail_clear();                                                                                                  \
        if ((call) != OK) fail_msg("%s: %s", #call, fail_message());                                                   \
    } while (0)

static inline void run_write_text(const made_run *run, const char *name, const char *text)
{
    char *path = run_path(run->path, name);
    assert_ok(file_write(path, text, strlen(text)));
    free(path);
}

/* New string. */
static inline char *run_read_text(const made_run *run, const char *name)
{
    char *path = run_path(run->path, name), *text = NULL;
    size_t count;
    assert_ok(file_read(path, 1 << 24, &text, &count));
    free(path);
    return text;
}

/* An empty run of this recipe; nothing is in its store until run_put_labels. */
static inline made_run run_make(char *const *overrides, size_t count)
{
    made_run run = {.path = "/tmp/magister-report-XXXXXX"};
    assert_non_null(mkdtemp(run.path));
    assert_ok(recipe_read(NULL, overrides, count, &run.recipe));
    assert_ok(plan_make(run.recipe, &run.plan));
    assert_ok(rundir_write_recipe(run.path, run.recipe));
    return run;
}

static inline void run_remove(made_run *run)
{
    plan_free(&run->plan);
    recipe_free(&run->recipe);
    if (!getenv("KEEP_REPORT")) assert_ok(directory_remove(run->path));
}

static inline store *run_store(const made_run *run)
{
    store *s = NULL;
    char *path = run_path(run->path, "store.sqlite");
    assert_ok(store_open(path, STORE_WRITE, &s));
    free(path);
    return s;
}

static inline void run_store_done(store *s)
{
    assert_ok(store_commit(s));
    store_close(&s);
}

/* Actions a0 ... of two verbs and three nouns, or glosses, which have none. */
static inline class_list made_classes(bool glosses)
{
    static action_class actions[MADE_CLASSES];
    static char names[MADE_CLASSES][MADE_NAME];
    static const char *verbs[] = {"take", "put"}, *nouns[] = {"pan", "egg", "<salt>"};
    for (int i = 0; i < MADE_CLASSES; i++) {
        snprintf(names[i], MADE_NAME, glosses ? "GLOSS-%d" : "a%d", i);
        actions[i] = (action_class){names[i], names[i], glosses ? -1 : i / 3, glosses ? -1 : i % 3};
    }
    return (class_list){NULL, actions, verbs, nouns, MADE_CLASSES, glosses ? 0 : 2, glosses ? 0 : 3};
}

/* `count` segments PREFIX000 ..., `each` in a video "v0", "v1" ..., with labels 0, 1 ... 5, 0, 1 ..., marked "seen" and
 * "new" in turn where `groups`. */
static inline void run_put_labels(made_run *run, const char *prefix, int count, int each, bool groups, bool glosses)
{
    static segment segments[MADE_SEGMENTS];
    static char uids[MADE_SEGMENTS][MADE_NAME], videos[MADE_SEGMENTS][MADE_NAME];
    const char *marks[MADE_SEGMENTS];
    const class_list classes = made_classes(glosses);
    store *s = run_store(run);
    assert_true(count <= MADE_SEGMENTS);
    for (int i = 0; i < count; i++) {
        int c = i % MADE_CLASSES;
        snprintf(uids[i], MADE_NAME, "%s%03d", prefix, i);
        snprintf(videos[i], MADE_NAME, "v%d", i / each);
        segments[i] = (segment){
            uids[i],   videos[i], i % each * 10, i % each * 10 + 8, c, classes.actions[c].verb, classes.actions[c].noun,
            (size_t)i, NULL};
        marks[i] = i % 2 ? "new" : "seen";
    }
    const segment_list list = {NULL, segments, (size_t)count};
    assert_ok(store_put_classes(s, &classes));
    assert_ok(store_put_segments(s, "eval", &list, groups ? marks : NULL));
    run_store_done(s);
    run->segments = count;
    run->each = each;
}

/* A set that is right about `right` of every `of` segments, the first of them moved on by `shift`; of the others it
 * names the next class. */
typedef struct {
    const char *name, *role;
    int64_t seed;
    int right, of, shift;
} made_set;

/* `far`: where it is wrong, the label is its last guess; otherwise among the first five. */
static inline void run_put_ranked(const made_run *run, const char *prefix, made_set made, bool far)
{
    int64_t set;
    store *s = run_store(run);
    set_info info = {.seed = made.seed, .encoding = ENCODE_DENSE, .classes = MADE_CLASSES, .k = MADE_CLASSES};
    snprintf(info.name, sizeof info.name, "%s", made.name);
    snprintf(info.role, sizeof info.role, "%s", made.role);
    snprintf(info.model_hash, sizeof info.model_hash, "%s", "0123456789abcdef0123456789abcdef");
    assert_ok(store_begin_set(s, &info, &set));
    for (int i = 0; i < run->segments; i++) {
        char uid[MADE_NAME];
        float logits[MADE_CLASSES] = {0};
        bool right = (i + made.shift) % made.of < made.right;
        snprintf(uid, sizeof uid, "%s%03d", prefix, i);
        logits[(i + !right) % MADE_CLASSES] = 5;
        if (!right) logits[i % MADE_CLASSES] = far ? -5 : 1;
        assert_ok(store_put(s, set, uid, logits, NULL));
    }
    assert_ok(store_complete_set(s, set, run->segments));
    run_store_done(s);
}

static inline void run_put_set(const made_run *run, const char *prefix, made_set made)
{
    run_put_ranked(run, prefix, made, false);
}

/* A trained step: a curve of `steps` lines, the last one cut off as it was being written, and its stats. */
static inline void run_put_step(const made_run *run, const char *name, int steps, double rss)
{
    char file[128], text[16384] = "";
    char *directory = run_step_directory(run->path, name);
    assert_ok(directory_make(directory));
    free(directory);
    for (int i = 0; i < steps; i++)
        sprintf(text + strlen(text), "{\"step\": %d, \"epoch\": 0, \"loss\": %.3f, \"lr\": 0.001%s}\n", i,
                3.0 / (1 + 0.05 * i), i % 20 == 19 ? ", \"metric\": 41.5" : "");
    strcat(text, "{\"step\": 9");
    snprintf(file, sizeof file, "steps/%s/curve.jsonl", name);
    run_write_text(run, file, text);
    snprintf(text, sizeof text,
             "{\"samples_per_s\": 812.5, \"tokens_per_s\": 9000, \"step_ms_p50\": 19.5, \"step_ms_p99\": 31, "
             "\"time_to_first_step_s\": 0.75, \"rss_peak_mb\": %.1f, \"world_size\": 2, "
             "\"metric\": \"development top-1 %%\"}",
             rss);
    snprintf(file, sizeof file, "steps/%s/stats.json", name);
    run_write_text(run, file, text);
}

/* report.html of the run as it is now; new string. */
static inline char *run_report(const made_run *run)
{
    assert_ok(evaluate_run(run->path, run->recipe, &run->plan));
    return run_read_text(run, "report.html");
}

static inline size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)); text += strlen(part)) count++;
    return count;
}

#define assert_has(text, part)                                                                                         \
    do {                                                                                                               \
        if (!strstr((text), (part))) fail_msg("there is no \"%s\"", (part));                                           \
    } while (0)

#define assert_has_not(text, part)                                                                                     \
    do {                                                                                                               \
        const char *found_part = strstr((text), (part));                                                               \
        if (found_part) fail_msg("there is \"%s\": %.80s", (part), found_part);                                        \
    } while (0)

/* A page without the bytes of its pictures, in which any word may stand by chance. New string. */
static inline char *without_pictures(const char *text)
{
    char *copy = strdup(text), *to = copy;
    assert_non_null(copy);
    while (*text) {
        if (!strncmp(text, ";base64,", 8)) text += strcspn(text, "\"");
        *to++ = *text++;
    }
    *to = '\0';
    return copy;
}

static inline void assert_closed(const char *text, const char *element)
{
    char open[16], attributes[16], end[16];
    snprintf(open, sizeof open, "<%s>", element);
    snprintf(attributes, sizeof attributes, "<%s ", element);
    snprintf(end, sizeof end, "</%s>", element);
    size_t begun = count_of(text, open) + count_of(text, attributes), ended = count_of(text, end);
    if (begun != ended) fail_msg("%s: begins %zu times, ends %zu times", element, begun, ended);
}

/* What every page has to keep to: elements closed, nothing from elsewhere, no number that is none. */
static inline void assert_page(const char *page)
{
    static const char *const ELEMENTS[] = {"table", "div", "figure", "p", "tr", "td", "th", "code", "h2", "details"};
    static const char *const NEVER[] = {"http://", "https://", "<script", "<link", "<iframe", "(null)", ">nan", " nan",
                                        "(nan",    "-nan",     "+nan",    ">inf",  " inf ",   "(inf",   "-inf", "+inf"};
    char *text = without_pictures(page);
    for (size_t i = 0; i < sizeof ELEMENTS / sizeof ELEMENTS[0]; i++) assert_closed(text, ELEMENTS[i]);
    for (size_t i = 0; i < sizeof NEVER / sizeof NEVER[0]; i++) assert_has_not(text, NEVER[i]);
    assert_int_equal(count_of(text, "<img "), count_of(text, " src=\"data:image/"));
    assert_has(text, "</body></html>");
    free(text);
}

#endif
