/* training - a student as the training loop sees it: batches of clips and their loss; scoring.h has its score on the
 * development part.
 *
 * loss = classification + feature + past + distillation of logits + distillation of features, each with its weight in
 * the recipe (student.loss.*, student.distill.*); feature and past are AVT's alone. Every term is divided by
 * normalisers of the whole step. Published forms: AVT's losses in avt.h, those of distillation in distill/losses.h.
 */
#ifndef MAGISTER_STUDENT_TRAINING_H
#define MAGISTER_STUDENT_TRAINING_H

#include "conf/recipe.h"
#include "data/dataset.h"
#include "student/model_card.h"
#include "student/sight.h"
#include "student/student_model.h"
#include "student/targets.h"
#include "trainer/trainer.h"

typedef struct {
    const dataset *data; /* borrowed */
    sight sight;
    int64_t ahead;        /* steps that clips are read ahead, where they are */
    segment_list learned; /* training part, and development where that is learned from, student.labels of their videos;
                             sorted; `at` is owned */
    bool score;           /* the development part is scored while training */
    segment *samples;     /* (count) those of `learned` with something to see; strings borrowed from data */
    size_t count, dropped;
    size_t early;     /* development and eval segments of which only the first frame is seen */
    int64_t *past;    /* (count, T) labels of sub-clips, T_IGNORE where there are none; NULL when not asked */
    targets *targets; /* NULL: labels alone */
    const char *role; /* of its predictions (student.role); borrowed from the recipe */
    student_model model;
    model_card card;   /* of a model of clips */
    module *projector; /* of features to the teacher's; NULL when the widths agree; owned by the model */
    struct {
        int64_t seen, right;
    } learned_from; /* in training since the last score, with clips */
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

/* The same by all ranks together, which share what rank 0 reads of tracks. A failure of one rank is known to the
 * others after the comm_agree that is to follow. Collective. */
status student_open_shared(comm *c, const recipe *r, const char *run, const dataset *data,
                           const prediction_source *from, student *out);
void student_free(student *s);

/* The table for the training loop; `s` must stay where it is. */
train_task student_task(student *s);

#endif
