#include "stream/reference.h"

#include "base/hash.h"
#include "stream/demarcation.h"
#include "stream/layers.h"
#include "stream/scales.h"
#include "tensor/optim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOSSES_MOST = STREAM_LAYERS_MOST }; /* of a frame: at most one a layer */

/* f or p of a layer, with an optimiser of its own. */
typedef struct {
    module *m;
    optim *adam;
    size_t count;
    tensor **sums; /* (count) kept: weighted gradients since the last step */
    double tau;    /* what they are divided by */
} part;

typedef struct {
    tensor *x; /* (1, 3, H, W) or (1, D), kept */
    double value;
} kept_input;

typedef struct {
    stream_layer networks;
    part f, p;
    demarcation where;
    kept_input *buffer; /* (kept of buffer_size) in the order of arrival */
    size_t kept;
    int64_t seen;               /* inputs of the event, dropped ones too */
    int64_t last_frame, inputs; /* -1: none in this video; learned from, ever */
    int64_t losses;             /* since the last step */
    tensor *z, *prediction;     /* recorded, kept; NULL: none */
} layer;

typedef struct {
    size_t layer;
    tensor *value; /* one element, of the frame's scope */
    double tau;
} frame_loss;

struct reference {
    stream_options o;
    t_type type;
    module *model, *stack;
    layer layers[STREAM_LAYERS_MOST];
    size_t count;
    int64_t frame, steps; /* frame: number in the video */
    bool learn;           /* of the present call */
    const stream_listener *listener;
    frame_loss losses[LOSSES_MOST];
    size_t loss_count;
    status (*step_told)(void *self, module *model);
    void *step_self;
};

/* ---- making ------------------------------------------------------------------------------------------------------ */

static tensor *kept_zeros(const tensor *like, t_type type)
{
    int64_t shape[T_DIM_MAX];
    for (int i = 0; i < t_dims(like); i++) shape[i] = t_size(like, i);
    return t_keep(t_zeros(type, shape, t_dims(like)));
}

static status part_new(const reference *r, module *m, part *out)
{
    status st = OK;
    const adamw_options adam = {.lr = r->o.lr, .beta1 = .9, .beta2 = .999, .eps = 1e-8, .coupled = true};
    scope *sc = scope_open();
    *out = (part){.m = m, .count = module_parameter_count(m)};
    TRY(optim_adamw(m, &adam, &out->adam));
    out->sums = calloc(out->count, sizeof *out->sums);
    if (!out->sums) TRY(FAIL(ERR_MEMORY, "no memory for %zu gradients", out->count));
    for (size_t i = 0; i < out->count; i++) {
        out->sums[i] = kept_zeros(module_parameter_at(m, i), r->type);
        TRY(t_check(out->sums[i]));
    }
done:
    scope_close(&sc);
    return st;
}

static void part_free(part *p)
{
    for (size_t i = 0; p->sums && i < p->count; i++) t_free(&p->sums[i]);
    free(p->sums);
    optim_free(&p->adam);
}

static void begin_event(layer *l)
{
    for (size_t i = 0; i < l->kept; i++) t_free(&l->buffer[i].x);
    l->kept = 0;
    l->seen = 0;
}

static void forget(layer *l)
{
    t_free(&l->z);
    t_free(&l->prediction);
}

static void begin_video(layer *l)
{
    begin_event(l);
    forget(l);
    demarcation_reset(&l->where);
    l->last_frame = -1;
}

/* Adds a layer on top; what it begins with follows from the seed and its number, as in a learner. */
static status grow(reference *r)
{
    status st = OK;
    layer *l = &r->layers[r->count];
    t_seed(hash_mix(r->o.seed, r->count));
    TRY(stream_layer_new(r->stack, &r->o, r->count, &l->networks));
    TRY(part_new(r, l->networks.f, &l->f));
    TRY(part_new(r, l->networks.p, &l->p));
    TRY(demarcation_new(&r->o, r->count, &l->where));
    l->buffer = calloc((size_t)r->o.buffer_size, sizeof *l->buffer);
    if (!l->buffer) TRY(FAIL(ERR_MEMORY, "no memory for %lld inputs", (long long)r->o.buffer_size));
    l->last_frame = -1;
    r->count++;
done:
    return st;
}

status reference_new(const stream_options *o, t_type type, reference **out)
{
    status st = OK;
    reference *r = NULL;
    r = calloc(1, sizeof *r);
    if (!r) TRY(FAIL(ERR_MEMORY, "no memory for a streaming learner"));
    r->o = *o;
    r->type = type;
    r->model = module_new_of(type);
    r->stack = module_child(r->model, "layers");
    while ((int64_t)r->count < o->init_layers) TRY(grow(r));
    *out = r;
    r = NULL;
done:
    reference_free(&r);
    return st;
}

