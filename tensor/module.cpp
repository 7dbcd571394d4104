/* module - the tree of parameters, their names and their gradients. */
#include "tensor/module.hpp"

#include "tensor/expected.h"

module::~module()
{
    for (tensor *x : own) tensor_delete(x);
}

static void need(const module *m)
{
    if (!m) reject("the module is missing (NULL)");
}

module *module_new(void)
{
    return module_new_of(T_F32);
}

module *module_new_of(t_type type)
{
    return guard({}, [&] {
        if (type != T_F32 && type != T_F64) reject("parameters are float32 or float64");
        auto m = std::make_unique<module>();
        m->type = torch_type(type);
        return m.release();
    });
}

void module_free(module **m)
{
    if (!m) return;
    if (*m && !(*m)->parent) delete *m; /* a child goes with its root */
    *m = nullptr;
}

module *module_child(module *parent, const char *name)
{
    return guard({}, [&] {
        need(parent);
        for (const auto &other : parent->children)
            if (other->name == name) reject("two children of one name");
        auto child = std::make_unique<module>();
        child->parent = parent;
        child->name = name;
        child->type = parent->type;
        parent->children.push_back(std::move(child));
        return parent->children.back().get();
    });
}

/* ---- parameters -------------------------------------------------------------------------------------------------- */

static at::Tensor drawn(at::IntArrayRef shape, t_init init, at::ScalarType type)
{
    at::Tensor x = at::zeros(shape, at::TensorOptions().dtype(at::kFloat));
    switch (init.kind) {
    case t_init::INIT_ZEROS: break;
    case t_init::INIT_ONES: x.fill_(1); break;
    case t_init::INIT_NORMAL: x.normal_(0, init.scale); break;
    case t_init::INIT_UNIFORM: x.uniform_(-init.scale, init.scale); break;
    }
    return on_device(x.to(type));
}

/* Enters the parameter in the lists of its module and of all above, each with the name it has there: all or none. */
static void enter(module *m, const char *name, tensor *x)
{
    std::vector<named_parameter> entries;
    for (module *at = m; at; at = at->parent) {
        entries.push_back({entries.empty() ? name : entries.back().name, x});
        if (module_find(at, entries.back().name.c_str())) reject("two parameters of one name");
        at->all.reserve(at->all.size() + 1);
        entries.push_back({at->name + "." + entries.back().name, x});
    }
    size_t level = 0;
    for (module *at = m; at; at = at->parent, level += 2) at->all.push_back(std::move(entries[level]));
}

/* What a parameter of `m` is called below the root. */
static std::string full_name(const module *m, const char *name)
{
    std::string full = name;
    for (; m->parent; m = m->parent) full = m->name + "." + full;
    return full;
}

static tensor *own_tensor(module *m, const char *name, at::IntArrayRef shape, t_init init, bool buffer)
{
    need(m);
    if (!is_expected(full_name(m, name).c_str(), shape.data(), static_cast<int>(shape.size()))) return nullptr;
    at::Tensor value = is_for_use() ? on_device(at::empty(shape, m->type)) : drawn(shape, init, m->type);
    if (!is_for_use()) {
        value.set_requires_grad(!buffer);
        value.mutable_grad() = at::zeros_like(value);
    }
    std::unique_ptr<tensor, void (*)(tensor *)> x(tensor_new(value), tensor_delete);
    x->parameter = true;
    x->buffer = buffer;
    m->own.reserve(m->own.size() + 1);
    enter(m, name, x.get());
    m->own.push_back(x.get());
    return x.release();
}

tensor *module_parameter(module *m, const char *name, const int64_t *shape, int dims, t_init init)
{
    return guard({}, [&] { return own_tensor(m, name, shape_ref(shape, dims), init, false); });
}

tensor *module_buffer(module *m, const char *name, const int64_t *shape, int dims, t_init init)
{
    return guard({}, [&] { return own_tensor(m, name, shape_ref(shape, dims), init, true); });
}

bool module_is_buffer(const module *m, size_t i)
{
    const tensor *x = module_parameter_at(m, i);
    return x && x->buffer;
}

void module_draw(tensor *parameter, t_init init)
{
    guard({parameter}, [&] {
        if (!parameter->parameter) reject("only parameters are drawn");
        if (is_for_use()) return true;
        at::NoGradGuard pause;
        parameter->value.copy_(drawn(parameter->value.sizes(), init, parameter->value.scalar_type()));
        return true;
    });
}

size_t module_parameter_count(const module *m)
{
    return m ? m->all.size() : 0;
}

size_t module_element_count(const module *m)
{
    size_t count = 0;
    for (size_t i = 0; i < module_parameter_count(m); i++)
        if (!m->all[i].of->buffer) count += static_cast<size_t>(m->all[i].of->value.numel());
    return count;
}

tensor *module_parameter_at(const module *m, size_t i)
{
    return i < module_parameter_count(m) ? m->all[i].of : nullptr;
}

const char *module_parameter_name(const module *m, size_t i)
{
    return i < module_parameter_count(m) ? m->all[i].name.c_str() : nullptr;
}

tensor *module_find(const module *m, const char *name)
{
    for (size_t i = 0; i < module_parameter_count(m); i++)
        if (m->all[i].name == name) return m->all[i].of;
    return nullptr;
}

