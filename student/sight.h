/* sight - what a student is given to see of segments: features of tracks, moments through a CNN, or clips of frames. */
#ifndef MAGISTER_STUDENT_SIGHT_H
#define MAGISTER_STUDENT_SIGHT_H

#include "student/clip_input.h"
#include "student/clips.h"
#include "student/frame_input.h"
#include "student/shared_tracks.h"

typedef enum {
    SIGHT_TRACKS,
    SIGHT_FRAMES,
    SIGHT_CLIPS
} sight_kind; /* student.input; cache and stream have tracks too */

typedef struct {
    sight_kind kind;
    tracks *tracks, *eval_tracks;   /* owned; eval_tracks NULL when the same; both NULL where videos are seen */
    shared_bytes *shared_tracks[2]; /* what these look into; NULL where they own what they hold */
    char *tracks_path, *eval_path;  /* owned; where tracks and eval_tracks are from */
    char cache_hash[HASH_TEXT];     /* of the cached features or frames that are seen; "" without a cache */
    clip_source clips, eval_clips;  /* with one normalisation; of videos: places alone */
    frame_input frames;             /* SIGHT_FRAMES */
    clip_input pictures;            /* SIGHT_CLIPS */
} sight;

/* Opens what student.input names. Tracks of a CSV are shared by the ranks of `c`; NULL: they are this process's own.
 * `d` is borrowed and must outlive it; `out` stays where it is once something was asked for. Errors: those of
 * tracks_open, frame_input_open and clip_input_open; ERR_CONFIG without data.tracks. The caller frees it, after a
 * failure too. Collective over `c`. */
status sight_open(comm *c, const recipe *r, const char *run, const dataset *d, sight *out);

/* The same without videos: enough for which segments can be seen. */
status sight_open_places(comm *c, const recipe *r, const char *run, sight *out);
void sight_free(sight *s);

/* Whether clips are read ahead: then sight_ask comes before sight_take. */
bool sight_is_read(const sight *s);

/* Views that sight_take gives of a segment in scoring. */
size_t sight_views(const sight *s);

/* Asks for `count` segments: in training with their keys, in scoring with NULL. */
status sight_ask(sight *s, const segment *const *at, const uint64_t *keys, size_t count);

/* What is seen of `count` segments, asked for in the same order: (count, T, inputs) features, or (count x views, T,
 * size, size, 3) bytes; a temporary of the open scope. `clips`: where tracks are read. */
status sight_take(sight *s, clip_source *clips, const segment *const *at, const uint64_t *keys, size_t count,
                  tensor **out);

/* Numbers of a sub-clip, where features are seen. */
int64_t sight_inputs(const sight *s);

/* Of what has been read for training. Zeros where nothing is. */
loader_stats sight_stats(const sight *s);

#endif
