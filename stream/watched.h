/* watched - what a rank writes down of the videos it watches (docs/formats.md, "Events of a video"): every event as it
 * closes, in one file of lines; and of every video that has ended its events in the published form.
 *
 *   DIRECTORY/events.rankNNNN.jsonl    lines; goes on after a stop where the saved position says
 *   DIRECTORY/videos/NAME.json         as published, all layers closed at the video's end
 *   DIRECTORY/errors.rankNNNN.jsonl    of the videos begun with `errors`: every input's error and what it was compared
 *                                      with
 *
 * A disk that is full stops nothing: what could not be written waits in memory, in its order, is told once, and is
 * written when there is room. Only when 16 MiB wait is it a failure. What waits is in no checkpoint: one is saved only
 * when nothing does (watched_position), so that going on from it writes the same bytes.
 */
#ifndef MAGISTER_STREAM_WATCHED_H
#define MAGISTER_STREAM_WATCHED_H

#include "events/event_log.h"
#include "stream/learner.h"

typedef struct watched watched;

typedef struct {
    const char *directory; /* exists; borrowed, as all below */
    int rank;
    size_t streams, layers; /* layers at most */
    double snippet;
    uint64_t seed;        /* of colours */
    uint64_t errors_most; /* bytes that the file of errors comes to, about; no more is written then; 0: no limit */
} watched_options;

/* Where the files are. */
typedef struct {
    log_position events, errors;
} watched_place;

/* `from`: where a saved run goes on; NULL: from the start. Errors: ERR_CREATE, ERR_IO, ERR_INPUT, ERR_MEMORY. */
status watched_new(const watched_options *options, const watched_place *from, watched **out);
void watched_free(watched **w);

/* A stream begins a video. `name`: of its JSON file, without ending; `errors`: of its inputs are written down too. */
status watched_begin(watched *w, size_t stream, const char *path, const char *name, bool errors);

/* Streams that have begun go on with what the file of lines has of their videos, where these had not ended. */
status watched_take_up(watched *w);

/* An input of a layer: an event where it is a boundary. */
status watched_input(watched *w, const stream_input *input);

/* A stream's video has ended after so many seconds, with `layers` in existence. */
status watched_end(watched *w, size_t stream, double seconds, size_t layers);

/* Writes what waits. Errors: ERR_IO, ERR_CREATE when some of it waits on. */
status watched_settle(watched *w);

/* What is to be saved: all of it is on disk by then. Errors: as watched_settle. */
status watched_position(watched *w, watched_place *out);

int64_t watched_events(const watched *w); /* that closed */
int64_t watched_late(const watched *w);   /* times that a line or a file could not be written at once */

#endif
