#include "distill/losses.h"

/* Rows (B) that count, summed and divided. */
static tensor *share_of_step(tensor *rows, tensor *present, double divisor)
{
    return t_scale(t_sum_all(present ? t_mul(rows, present) : rows), 1 / divisor);
}

/* sum over classes of exp(t) (t - s), t and s the log-probabilities: (B). No gradient flows to the teacher. */
static tensor *row_kl(tensor *logits, tensor *teacher, double temperature)
{
    tensor *t = t_log_softmax(t_scale(t_detach(teacher), 1 / temperature), -1);
    tensor *s = t_log_softmax(t_scale(logits, 1 / temperature), -1);
    return t_sum(t_mul(t_exp(t), t_sub(t, s)), -1, false);
}

tensor *kd_kl(tensor *logits, tensor *teacher, tensor *present, double temperature, kd_reduction reduction,
              double divisor)
{
    double classes = reduction == KD_PUBLISHED ? (double)t_size(logits, -1) : 1;
    tensor *rows = row_kl(logits, teacher, temperature);
    return t_scale(share_of_step(rows, present, divisor), temperature * temperature / classes);
}

tensor *kd_topk_kl(tensor *logits, tensor *classes, tensor *teacher, tensor *present, double temperature,
                   kd_reduction reduction, double divisor)
{
    return kd_kl(t_gather(logits, -1, classes), teacher, present, temperature, reduction, divisor);
}

tensor *kd_feature_cosine(tensor *student, tensor *teacher, tensor *present, double divisor)
{
    const double eps = 1e-8; /* PyTorch's: keeps vectors of zeros from dividing by zero */
    tensor *cosine = t_cosine_similarity(student, t_detach(teacher), -1, eps);
    return share_of_step(t_shift(t_neg(cosine), 1), present, divisor);
}

tensor *kd_feature_mse(tensor *student, tensor *teacher, tensor *present, double divisor)
{
    const double eps = 1e-12;
    tensor *difference = t_sub(t_normalize(student, -1, eps), t_normalize(t_detach(teacher), -1, eps));
    return share_of_step(t_mean(t_pow(difference, 2), -1, false), present, divisor);
}
