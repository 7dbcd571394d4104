/* feature_cache - features of a trained student's CNN, kept in the run, for students that see these instead of frames.
 *
 * <run>/cache/NAME/ is a folder of tracks (data/tracks.h): a moment every 1 / student.cache_fps seconds of every video
 * of the data, up to the end of its last segment, and manifest.json, written last: what made it (model, sampling,
 * frame cache, libraries), and of every video its file with size, time and hash, and how many frames had to be
 * replaced. NAME is the prediction set of the student with input frames; its first seed's model makes the features.
 * docs/formats.md.
 *
 * A cache whose model, sampling, videos or libraries are not those of now is made again by feature_cache_make, and
 * refused by feature_cache_open. A file of the same size whose time alone differs is compared by its hash.
 */
#ifndef MAGISTER_STUDENT_FEATURE_CACHE_H
#define MAGISTER_STUDENT_FEATURE_CACHE_H

#include "base/hash.h"
#include "comm/comm.h"
#include "conf/recipe.h"
#include "conf/run.h"

/* The step "cache" of the student whose recipe `r` is (section "cache", its variant, its first seed). Ranks share the
 * videos. What is there and still right is left. Errors: those of dataset_open, videos and files; ERR_CONFIG for a
 * student that sees no frames; ERR_RETRY when stopped. Collective. */
status feature_cache_make(comm *c, const recipe *r, const char *run, const run_step *step);

/* The folder of the features that a student of `r` sees, those that student.backbone names or, with input stream, those
 * of a streaming learner (stream/feature_tracks.h): new string, freed by the caller; `hash` tells them from any other.
 * Errors: ERR_MISSING without any; ERR_INPUT when their model or a video has changed since, or the manifest is damaged
 * (path and what is wrong). */
status feature_cache_open(const recipe *r, const char *run, char **path, char hash[HASH_TEXT]);

/* Leaves DIRECTORY/features.json: which of them were seen, and what made them (docs/formats.md). `hash` is what
 * feature_cache_open gave. Errors: as above; ERR_CREATE, ERR_IO. */
status feature_cache_note(const recipe *r, const char *run, const char *hash, const char *directory);

#endif