void reference_free(reference **r)
{
    if (!*r) return;
    for (size_t i = 0; i < STREAM_LAYERS_MOST; i++) {
        layer *l = &(*r)->layers[i];
        begin_event(l);
        forget(l);
        free(l->buffer);
        demarcation_free(&l->where);
        part_free(&l->f);
        part_free(&l->p);
    }
    module_free(&(*r)->model);
    free(*r);
    *r = NULL;
}

/* ---- an input's way through a layer ------------------------------------------------------------------------------ */

static void collect_loss(reference *r, size_t at, tensor *value, double tau)
{
    double sign = stream_distance(&r->o, at) == DISTANCE_SIMILARITY ? -1 : 1;
    r->losses[r->loss_count++] =
        (frame_loss){.layer = at, .value = t_scale(t_sum_all(value), sign), .tau = r->o.timescale ? tau : 1};
}

/* Compares the input with what was predicted, and says whether the event ends. */
static status compare(reference *r, size_t at, tensor *x, stream_input *said)
{
    status st = OK;
    layer *l = &r->layers[at];
    tensor *value = stream_compare(&l->networks, l->prediction, x);
    TRY(t_item_f64(value, &said->value));
    if (r->learn) collect_loss(r, at, value, said->tau);
    said->predicted = true;
    said->limit = demarcation_limit(&l->where);
    said->boundary = demarcation_judge(&l->where, said->value);
    said->forced = !said->boundary && r->o.force_fixed_buffer && l->seen >= r->o.buffer_size;
    said->boundary |= said->forced;
done:
    return st;
}

static status tell(reference *r, const layer *l, stream_input *said)
{
    status st = OK;
    size_t width = (size_t)r->o.features;
    float *event = malloc(width * sizeof *event);
    if (!event) TRY(FAIL(ERR_MEMORY, "no memory for an event"));
    if (said->boundary) {
        TRY(t_to_f32(l->z, event, width));
        said->event = event;
    }
    if (r->listener) TRY(r->listener->input(r->listener->self, said));
done:
    free(event);
    return st;
}

static bool is_more_surprising(const reference *r, size_t at, double value, double than)
{
    return stream_distance(&r->o, at) == DISTANCE_SIMILARITY ? value < than : value > than;
}

/* Into the buffer, at its end; where it is full the least surprising input, the earliest of equals, makes room for a
 * more surprising one. */
static status keep(reference *r, size_t at, tensor *x, double value)
{
    layer *l = &r->layers[at];
    l->seen++;
    if (l->kept == (size_t)r->o.buffer_size) {
        size_t least = 0;
        for (size_t i = 1; i < l->kept; i++)
            if (is_more_surprising(r, at, l->buffer[least].value, l->buffer[i].value)) least = i;
        if (!is_more_surprising(r, at, value, l->buffer[least].value)) return OK;
        t_free(&l->buffer[least].x);
        l->kept--;
        for (size_t i = least; i < l->kept; i++) l->buffer[i] = l->buffer[i + 1];
    }
    l->buffer[l->kept++] = (kept_input){t_keep(t_detach(x)), value};
    return t_check(l->buffer[l->kept - 1].x);
}

static status encode(reference *r, size_t at)
{
    layer *l = &r->layers[at];
    tensor *inputs[STREAM_BUFFER_MOST];
    for (size_t i = 0; i < l->kept; i++) inputs[i] = l->buffer[i].x;
    tensor *x = t_cat(inputs, (int)l->kept, 0);
    if (at == 0) x = stream_encode_pictures(&l->networks, x);
    t_free(&l->z);
    l->z = t_keep(stream_encode_event(&l->networks, t_unsqueeze(x, 0), NULL));
    return t_check(l->z);
}

static status predict(reference *r, size_t at)
{
    layer *l = &r->layers[at];
    tensor *levels[STREAM_LAYERS_MOST];
    int count = 0;
    while ((size_t)count < r->count && r->layers[count].z) {
        levels[count] = r->layers[count].z;
        count++;
    }
    tensor *x = stream_predict(&l->networks, t_unsqueeze(t_cat(levels, count, 0), 0), NULL);
    if (at == 0) x = stream_decode_pictures(&l->networks, x);
    t_free(&l->prediction);
    l->prediction = t_keep(x);
    return t_check(l->prediction);
}

