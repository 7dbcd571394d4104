/* line_log - a file of lines that is appended to for as long as something goes on, and that a full disk does not tear.
 *
 * Each line is handed to the system at once and whole. A write that fails is undone, so that the file has whole lines;
 * the line then waits in memory, and those that come later behind it, until there is room: none is left out, and their
 * order stays. A process that was killed may leave half a line, which opening the file again takes off. Who saves
 * `line_log_position` with his own state, when nothing waits, and gives it back when he goes on gets the same bytes as
 * if he had never stopped. One writer a file; not thread-safe.
 */
#ifndef MAGISTER_BASE_LINE_LOG_H
#define MAGISTER_BASE_LINE_LOG_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct line_log line_log;

typedef struct {
    uint64_t lines, bytes;
} log_position;

/* Opens `path`, which is made when it is not there, and cuts it back: to `from`, or with NULL to its last whole line.
 * Errors: ERR_INPUT when the file is shorter than `from`, has another number of lines there or no line's end;
 * ERR_CREATE, ERR_IO, ERR_MEMORY. */
status line_log_open(const char *path, const log_position *from, line_log **out);

/* Frees it; what waits is lost. What was appended is in the file, not necessarily on disk (line_log_sync). NULL is
 * fine. */
void line_log_close(line_log **log);

const char *line_log_path(const line_log *log); /* borrowed */

/* Appends a line, `bytes` (count), the line's end included, behind those that wait. Errors: ERR_IO when it could not be
 * written: it waits now, and is not to be appended again; ERR_MEMORY: it is lost. */
status line_log_append(line_log *log, const char *bytes, size_t count);

/* Writes what waits. Errors: ERR_IO when some of it waits on. */
status line_log_settle(line_log *log);

size_t line_log_waiting(const line_log *log); /* bytes */

/* What is in the file. */
log_position line_log_position(const line_log *log);

/* line_log_settle, and waits until all is on disk, so that a position may be saved. Errors: ERR_IO. */
status line_log_sync(line_log *log);

#endif
