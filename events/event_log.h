/* event_log - events appended to a file as they close, one JSON object a line (docs/formats.md, "Events of a video").
 *
 * Each line is handed to the system at once and whole. A write that fails (full disk) is undone, so the file keeps
 * whole lines, and may be tried again later: the log stays usable. A process that was killed may leave half a line,
 * which opening the file again takes off. Who saves `event_log_position` with his own state and gives it back when he
 * goes on gets the same bytes as if he had never stopped. One writer a file; not thread-safe.
 */
#ifndef MAGISTER_EVENTS_EVENT_LOG_H
#define MAGISTER_EVENTS_EVENT_LOG_H

#include "events/hierarchy.h"

typedef struct event_log event_log;

typedef struct {
    uint64_t lines, bytes;
} log_position;

/* Opens `path`, which is made when it is not there, and cuts it back: to `from`, or with NULL to its last whole line.
 * Errors: ERR_INPUT when the file is shorter than `from`, has another number of lines there or no line's end;
 * ERR_CREATE, ERR_IO, ERR_MEMORY. */
status event_log_open(const char *path, const log_position *from, event_log **out);

/* Frees it. What was appended is in the file, not necessarily on disk (event_log_sync). NULL is fine. */
void event_log_close(event_log **log);

/* Appends event `number` (from 0) of `layer` of a video. Errors: ERR_INPUT (a name that is not UTF-8), ERR_MEMORY;
 * ERR_IO when it could not be written: the file is as before, and the same event may be appended again. */
status event_log_append(event_log *log, const char *video, size_t layer, size_t number, const event *e);

/* Appends a video's end: its duration in seconds. Errors: as above. */
status event_log_end(event_log *log, const char *video, double duration);

/* Appends a value of the curve of errors, in a file of its own (errors.h): at `time` seconds the prediction error of a
 * layer's input and the threshold it was held against (NAN: there was none). Errors: as above. */
status event_log_error(event_log *log, const char *video, size_t layer, double time, double error, double threshold,
                       bool boundary);

/* What has been appended so far. */
log_position event_log_position(const event_log *log);

/* Waits until that is on disk, so that a position may be saved. Errors: ERR_IO. */
status event_log_sync(event_log *log);

#endif
