/* file - whole files read with a bound and written atomically.
 *
 * file_write makes `path` hold either the old bytes or all of the new ones, through a temporary name, fsync and rename,
 * whatever happens in between. Messages name the path and the system's reason.
 */
#ifndef MAGISTER_BASE_FILE_H
#define MAGISTER_BASE_FILE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Reads all of `path` into new memory, ended by a NUL that is not counted. The caller frees `*out`.
 * Errors: ERR_MISSING, ERR_INPUT when larger than `most` bytes, ERR_IO, ERR_MEMORY. */
status file_read(const char *path, size_t most, char **out, size_t *count);

/* Replaces `path` atomically. Errors: ERR_CREATE, ERR_IO (a full disk; the old file is kept). */
status file_write(const char *path, const void *bytes, size_t count);

/* The same for what is not in memory at once: `next` gives piece i, for 0 to count - 1 in order; its bytes are borrowed
 * until the next one. A failure of `next` leaves the old file. */
typedef status (*file_piece)(void *self, size_t i, const void **bytes, size_t *count);
status file_write_pieces(const char *path, size_t count, file_piece next, void *self);

/* file_write without waiting for the disk, for what is written often and may be lost with the machine's power: readers
 * see the old bytes or all of the new ones. */
status file_put(const char *path, const void *bytes, size_t count);

/* fsync of a file or directory by name. Errors: ERR_IO. */
status file_sync(const char *path);

bool file_exists(const char *path);
bool directory_exists(const char *path);

/* Makes `path` and its parents. Errors: ERR_CREATE. */
status directory_make(const char *path);

/* Removes `path` and all below it; nothing there is fine. Errors: ERR_IO. */
status directory_remove(const char *path);

/* New string "a/b", or a copy of `b` when it is absolute; NULL when out of memory. The caller frees it. */
char *path_join(const char *a, const char *b);

/* Whether `name`, taken as a path below a folder, stays there: it is not absolute and has no part "..". */
bool path_stays_inside(const char *name);

#endif
