/* checkpoint - a training on disk, from which it goes on bitwise.
 *
 * One directory each, checkpoint-NNNNNNNN (N: steps done): model.safetensors, optimizer.safetensors, with a moving
 * average average.safetensors, with a best model so far best.safetensors, state.json, which holds the train_state and
 * the fingerprint of every file, and DONE, which holds the fingerprint of state.json. All is written under a temporary
 * name, synced and renamed, and DONE comes last; removal takes DONE away first. So a directory with DONE was complete
 * once, and the fingerprints tell whether it still is.
 *
 * One rank writes, removes and reads. Saving has two halves, so that training need not wait for the disk: a
 * copy of all is taken in memory between two steps, and written from there by any thread (saver.h).
 */
#ifndef MAGISTER_TRAINER_CHECKPOINT_H
#define MAGISTER_TRAINER_CHECKPOINT_H

#include "comm/comm.h"
#include "tensor/image.h"
#include "trainer/checkpoint_directory.h"
#include "trainer/state.h"
#include "trainer/weights.h"

/* What is saved and loaded; all borrowed. `average` and `best` may be NULL. */
typedef struct {
    module *model;
    optim *optimizer;
    weights *average;
    weights *best; /* saved when the state has a best step */
} checkpoint_parts;

/* A checkpoint in memory, which is used again by the next one. */
typedef struct checkpoint_image checkpoint_image;
status checkpoint_image_new(checkpoint_image **out);
void checkpoint_image_free(checkpoint_image **image);

/* Copies all that is saved. After a failure the image is not to be written. Errors: ERR_MEMORY. */
status checkpoint_take(checkpoint_image *image, const checkpoint_parts *parts, const train_state *state);

/* Writes the checkpoint below `directory`, under the step it was taken at. Touches no tensor. On failure nothing of it
 * is left and older ones are untouched. Errors: ERR_IO (a full disk), ERR_CREATE, ERR_MEMORY. */
status checkpoint_write(const char *directory, const checkpoint_image *image);

/* Reads the state alone. Errors: ERR_INPUT names what is wrong. */
status checkpoint_state(const char *path, train_state *out);

/* Gives all ranks the tensors; rank 0 reads (shared_file.h). Errors: ERR_MISSING, ERR_INPUT name file and tensor.
 * Collective. */
status checkpoint_load(comm *c, const char *path, const checkpoint_parts *parts, const train_state *state);

#endif
