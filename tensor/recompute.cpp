/* recompute - a part of a network whose inner values are computed a second time instead of being kept.
 *
 * The forward pass runs unrecorded. Backward runs it again, recorded, from the same input and with the same state of
 * the pass (dropout, batch norms that collect nothing this time, autocast), and goes back through that with a backward
 * of its own, which adds to the parameters' gradients. Weights that autocast has cast unrecorded have no way back to
 * the parameters: they are forgotten.
 */
#include "tensor/private.hpp"

#include <torch/csrc/autograd/function.h>

namespace
{
/* The state of a pass for as long as it lives. */
struct pass_again {
    pass_state before;
    bool casts;

    pass_again(const pass_state &state, t_type autocast) : before(pass_of_thread()), casts(autocast != T_F32)
    {
        pass_of_thread() = state;
        if (casts) autocast_begin(autocast);
    }

    ~pass_again()
    {
        if (casts) autocast_end();
        pass_of_thread() = std::move(before);
    }
};

struct recompute_backward : torch::autograd::Node {
    t_function function;
    void *self;
    at::Tensor x;
    bool wanted; /* the gradient of x */
    pass_state pass;
    t_type autocast; /* autocast_type of the forward */

    torch::autograd::variable_list apply(torch::autograd::variable_list &&gradients) override
    {
        torch::autograd::variable_list out(num_outputs());
        if (!gradients[0].defined()) return out;
        if (!x.defined()) reject("backward a second time through a part that is computed again");
        at::AutoGradMode record(true);
        at::Tensor again = x.detach().set_requires_grad(wanted);
        scope *sc = scope_open();
        tensor *y = nullptr;
        {
            pass_again same(pass, autocast);
            y = function(self, scope_add(again));
        }
        if (y && y->value.requires_grad()) y->value.backward(gradients[0]);
        bool failed = !y;
        scope_close(&sc);
        if (failed) reject("a part of the network could not be computed again");
        if (wanted && !out.empty()) out[0] = again.grad();
        return out;
    }

    void release_variables() override
    {
        x.reset();
    }

    std::string name() const override
    {
        return "recompute_backward";
    }
};
} // namespace

tensor *t_recompute(t_function function, void *self, tensor *x)
{
    if (!at::GradMode::is_enabled()) return guard({x}, [&] { return function(self, x); });
    pass_state pass = pass_of_thread();
    pass.share = 0;
    t_type autocast = autocast_type();
    scope *sc = scope_open(); /* what lies between is not to live until the caller's scope closes */
    grad_pause();
    tensor *y = guard({x}, [&] { return function(self, x); });
    grad_resume();
    if (autocast != T_F32) autocast_forget();
    if (y) scope_promote(sc, y);
    scope_close(&sc);
    return guard({y}, [&] {
        if (y == x) return x;
        auto node = std::make_shared<recompute_backward>();
        node->function = function;
        node->self = self;
        node->x = x->value.detach();
        node->wanted = x->value.requires_grad();
        node->pass = std::move(pass);
        node->autocast = autocast;
        node->set_next_edges(torch::autograd::collect_next_edges(x->value));
        uint32_t number = node->add_input_metadata(y->value);
        torch::autograd::impl::set_gradient_edge(y->value, {node, number});
        return y;
    });
}
