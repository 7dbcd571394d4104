/* small_world - files a teacher needs: 12 actions, videos in which an action decides the next one. */
#ifndef MAGISTER_TESTS_TEACHER_SMALL_WORLD_H
#define MAGISTER_TESTS_TEACHER_SMALL_WORLD_H

#include "conf/recipe.h"
#include "data/dataset.h"
#include "tests/unit/data/scratch.h"

enum { WORLD_ACTIONS = 12, WORLD_NOUNS = 4, WORLD_VIDEOS = 20, WORLD_EVAL_VIDEOS = 5, WORLD_SEGMENTS = 9 };

/* The cycle of all 12, begun at a place of the video's own. */
static inline int world_action(size_t video, size_t place)
{
    return (int)((video * 5 + place) * 7 % WORLD_ACTIONS);
}

static inline void world_annotations(const char *name, size_t first, size_t videos)
{
    static char text[65536];
    char *at = text;
    for (size_t v = first; v < first + videos; v++)
        for (size_t i = 0; i < WORLD_SEGMENTS; i++) {
            int action = world_action(v, i);
            at += sprintf(at, "u%zu_%zu, v%02zu, %zu, %zu, %d, %d, %d\n", v, i, v, 60 * i, 60 * i + 50,
                          action / WORLD_NOUNS, action % WORLD_NOUNS, action);
        }
    scratch_file(name, text);
}

static inline void world_actions(void)
{
    static const char *const verbs[] = {"take", "put-down", "wash"}, *const nouns[] = {"pan", "cup", "board:cutting",
                                                                                       "knife"};
    char text[2048];
    char *at = text + sprintf(text, "id,action,verb,noun\n");
    for (int a = 0; a < WORLD_ACTIONS; a++)
        at += sprintf(at, "%d,%s_%s,%d,%d\n", a, verbs[a / WORLD_NOUNS], nouns[a % WORLD_NOUNS], a / WORLD_NOUNS,
                      a % WORLD_NOUNS);
    scratch_file("actions.csv", text);
}

static inline int world_open(void **state)
{
    if (scratch_open(state)) return -1;
    world_annotations("train.csv", 0, WORLD_VIDEOS);
    world_annotations("eval.csv", WORLD_VIDEOS, WORLD_EVAL_VIDEOS);
    world_actions();
    return 0;
}

/* Whether one of `more` gives the key of `pair` ("key=value"). */
static inline bool world_given(const char *const *more, const char *pair)
{
    size_t length = strcspn(pair, "=") + 1;
    for (; more && *more; more++)
        if (!strncmp(*more, pair, length)) return true;
    return false;
}

/* The recipe of this world with more keys ("key=value", ended by NULL), freed by the caller. */
static inline recipe *world_recipe(const char *const *more)
{
    static const char *const common[] = {
        "stages=[teacher, predict]",
        "teacher.layers=2",
        "teacher.width=32",
        "teacher.heads=2",
        "teacher.hist_len=3",
        "teacher.train.epochs=25",
        "teacher.train.batch=8",
        "train.optimizer.lr=3e-3",
        "predict.encoding=dense",
        "predict.features=float32",
        "teacher.norm=before",
        "teacher.dropout=0",
        "teacher.metric=top1",
        "teacher.factored=true",
        "teacher.newest_first=true",
        "teacher.ages=true",
        "teacher.positions=action",
        "data.development=0.2",
        "teacher.variants.teacher_tokens.input=tokens",
    };
    static char kept[40][192];
    char *keys[40];
    size_t count = 0;
    recipe *r = NULL;
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        if (!world_given(more, common[i])) snprintf(kept[count++], sizeof kept[0], "%s", common[i]);
    for (const char *const *file = (const char *const[]){"train", "eval", "actions", NULL}; *file; file++) {
        snprintf(kept[count], sizeof kept[0], "data.%s=%s/%s.csv", *file, scratch_directory, *file);
        if (!world_given(more, kept[count])) count++;
    }
    for (; more && *more; more++) snprintf(kept[count++], sizeof kept[0], "%s", *more);
    for (size_t i = 0; i < count; i++) keys[i] = kept[i];
    assert_ok(recipe_read(NULL, keys, count, &r));
    return r;
}

#define WORLD_RECIPE(...) world_recipe((const char *const[]){__VA_ARGS__, NULL})

#endif
