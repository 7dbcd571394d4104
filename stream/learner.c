#include "stream/learning.h"

#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adam as published (Kingma and Ba 2015). */
static const adamw_options ADAM = {.beta1 = .9, .beta2 = .999, .eps = 1e-8, .coupled = true};

/* ---- making ------------------------------------------------------------------------------------------------------ */

static void state_reset(layer_state *s)
{
    buffer_reset(&s->buffer);
    if (s->where.window) demarcation_reset(&s->where);
    s->last_frame = -1;
    s->event = NO_ROW;
    t_free(&s->prediction);
}

status learner_grow(learner *l)
{
    status st = OK;
    size_t layer = l->layer_count;
    l->wants_growth = false;
    if ((int64_t)layer >= l->o.max_layers) goto done;
    adamw_options adam = ADAM;
    adam.lr = l->o.lr;
    t_seed(hash_mix(l->o.seed, layer));
    TRY(stream_layer_new(l->stack, &l->o, layer, &l->layers[layer]));
    TRY(optim_adamw(l->layers[layer].root, &adam, &l->optimizers[layer]));
    for (size_t s = 0; s < l->streams; s++) {
        layer_state *state = &l->states[s].layers[layer];
        TRY(buffer_new(stream_distance(&l->o, layer), (size_t)l->o.buffer_size, &state->buffer));
        TRY(demarcation_new(&l->o, layer, &state->where));
    }
    l->layer_count++;
done:
    return st;
}

status learner_new(const stream_options *o, size_t streams, t_type type, learner **out)
{
    status st = OK;
    learner *l = NULL;
    l = calloc(1, sizeof *l);
    if (!l) TRY(FAIL(ERR_MEMORY, "no memory for a streaming learner"));
    l->o = *o;
    l->streams = streams;
    l->type = type;
    l->tape = (tape){.type = type, .width = o->features, .picture_bytes = (size_t)(o->height * o->width * 3)};
    l->states = calloc(streams, sizeof *l->states);
    if (!l->states) TRY(FAIL(ERR_MEMORY, "no memory for %zu streams", streams));
    for (size_t s = 0; s < streams; s++)
        for (size_t i = 0; i < STREAM_LAYERS_MOST; i++) state_reset(&l->states[s].layers[i]);
    l->model = module_new_of(type);
    l->stack = module_child(l->model, "layers");
    while ((int64_t)l->layer_count < o->init_layers) TRY(learner_grow(l));
    *out = l;
    l = NULL;
done:
    learner_free(&l);
    return st;
}

void learner_free(learner **l)
{
    if (!*l) return;
    for (size_t s = 0; (*l)->states && s < (*l)->streams; s++) {
        for (size_t i = 0; i < STREAM_LAYERS_MOST; i++) {
            buffer_free(&(*l)->states[s].layers[i].buffer);
            demarcation_free(&(*l)->states[s].layers[i].where);
            t_free(&(*l)->states[s].layers[i].prediction);
        }
    }
    for (size_t i = 0; i < STREAM_LAYERS_MOST; i++) optim_free(&(*l)->optimizers[i]);
    tape_free(&(*l)->tape);
    module_free(&(*l)->model);
    free((*l)->states);
    free(*l);
    *l = NULL;
}

void learner_reset(learner *l, size_t stream)
{
    for (size_t i = 0; i < STREAM_LAYERS_MOST; i++) state_reset(&l->states[stream].layers[i]);
    l->states[stream].frame = 0;
}

/* ---- a step ------------------------------------------------------------------------------------------------------ */

static status divide_grads(module *m, double by)
{
    status st = OK;
    for (size_t i = 0; by > 0 && i < module_parameter_count(m); i++) {
        scope *sc = scope_open();
        tensor *grad = t_grad(module_parameter_at(m, i));
        st = t_assign(grad, t_scale(grad, 1 / by));
        scope_close(&sc);
        TRY(st);
    }
done:
    return st;
}

