/* replay - the gradients of what a turn has noted, in three batches that each need only the ends of the next:
 *
 *   losses    prediction from the levels' encodings, decoded, compared: gradients of p and of the decoder, and of every
 *             encoding, weighed by its reach
 *   events    encodings from the rows they were made of: gradients of f, and of the features of pictures
 *   pictures  features from pictures: gradients of the encoder
 *
 * Each batch is computed again, now with gradients; encodings and features themselves are taken from the tape. So a
 * picture goes back through the encoder once however many events held it, and an encoding through f once however many
 * predictions looked at it.
 */
#include "stream/learning.h"

#include <stdlib.h>

/* Vectors that go through f and p at once: enough to keep a GPU busy. */
enum { EVENTS_AT_ONCE = 256 };
static const size_t FLOATS_AT_ONCE = (size_t)1 << 24; /* of the widest activation */

typedef struct {
    learner *l;
    size_t *picked; /* (EVENTS_AT_ONCE) numbers of losses or rows */
    places places;  /* of as many samples */
    float *weights; /* (EVENTS_AT_ONCE, STREAM_LAYERS_MOST) */
} replaying;

size_t learner_at_once(const learner *l)
{
    int64_t one = l->o.height * l->o.width * l->o.channels[0];
    size_t count = FLOATS_AT_ONCE / (size_t)(one > 0 ? one : 1);
    return count < 1 ? 1 : count > EVENTS_AT_ONCE ? EVENTS_AT_ONCE : count;
}

static tensor *weights_of(const replaying *r, int64_t rows, int64_t columns)
{
    return t_cast(t_from_f32(r->weights, SHAPE(rows, columns)), r->l->type);
}

/* Rows of the tape as new leaves that collect gradients: (count, most, D) */
static tensor *leaves(const replaying *r, size_t count, size_t most)
{
    return t_require_grad(places_values(&r->places, &r->l->tape, count, most));
}

static status pull_leaves(replaying *r, tensor *gradients, size_t count, size_t most)
{
    gradients = t_reshape(gradients, SHAPE(-1, r->l->o.features));
    return tape_pull(&r->l->tape, r->places.rows, count * most, gradients);
}

tensor *learner_pictures(const learner *l, const size_t *rows, size_t count)
{
    const stream_options *o = &l->o;
    tensor *x = NULL, **each = malloc(count * sizeof(tensor *));
    for (size_t i = 0; each && i < count; i++)
        each[i] = t_from_bytes(T_U8, l->tape.rows[rows[i]].picture, SHAPE(o->height, o->width, 3));
    if (each) x = stream_pictures(o, l->type, t_stack(each, (int)count, 0));
    free(each);
    return x;
}

/* ---- losses ------------------------------------------------------------------------------------------------------ */

static const tape_loss *loss_at(const replaying *r, size_t i)
{
    return &r->l->tape.losses[r->picked[i]];
}

static size_t levels_of(replaying *r, size_t count)
{
    size_t most = 0;
    for (size_t i = 0; i < count; i++)
        if (loss_at(r, i)->levels > most) most = loss_at(r, i)->levels;
    for (size_t i = 0; i < count; i++) places_fill(&r->places, i, loss_at(r, i)->rows, loss_at(r, i)->levels, most);
    return most;
}

static tensor *targets(replaying *r, size_t layer, size_t count)
{
    tensor *x = NULL;
    size_t *rows = malloc(count * sizeof *rows);
    for (size_t i = 0; rows && i < count; i++) rows[i] = loss_at(r, i)->target;
    if (rows) x = layer == 0 ? learner_pictures(r->l, rows, count) : tape_rows(r->l->tape.values, rows, count);
    free(rows);
    return x;
}

static status losses_back(replaying *r, size_t layer, size_t count)
{
    status st = OK;
    scope *sc = scope_open();
    stream_layer *of = &r->l->layers[layer];
    size_t most = levels_of(r, count);
    double sign = stream_distance(&r->l->o, layer) == DISTANCE_SIMILARITY ? -1 : 1;

    tensor *levels = leaves(r, count, most);
    tensor *x = stream_predict(of, levels, places_there(&r->places, count, most));
    if (layer == 0) x = stream_decode_pictures(of, x);
    x = stream_compare(of, x, targets(r, layer, count));
    for (size_t i = 0; i < count; i++) r->weights[i] = (float)(sign * loss_at(r, i)->tau);
    TRY(t_backward(t_sum_all(t_mul(x, t_reshape(weights_of(r, (int64_t)count, 1), SHAPE(-1))))));

    for (size_t i = 0; i < count * most; i++) r->weights[i] = r->places.there[i] ? 1 : 0;
    tensor *reach[STREAM_LAYERS_MOST], *weights = weights_of(r, (int64_t)count, (int64_t)most);
    for (size_t k = 0; k < most; k++) {
        tensor *each = t_full(r->l->type, SHAPE(1), scales_reach(&r->l->o, loss_at(r, 0)->layers, layer, k));
        reach[k] = each;
    }
    weights = t_mul(weights, t_reshape(t_stack(reach, (int)most, 0), SHAPE(1, -1)));
    TRY(pull_leaves(r, t_mul(t_grad(levels), t_unsqueeze(weights, 2)), count, most));
done:
    scope_close(&sc);
    return st;
}

