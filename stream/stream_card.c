#include "stream/stream_card.h"

#include "conf/settings.h"
#include "stream/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char KIND[] = "streaming learner";

static const char *const KEYS[] = {
    "stream.size",      "stream.channels",      "stream.features", "stream.layers",        "stream.buffer",
    "stream.normalize", "stream.snippet",       "stream.distance", "stream.base_distance", "stream.demarcation",
    "stream.window",    "stream.modifier_type", "stream.modifier", "stream.threshold",     "stream.fixed_buffer",
};
enum { KEY_COUNT = sizeof KEYS / sizeof KEYS[0] };

status stream_card_make(const recipe *r, size_t layers, stream_card *out)
{
    status st = settings_write(r, KEYS, KEY_COUNT, &out->settings);
    if (st != OK) return st;
    snprintf(out->layers, sizeof out->layers, "%zu", layers);
    const char *const pairs[] = {"kind", KIND, "settings", out->settings, "layers", out->layers, NULL};
    memcpy(out->pairs, pairs, sizeof pairs);
    return OK;
}

void stream_card_free(stream_card *card)
{
    free(card->settings);
    card->settings = NULL;
}

static bool is_ours(const tensor_file *file)
{
    const char *kind = tensor_file_metadata(file, "kind");
    return kind && !strcmp(kind, KIND);
}

status stream_card_is_there(const char *path, bool *out)
{
    tensor_file *file = NULL;
    status st = tensor_file_open(path, &file);
    if (st == OK) *out = is_ours(file);
    tensor_file_close(&file);
    return st;
}

status stream_card_read(const tensor_file *file, recipe **settings, int64_t *layers)
{
    status st = OK;
    char *end = NULL;
    const char *path = tensor_file_path(file);
    if (!is_ours(file)) TRY(FAIL(ERR_INPUT, "%s: is no streaming learner's model", path));
    const char *text = tensor_file_metadata(file, "settings"), *count = tensor_file_metadata(file, "layers");
    if (!text || !count) TRY(FAIL(ERR_INPUT, "%s: says nothing about its sizes", path));
    *layers = strtoll(count, &end, 10);
    if (end == count || *end || *layers < 1 || *layers > STREAM_LAYERS_MOST)
        TRY(FAIL(ERR_INPUT, "%s: has %.20s layers: 1 to %d are possible", path, count, STREAM_LAYERS_MOST));
    TRY(settings_read(path, text, KEYS, KEY_COUNT, settings));
done:
    return st;
}
