/* checkpoint_directory - the directories that checkpoints are: made aside, put in place whole, marked, verified,
 * removed.
 *
 * checkpoint-NNNNNNNN (N: how far the work was) holds any files, state.json with their fingerprints under "files" (by
 * name, relative), and DONE, which holds the fingerprint of state.json. All is written under a temporary name, synced
 * and renamed, and DONE comes last; removal takes DONE away first. So a directory with DONE was complete once, and the
 * fingerprints tell whether it still is.
 */
#ifndef MAGISTER_TRAINER_CHECKPOINT_DIRECTORY_H
#define MAGISTER_TRAINER_CHECKPOINT_DIRECTORY_H

#include "base/hash.h"
#include "tensor/image.h"

#include <jansson.h>

/* The directory's temporary name, new memory: where ranks that did not begin it add files. Errors: ERR_MEMORY. */
status checkpoint_unfinished(const char *directory, int64_t step, char **out);

/* Makes the directory under its temporary name, which is new memory; an old one of that name goes. Errors: ERR_CREATE,
 * ERR_IO, ERR_MEMORY. */
status checkpoint_begin(const char *directory, int64_t step, char **unfinished);

/* Writes and syncs a file in it; `hash` is for state's "files". Several ranks may add theirs. Errors: ERR_CREATE,
 * ERR_IO.
 */
status checkpoint_add(const char *unfinished, const char *name, const file_image *bytes, char hash[HASH_TEXT]);

/* Writes the state, puts the directory in place and marks it. On failure older checkpoints are untouched. Errors:
 * ERR_IO, ERR_CREATE, ERR_MEMORY. */
status checkpoint_finish(const char *directory, int64_t step, const json_t *state);

/* New string: the newest complete checkpoint of `directory` whose files are what was written; NULL when there is none.
 * A damaged one is warned of and passed over. Errors: ERR_INPUT when all that are there are damaged: names the newest
 * and says what to do. */
status checkpoint_newest(const char *directory, char **path);

/* state.json of one, held against DONE; the caller releases *out. Errors: ERR_MISSING, ERR_INPUT. */
status checkpoint_read(const char *path, json_t **out);

/* Removes all but the newest `keep` complete ones, and what was left unfinished. */
status checkpoint_prune(const char *directory, size_t keep);

#endif