static status divide(learner *l)
{
    status st = OK;
    for (size_t i = 0; i < l->layer_count; i++) {
        TRY(divide_grads(l->layers[i].f, l->counts.encoder[i]));
        TRY(divide_grads(l->layers[i].p, l->counts.predictor[i]));
    }
done:
    return st;
}

static void forget_predictions(learner *l)
{
    for (size_t s = 0; s < l->streams; s++) {
        for (size_t i = 0; i < l->layer_count; i++) {
            layer_state *state = &l->states[s].layers[i];
            buffer_reset(&state->buffer); /* as the next input would: it finds no prediction */
            state->event = NO_ROW;
            t_free(&state->prediction);
        }
    }
}

status learner_step(learner *l)
{
    status st = OK;
    TRY(divide(l));
    for (size_t i = 0; i < l->layer_count; i++) {
        TRY(optim_step(l->optimizers[i]));
        stream_layer_changed(&l->layers[i]);
    }
    module_zero_grad(l->model);
    forget_predictions(l);
    l->counts = (loss_counts){0};
    l->steps++;
done:
    return st;
}

/* ---- watching ---------------------------------------------------------------------------------------------------- */

/* What streams still need of the tape. */
static void mark(learner *l)
{
    tape *t = &l->tape;
    tape_let_go(t);
    for (size_t s = 0; s < l->streams; s++) {
        for (size_t i = 0; i < l->layer_count; i++) {
            const layer_state *state = &l->states[s].layers[i];
            tape_leave_open(t, state->event);
            for (size_t k = 0; state->prediction && k < state->levels; k++) tape_leave_open(t, state->seen[k]);
            for (size_t k = 0; k < state->buffer.count; k++) {
                if (i == 0) tape_leave_open(t, state->buffer.items[k]);
                else tape_hold(t, state->buffer.items[k]);
            }
        }
    }
}

static void renumber(learner *l, const size_t *moved)
{
    for (size_t s = 0; s < l->streams; s++) {
        for (size_t i = 0; i < l->layer_count; i++) {
            layer_state *state = &l->states[s].layers[i];
            if (state->event != NO_ROW) state->event = moved[state->event];
            for (size_t k = 0; state->prediction && k < state->levels; k++) state->seen[k] = moved[state->seen[k]];
            for (size_t k = 0; k < state->buffer.count; k++) state->buffer.items[k] = moved[state->buffer.items[k]];
        }
    }
}

/* Gradients go back, `all` or as far as no more can come to them, and what nobody needs goes; `more` rows will fit.
 * Also where nothing is learned at present: they may have come before. */
static status settle(learner *l, bool all, size_t more)
{
    status st = OK;
    size_t *moved = NULL;
    mark(l);
    TRY(replay(l, all));
    TRY(tape_compact(&l->tape, more, &moved));
    renumber(l, moved);
done:
    free(moved);
    return st;
}

/* A part of a turn during which parameters stay as they are. */
typedef struct {
    const stream_frames *frames;
    size_t *streams, active; /* (active) those that have frames */
    size_t at, count;        /* frames of each: at .. at + count - 1 */
    uint8_t *bytes;          /* (count, active) pictures, NULL: those of the one stream as they are */
    size_t *rows;            /* (count, active) rows of their features */
    tensor *pictures;        /* (count * active, 3, H, W) */
} part;

/* Frame by frame, the streams side by side. */
static const uint8_t *pictures_side_by_side(const learner *l, part *p)
{
    size_t size = l->tape.picture_bytes;
    if (p->active == 1) return p->frames[p->streams[0]].pictures + p->at * size;
    for (size_t k = 0; k < p->count; k++)
        for (size_t i = 0; i < p->active; i++)
            memcpy(p->bytes + (k * p->active + i) * size, p->frames[p->streams[i]].pictures + (p->at + k) * size, size);
    return p->bytes;
}

static status encode_pictures(learner *l, const part *p)
{
    status st = OK;
    size_t count = p->count * p->active, at_once = learner_at_once(l), first = l->tape.count - count;
    for (size_t at = 0; at < count; at += at_once) {
        scope *sc = scope_open();
        int64_t some = (int64_t)(count - at < at_once ? count - at : at_once);
        tensor *features = stream_encode_pictures(&l->layers[0], t_narrow(p->pictures, 0, (int64_t)at, some));
        st = t_assign(t_narrow(l->tape.values, 0, (int64_t)(first + at), some), features);
        scope_close(&sc);
        TRY(st);
    }
done:
    return st;
}

