/* losses - what a student learns from a teacher's stored predictions.
 *
 * Everything here returns a sum over the slice's samples divided by `divisor`, so that slices of a step add up to the
 * step's loss (trainer.h): give the step's number of samples. The per-element form with KD_PUBLISHED is
 *   exp(t) (t - s) T^2,  t = log_softmax(teacher / T), s = log_softmax(student / T),
 * meant over batch and classes (as the published text-to-video distillation does); KD_BATCHMEAN is Hinton et al. 2015's
 * T^2 KL, meant over the batch: KD_PUBLISHED times the number of classes.
 * No gradient flows to the teacher. Rows that are not present may hold any finite numbers. Results are temporaries of
 * the open scope; failures are sticky (tensor.h).
 */
#ifndef MAGISTER_DISTILL_LOSSES_H
#define MAGISTER_DISTILL_LOSSES_H

#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { KD_PUBLISHED, KD_BATCHMEAN } kd_reduction;

/* logits, teacher: (B, C). `present`: (B) float32 of 0 and 1, or NULL: what has no prediction counts for nothing. */
tensor *kd_kl(tensor *logits, tensor *teacher, tensor *present, double temperature, kd_reduction reduction,
              double divisor);

/* The same over the teacher's top K classes, both sides normalised again over them. classes: (B, K) int64 class ids;
 * teacher: (B, K) their logits. logits: (B, C). KD_PUBLISHED means over batch and K. */
tensor *kd_topk_kl(tensor *logits, tensor *classes, tensor *teacher, tensor *present, double temperature,
                   kd_reduction reduction, double divisor);

/* Features: 1 - cos(student, teacher), and the mean over elements of the squared difference of L2-normalised vectors.
 * student, teacher: (B, D); a projector (a linear layer of the caller) comes first where the sizes differ. */
tensor *kd_feature_cosine(tensor *student, tensor *teacher, tensor *present, double divisor);
tensor *kd_feature_mse(tensor *student, tensor *teacher, tensor *present, double divisor);

#ifdef __cplusplus
}
#endif
#endif
