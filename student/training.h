/* training - a student as the training loop sees it: batches of clips, their loss, and its score on the development
 * part.
 *
 * loss = classification + feature + past + distillation of logits + distillation of features, each with its weight in
 * the recipe (student.loss.*, student.distill.*). Every term is divided by normalisers of the whole step. Published
 * forms: AVT's losses in avt.h, those of distillation in distill/losses.h.
 */
#ifndef MAGISTER_STUDENT_TRAINING_H
#define MAGISTER_STUDENT_TRAINING_H

#include "conf/recipe.h"
#include "data/dataset.h"
#include "student/avt.h"
#include "student/clips.h"
#include "student/frame_input.h"
#include "student/targets.h"
#include "trainer/trainer.h"

typedef struct {
    const dataset *data;           /* borrowed */
    tracks *tracks, *eval_tracks;  /* owned; eval_tracks NULL when the same; both NULL with frames */
    char *tracks_path, *eval_path; /* owned; where tracks and eval_tracks are from */
    char cache_hash[HASH_TEXT];    /* of the cached features or frames that are seen; "" without a cache */
    clip_source clips, eval_clips; /* with one normalisation; of frames: places alone */
    bool sees_frames;
    frame_input frames;   /* with sees_frames */
    segment_list learned; /* training part, and development where that is learned from, student.labels of their videos;
                             sorted; `at` is owned */
    bool score;           /* the development part is scored while training */
    segment *samples;     /* (count) those of `learned` with something to see; strings borrowed from data */
    size_t count, dropped;
    size_t early;     /* development and eval segments of which only the first frame is seen */
    int64_t *past;    /* (count, T) labels of sub-clips, T_IGNORE where there are none; NULL when not asked */
    targets *targets; /* NULL: labels alone */
    const char *role; /* of its predictions (student.role); borrowed from the recipe */
    avt *model;
    module *projector; /* of features to the teacher's; NULL when the widths agree; owned by the model */
    struct {
        double class_weight, feature_weight, past_weight, label_smoothing;
        double logits_weight, temperature, features_weight;
        bool batchmean, cosine;
    } loss;
} student;

/* Opens tracks, samples, targets and a new model. All that can be wrong with the data is found here. The teacher's
 * predictions come `from` a source while they are made, or are read from the store (NULL). The caller frees it. Errors:
 * those of tracks_open, clip_check, targets_open; ERR_CONFIG without tracks. */
status student_open(const recipe *r, const char *run, const dataset *data, const prediction_source *from, student *out);
void student_free(student *s);

/* The table for the training loop; `s` must stay where it is. */
train_task student_task(student *s);

/* Logits (C) of each of `count` segments into `out` (count, C), without random changes. `clips`: where they are seen.
 * To be called with gradients paused. */
status student_predict(student *s, clip_source *clips, const segment *at, size_t count, float *out);

/* The same, which looks between its batches whether a stop was asked for (trainer_stop): then ERR_RETRY, and what is in
 * `out` is not whole. */
status student_predict_or_stop(student *s, clip_source *clips, const segment *at, size_t count, float *out);

#endif
