#include "tensor/first_weights.h"

#include <math.h>

enum { RGB = 3 };

t_init default_init(int64_t fan_in)
{
    return (t_init){INIT_UNIFORM, 1 / sqrt((double)fan_in)};
}

t_init joint_init(int64_t width)
{
    return (t_init){INIT_UNIFORM, sqrt(6.0 / (double)(4 * width))};
}

module *linear_default(module *parent, const char *name, int64_t in, int64_t out)
{
    module *m = nn_linear(parent, name, in, out, true, default_init(in));
    module_draw(module_find(m, "bias"), default_init(in));
    return m;
}

module *conv2d_default(module *parent, const char *name, int64_t in, int64_t out, int64_t size, int64_t stride,
                       int64_t padding)
{
    t_init init = default_init(in * size * size);
    module *m = nn_conv2d(parent, name, in, out, size, stride, padding, true, init);
    module_draw(module_find(m, "bias"), init);
    return m;
}

module *patches_default(module *parent, const char *name, int64_t out, int64_t patch)
{
    return conv2d_default(parent, name, RGB, out, patch, patch, 0);
}
