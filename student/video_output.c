#include "student/video_output.h"

tensor *class_loss(tensor *logits, tensor *labels, double label_smoothing, double divisor)
{
    return t_scale(t_cross_entropy(logits, labels, NULL, label_smoothing, T_SUM), 1 / divisor);
}
