/* module - what module.cpp, layers.cpp and optim.cpp know of a module. */
#ifndef MAGISTER_TENSOR_MODULE_HPP
#define MAGISTER_TENSOR_MODULE_HPP

#include "tensor/private.hpp"

#include "tensor/module.h"

#include <string>

enum class layer {
    none,
    linear,
    embedding,
    norm,
    conv,
    group_norm,
    batch_norm,
    attention,
    fused_attention,
    lstm,
    transformer
};

struct named_parameter {
    std::string name; /* below the module that lists it */
    tensor *of;
};

struct module {
    module *parent = nullptr;
    std::string name;
    std::vector<std::unique_ptr<module>> children;
    std::vector<tensor *> own;
    std::vector<named_parameter> all; /* own and the children's, in the order of their creation */

    at::ScalarType type = at::kFloat; /* of its parameters */
    layer kind = layer::none;
    tensor *weight = nullptr, *bias = nullptr;
    tensor *mean = nullptr, *variance = nullptr; /* running ones of a batch norm */
    double eps = 0, momentum = 0;
    int64_t heads = 0, groups = 0, stride = 0, padding = 0, dilation = 1;
    int64_t hidden = 0, layers = 0, directions = 0; /* of an LSTM */
    module *query = nullptr, *key = nullptr, *value = nullptr, *output = nullptr;

    ~module();
};

/* Parameters of the module that collect a gradient, each with its gradient defined. */
std::vector<tensor *> trained_parameters(const module &m);

/* Those, and the buffers that collect what they are to move by. */
std::vector<tensor *> collecting_tensors(const module &m);

/* Moves the running statistics of all batch norms by what they collected. */
void move_statistics(module &m);

/* A child of that kind; nullptr (and the failure kept) when it cannot be made. */
module *layer_child(module *parent, const char *name, layer kind);
module *complete(module *m);                       /* m when all of its parameters came to be */
const module &expect(const module *m, layer kind); /* rejects a module that is missing or of another kind */
at::Tensor linear(const module &m, const at::Tensor &x);

#endif
