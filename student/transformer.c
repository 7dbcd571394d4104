#include "student/transformer.h"

#include "tensor/first_weights.h"

enum { HIDDEN = 4 }; /* times the width */

mlp mlp_new(module *parent, const char *name, int64_t width, double deviation)
{
    module *m = module_child(parent, name);
    if (deviation <= 0)
        return (mlp){linear_default(m, "fc1", width, HIDDEN * width), linear_default(m, "fc2", HIDDEN * width, width)};
    t_init init = {INIT_NORMAL, deviation};
    return (mlp){nn_linear(m, "fc1", width, HIDDEN * width, true, init),
                 nn_linear(m, "fc2", HIDDEN * width, width, true, init)};
}

tensor *mlp_forward(const mlp *m, tensor *x)
{
    return nn_linear_forward(m->fc2, t_gelu(nn_linear_forward(m->fc1, x)));
}

tensor *patches_forward(module *proj, tensor *x)
{
    tensor *y = nn_conv2d_forward(proj, x); /* (N, D, rows, columns) */
    return t_transpose(t_reshape(y, SHAPE(t_size(y, 0), t_size(y, 1), t_size(y, 2) * t_size(y, 3))), 1, 2);
}

status patches_check(const char *who, int64_t side, int64_t patch, int64_t width, int64_t heads)
{
    if (patch < 1 || side < patch || side % patch)
        return FAIL(ERR_CONFIG,
                    "%s: pictures of %lld x %lld cannot be cut into patches of %lld: take a side that is a "
                    "multiple of it",
                    who, (long long)side, (long long)side, (long long)patch);
    if (width < 1 || heads < 1 || width % heads)
        return FAIL(ERR_CONFIG, "%s: width %lld and heads %lld: the heads must divide the width", who, (long long)width,
                    (long long)heads);
    return OK;
}