status module_average(const module *m, tensor *const *averages, double rest)
{
    return wrap_status({}, [&] {
        need(m);
        at::NoGradGuard pause;
        std::vector<at::Tensor> to = values_of(averages, static_cast<int>(m->all.size())), from;
        for (const named_parameter &p : m->all) from.push_back(p.of->value);
        if (!to.empty()) at::_foreach_lerp_(to, from, rest);
    });
}

/* ---- gradients --------------------------------------------------------------------------------------------------- */

static tensor *parameter_of(const module *m, size_t i)
{
    tensor *x = module_parameter_at(m, i);
    if (!x) reject("the module has no such parameter");
    return x;
}

std::vector<tensor *> trained_parameters(const module &m)
{
    std::vector<tensor *> trained;
    for (const named_parameter &p : m.all)
        if (p.of->value.requires_grad() && p.of->value.grad().defined()) trained.push_back(p.of);
    return trained;
}

std::vector<tensor *> collecting_tensors(const module &m)
{
    std::vector<tensor *> collecting;
    for (const named_parameter &p : m.all)
        if (p.of->value.grad().defined()) collecting.push_back(p.of);
    return collecting;
}

void module_zero_grad(module *m)
{
    always([&] {
        need(m);
        std::vector<at::Tensor> whole;
        for (tensor *x : collecting_tensors(*m)) {
            if (x->rows) row_set_zero(*x->rows, x->value.mutable_grad());
            else whole.push_back(x->value.mutable_grad());
        }
        if (!whole.empty()) at::_foreach_zero_(whole);
    });
}

static void freeze(tensor *x)
{
    x->value.set_requires_grad(false);
    x->value.mutable_grad().reset();
    x->rows.reset();
}

void module_freeze(module *m)
{
    always([&] {
        need(m);
        for (const named_parameter &p : m->all) freeze(p.of);
    });
}

/* "blocks.1" is a prefix of "blocks.1.norm1.weight", and not of "blocks.11.norm1.weight". */
static bool is_below(const std::string &name, const std::string &prefix)
{
    if (name.compare(0, prefix.size(), prefix)) return false;
    return name.size() == prefix.size() || name[prefix.size()] == '.';
}

size_t module_freeze_below(module *m, const char *prefix)
{
    size_t count = 0;
    always([&] {
        need(m);
        for (const named_parameter &p : m->all) {
            if (!is_below(p.name, prefix)) continue;
            freeze(p.of);
            count++;
        }
    });
    return count;
}

float *module_grad_data(module *m, size_t i)
{
    tensor *x = module_parameter_at(m, i);
    if (!x || !x->value.is_cpu() || !x->value.grad().defined() || x->value.scalar_type() != at::kFloat) return nullptr;
    return guard({}, [&] { return x->value.mutable_grad().data_ptr<float>(); });
}

status module_set_grad_storage(module *m, size_t i, float *storage)
{
    return wrap_status({}, [&] {
        tensor *x = parameter_of(m, i);
        at::Tensor &gradient = x->value.mutable_grad();
        if (!gradient.defined() || !gradient.is_cpu() || gradient.scalar_type() != at::kFloat)
            reject("only a gradient of float32 on the CPU can be moved");
        at::Tensor moved = storage ? at::from_blob(storage, gradient.sizes()) : at::empty(gradient.sizes());
        moved.copy_(gradient);
        gradient = moved;
    });
}

status module_join_grads(module *m, float **data, size_t *count)
{
    return wrap_status({}, [&] {
        need(m);
        if (m->type != at::kFloat) reject("only gradients of float32 are joined");
        const int64_t line = 64 / sizeof(float);
        std::vector<tensor *> collecting = collecting_tensors(*m);
        int64_t total = 0, at = 0;
        for (tensor *x : collecting) total += (x->value.numel() + line - 1) / line * line;
        at::Tensor joined = on_device(at::zeros({total}, at::TensorOptions().dtype(at::kFloat)));
        for (tensor *x : collecting) {
            at::Tensor &gradient = x->value.mutable_grad();
            at::Tensor moved = joined.narrow(0, at, gradient.numel()).view(gradient.sizes());
            moved.copy_(gradient);
            gradient = moved;
            at += (gradient.numel() + line - 1) / line * line;
        }
        *data = joined.data_ptr<float>();
        *count = static_cast<size_t>(total);
    });
}

/* ---- sparse parameters ------------------------------------------------------------------------------------------- */

void module_mark_sparse(module *m, tensor *parameter)
{
    guard({parameter}, [&] {
        need(m);
        if (!parameter->parameter || parameter->value.dim() != 2) reject("only a matrix of parameters can be sparse");
        if (!parameter->rows && parameter->value.requires_grad()) parameter->rows = row_set_new(parameter->value);
        return true;
    });
}

bool module_is_sparse(const module *m, size_t i)
{
    const tensor *x = module_parameter_at(m, i);
    return x && x->rows;
}

size_t module_touched_rows(const module *m, size_t i, const int64_t **rows)
{
    *rows = nullptr;
    if (!module_is_sparse(m, i)) return 0;
    return guard({}, [&] { return row_set_sorted(*module_parameter_at(m, i)->rows, rows); });
}

status module_touch_rows(module *m, size_t i, const int64_t *rows, size_t count)
{
    return wrap_status({}, [&] {
        tensor *x = parameter_of(m, i);
        if (!x->rows) reject("the parameter is not marked sparse");
        row_set_add(*x->rows, rows, count);
    });
}
