/* preflight - `magister doctor` as the first step of a job (run --doctor). */
#ifndef MAGISTER_LAUNCHER_PREFLIGHT_H
#define MAGISTER_LAUNCHER_PREFLIGHT_H

#include "base/status.h"

#include <stdbool.h>

/* Runs the doctor on the recipe in a process of its own, which writes to stderr; a stop that is asked for meanwhile
 * waits until it has ended. `alone`: the job's work is the launcher's own and needs one rank. Errors: with the doctor's
 * exit code, when it found that the run cannot work; ERR_MISSING, ERR_MEMORY. */
status preflight(const char *recipe_path, bool alone);

#endif
