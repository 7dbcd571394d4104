/* optim - optimisers over the parameters of a module.
 *
 * The state (moments, step count) belongs to the optimiser and is made at creation, so that it is the same whether or
 * not a step was taken. Every parameter has a gradient from the start (module.h), so parameters that a step did not
 * reach move as with a gradient of zero: every rank and every resume does the same arithmetic, that of torch.optim.
 */
#ifndef MAGISTER_TENSOR_OPTIM_H
#define MAGISTER_TENSOR_OPTIM_H

#include "tensor/module.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct optim optim;

typedef struct {
    double lr, beta1, beta2, eps, weight_decay;
    bool coupled;    /* Adam (Kingma and Ba 2015): the decay is added to the gradient; false: AdamW, it is decoupled
                        (Loshchilov and Hutter 2019) */
    bool decay_bias; /* false: parameters of one dimension (biases, norms) are not decayed */
} adamw_options;

typedef struct {
    double lr, momentum, weight_decay;
    bool nesterov;
} sgd_options;

/* The module is borrowed and must outlive the optimiser; parameters frozen by then are left out, those frozen later no
 * longer move. Errors: ERR_CONFIG names the option that is out of range. */
status optim_adamw(module *m, const adamw_options *options, optim **out); /* at::_fused_adamw_, _adam_ */
status optim_sgd(module *m, const sgd_options *options, optim **out);
void optim_free(optim **o);

void optim_set_lr(optim *o, double lr);

/* Moves the parameters by their gradients, and the running statistics of batch norms by what the step saw (module.h).
 */
status optim_step(optim *o);

/* Scales all gradients so that their joint L2 norm is at most `most`; `*norm` gets the norm before (may be NULL). A
 * norm that is not finite is told and leaves the gradients as they are: the caller decides what becomes of the step. */
status grad_clip(module *m, double most, double *norm);

/* Reads the state of optim_image (image.h), bitwise. Kind, names and shapes are checked. Errors as module_load. */
status optim_load(optim *o, tensor_file *file);

#ifdef __cplusplus
}
#endif
#endif
