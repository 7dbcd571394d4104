/* clip_lengths - single clips (data/instances.h) measured on their videos: where they end, and which cannot be seen.
 *
 * A clip may go to the end of its video, and annotations may speak of frames that a video does not have: cut videos
 * with the ranges of whole ones would show their last frame and nothing else. So every video is opened once, by one of
 * the ranks, before anything is learned; what cannot be opened, or ends before its clip begins, is missing
 * (data/missing.h). The lengths are kept in the run, and a later step opens only what has changed since, and what could
 * not be opened. Where a student sees tracks, these are asked instead.
 */
#ifndef MAGISTER_STUDENT_CLIP_LENGTHS_H
#define MAGISTER_STUDENT_CLIP_LENGTHS_H

#include "comm/comm.h"
#include "data/dataset.h"

/* Gives the segments of `d` their ends and takes out what cannot be seen. Rank 0 writes RUN/clip_lengths.json
 * (student/known_lengths.h; a failure to is a warning) and DIRECTORY/missing.json, which
 * it makes, and says in the log what is missing. Does nothing for sets that are none of single clips. Errors: those of
 * dataset_fit_clips, tracks_open and missing_write; ERR_RETRY when stopped. Collective. */
status clip_lengths_find(comm *c, const recipe *r, dataset *d, const char *run, const char *directory);

#endif
