/* multi_task - the loss of a teacher: cross entropies of action, verb and noun, weighted and added.
 *
 * Each is a mean over the examples of the whole step that have that label, so that slices of a step on any number of
 * ranks add up to the step's loss. With class weights, class c of a task with C classes counts N / (C n_c), n_c of N
 * training examples being of it, and the mean divides by the sum of the weights (as PyTorch's weighted mean does); a
 * class without examples gets weight 0. Label smoothing as in PyTorch's cross entropy.
 */
#ifndef MAGISTER_TEACHER_MULTI_TASK_H
#define MAGISTER_TEACHER_MULTI_TASK_H

#include "base/status.h"
#include "teacher/encoder.h"
#include "teacher/examples.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TASK_ACTION, TASK_VERB, TASK_NOUN, TASK_COUNT };

typedef struct {
    double weight[TASK_COUNT];   /* of each task; 0 leaves it out */
    int64_t classes[TASK_COUNT]; /* 0: there is no such task (verbs and nouns of glosses) */
    double label_smoothing;
    bool class_weights;
} multi_task_options;

typedef struct multi_task multi_task;

/* `e` is borrowed and must outlive it. Logs how many classes get weight 0. Errors: ERR_MEMORY; ERR_CONFIG when every
 * weight is 0. The caller frees it. */
status multi_task_new(const multi_task_options *options, const example_list *e, multi_task **out);
void multi_task_free(multi_task **m);

/* The share of examples `samples` (count) in the loss of the step's examples `step` (step_count), from the logits of
 * those samples in that order. A temporary of the open scope. */
status multi_task_loss(multi_task *m, const encoder_output *logits, const size_t *samples, size_t count,
                       const size_t *step, size_t step_count, tensor **out);

#endif
