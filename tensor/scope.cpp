/* scope - who owns a tensor, and the one failure a thread keeps.
 *
 * A scope is a linked list of handles, so that taking one out costs the same wherever it stands; open scopes are linked
 * from the inside out, one chain a thread. Closing a scope closes those inside it first.
 */
#include "tensor/private.hpp"

#include <atomic>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

struct scope {
    scope *outer;
    tensor *first;
};

static thread_local scope *innermost;
static thread_local status failure = OK;
static std::atomic<size_t> alive;

/* ---- handles ----------------------------------------------------------------------------------------------------- */

static void link_into(scope *sc, tensor *x)
{
    x->owner = sc;
    x->previous = nullptr;
    x->next = sc->first;
    if (sc->first) sc->first->previous = x;
    sc->first = x;
}

static void unlink_from_owner(tensor *x)
{
    if (!x->owner) return;
    if (x->previous) x->previous->next = x->next;
    else x->owner->first = x->next;
    if (x->next) x->next->previous = x->previous;
    x->owner = nullptr;
    x->previous = x->next = nullptr;
}

tensor *tensor_new(at::Tensor value)
{
    tensor *x = new tensor;
    x->value = std::move(value);
    alive++;
    return x;
}

void tensor_delete(tensor *x)
{
    if (!x) return;
    unlink_from_owner(x);
    alive--;
    delete x;
}

tensor *scope_add(at::Tensor value)
{
    if (!value.defined()) return nullptr;
    if (!innermost) reject("no scope is open on this thread");
    tensor *x = tensor_new(std::move(value));
    link_into(innermost, x);
    return x;
}

size_t t_live_count(void)
{
    return alive;
}

/* ---- scopes ------------------------------------------------------------------------------------------------------ */

scope *scope_open(void)
{
    scope *sc = new (std::nothrow) scope{innermost, nullptr};
    if (sc) innermost = sc;
    else sticky_fail(FAIL(ERR_MEMORY, "no memory for a scope"));
    return sc;
}

static void close_innermost()
{
    scope *sc = innermost;
    while (sc->first) tensor_delete(sc->first);
    innermost = sc->outer;
    delete sc;
}

void scope_close(scope **sc)
{
    if (!sc || !*sc) return;
    scope *found = innermost;
    while (found && found != *sc) found = found->outer;
    scope *outer = found ? found->outer : innermost;
    while (innermost != outer) close_innermost();
    *sc = nullptr;
}

tensor *scope_promote(scope *sc, tensor *x)
{
    return guard({x}, [&]() -> tensor * {
        if (!sc || x->owner != sc) return x;
        if (!sc->outer) reject("there is no scope outside this one");
        unlink_from_owner(x);
        link_into(sc->outer, x);
        return x;
    });
}

tensor *t_keep(tensor *x)
{
    return guard({x}, [&] {
        unlink_from_owner(x);
        return x;
    });
}

void t_free(tensor **x)
{
    if (!x) return;
    if (*x && !(*x)->parameter) tensor_delete(*x);
    *x = nullptr;
}

/* ---- failures ---------------------------------------------------------------------------------------------------- */

void sticky_fail(status code)
{
    if (failure == OK) failure = code;
}

bool sticky_waiting(void)
{
    return failure != OK;
}

status sticky_take(void)
{
    status first = failure;
    failure = OK;
    return first;
}

status t_check(const tensor *x)
{
    if (!x && failure == OK) sticky_fail(FAIL(ERR_INTERNAL, "a tensor is missing"));
    return sticky_take();
}

const tensor *optional(const tensor *x)
{
    static const tensor absent;
    return x ? x : &absent;
}

bool ready(const char *operation, inputs in) noexcept
{
    if (failure != OK) return false;
    int at = 0;
    for (const tensor *x : in) {
        at++;
        if (!x) {
            sticky_fail(FAIL(ERR_INTERNAL, "%s: tensor %d of its inputs is missing (NULL)", operation, at));
            return false;
        }
    }
    return true;
}

static void append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s", more);
}

/* "(2, 3) Float, (4) Long" */
static void describe(inputs in, char *text, size_t size)
{
    text[0] = '\0';
    for (const tensor *x : in) {
        if (!x->value.defined()) continue;
        if (text[0]) append(text, size, ", ");
        for (int64_t i = 0; i < x->value.dim(); i++) {
            char number[32];
            snprintf(number, sizeof number, "%s%lld", i ? ", " : "(", static_cast<long long>(x->value.size(i)));
            append(text, size, number);
        }
        append(text, size, x->value.dim() ? ") " : "() ");
        append(text, size, c10::toString(x->value.scalar_type()));
    }
}

static void fail_operation(status code, const char *operation, inputs in, const char *reason)
{
    char shapes[512];
    describe(in, shapes, sizeof shapes);
    int line = static_cast<int>(strcspn(reason, "\n"));
    sticky_fail(FAIL(code, "%s(%s): %.*s", operation, shapes, line, reason));
}

/* The CPU's allocator reports with a plain error, the GPU's with a class of its own. */
static status code_of(const char *reason)
{
    static const char *const memory[] = {"DefaultCPUAllocator", "Storage size calculation overflowed",
                                         "CUDA out of memory"};
    for (const char *sign : memory)
        if (strstr(reason, sign)) return ERR_MEMORY;
    return ERR_INTERNAL;
}

void caught(const char *operation, inputs in) noexcept
{
    try {
        throw;
    } catch (const c10::OutOfMemoryError &e) {
        fail_operation(ERR_MEMORY, operation, in, e.what_without_backtrace());
    } catch (const c10::Error &e) {
        const char *reason = e.what_without_backtrace();
        fail_operation(code_of(reason), operation, in, reason);
    } catch (const std::bad_alloc &) {
        fail_operation(ERR_MEMORY, operation, in, "no memory");
    } catch (const std::exception &e) {
        fail_operation(code_of(e.what()), operation, in, e.what());
    } catch (...) {
        fail_operation(ERR_INTERNAL, operation, in, "an unknown exception");
    }
}

void reject(const char *reason)
{
    throw std::invalid_argument(reason);
}
