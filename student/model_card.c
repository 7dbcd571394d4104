#include "student/model_card.h"

#include "conf/settings.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROJECTED_MOST = 1 << 20 };

static const char KIND[] = "student of clips";

/* What the model and its input are made from. */
static const char *const KEYS[] = {
    "student.model",
    "student.task",
    "student.input",
    "student.frames",
    "student.fps",
    "student.dropout",
    "student.network.patch",
    "student.network.width",
    "student.network.layers",
    "student.network.heads",
    "student.network.channels",
    "student.network.depth",
    "student.network.feature",
    "student.network.hidden",
    "student.network.backbone_width",
    "student.network.backbone_layers",
    "student.network.backbone_heads",
    "student.transform.size",
    "student.transform.short_side",
    "student.transform.antialias",
    "student.transform.crop",
    "student.transform.crops",
    "student.transform.flip_views",
    "student.transform.short_clips",
    "student.transform.mean",
    "student.transform.std",
};
enum { KEY_COUNT = sizeof KEYS / sizeof KEYS[0] };

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static status write_classes(const class_list *classes, char **out)
{
    status st = OK;
    json_t *names = json_array();
    for (size_t i = 0; i < classes->action_count; i++)
        if (json_array_append_new(names, json_string(classes->actions[i].name)))
            TRY(FAIL(ERR_INPUT, "the name of class %zu is no UTF-8", i));
    *out = json_dumps(names, JSON_COMPACT);
    if (!*out) TRY(FAIL(ERR_MEMORY, "no memory for the names of %zu classes", classes->action_count));
done:
    json_decref(names);
    return st;
}

status model_card_make(const recipe *r, const class_list *classes, int64_t projected, model_card *out)
{
    status st = OK;
    TRY(settings_write(r, KEYS, KEY_COUNT, &out->settings));
    TRY(write_classes(classes, &out->classes));
    if (asprintf(&out->projected, "%lld", (long long)projected) < 0) {
        out->projected = NULL;
        TRY(FAIL(ERR_MEMORY, "no memory for a model's settings"));
    }
    const char *const pairs[] = {"kind",       KIND,        "settings",     out->settings, "classes",
                                 out->classes, "projected", out->projected, NULL};
    memcpy(out->pairs, pairs, sizeof pairs);
done:
    if (st != OK) model_card_free(out);
    return st;
}

void model_card_free(model_card *card)
{
    free(card->settings);
    free(card->classes);
    free(card->projected);
    *card = (model_card){0};
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Names are printed: one that moves the cursor is none. */
static bool is_printable(const char *name)
{
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        if (*c < ' ' || *c == 0x7f) return false;
    return true;
}

static status read_classes(const char *path, const char *text, known_model *out)
{
    status st = OK;
    json_t *names = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    size_t count = json_array_size(names);
    if (!count) TRY(FAIL(ERR_INPUT, "%s: its classes are no list of names", path));
    out->classes = calloc(count, sizeof *out->classes);
    if (!out->classes) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu classes", path, count));
    for (; out->class_count < count; out->class_count++) {
        const char *name = json_string_value(json_array_get(names, out->class_count));
        if (!name || !is_printable(name))
            TRY(FAIL(ERR_INPUT, "%s: its class %zu has no name that can be printed", path, out->class_count));
        out->classes[out->class_count] = strdup(name);
        if (!out->classes[out->class_count]) TRY(FAIL(ERR_MEMORY, "%s: no memory for its classes", path));
    }
done:
    json_decref(names);
    return st;
}

status known_model_read(const tensor_file *file, known_model *out)
{
    status st = OK;
    known_model m = {0};
    const char *path = tensor_file_path(file), *kind = tensor_file_metadata(file, "kind"),
               *settings = tensor_file_metadata(file, "settings"), *classes = tensor_file_metadata(file, "classes"),
               *projected = tensor_file_metadata(file, "projected");
    if (!kind || strcmp(kind, KIND) || !settings || !classes)
        TRY(FAIL(ERR_INPUT,
                 "%s does not say how it is used: it takes the model.safetensors of a student with student.input clips",
                 path));
    TRY(settings_read(path, settings, KEYS, KEY_COUNT, &m.recipe));
    TRY(read_classes(path, classes, &m));
    m.projected = projected ? strtoll(projected, NULL, 10) : 0;
    if (m.projected < 0 || m.projected > PROJECTED_MOST)
        TRY(FAIL(ERR_INPUT, "%s: a projector of width %.20s is none", path, projected));
    *out = m;
    m = (known_model){0};
done:
    known_model_free(&m);
    return st;
}

void known_model_free(known_model *m)
{
    recipe_free(&m->recipe);
    for (size_t i = 0; i < m->class_count; i++) free(m->classes[i]);
    free(m->classes);
    *m = (known_model){0};
}