/* Losses of one layer that knew the same number of layers: their weights are the same. */
static size_t pick_losses(replaying *r, size_t *from, size_t layer, size_t layers, size_t most)
{
    size_t count = 0;
    const tape *t = &r->l->tape;
    for (; *from < t->loss_count && count < most; (*from)++)
        if (t->losses[*from].layer == layer && t->losses[*from].layers == layers) r->picked[count++] = *from;
    return count;
}

static status replay_losses(replaying *r)
{
    status st = OK;
    for (size_t layers = 1; layers <= r->l->layer_count; layers++) {
        for (size_t layer = 0; layer < layers; layer++) {
            size_t most = layer == 0 ? learner_at_once(r->l) : EVENTS_AT_ONCE;
            for (size_t from = 0, count; (count = pick_losses(r, &from, layer, layers, most));)
                TRY(losses_back(r, layer, count));
        }
    }
    r->l->tape.loss_count = 0;
done:
    return st;
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

static bool goes_back(const tape_row *row, bool all)
{
    return row->pulled && (all || !row->open);
}

static size_t pick_rows(replaying *r, size_t *from, bool events, size_t level, bool all, size_t most)
{
    size_t count = 0;
    const tape *t = &r->l->tape;
    for (; *from < t->count && count < most; (*from)++) {
        const tape_row *row = &t->rows[*from];
        if (goes_back(row, all) && row->is_event == events && (!events || row->level == level))
            r->picked[count++] = *from;
    }
    return count;
}

/* The sum of results and what pulls at them is a loss whose gradients are those wanted. */
static status back(replaying *r, tensor *made, size_t count)
{
    status st = OK;
    tape *t = &r->l->tape;
    TRY(t_backward(t_sum_all(t_mul(made, tape_rows(t->pulls, r->picked, count)))));
    for (size_t i = 0; i < count; i++) t->rows[r->picked[i]].pulled = false;
done:
    return st;
}

static status events_back(replaying *r, size_t level, size_t count)
{
    status st = OK;
    scope *sc = scope_open();
    tape *t = &r->l->tape;
    size_t most = 0;
    for (size_t i = 0; i < count; i++)
        if (t->rows[r->picked[i]].count > most) most = t->rows[r->picked[i]].count;
    for (size_t i = 0; i < count; i++) {
        const tape_row *row = &t->rows[r->picked[i]];
        places_fill(&r->places, i, row->inputs, row->count, most);
    }
    tensor *inputs = level == 0 ? leaves(r, count, most) : places_values(&r->places, t, count, most);
    TRY(back(r, stream_encode_event(&r->l->layers[level], inputs, places_there(&r->places, count, most)), count));
    if (level == 0) TRY(pull_leaves(r, t_grad(inputs), count, most));
done:
    scope_close(&sc);
    return st;
}

static status pictures_back(replaying *r, size_t count)
{
    status st = OK;
    scope *sc = scope_open();
    TRY(back(r, stream_encode_pictures(&r->l->layers[0], learner_pictures(r->l, r->picked, count)), count));
done:
    scope_close(&sc);
    return st;
}

static status replay_rows(replaying *r, bool all)
{
    status st = OK;
    size_t at_once = learner_at_once(r->l);
    for (size_t level = 0; level < r->l->layer_count; level++)
        for (size_t from = 0, count; (count = pick_rows(r, &from, true, level, all, EVENTS_AT_ONCE));)
            TRY(events_back(r, level, count));
    for (size_t from = 0, count; (count = pick_rows(r, &from, false, 0, all, at_once));) TRY(pictures_back(r, count));
done:
    return st;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

status replay(learner *l, bool all)
{
    status st = OK;
    replaying r = {.l = l, .picked = malloc(EVENTS_AT_ONCE * sizeof *r.picked)};
    r.weights = malloc(EVENTS_AT_ONCE * STREAM_LAYERS_MOST * sizeof *r.weights);
    if (!r.picked || !r.weights) TRY(FAIL(ERR_MEMORY, "no memory for gradients"));
    TRY(places_new(&l->o, EVENTS_AT_ONCE, &r.places));
    TRY(replay_losses(&r));
    TRY(replay_rows(&r, all));
done:
    free(r.picked);
    free(r.weights);
    places_free(&r.places);
    return st;
}
