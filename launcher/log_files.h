/* log_files - the logs in a run's logs/, found, shown from their ends, and followed as they grow.
 *
 * STEP.rankN.log is a rank's, launcher.log the launcher's, and slurm-JOB.out what a batch job printed. A log that was
 * replaced or cut is read from its beginning again.
 */
#ifndef MAGISTER_LAUNCHER_LOG_FILES_H
#define MAGISTER_LAUNCHER_LOG_FILES_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum { LOG_OF_LAUNCHER = -1, LOG_OF_SLURM = -2, LOG_ANY_RANK = -3, LOG_STEP_BYTES = 128 };

typedef struct {
    char *path, *name;         /* owned; the name without its folders */
    char step[LOG_STEP_BYTES]; /* "launcher", "slurm" for those that are no rank's */
    int rank;                  /* or LOG_OF_LAUNCHER, LOG_OF_SLURM */
    struct timespec changed;   /* when it was found */
    int64_t shown;             /* bytes that are shown or passed over */
    ino_t inode;               /* that `shown` belongs to */
} log_file;

typedef struct {
    log_file *at; /* (count); those of one step by rank */
    size_t count;
    const log_file *last; /* whose text was shown last: another one gets a heading */
} log_files;

/* Adds those of `rank` (or LOG_ANY_RANK: every rank's; LOG_OF_LAUNCHER, LOG_OF_SLURM) that are not in the list yet,
 * with nothing shown. A run without logs adds none. Errors: ERR_MEMORY, ERR_IO. The caller frees the list with
 * log_files_free. */
status log_files_find(const char *run, int rank, log_files *files);
void log_files_free(log_files *files);

/* Shows the last `lines` lines to stdout; all of it is then shown. Errors: ERR_IO, for stdout alone: a log that cannot
 * be read shows nothing. */
status log_file_show_end(log_files *files, size_t which, int64_t lines);

/* Passes over what is there. */
void log_file_pass(log_file *file);

/* Shows what came since; `*any` becomes true where something did. Errors: ERR_IO, as above. */
status log_file_show_new(log_files *files, size_t which, bool *any);

#endif
