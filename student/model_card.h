/* model_card - what a trained model of clips says about itself, in the metadata of its model.safetensors, so that the
 * file alone is enough to use it: which model of what sizes, how pictures are made for it, and the names of its
 * classes.
 *
 *   kind      "student of clips"
 *   settings  keys of the recipe that it depends on, a "key=value" a line
 *   classes   list of names as JSON, in the order of the logits
 *   projected width of a projector, which learned features of a teacher and is of no use any more; 0: there is none
 */
#ifndef MAGISTER_STUDENT_MODEL_CARD_H
#define MAGISTER_STUDENT_MODEL_CARD_H

#include "conf/recipe.h"
#include "data/annotations.h"
#include "tensor/module.h"

/* For writing: pairs for module_save, ended by NULL. The caller frees it. */
typedef struct {
    char *settings, *classes, *projected;
    const char *pairs[9];
} model_card;

/* Errors: ERR_MEMORY; ERR_INPUT for a class name that is no UTF-8. */
status model_card_make(const recipe *r, const class_list *classes, int64_t projected, model_card *out);
void model_card_free(model_card *card);

/* What was read of one. */
typedef struct {
    recipe *recipe; /* the settings; every other key has its standard value */
    char **classes; /* (class_count) */
    size_t class_count;
    int64_t projected;
} known_model;

/* Reads the card of a model's file. Errors: ERR_INPUT for a file that has no card, or one of another kind. The caller
 * frees it. */
status known_model_read(const tensor_file *file, known_model *out);

void known_model_free(known_model *m);

#endif
