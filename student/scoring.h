/* scoring - what a student in training says of segments, and how often it is right. */
#ifndef MAGISTER_STUDENT_SCORING_H
#define MAGISTER_STUDENT_SCORING_H

#include "student/training.h"

/* Logits (C) of each of `count` segments into `out` (count, C), without random changes; of a segment that is seen in
 * several views the logarithms of the mean of their probabilities. `clips`: where tracks are read. To be called with
 * gradients paused. */
status student_predict(student *s, clip_source *clips, const segment *at, size_t count, float *out);

/* The same, but a stop that was asked for (trainer_stop) is ERR_RETRY before a batch; what was predicted is then lost.
 */
status student_predict_or_stop(student *s, clip_source *clips, const segment *at, size_t count, float *out);

/* (count x views, C) logits as (count, C): the logarithm of the views' mean probability. A temporary. */
tensor *student_mean_of_views(tensor *logits, size_t count, size_t views);

/* Counts those of (count, C) logits that give their label, (count) and -1 for none, the largest. */
int64_t count_right(const float *logits, const int64_t *labels, size_t count, size_t classes);

/* train_task.evaluate of a student: top-1 in percent and the cross entropy of the development part, and top-1 of what
 * was learned from since the last time, with clips. Collective. */
status student_score(void *self, comm *c, train_score *out);

#endif
