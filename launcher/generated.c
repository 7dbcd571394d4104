#include "launcher/generated.h"

#include "base/file.h"
#include "data/kitchen.h"
#include "data/signs.h"

#include <stdlib.h>
#include <string.h>

/* `kept` keys are the user's when they were given. */
typedef struct {
    const char *key, *file;
    bool kept;
    const char *film; /* with this generate.film only */
} generated_file;

static const generated_file KITCHEN[] = {
    {"data.train", "training.csv", false, NULL},
    {"data.eval", "validation.csv", false, NULL},
    {"data.actions", "actions.csv", false, NULL},
    {"data.tracks", "tracks", false, "tracks"},
    {"data.videos", "videos", false, "video"},
    {"data.many_shot_verbs", "many_shot_verbs.csv", true, NULL},
    {"data.many_shot_nouns", "many_shot_nouns.csv", true, NULL},
    {"teacher.extra_text", "texts.txt", true, NULL},
};

static const generated_file SIGNS[] = {
    {"data.train", "signs.json", false, NULL},
    {"data.videos", "videos", false, NULL},
};

bool generated_films(const recipe *r)
{
    return signs_are_meant(r) || !strcmp(recipe_text(r, "generate.film"), "video");
}

const char *generated_last_file(const recipe *r)
{
    return signs_are_meant(r) ? "signs.json" : "many_shot_nouns.csv";
}

static status fill_one(recipe *r, const char *directory, const char *key, const char *file, bool kept)
{
    status st = OK;
    char *path = path_join(directory, file);
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the names of generated files"));
    if (kept && recipe_is_given(r, key)) goto done;
    const char *given = recipe_text(r, key);
    if (given && strcmp(given, path))
        TRY(FAIL(ERR_CONFIG, "%s is %s, and the stage generate would make %s: take one of them out", key, given, path));
    TRY(recipe_set(r, key, path));
done:
    free(path);
    return st;
}

static status fill_format(recipe *r)
{
    if (recipe_is_given(r, "data.format") && strcmp(recipe_text(r, "data.format"), "wlasl"))
        return FAIL(ERR_CONFIG, "data.format is %s, and generate.world signs makes wlasl: take one of them out",
                    recipe_text(r, "data.format"));
    return recipe_set(r, "data.format", "wlasl");
}

status generated_fill(recipe *r, const char *run)
{
    status st = OK;
    bool signs = signs_are_meant(r);
    const generated_file *files = signs ? SIGNS : KITCHEN;
    size_t count = signs ? sizeof SIGNS / sizeof SIGNS[0] : sizeof KITCHEN / sizeof KITCHEN[0];
    char *directory = path_join(run, "data");
    if (!directory) TRY(FAIL(ERR_MEMORY, "no memory for the names of generated files"));
    if (signs) TRY(fill_format(r));
    for (size_t i = 0; i < count; i++) {
        bool text = !strcmp(files[i].key, "teacher.extra_text");
        if (text && recipe_int(r, "generate.texts") == 0) continue;
        if (files[i].film && strcmp(files[i].film, recipe_text(r, "generate.film")) != 0) continue;
        TRY(fill_one(r, directory, files[i].key, files[i].file, files[i].kept));
    }
done:
    free(directory);
    return st;
}

status generated_make(const recipe *r, const char *directory)
{
    const kitchen_options options = kitchen_options_read(r);
    status st = directory_make(directory);
    return st == OK ? kitchen_generate(&options, directory) : st;
}
