/* failures - why a step's ranks ended, from the files they left and the exit code that came back. */
#ifndef MAGISTER_LAUNCHER_FAILURES_H
#define MAGISTER_LAUNCHER_FAILURES_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Removes what ranks of an earlier try have left. Errors: ERR_MEMORY, ERR_IO. */
status failures_forget(const char *run, const char *step, size_t ranks);

/* `how` is the wait status of the step's process, `stops` how often the user asked it to stop. OK when it ended with 0;
 * otherwise the failure with its cause, the rank, and the place of the log. */
status failures_tell(const char *run, const char *step, size_t ranks, int how, int stops);

/* Whether a rank has left word of a failure of its own: the one that is the cause. */
bool failures_rank(const char *run, const char *step, size_t ranks, size_t *rank);

/* The status whose exit code it is; ERR_RANK for codes that are none of ours. */
status status_of_exit(int code);

#endif
