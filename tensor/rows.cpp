/* rows - embeddings whose gradient costs what the rows that were used cost.
 *
 * A dense gradient of a vocabulary is tens of megabytes of zeros a step. Here .grad stays one dense buffer, but the
 * backward adds straight into the rows that were looked up, in the order of the ids (the same sum at every thread
 * count), and remembers them, so that only they are exchanged and zeroed. A parameter that also collects a gradient the
 * ordinary way (weights tied to an output layer) counts as used in every row; a hook on that way tells.
 */
#include "tensor/private.hpp"

#include <torch/csrc/autograd/function.h>

#include <algorithm>

struct row_set {
    size_t count;              /* rows of the parameter */
    std::vector<bool> used;    /* (count) */
    std::vector<int64_t> rows; /* those used, each once; with `all` only when asked for */
    bool sorted, all;
};

static void mark_all(row_set &set)
{
    set.all = true;
}

/* Only when somebody asks: on a GPU it would be done each step, for nobody. */
static void list_all(row_set &set)
{
    set.rows.resize(set.count);
    for (size_t i = 0; i < set.count; i++) set.rows[i] = static_cast<int64_t>(i);
    set.sorted = true;
}

std::shared_ptr<row_set> row_set_new(const at::Tensor &parameter)
{
    auto count = static_cast<size_t>(parameter.size(0));
    auto set = std::make_shared<row_set>(row_set{count, std::vector<bool>(count), {}, true, false});
    if (parameter.requires_grad()) parameter.register_hook([set](const at::Tensor &) { mark_all(*set); });
    return set;
}

void row_set_add(row_set &set, const int64_t *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        auto row = static_cast<size_t>(rows[i]);
        if (row >= set.count) reject("a row is outside of the parameter");
        if (set.all || set.used[row]) continue;
        set.used[row] = true;
        set.sorted = set.sorted && (set.rows.empty() || set.rows.back() < rows[i]);
        set.rows.push_back(rows[i]);
    }
}

size_t row_set_sorted(row_set &set, const int64_t **rows)
{
    if (set.all) list_all(set);
    if (!set.sorted) std::sort(set.rows.begin(), set.rows.end());
    set.sorted = true;
    *rows = set.rows.data();
    return set.rows.size();
}

/* Rows one by one are worth the trouble on the CPU alone, and for what is trained: float64 is for tests. */
static bool has_rows(const at::Tensor &gradient)
{
    return gradient.is_cpu() && gradient.scalar_type() == at::kFloat;
}

static bool by_rows(const row_set &set, const at::Tensor &gradient)
{
    return !set.all && has_rows(gradient);
}

static float *row_at(at::Tensor &gradient, int64_t row)
{
    return gradient.data_ptr<float>() + row * gradient.size(1);
}

void row_set_zero(row_set &set, at::Tensor &gradient)
{
    if (!by_rows(set, gradient)) gradient.zero_();
    else
        for (int64_t row : set.rows) std::fill_n(row_at(gradient, row), gradient.size(1), 0.0f);
    set.used.assign(set.count, false);
    set.rows.clear();
    set.sorted = true;
    set.all = false;
}

at::Tensor row_set_gather(row_set &set, const at::Tensor &gradient)
{
    if (!by_rows(set, gradient)) return gradient;
    const int64_t *rows = nullptr;
    auto count = static_cast<int64_t>(row_set_sorted(set, &rows));
    return gradient.index_select(0, at::from_blob(const_cast<int64_t *>(rows), {count}, at::TensorOptions(at::kLong)));
}

void row_set_scale(row_set &set, at::Tensor &gradient, double by)
{
    auto factor = static_cast<float>(by);
    if (!by_rows(set, gradient)) gradient.mul_(factor);
    else
        for (int64_t row : set.rows)
            std::transform(row_at(gradient, row), row_at(gradient, row) + gradient.size(1), row_at(gradient, row),
                           [factor](float x) { return x * factor; });
}

/* gradient[ids[n]] += step[n], n in order */
static void add_rows(at::Tensor &gradient, const at::Tensor &ids, const at::Tensor &step)
{
    int64_t width = gradient.size(1);
    const int64_t *id = ids.data_ptr<int64_t>();
    const float *from = step.data_ptr<float>();
    for (int64_t n = 0; n < ids.numel(); n++, from += width) {
        float *to = row_at(gradient, id[n]);
        for (int64_t i = 0; i < width; i++) to[i] += from[i];
    }
}

status t_renorm_rows(tensor *x, int64_t rows, double most)
{
    return wrap_status({x}, [&] {
        at::NoGradGuard pause;
        if (x->value.dim() != 2 || rows < 0 || rows > x->value.size(0)) reject("the table has no such rows");
        if (!(most > 0)) reject("the norm that rows may have is above 0");
        at::Tensor which = at::arange(rows, at::TensorOptions(at::kLong).device(x->value.device()));
        at::embedding_renorm_(x->value, which, most, 2);
    });
}

namespace
{
struct embedding_backward : torch::autograd::Node {
    at::Tensor weight; /* (V, D) */
    at::Tensor ids;    /* (N) int64 */
    std::shared_ptr<row_set> rows;

    torch::autograd::variable_list apply(torch::autograd::variable_list &&gradients) override
    {
        if (!gradients[0].defined()) return {};
        if (!ids.defined()) reject("backward a second time through an embedding");
        at::Tensor &gradient = weight.mutable_grad();
        if (!gradient.defined()) return {}; /* frozen since the forward */
        at::Tensor step = gradients[0].to(gradient.scalar_type()).contiguous().view({-1, weight.size(1)});
        if (has_rows(gradient)) {
            row_set_add(*rows, ids.data_ptr<int64_t>(), static_cast<size_t>(ids.numel()));
            add_rows(gradient, ids, step);
        } else { /* all rows: to be told which they are, one would have to wait for a GPU, as index_add does */
            mark_all(*rows);
            gradient.add_(at::embedding_dense_backward(step, ids, weight.size(0), -1, false));
        }
        return {};
    }

    void release_variables() override
    {
        ids.reset();
    }

    std::string name() const override
    {
        return "embedding_backward";
    }
};
} // namespace

at::Tensor embedding_by_rows(const at::Tensor &weight, const at::Tensor &ids, std::shared_ptr<row_set> rows)
{
    if (!weight.requires_grad() || !at::GradMode::is_enabled()) return at::embedding(weight, ids);
    at::Tensor out;
    {
        at::NoGradGuard pause;
        out = at::embedding(weight, ids);
    }
    auto node = std::make_shared<embedding_backward>();
    node->weight = weight;
    node->ids = ids.to(at::kLong).contiguous().view({-1});
    node->rows = std::move(rows);
    uint32_t number = node->add_input_metadata(out);
    torch::autograd::impl::set_gradient_edge(out, {node, number});
    return out;
}
