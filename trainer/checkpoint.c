#include "trainer/checkpoint.h"

#include "base/file.h"
#include "trainer/shared_file.h"

#include <stdlib.h>

static const char MODEL[] = "model.safetensors", OPTIMIZER[] = "optimizer.safetensors",
                  AVERAGE[] = "average.safetensors", BEST[] = "best.safetensors";

/* ---- writing ----------------------------------------------------------------------------------------------------- */

enum { FILES = 4 };

struct checkpoint_image {
    struct {
        const char *name; /* NULL: there is none in this checkpoint */
        file_image bytes;
    } files[FILES];
    train_state state;
};

status checkpoint_image_new(checkpoint_image **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? OK : FAIL(ERR_MEMORY, "no memory for a checkpoint");
}

void checkpoint_image_free(checkpoint_image **at)
{
    if (!at || !*at) return;
    for (int f = 0; f < FILES; f++) file_image_free(&(*at)->files[f].bytes);
    free(*at);
    *at = NULL;
}

status checkpoint_take(checkpoint_image *image, const checkpoint_parts *parts, const train_state *state)
{
    status st = OK;
    bool best = parts->best && state->best_step >= 0;
    const char *const names[FILES] = {MODEL, OPTIMIZER, parts->average ? AVERAGE : NULL, best ? BEST : NULL};
    for (int f = 0; f < FILES; f++) image->files[f].name = names[f];
    image->state = *state;
    TRY(module_image(parts->model, MODEL, &image->files[0].bytes));
    TRY(optim_image(parts->optimizer, OPTIMIZER, &image->files[1].bytes));
    if (parts->average) TRY(weights_image(parts->average, AVERAGE, &image->files[2].bytes));
    if (best) TRY(weights_image(parts->best, BEST, &image->files[3].bytes));
done:
    return st;
}

status checkpoint_write(const char *directory, const checkpoint_image *image)
{
    status st = OK;
    char *unfinished = NULL, hash[HASH_TEXT];
    json_t *state = state_to_json(&image->state), *files = json_object();
    if (!state || !files || json_object_set(state, "files", files)) TRY(FAIL(ERR_MEMORY, "no memory for a checkpoint"));
    TRY(checkpoint_begin(directory, image->state.step, &unfinished));
    for (int f = 0; f < FILES; f++) {
        const char *name = image->files[f].name;
        if (!name) continue;
        TRY(checkpoint_add(unfinished, name, &image->files[f].bytes, hash));
        if (json_object_set_new(files, name, json_string(hash))) TRY(FAIL(ERR_MEMORY, "no memory for a checkpoint"));
    }
    TRY(checkpoint_finish(directory, image->state.step, state));
done:
    if (st != OK && unfinished) directory_remove(unfinished); /* the first failure stays the one that is told */
    json_decref(state);
    json_decref(files);
    free(unfinished);
    return st;
}

status checkpoint_state(const char *path, train_state *out)
{
    json_t *object = NULL;
    status st = checkpoint_read(path, &object);
    if (st == OK) st = state_from_json(object, path, out);
    json_decref(object);
    return st;
}

/* The file `name` of the checkpoint, which one of these takes. Collective. */
static status load_file(comm *c, const char *path, const char *name, module *m, optim *o, weights *w)
{
    status st = OK;
    char *at = NULL;
    shared_file file = {0};
    at = path_join(path, name);
    TRY(comm_agree(c, at ? OK : FAIL(ERR_MEMORY, "no memory for the name of %s", name)));
    TRY(shared_file_open(c, at, &file));
    if (m) st = module_load_file(m, file.tensors);
    else if (o) st = optim_load(o, file.tensors);
    else st = weights_load(w, file.tensors);
    TRY(comm_agree(c, st));
done:
    shared_file_close(&file);
    free(at);
    return st;
}

status checkpoint_load(comm *c, const char *path, const checkpoint_parts *parts, const train_state *state)
{
    status st = OK;
    TRY(load_file(c, path, MODEL, parts->model, NULL, NULL));
    TRY(load_file(c, path, OPTIMIZER, NULL, parts->optimizer, NULL));
    if (parts->average) TRY(load_file(c, path, AVERAGE, NULL, NULL, parts->average));
    if (parts->best && state->best_step >= 0) TRY(load_file(c, path, BEST, NULL, NULL, parts->best));
done:
    return st;
}
