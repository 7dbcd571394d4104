/* feature_tracks - what a trained streaming learner knows of videos at each moment, kept in the run, for students that
 * see this instead of frames (student.input: stream).
 *
 * <run>/features/ID/ (run_learner_id) is a folder of tracks (data/tracks.h), a row (knowledge.h) every stream.snippet
 * seconds of every video of the data, up to its end or, where annotations go further, to that of its last segment.
 * Beside each track VIDEO.track.json says what made it, of what; manifest.json says so of all, and is written last.
 * docs/formats.md.
 *
 * The learner learns nothing and does not grow meanwhile. A video that cannot be read, or breaks off, goes on with what
 * was known last, zeros without any, is told and counted; or, with video.on_broken: error, it stops the step.
 */
#ifndef MAGISTER_STREAM_FEATURE_TRACKS_H
#define MAGISTER_STREAM_FEATURE_TRACKS_H

#include "comm/comm.h"
#include "conf/recipe.h"
#include "conf/run.h"

/* The step "features" of the student whose recipe `r` is. Ranks share the videos, the longest first; tracks are the
 * same bytes for any number of ranks. A track that is there and still right, by the same learner of the same video, is
 * left; so a step that was stopped goes on with the next video. Errors: those of dataset_open, video_table_open,
 * segmenter_open; ERR_INPUT for a broken video with video.on_broken: error; ERR_RETRY when stopped. Collective. */
status stream_features_make(comm *c, const recipe *r, const char *run, const run_step *step);

#endif
