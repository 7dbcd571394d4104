/* video_output - what a model of clips says of a batch. */
#ifndef MAGISTER_STUDENT_VIDEO_OUTPUT_H
#define MAGISTER_STUDENT_VIDEO_OUTPUT_H

#include "student/avt.h"

/* Temporaries of the open scope; NULL after a failure (sticky). */
typedef struct {
    tensor *logits;    /* (B, C) */
    tensor *feature;   /* (B, F) what the classifier reads: for distillation */
    tensor *attention; /* (B, T) weights of the frames, sum 1, not negative; NULL where there are none, or not asked */
    avt_output avt;    /* of model avt alone, for its own losses (avt.h); else all NULL */
} video_output;

/* Cross entropy of logits (B, C), over `divisor`; labels (B) int64, T_IGNORE counts for nothing. */
tensor *class_loss(tensor *logits, tensor *labels, double label_smoothing, double divisor);

#endif
