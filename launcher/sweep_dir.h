/* sweep_dir - the directory of a sweep.
 *
 *   recipe.yaml    the recipe, with the sweep
 *   sweep.json     the members (docs/formats.md)
 *   lock           shared by all who work in it; moving the sweep aside needs it alone
 *   NN-NAME/       a member: a run like any other
 *
 * Members may be begun from many machines at the same moment: whoever comes first writes sweep.json and recipe.yaml,
 * atomically, and all of them would write the same. sweep.json comes first: a directory with recipe.yaml and without it
 * is a run.
 */
#ifndef MAGISTER_LAUNCHER_SWEEP_DIR_H
#define MAGISTER_LAUNCHER_SWEEP_DIR_H

#include "conf/recipe.h"
#include "launcher/rundir.h"

#include <jansson.h>

/* Makes `directory` the sweep of `r` and takes the lock, `*lock` (closed by the caller; -1 where there is none). What
 * is there already is refused (RUN_NEW), gone on with (RUN_RESUME), or moved aside (RUN_FORCE); a sweep that is gone on
 * with may have got more members behind the others. Errors: ERR_CREATE, ERR_CONFIG when it has other members; ERR_IO,
 * ERR_MEMORY. */
status sweep_dir_open(const char *directory, const recipe *r, run_mode mode, int *lock);

/* The object of sweep.json. The caller decref's `*out`. Errors: ERR_MEMORY. */
status sweep_dir_describe(const recipe *r, json_t **out);

/* Reads sweep.json of a directory. What comes back has "keys" and "labels", of as many texts, and "members", objects
 * with a "name" that is one directory's name and a value in "keys" for each key. Errors: ERR_MISSING when it is no
 * sweep, ERR_INPUT, ERR_IO, ERR_MEMORY. */
status sweep_dir_read(const char *directory, json_t **out);

/* The same of the directory of a recipe: what is there, or else what the recipe says. A sweep that is there and is not
 * the recipe's is warned of. */
status sweep_dir_look(const char *directory, const recipe *r, json_t **out);

#endif
