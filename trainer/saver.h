/* saver - checkpoints written while training goes on.
 *
 * saver_start copies weights and state into memory that is kept for the next time (once the size of a checkpoint, and
 * no more: one save is in flight at most) and hands the copy to a thread, which writes, syncs, marks and removes older
 * checkpoints. The thread touches the copy and files alone, no tensor. Its failure comes out at the next saver_failure,
 * saver_wait or saver_start.
 */
#ifndef MAGISTER_TRAINER_SAVER_H
#define MAGISTER_TRAINER_SAVER_H

#include "trainer/checkpoint.h"

typedef struct saver saver;

/* Saves below `directory` (borrowed), where the newest `keep` are kept. Errors: ERR_MEMORY. */
status saver_new(const char *directory, size_t keep, saver **out);

/* Waits for the save in flight; its failure is logged. NULL is fine. */
void saver_free(saver **s);

/* Waits for the save in flight, then begins this one. Errors: those of the save before, ERR_MEMORY. */
status saver_start(saver *s, const checkpoint_parts *parts, const train_state *state);

/* The failure of a save that has ended, without waiting; OK when it went well or is still under way. Told once. */
status saver_failure(saver *s);

/* Waits for the save in flight, and gives its failure. */
status saver_wait(saver *s);

#endif