static status part_begin(learner *l, part *p)
{
    status st = OK;
    size_t count = p->count * p->active, size = l->tape.picture_bytes;
    const uint8_t *bytes = pictures_side_by_side(l, p);
    for (size_t i = 0; i < count; i++) TRY(tape_add_picture(&l->tape, bytes + i * size, &p->rows[i]));
    tensor *x = t_from_bytes(T_U8, bytes, SHAPE((int64_t)count, l->o.height, l->o.width, 3));
    p->pictures = stream_pictures(&l->o, l->type, x);
    TRY(encode_pictures(l, p));
done:
    return st;
}

static void count_losses(learner *l, size_t first)
{
    for (size_t i = first; i < l->tape.loss_count; i++) {
        tape_loss *loss = &l->tape.losses[i];
        loss->layers = l->layer_count;
        scales_count(&l->counts, l->layer_count, loss->layer, loss->tau);
    }
}

static bool step_is_due(const learner *l)
{
    return !l->o.joint_steps && l->counts.losses[l->layer_count - 1] >= l->o.optimize_every * (int64_t)l->streams;
}

static status take_frame(learner *l, const part *p, size_t k, bool learn, const stream_listener *listener)
{
    scope *sc = scope_open();
    size_t first = k * p->active, losses = l->tape.loss_count;
    for (size_t i = 0; i < p->active; i++) {
        const int64_t *numbers = p->frames[p->streams[i]].numbers;
        if (numbers) l->states[p->streams[i]].frame = numbers[p->at];
    }
    layer_inputs in = {p->active, p->streams, p->rows + first,
                       t_narrow(p->pictures, 0, (int64_t)first, (int64_t)p->active)};
    status st = layer_take(l, 0, &in, learn, listener);
    scope_close(&sc);
    TRY(st);
    count_losses(l, losses);
    for (size_t i = 0; i < p->active; i++) l->states[p->streams[i]].frame++;
    if (learn) l->frames += (int64_t)p->active;
    for (size_t i = 0; listener && listener->frame && i < p->active; i++)
        TRY(listener->frame(listener->self, p->streams[i], l->states[p->streams[i]].frame - 1));
done:
    return st;
}

/* Frames from p->at on, up to a step at most; p->at is moved behind them. */
static status part_run(learner *l, part *p, bool learn, const stream_listener *listener)
{
    status st = OK;
    bool due = false;
    scope *sc = NULL;
    TRY(settle(l, false, p->count * p->active * (1 + (size_t)l->o.max_layers)));
    sc = scope_open();
    grad_pause();
    st = part_begin(l, p);
    for (size_t k = 0; st == OK && k < p->count && !due; k++) {
        st = take_frame(l, p, k, learn, listener);
        p->at++;
        due = learn && step_is_due(l);
    }
    grad_resume();
    scope_close(&sc);
    TRY(st);
    if (due) TRY(replay(l, true));
    if (due) TRY(learner_step(l));
    TRY(settle(l, false, 0));
done:
    return st;
}

/* How many of `left` frames to take together. One layer has a loss of nearly every frame, so it is known when a step
 * can come at the earliest, and no features are made that a step would spoil; higher up a step is rare. */
static size_t part_size(const learner *l, size_t left, size_t active, bool learn)
{
    int64_t losses = l->o.optimize_every * (int64_t)l->streams - l->counts.losses[0];
    size_t frames = losses > 0 ? ((size_t)losses + active - 1) / active : 1;
    return learn && l->layer_count == 1 && !l->o.joint_steps && frames < left ? frames : left;
}