/* x (1, 3, H, W) or (1, D) */
static status take(reference *r, size_t at, tensor *x)
{
    status st = OK;
    layer *l = &r->layers[at];
    stream_input said = {.layer = at, .frame = r->frame, .limit = NAN, .tau = (double)(r->frame - l->last_frame)};

    l->inputs += r->learn;
    l->last_frame = r->frame;
    bool may_grow = r->learn && at + 1 == r->count && (int64_t)r->count < r->o.max_layers;
    if (may_grow && l->inputs >= r->o.evolve_every + 2) TRY(grow(r));
    if (l->prediction) TRY(compare(r, at, x, &said));
    TRY(tell(r, l, &said));
    if (said.boundary && at + 1 < r->count) TRY(take(r, at + 1, t_detach(l->z)));
    if (said.boundary || !said.predicted) begin_event(l);
    TRY(keep(r, at, x, said.value));
    TRY(encode(r, at));
    TRY(predict(r, at));
done:
    return st;
}

/* ---- learning ---------------------------------------------------------------------------------------------------- */

/* The gradient of the present loss, weighed. */
static status add_gradients(part *p, double weight)
{
    status st = OK;
    for (size_t i = 0; i < p->count; i++)
        TRY(t_assign(p->sums[i], t_add(p->sums[i], t_scale(t_grad(module_parameter_at(p->m, i)), weight))));
done:
    return st;
}

static status learn_from(reference *r, const frame_loss *loss)
{
    status st = OK;
    layer *of = &r->layers[loss->layer];
    module_zero_grad(r->model);
    TRY(t_backward_keep(loss->value));
    for (size_t k = 0; k < r->count; k++) {
        TRY(add_gradients(&r->layers[k].f, loss->tau * scales_reach(&r->o, r->count, loss->layer, k)));
        r->layers[k].f.tau += loss->tau;
    }
    TRY(add_gradients(&of->p, loss->tau));
    of->p.tau += loss->tau;
    of->losses++;
done:
    return st;
}

static status set_gradients(part *p)
{
    status st = OK;
    for (size_t i = 0; i < p->count; i++) {
        tensor *gradient = t_grad(module_parameter_at(p->m, i));
        TRY(t_assign(gradient, p->tau > 0 ? t_scale(p->sums[i], 1 / p->tau) : p->sums[i]));
        TRY(t_assign(p->sums[i], t_scale(p->sums[i], 0)));
    }
    p->tau = 0;
done:
    return st;
}

static status step(reference *r)
{
    status st = OK;
    for (size_t i = 0; i < r->count; i++) {
        TRY(set_gradients(&r->layers[i].f));
        TRY(set_gradients(&r->layers[i].p));
    }
    if (r->step_told) TRY(r->step_told(r->step_self, r->model));
    for (size_t i = 0; i < r->count; i++) {
        layer *l = &r->layers[i];
        TRY(optim_step(l->f.adam));
        TRY(optim_step(l->p.adam));
        stream_layer_changed(&l->networks);
        forget(l);
        l->losses = 0;
    }
    r->steps++;
done:
    return st;
}

/* ---- watching ---------------------------------------------------------------------------------------------------- */

static status watch_one(reference *r, const uint8_t *picture)
{
    status st = OK;
    scope *sc = scope_open();
    tensor *bytes = t_from_bytes(T_U8, picture, SHAPE(1, r->o.height, r->o.width, 3));
    r->loss_count = 0;
    TRY(take(r, 0, stream_pictures(&r->o, r->type, bytes)));
    for (size_t i = 0; i < r->loss_count; i++) TRY(learn_from(r, &r->losses[i]));
    if (r->learn && r->layers[r->count - 1].losses >= r->o.optimize_every) TRY(step(r));
    r->frame++;
done:
    scope_close(&sc);
    return st;
}

status reference_watch(reference *r, const stream_frames *frames, bool learn, const stream_listener *listener)
{
    status st = OK;
    size_t size = (size_t)(r->o.height * r->o.width * 3);
    r->learn = learn;
    r->listener = listener;
    if (frames->begins) {
        for (size_t i = 0; i < r->count; i++) begin_video(&r->layers[i]);
        r->frame = 0;
    }
    for (size_t i = 0; i < frames->count; i++) {
        if (frames->numbers) r->frame = frames->numbers[i];
        TRY(watch_one(r, frames->pictures + i * size));
    }
done:
    r->listener = NULL;
    return st;
}

void reference_tell_steps(reference *r, status (*told)(void *self, module *model), void *self)
{
    r->step_told = told;
    r->step_self = self;
}

size_t reference_layers(const reference *r)
{
    return r->count;
}

module *reference_model(reference *r)
{
    return r->model;
}

int64_t reference_steps(const reference *r)
{
    return r->steps;
}
