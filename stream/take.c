/* take - an input's way through a layer: compared with its prediction, judged, kept, encoded, and the next predicted.
 */
#include "stream/learning.h"

#include <math.h>
#include <stdlib.h>

static const double NO_ERROR = 0; /* what an input without a prediction is kept with */

/* What is known of the inputs of one call. */
typedef struct {
    learner *l;
    size_t layer;
    const layer_inputs *in;
    double *values; /* (count) NAN without prediction */
    bool *ends;     /* (count) whether an event ended with it */
    size_t *some;   /* (count) indices into in */
    size_t *rows;   /* (count) */
    places places;  /* of (count) events' inputs, or of their levels */
} taking;

static layer_state *state_of(const taking *t, size_t i)
{
    return &t->l->states[t->in->streams[i]].layers[t->layer];
}

static int64_t frame_of(const taking *t, size_t i)
{
    return t->l->states[t->in->streams[i]].frame;
}

static void taking_free(taking *t)
{
    free(t->values);
    free(t->ends);
    free(t->some);
    free(t->rows);
    places_free(&t->places);
}

static status taking_new(learner *l, size_t layer, const layer_inputs *in, taking *t)
{
    *t = (taking){.l = l, .layer = layer, .in = in};
    t->values = malloc(in->count * sizeof *t->values);
    t->ends = calloc(in->count, sizeof *t->ends);
    t->some = malloc(in->count * sizeof *t->some);
    t->rows = malloc(in->count * sizeof *t->rows);
    if (!t->values || !t->ends || !t->some || !t->rows) return FAIL(ERR_MEMORY, "no memory for %zu inputs", in->count);
    return places_new(&l->o, in->count, &t->places);
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

static size_t find_predicted(const taking *t)
{
    size_t count = 0;
    for (size_t i = 0; i < t->in->count; i++) {
        t->values[i] = NAN;
        if (state_of(t, i)->prediction) t->some[count++] = i;
    }
    return count;
}

static tensor *predictions(const taking *t, size_t count)
{
    tensor *x = NULL, **each = malloc(count * sizeof(tensor *));
    for (size_t i = 0; each && i < count; i++) each[i] = state_of(t, t->some[i])->prediction;
    if (each) x = count == 1 ? t_unsqueeze(each[0], 0) : t_stack(each, (int)count, 0);
    free(each);
    return x;
}

static tensor *inputs_of(const taking *t, size_t count)
{
    if (t->layer == 0) {
        return count == t->in->count
                   ? t->in->pictures
                   : t_index_select(t->in->pictures, 0, t_from_i64((const int64_t *)t->some, SHAPE((int64_t)count)));
    }
    for (size_t i = 0; i < count; i++) t->rows[i] = t->in->rows[t->some[i]];
    return tape_rows(t->l->tape.values, t->rows, count);
}

static status compare(taking *t)
{
    status st = OK;
    size_t count = find_predicted(t);
    double *found = malloc((count ? count : 1) * sizeof *found);
    if (!found) TRY(FAIL(ERR_MEMORY, "no memory for %zu values", count));
    if (!count) goto done;
    tensor *value = stream_compare(&t->l->layers[t->layer], predictions(t, count), inputs_of(t, count));
    TRY(t_to_bytes(t_cast(value, T_F64), found, count * sizeof *found));
    for (size_t i = 0; i < count; i++) {
        size_t at = t->some[i];
        t->values[at] = found[i];
        if (!isfinite(found[i]))
            TRY(FAIL(ERR_INPUT,
                     "layer %zu's prediction of frame %lld of stream %zu is compared to %g: the learning rate "
                     "may be too high (stream.train.lr)",
                     t->layer, (long long)frame_of(t, at), t->in->streams[at], found[i]));
    }
done:
    free(found);
    return st;
}

/* ---- judging ----------------------------------------------------------------------------------------------------- */

static status note_loss(const taking *t, size_t i, double tau)
{
    const layer_state *s = state_of(t, i);
    tape_loss loss = {
        .layer = t->layer, .levels = s->levels, .target = t->in->rows[i], .tau = t->l->o.timescale ? tau : 1};
    for (size_t k = 0; k < s->levels; k++) loss.rows[k] = s->seen[k];
    return tape_add_loss(&t->l->tape, &loss);
}

static status tell(const taking *t, stream_input *said, size_t event, const stream_listener *listener)
{
    status st = OK;
    float *vector = NULL;
    if (said->boundary) {
        size_t width = (size_t)t->l->o.features;
        vector = malloc(width * sizeof *vector);
        if (!vector) TRY(FAIL(ERR_MEMORY, "no memory for an event"));
        TRY(t_to_f32(tape_rows(t->l->tape.values, &event, 1), vector, width));
        said->event = vector;
    }
    TRY(listener->input(listener->self, said));
done:
    free(vector);
    return st;
}

static status judge(taking *t, size_t i, bool learn, const stream_listener *listener)
{
    status st = OK;
    layer_state *s = state_of(t, i);
    stream_input said = {
        .stream = t->in->streams[i], .layer = t->layer, .frame = frame_of(t, i), .value = t->values[i]};
    said.tau = (double)(said.frame - s->last_frame);
    said.predicted = s->prediction;
    said.limit = NAN;
    s->last_frame = said.frame;
    if (said.predicted) {
        said.limit = demarcation_limit(&s->where);
        said.forced = t->l->o.force_fixed_buffer && s->buffer.seen >= t->l->o.buffer_size;
        bool judged = demarcation_judge(&s->where, said.value);
        said.boundary = judged || said.forced;
        said.forced = said.forced && !judged;
        if (learn) TRY(note_loss(t, i, said.tau));
    }
    bool similar = stream_distance(&t->l->o, t->layer) == DISTANCE_SIMILARITY;
    said.error = similar ? 1 - said.value : said.value;
    said.threshold = similar ? 1 - said.limit : said.limit;
    t->ends[i] = said.boundary;
    if (listener) TRY(tell(t, &said, s->event, listener));
done:
    return st;
}

/* What ended is an input of the layer above. */
static status hand_up(taking *t, bool learn, const stream_listener *listener)
{
    status st = OK;
    size_t count = 0, *streams = malloc(t->in->count * sizeof *streams);
    layer_inputs up = {.streams = streams, .rows = t->some};
    if (!streams) TRY(FAIL(ERR_MEMORY, "no memory for %zu events", t->in->count));
    for (size_t i = 0; i < t->in->count; i++) {
        if (!t->ends[i]) continue;
        t->some[count] = state_of(t, i)->event;
        streams[count++] = t->in->streams[i];
    }
    up.count = count;
    if (count && t->layer + 1 < t->l->layer_count) TRY(layer_take(t->l, t->layer + 1, &up, learn, listener));
done:
    free(streams);
    return st;
}

/* ---- encoding and predicting --------------------------------------------------------------------------------------
 */

static void keep(taking *t, size_t i)
{
    layer_state *s = state_of(t, i);
    bool predicted = s->prediction;
    if (t->ends[i] || !predicted) buffer_reset(&s->buffer);
    buffer_add(&s->buffer, t->in->rows[i], predicted ? t->values[i] : NO_ERROR);
}

static status encode(taking *t)
{
    status st = OK;
    tape *tape_of = &t->l->tape;
    size_t most = 0, count = t->in->count, first = tape_of->count;
    for (size_t i = 0; i < count; i++)
        if (state_of(t, i)->buffer.count > most) most = state_of(t, i)->buffer.count;
    for (size_t i = 0; i < count; i++)
        places_fill(&t->places, i, state_of(t, i)->buffer.items, state_of(t, i)->buffer.count, most);
    tensor *z = stream_encode_event(&t->l->layers[t->layer], places_values(&t->places, tape_of, count, most),
                                    places_there(&t->places, count, most));
    TRY(t_assign(t_narrow(tape_of->values, 0, (int64_t)first, (int64_t)count), z));
    for (size_t i = 0; i < count; i++) {
        layer_state *s = state_of(t, i);
        TRY(tape_add_event(tape_of, t->layer, s->buffer.items, s->buffer.count, &s->event));
    }
done:
    return st;
}

/* The levels that a prediction is made of: from the lowest up to the first that has nothing to say yet. */
static void look_around(const taking *t, size_t i)
{
    layer_state *s = state_of(t, i);
    const stream_state *stream = &t->l->states[t->in->streams[i]];
    for (s->levels = 0; s->levels < t->l->layer_count; s->levels++) {
        size_t row = stream->layers[s->levels].event;
        if (row == NO_ROW) break;
        s->seen[s->levels] = row;
    }
}

static status predict(taking *t)
{
    status st = OK;
    size_t most = 0, count = t->in->count;
    stream_layer *layer = &t->l->layers[t->layer];
    for (size_t i = 0; i < count; i++) {
        look_around(t, i);
        if (state_of(t, i)->levels > most) most = state_of(t, i)->levels;
    }
    for (size_t i = 0; i < count; i++) places_fill(&t->places, i, state_of(t, i)->seen, state_of(t, i)->levels, most);
    tensor *x = stream_predict(layer, places_values(&t->places, &t->l->tape, count, most),
                               places_there(&t->places, count, most));
    if (t->layer == 0) x = stream_decode_pictures(layer, x);
    TRY(t_check(x));
    for (size_t i = 0; i < count; i++) {
        layer_state *s = state_of(t, i);
        t_free(&s->prediction);
        s->prediction = t_keep(t_select(x, 0, (int64_t)i));
        TRY(t_check(s->prediction));
    }
done:
    return st;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

/* A layer grows its parent at the beginning of the input of which it has had as many as are asked for before. */
static status count_inputs(taking *t)
{
    bool grows = false, topmost = t->layer + 1 == t->l->layer_count;
    for (size_t i = 0; i < t->in->count; i++) grows |= ++state_of(t, i)->inputs >= t->l->o.evolve_every + 2;
    if (!grows || !topmost || (int64_t)t->l->layer_count >= t->l->o.max_layers) return OK;
    t->l->wants_growth = true;
    return t->l->o.joint_growth ? OK : learner_grow(t->l);
}

status layer_take(learner *l, size_t layer, const layer_inputs *in, bool learn, const stream_listener *listener)
{
    status st = OK;
    taking t = {0};
    TRY(taking_new(l, layer, in, &t));
    if (learn) TRY(count_inputs(&t));
    TRY(compare(&t));
    for (size_t i = 0; i < in->count; i++) TRY(judge(&t, i, learn, listener));
    TRY(hand_up(&t, learn, listener));
    for (size_t i = 0; i < in->count; i++) keep(&t, i);
    TRY(encode(&t));
    TRY(predict(&t));
done:
    taking_free(&t);
    return st;
}
