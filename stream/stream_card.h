/* stream_card - what a streaming learner's model.safetensors says of itself, so that the file alone is enough to
 * segment videos with it.
 *
 *   kind      "streaming learner"
 *   settings  keys of the recipe that it depends on (conf/settings.h)
 *   layers    how many it has
 */
#ifndef MAGISTER_STREAM_STREAM_CARD_H
#define MAGISTER_STREAM_STREAM_CARD_H

#include "conf/recipe.h"
#include "tensor/module.h"

/* For writing: pairs for module_save, ended by NULL. The caller frees it. */
typedef struct {
    char *settings, layers[24];
    const char *pairs[7];
} stream_card;

status stream_card_make(const recipe *r, size_t layers, stream_card *out); /* Errors: ERR_MEMORY */
void stream_card_free(stream_card *card);

/* Whether the file is such a model. Errors: ERR_MISSING; ERR_INPUT for a file that is damaged. */
status stream_card_is_there(const char *path, bool *out);

/* Its settings as a recipe, which the caller frees, and its layers. Errors: ERR_INPUT for another kind, or settings
 * that are none. */
status stream_card_read(const tensor_file *file, recipe **settings, int64_t *layers);

#endif
