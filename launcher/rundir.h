/* rundir - the run directory as the launcher makes it, and what it remembers there (names: conf/run.h).
 *
 * A directory is a run when it holds recipe.yaml. One launcher works in a run at a time (a lock that ends with it). A
 * finished step leaves steps/STEP/done.json with the hash of what it depends on in the recipe, so that --resume passes
 * it over, and refuses to mix results of different recipes.
 */
#ifndef MAGISTER_LAUNCHER_RUNDIR_H
#define MAGISTER_LAUNCHER_RUNDIR_H

#include "base/status.h"
#include "conf/recipe.h"
#include "launcher/plan.h"

#include <stdbool.h>

typedef enum { RUN_NEW, RUN_RESUME, RUN_FORCE } run_mode;

/* Makes the directory and its folders and takes the lock, `*lock` (a descriptor, closed by the caller; -1 at failure).
 * What is there already is refused (RUN_NEW), gone on with (RUN_RESUME), or moved aside to NAME.old-1, -2 ...
 * (RUN_FORCE). Errors: ERR_CREATE (also for a directory that is no run, and for a run that another launcher works in),
 * ERR_MEMORY. */
status rundir_open(const char *run, run_mode mode, int *lock);

/* What rundir_open does about what is there already, without making anything. A run or sweep is locked before it is
 * moved, so that no launcher that works in it loses it; with RUN_RESUME the lock is kept, otherwise `*lock` is -1. */
status rundir_make_room(const char *run, run_mode mode, int *lock);

/* The lock of a directory that is there; `shared` with others that take it so. ERR_CREATE when another magister has it;
 * where locks do not work that is warned of, and `*lock` is -1. */
status rundir_lock(const char *run, bool shared, int *lock);

/* ERR_MISSING unless `run` is a run (a sweep is none). */
status rundir_require(const char *run);

/* Replaces recipe.yaml. */
status rundir_write_recipe(const char *run, const recipe *r);

/* Whether a step is done. ERR_CONFIG when it was done by a recipe that differs in what the step depends on. */
status step_is_done(const char *run, const plan_step *step, bool *done);
status step_mark_done(const char *run, const plan_step *step, double seconds);

/* Makes steps/STEP/. */
status step_make_directory(const char *run, const plan_step *step);

/* Adds the run to the user's list, $XDG_STATE_HOME/magister/runs (one absolute path a line), unless it is there. A list
 * that cannot be written is told and is no failure. */
void run_register(const char *run);

/* The runs of that list that are still there, the one that changed last first. No list is an empty one. The caller
 * frees it with runs_free. Errors: ERR_IO, ERR_MEMORY, ERR_INPUT (a list that is too long). */
typedef struct {
    char **at; /* (count) absolute paths; owned */
    size_t count;
} run_list;

status runs_listed(run_list *out);
void runs_free(run_list *runs);

#endif