static status part_new(const learner *l, const stream_frames *frames, size_t *turn, part *p)
{
    *turn = 0;
    *p = (part){.frames = frames, .streams = malloc(l->streams * sizeof *p->streams)};
    if (!p->streams) return FAIL(ERR_MEMORY, "no memory for %zu streams", l->streams);
    for (size_t s = 0; s < l->streams; s++) {
        if (!frames[s].count) continue;
        if (*turn && frames[s].count != *turn)
            return FAIL(ERR_INTERNAL, "streams bring %zu and %zu frames to one turn", *turn, frames[s].count);
        *turn = frames[s].count;
        p->streams[p->active++] = s;
    }
    size_t count = *turn * p->active;
    p->rows = malloc((count + 1) * sizeof *p->rows);
    if (p->active > 1) p->bytes = malloc(count * l->tape.picture_bytes);
    if (p->rows && (p->active < 2 || p->bytes)) return OK;
    return FAIL(ERR_MEMORY, "no memory for %zu pictures", count);
}

status learner_watch(learner *l, const stream_frames *frames, bool learn, const stream_listener *listener)
{
    status st = OK;
    size_t turn;
    part p = {0};
    TRY(part_new(l, frames, &turn, &p));
    for (size_t s = 0; s < l->streams; s++)
        if (frames[s].begins) learner_reset(l, s);
    while (p.at < turn) {
        p.count = part_size(l, turn - p.at, p.active, learn);
        TRY(part_run(l, &p, learn, listener));
    }
done:
    free(p.streams);
    free(p.rows);
    free(p.bytes);
    return st;
}

size_t learner_layers(const learner *l)
{
    return l->layer_count;
}

module *learner_model(learner *l)
{
    return l->model;
}

int64_t learner_steps(const learner *l)
{
    return l->steps;
}

int64_t learner_frames(const learner *l)
{
    return l->frames;
}

int64_t learner_frame(const learner *l, size_t stream)
{
    return l->states[stream].frame;
}

status learner_encodings(const learner *l, size_t stream, float *out)
{
    status st = OK;
    size_t width = (size_t)l->o.features;
    for (size_t i = 0; i < l->layer_count; i++, out += width) {
        size_t row = l->states[stream].layers[i].event;
        memset(out, 0, width * sizeof *out);
        if (row == NO_ROW) continue;
        scope *sc = scope_open();
        st = t_to_f32(t_narrow(l->tape.values, 0, (int64_t)row, 1), out, width);
        scope_close(&sc);
        TRY(st);
    }
done:
    return st;
}

/* ---- together with other ranks ----------------------------------------------------------------------------------- */

loss_counts *learner_counts(learner *l)
{
    return &l->counts;
}

bool learner_wants_growth(const learner *l)
{
    return l->wants_growth;
}

status learner_settle(learner *l)
{
    return settle(l, true, 0);
}

/* Features of the pictures at `rows` (count) of the tape. */
static status encode_again(learner *l, const size_t *rows, size_t count)
{
    status st = OK;
    scope *sc = scope_open();
    tensor *x = stream_encode_pictures(&l->layers[0], learner_pictures(l, rows, count));
    for (size_t i = 0; i < count; i++)
        TRY(t_assign(t_narrow(l->tape.values, 0, (int64_t)rows[i], 1), t_narrow(x, 0, (int64_t)i, 1)));
done:
    scope_close(&sc);
    return st;
}

static status encode_kept(learner *l)
{
    status st = OK;
    size_t count = 0, at_once = learner_at_once(l), *rows = malloc((l->tape.count + 1) * sizeof *rows);
    if (!rows) TRY(FAIL(ERR_MEMORY, "no memory for %zu pictures", l->tape.count));
    for (size_t i = 0; i < l->tape.count; i++)
        if (!l->tape.rows[i].is_event) rows[count++] = i;
    for (size_t at = 0; at < count; at += at_once)
        TRY(encode_again(l, rows + at, count - at < at_once ? count - at : at_once));
done:
    free(rows);
    return st;
}

status learner_changed(learner *l)
{
    for (size_t i = 0; i < l->layer_count; i++) stream_layer_changed(&l->layers[i]);
    grad_pause();
    status st = encode_kept(l);
    grad_resume();
    return st;
}
