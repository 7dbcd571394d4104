/* event_log - events appended to a file as they close, one JSON object a line (docs/formats.md, "Events of a video"):
 * whole whatever happens to the disk, none left out, and gone on with where a saved position says (base/line_log.h).
 */
#ifndef MAGISTER_EVENTS_EVENT_LOG_H
#define MAGISTER_EVENTS_EVENT_LOG_H

#include "base/line_log.h"
#include "events/hierarchy.h"

/* Appends event `number` (from 0) of `layer` of a video. Errors: ERR_INPUT (a name that is not UTF-8), ERR_MEMORY;
 * ERR_IO when it could not be written yet: it waits, and is not to be appended again. */
status event_log_append(line_log *log, const char *video, size_t layer, size_t number, const event *e);

/* Appends a video's end: its duration in seconds. Errors: as above. */
status event_log_end(line_log *log, const char *video, double duration);

/* Appends a value of the curve of errors, in a file of its own (errors.h): at `time` seconds the prediction error of a
 * layer's input and the threshold it was held against (NAN: there was none). Errors: as above. */
status event_log_error(line_log *log, const char *video, size_t layer, double time, double error, double threshold,
                       bool boundary);

#endif
