/* truth - the segments that people marked in videos, one layer a video, from a file of comma-separated values.
 *
 * Known forms, told from the header (docs/formats.md, "Ground truth of events"):
 *   epic    video_id, start_timestamp, stop_timestamp (00:01:26.74); labels from verb_class and noun_class, if any
 *   list    video, start, end in seconds
 *   frames  video or video_id, start_frame, stop_frame or end_frame, at the row's fps or the caller's
 *   rulstm  no header, seven columns: uid, video, start_frame, end_frame, verb, noun, action, at the caller's rate;
 * what `magister generate` writes A column label names segments in all forms with a header. Segments of a video are
 * sorted by start and may overlap.
 */
#ifndef MAGISTER_EVENTS_TRUTH_H
#define MAGISTER_EVENTS_TRUTH_H

#include "data/names.h"
#include "events/hierarchy.h"

typedef struct {
    const char *video;   /* base name */
    event_list segments; /* at least one */
} truth_video;

typedef struct {
    arena *strings;
    truth_video *at; /* (count) in the order of the file */
    size_t count, room;
    name_table names; /* base names to places */
    size_t empty;     /* rows of no length that were passed over */
} truth_list;

/* `fps` turns frame numbers into seconds; 0: not known. The caller frees it. Errors: ERR_MISSING; ERR_INPUT with
 * path:line (no known form, a malformed row, end before start, a rate that is needed and not there, no segments);
 * ERR_MEMORY. */
status truth_read(const char *path, double fps, truth_list *out);
void truth_free(truth_list *t);

/* Whether a file begins as one of these forms. Errors: ERR_MISSING, ERR_IO, ERR_MEMORY. */
status truth_is_there(const char *path, bool *out);

/* The video that a file, or a name, is of, by base name; NULL when there is none. */
const truth_video *truth_find(const truth_list *t, const char *file);

/* event_list_merge for all videos. */
void truth_merge(truth_list *t, double gap);

#endif
