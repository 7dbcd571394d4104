/* frame_input - what a student sees where it sees frames: clips of pictures through a CNN that is trained along.
 *
 * A place of a clip (clips.h) is a moment (frames.h), which the CNN makes F numbers of; the S of a sub-clip stand one
 * after the other, and with recognise the logarithm of the sub-clip's length behind them, as with tracks.
 *
 * Training and scoring read through loaders of their own, as scoring comes while clips of coming steps wait already;
 * each has half of video.memory_mb. With video.cache both read from the frame cache. With a blind student nothing is
 * read: it gets zeros for features.
 */
#ifndef MAGISTER_STUDENT_FRAME_INPUT_H
#define MAGISTER_STUDENT_FRAME_INPUT_H

#include "student/cached_frames.h"
#include "student/clips.h"
#include "student/cnn.h"
#include "student/frames.h"

typedef enum { FRAMES_TRAIN, FRAMES_SCORE, FRAME_USES } frame_use;

typedef struct {
    frame_options options;
    clip_source clips; /* places */
    video_table *files;
    frame_cache *cache;                /* NULL: files are decoded */
    char cache_hash[HASH_TEXT];        /* "" without a cache */
    frame_source *sources[FRAME_USES]; /* opened when first asked */
    cnn *network;
    int64_t features; /* F */
    double *places;   /* (T, S) */
} frame_input;

/* Finds all videos, and opens video.cache. `d` is borrowed and must outlive it. Errors: those of frame_options_read and
 * video_table_open, cached_frames_open; ERR_MEMORY. The caller frees it. */
status frame_input_open(const recipe *r, const dataset *d, frame_input *out);
void frame_input_free(frame_input *f);

/* Makes the CNN, with student.cnn.*, as a child of `parent`. Errors: those of cnn_new. */
status frame_input_make_network(frame_input *f, const recipe *r, module *parent);

/* Numbers of a sub-clip that frame_input_take gives: S x F, and one more with recognise. */
int64_t frame_input_width(const frame_input *f);

/* Asks for the clips of `count` segments; they are to be taken in the same order. keys (count): of the random changes;
 * NULL: none. Errors: those of frame_source_ask. */
status frame_input_ask(frame_input *f, frame_use use, const segment *const *at, const uint64_t *keys, size_t count);

/* The next `count` clips, asked for with the same segments and keys: (count, T, width), a temporary of the open scope,
 * recorded for the CNN's gradients. Errors: those of frame_source_take. */
status frame_input_take(frame_input *f, frame_use use, const segment *const *at, const uint64_t *keys, size_t count,
                        tensor **out);

#endif
