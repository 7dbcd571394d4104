#include "stream/initial.h"

#include "base/file.h"
#include "base/log.h"
#include "stream/learning.h"
#include "stream/recipe.h"
#include "stream/stream_card.h"
#include "tensor/load.h"
#include "trainer/shared_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 48, SKIPS = 3 * STREAM_LAYERS_MOST };

/* How many layers the file has: from layers.0 up. */
static size_t layers_of(tensor_file *file)
{
    size_t layers = 0;
    for (size_t i = 0; i < tensor_file_count(file); i++) {
        size_t layer = 0;
        if (sscanf(tensor_file_name(file, i), "layers.%zu.", &layer) == 1 && layer < STREAM_LAYERS_MOST + 1 &&
            layer + 1 > layers)
            layers = layer + 1;
    }
    return layers;
}

/* ---- sizes ------------------------------------------------------------------------------------------------------- */

static void sizes_text(const stream_options *o, char *out, size_t size)
{
    snprintf(out, size, "stream.size=[%lld,%lld] stream.channels=[%lld,%lld,%lld,%lld] stream.features=%lld",
             (long long)o->height, (long long)o->width, (long long)o->channels[0], (long long)o->channels[1],
             (long long)o->channels[2], (long long)o->channels[3], (long long)o->features);
}

/* Of a file that says what it is: better words than those about each tensor. */
static status check_sizes(const learner *l, const tensor_file *file)
{
    status st = OK;
    recipe *settings = NULL;
    int64_t layers = 0;
    stream_options theirs;
    char there[200], here[200];
    if (!tensor_file_metadata(file, "settings")) goto done;
    TRY(stream_card_read(file, &settings, &layers));
    TRY(stream_recipe_learner(settings, 1, &theirs));
    sizes_text(&theirs, there, sizeof there);
    sizes_text(&l->o, here, sizeof here);
    if (strcmp(there, here))
        TRY(FAIL(ERR_INPUT, "stream.init: %s is a learner of other sizes, %s; here they are %s", tensor_file_path(file),
                 there, here));
done:
    recipe_free(&settings);
    return st;
}

static status check_layers(const learner *l, const tensor_file *file, size_t layers)
{
    if (!layers)
        return FAIL(ERR_INPUT, "stream.init: %s holds no streaming learner: nothing in it is called layers.0",
                    tensor_file_path(file));
    if ((int64_t)layers > l->o.max_layers)
        return FAIL(ERR_CONFIG,
                    "stream.init: %s has %zu layers, and stream.layers is %lld: give it all of them "
                    "(stream.layers=%zu)",
                    tensor_file_path(file), layers, (long long)l->o.max_layers, layers);
    return OK;
}

/* ---- weights ----------------------------------------------------------------------------------------------------- */

/* The rows of a table that both have, where their numbers differ. */
static status take_rows(tensor_file *file, const char *name, tensor *table)
{
    status st = OK;
    scope *sc = scope_open();
    tensor *from = tensor_file_get(file, name);
    TRY(t_check(from));
    int64_t rows = t_dims(from) == 2 ? t_size(from, 0) : 0, ours = t_size(table, 0);
    if (rows == ours) goto done; /* it has been loaded */
    if (!rows || t_size(from, 1) != t_size(table, 1))
        TRY(FAIL(ERR_INPUT, "stream.init: %s: '%s' is no table of stream.features columns", tensor_file_path(file),
                 name));
    if (ours < rows) rows = ours;
    TRY(t_assign(t_narrow(t_detach(table), 0, 0, rows), t_narrow(from, 0, 0, rows)));
done:
    scope_close(&sc);
    return st;
}

static status take_tables(learner *l, tensor_file *file, size_t layers)
{
    status st = OK;
    char name[NAME_BYTES];
    for (size_t i = 0; i < layers; i++) {
        snprintf(name, sizeof name, "layers.%zu.f.pos_enc.weight", i);
        TRY(take_rows(file, name, l->layers[i].positions));
        snprintf(name, sizeof name, "layers.%zu.p.pos_enc.weight", i);
        TRY(take_rows(file, name, l->layers[i].levels));
    }
done:
    return st;
}

/* Tables may be of other lengths; layers that the file has not stay as they were drawn. */
static status take_weights(learner *l, tensor_file *file, size_t layers)
{
    status st = OK;
    char names[SKIPS][NAME_BYTES];
    const char *skip[SKIPS + 1] = {0};
    size_t count = 0;
    load_result result;
    for (size_t i = 0; i < l->layer_count; i++) {
        snprintf(names[count++], NAME_BYTES, i < layers ? "layers.%zu.f.pos_enc" : "layers.%zu", i);
        if (i < layers) snprintf(names[count++], NAME_BYTES, "layers.%zu.p.pos_enc", i);
    }
    for (size_t i = 0; i < count; i++) skip[i] = names[i];
    TRY(module_load_weights_file(l->model, file, &(load_options){.skip = skip}, &result));
    TRY(take_tables(l, file, layers));
done:
    return st;
}

static status load(const comm *c, learner *l, tensor_file *file)
{
    status st = OK;
    size_t layers = layers_of(file);
    TRY(check_layers(l, file, layers));
    TRY(check_sizes(l, file));
    while (l->layer_count < layers) TRY(learner_grow(l));
    TRY(take_weights(l, file, layers));
    if (comm_rank(c) == 0 && l->layer_count > layers)
        log_info("begins with the %zu layer%s of %s; stream.init_layers asks for %zu, so the others begin anew", layers,
                 layers == 1 ? "" : "s", tensor_file_path(file), l->layer_count);
    else if (comm_rank(c) == 0) log_info("begins with the %zu layers of %s", layers, tensor_file_path(file));
done:
    return st;
}

/* ------------------------------------------------------------------------------------------------------------------ */

status initial_learner_load(comm *c, const recipe *r, learner *l)
{
    status st = OK;
    shared_file f = {0};
    const char *given = recipe_text(r, "stream.init");
    if (!given) return OK;
    char *path = directory_exists(given) ? path_join(given, "model.safetensors") : strdup(given);
    TRY(comm_agree(c, path ? OK : FAIL(ERR_MEMORY, "no memory for the name of %s", given)));
    TRY(shared_file_open(c, path, &f));
    TRY(comm_agree(c, load(c, l, f.tensors)));
done:
    shared_file_close(&f);
    free(path);
    return st;
}
