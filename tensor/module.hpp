/* module - what module.cpp, layers.cpp and optim.cpp know of a module. */
#ifndef MAGISTER_TENSOR_MODULE_HPP
#define MAGISTER_TENSOR_MODULE_HPP

#include "tensor/private.hpp"

#include "tensor/module.h"

#include <string>

enum class layer { none, linear, embedding, norm, conv, group_norm, attention };

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

    layer kind = layer::none;
    tensor *weight = nullptr, *bias = nullptr;
    double eps = 0;
    int64_t heads = 0, groups = 0, stride = 0, padding = 0;
    module *query = nullptr, *key = nullptr, *value = nullptr, *output = nullptr;

    ~module();
};

/* Parameters of the module that collect a gradient, each with its gradient defined. */
std::vector<tensor *> trained_parameters(const module &m);

#endif
