#include "launcher/generated.h"

#include "base/file.h"
#include "data/kitchen.h"

#include <stdlib.h>
#include <string.h>

/* `kept` keys are the user's when they were given. */
static const struct {
    const char *key, *file;
    bool kept;
    const char *film; /* with this generate.film only */
} FILES[] = {
    {"data.train", "training.csv", false, NULL},
    {"data.eval", "validation.csv", false, NULL},
    {"data.actions", "actions.csv", false, NULL},
    {"data.tracks", "tracks", false, "tracks"},
    {"data.videos", "videos", false, "video"},
    {"data.many_shot_verbs", "many_shot_verbs.csv", true, NULL},
    {"data.many_shot_nouns", "many_shot_nouns.csv", true, NULL},
    {"teacher.extra_text", "texts.txt", true, NULL},
};

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

status generated_fill(recipe *r, const char *run)
{
    status st = OK;
    char *directory = path_join(run, "data");
    if (!directory) TRY(FAIL(ERR_MEMORY, "no memory for the names of generated files"));
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        bool text = !strcmp(FILES[i].key, "teacher.extra_text");
        if (text && recipe_int(r, "generate.texts") == 0) continue;
        if (FILES[i].film && strcmp(FILES[i].film, recipe_text(r, "generate.film")) != 0) continue;
        TRY(fill_one(r, directory, FILES[i].key, FILES[i].file, FILES[i].kept));
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
