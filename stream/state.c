#include "stream/state.h"

#include "base/file.h"
#include "stream/learning.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 96 };

/* ---- names ------------------------------------------------------------------------------------------------------- */

static const char *const NAMES[STATE_FILES_MOST] = {
    "model.safetensors",       "learner.safetensors",     "optimizer.0.safetensors", "optimizer.1.safetensors",
    "optimizer.2.safetensors", "optimizer.3.safetensors", "optimizer.4.safetensors", "optimizer.5.safetensors",
    "optimizer.6.safetensors", "optimizer.7.safetensors",
};
enum { MODEL_FILE, LEARNER_FILE, OPTIMIZER_FILES };

const char *learner_state_name(size_t i)
{
    return NAMES[i];
}

size_t learner_state_files(const learner *l)
{
    return OPTIMIZER_FILES + l->layer_count;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* Tensors with names, in a scope of the caller's. Sticky: what fails is told by put_all. */
typedef struct {
    tensor **tensors;
    char (*names)[NAME_BYTES];
    size_t count, room;
    bool failed;
} named;

static void put(named *n, tensor *x, const char *name, ...) __attribute__((format(printf, 3, 4)));

static void put(named *n, tensor *x, const char *name, ...)
{
    va_list words;
    if (n->count == n->room && !n->failed) {
        size_t room = n->room ? 2 * n->room : 256;
        tensor **tensors = realloc(n->tensors, room * sizeof *tensors);
        if (tensors) n->tensors = tensors;
        char(*names)[NAME_BYTES] = realloc(n->names, room * sizeof *names);
        if (names) n->names = names;
        n->failed = !tensors || !names;
        n->room = room;
    }
    if (n->failed) return;
    n->tensors[n->count] = x;
    va_start(words, name);
    vsnprintf(n->names[n->count++], NAME_BYTES, name, words);
    va_end(words);
}

static tensor *integers(const int64_t *values, size_t count)
{
    return t_from_i64(values, SHAPE((int64_t)count));
}

static tensor *reals(const double *values, size_t count)
{
    return t_from_bytes(T_F64, values, SHAPE((int64_t)count));
}

static int64_t number_of(size_t row)
{
    return row == NO_ROW ? -1 : (int64_t)row;
}

static void put_gradients(named *n, learner *l)
{
    for (size_t i = 0; i < module_parameter_count(l->model); i++)
        put(n, t_grad(module_parameter_at(l->model, i)), "gradient.%s", module_parameter_name(l->model, i));
}

static void put_counts(named *n, const learner *l)
{
    int64_t whole[] = {l->steps, l->frames, (int64_t)l->layer_count, (int64_t)l->streams, l->wants_growth};
    put(n, integers(whole, sizeof whole / sizeof whole[0]), "counts");
    put(n, integers(l->counts.losses, STREAM_LAYERS_MOST), "losses");
    put(n, reals(l->counts.predictor, STREAM_LAYERS_MOST), "tau.predictor");
    put(n, reals(l->counts.encoder, STREAM_LAYERS_MOST), "tau.encoder");
}

/* Which rows of a layer's tables have been scaled: doing it again could change their last bits. */
static void put_fits(named *n, const learner *l)
{
    for (size_t i = 0; i < l->layer_count; i++) {
        const stream_layer *layer = &l->layers[i];
        int64_t fits[] = {layer->token_fits, layer->positions_fit, layer->levels_fit};
        put(n, integers(fits, sizeof fits / sizeof fits[0]), "layer.%zu.fits", i);
    }
}

static void put_pictures(named *n, const learner *l)
{
    const stream_options *o = &l->o;
    for (size_t i = 0; i < l->tape.count; i++)
        if (!l->tape.rows[i].is_event)
            put(n, t_from_bytes(T_U8, l->tape.rows[i].picture, SHAPE(o->height, o->width, 3)), "picture.%zu", i);
}

enum { ROW_IS_EVENT, ROW_LEVEL, ROW_PULLED, ROW_INPUTS, ROW_FIELDS };

static void put_rows(named *n, const learner *l)
{
    const tape *t = &l->tape;
    for (size_t i = 0; i < t->count; i++) {
        const tape_row *r = &t->rows[i];
        int64_t fields[ROW_FIELDS] = {r->is_event, (int64_t)r->level, r->pulled, (int64_t)r->count};
        put(n, integers(fields, ROW_FIELDS), "row.%zu", i);
        if (r->count) put(n, integers((const int64_t *)r->inputs, r->count), "row.%zu.inputs", i);
    }
    if (!t->count) return;
    put(n, t_narrow(t->values, 0, 0, (int64_t)t->count), "values");
    put(n, t_narrow(t->pulls, 0, 0, (int64_t)t->count), "pulls");
}

enum {
    STATE_LAST_FRAME,
    STATE_INPUTS,
    STATE_EVENT,
    STATE_LEVELS,
    STATE_SEEN,
    STATE_KEPT,
    STATE_VALUES,
    STATE_NEXT,
    STATE_PREDICTED,
    STATE_WORSE,
    STATE_ROWS,
    STATE_FIELDS = STATE_ROWS + STREAM_LAYERS_MOST
};

static void put_layer(named *n, const layer_state *s, size_t stream, size_t layer)
{
    const event_buffer *b = &s->buffer;
    const demarcation *d = &s->where;
    int64_t fields[STATE_FIELDS] = {
        s->last_frame,     s->inputs,         number_of(s->event), (int64_t)s->levels,    b->seen,
        (int64_t)b->count, (int64_t)d->count, (int64_t)d->next,    s->prediction != NULL, d->worse};
    for (size_t k = 0; k < s->levels; k++) fields[STATE_ROWS + k] = number_of(s->seen[k]);
    put(n, integers(fields, STATE_FIELDS), "stream.%zu.layer.%zu", stream, layer);
    put(n, reals(&d->sum, 1), "stream.%zu.layer.%zu.sum", stream, layer);
    put(n, reals(d->window, d->room), "stream.%zu.layer.%zu.window", stream, layer);
    if (s->prediction) put(n, s->prediction, "stream.%zu.layer.%zu.prediction", stream, layer);
    if (!b->count) return;
    put(n, integers((const int64_t *)b->items, b->count), "stream.%zu.layer.%zu.buffer", stream, layer);
    put(n, reals(b->values, b->count), "stream.%zu.layer.%zu.errors", stream, layer);
}

static status put_all(named *n, const char *name, file_image *out)
{
    status st = OK;
    const char **names = malloc((n->count + 1) * sizeof *names);
    if (!names || n->failed) TRY(FAIL(ERR_MEMORY, "no memory for the state of a learner"));
    for (size_t i = 0; i < n->count; i++) names[i] = n->names[i];
    TRY(tensor_file_image(name, n->tensors, names, n->count, NULL, out));
done:
    free(names);
    return st;
}

static status learner_image(learner *l, const char *name, file_image *out)
{
    named n = {0};
    scope *sc = scope_open();
    put_counts(&n, l);
    put_fits(&n, l);
    put_gradients(&n, l);
    put_rows(&n, l);
    put_pictures(&n, l);
    for (size_t s = 0; s < l->streams; s++) {
        put(&n, integers(&l->states[s].frame, 1), "stream.%zu", s);
        for (size_t i = 0; i < l->layer_count; i++) put_layer(&n, &l->states[s].layers[i], s, i);
    }
    status st = put_all(&n, name, out);
    free(n.tensors);
    free(n.names);
    scope_close(&sc);
    return st;
}

status learner_state_image(learner *l, size_t i, file_image *out)
{
    if (i == MODEL_FILE) return module_image(l->model, NAMES[i], out);
    if (i == LEARNER_FILE) return learner_image(l, NAMES[i], out);
    return optim_image(l->optimizers[i - OPTIMIZER_FILES], NAMES[i], out);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

typedef struct {
    learner *l;
    tensor_file *file;
    char name[NAME_BYTES];
} reading;

static const char *name_of(reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static const char *name_of(reading *r, const char *format, ...)
{
    va_list words;
    va_start(words, format);
    vsnprintf(r->name, sizeof r->name, format, words);
    va_end(words);
    return r->name;
}

/* `count` numbers of the tensor r->name: int64, or float64 with `real`. */
static status get(reading *r, void *out, size_t count, bool real)
{
    tensor *x = tensor_file_get(r->file, r->name);
    if (x && (t_type_of(x) != (real ? T_F64 : T_I64) || t_count(x) != (int64_t)count))
        return FAIL(ERR_INPUT, "%s: tensor '%s' is not that of a learner with these options", tensor_file_path(r->file),
                    r->name);
    return t_to_bytes(x, out, count * sizeof(int64_t));
}

static status wrong(const reading *r)
{
    return FAIL(ERR_INPUT, "%s: tensor '%s' makes no sense", tensor_file_path(r->file), r->name);
}

static bool is_row(const reading *r, int64_t row, bool may_be_none)
{
    return (row >= 0 && (size_t)row < r->l->tape.count) || (may_be_none && row == -1);
}

static size_t row_of(int64_t number)
{
    return number < 0 ? NO_ROW : (size_t)number;
}

/* Copies a tensor of the file into one that is there, of the same shape and type. */
static status get_tensor(reading *r, tensor *to)
{
    tensor *x = tensor_file_get(r->file, r->name);
    bool same = x && t_type_of(x) == t_type_of(to) && t_dims(x) == t_dims(to);
    for (int i = 0; same && i < t_dims(x); i++) same = t_size(x, i) == t_size(to, i);
    if (x && !same)
        return FAIL(ERR_INPUT, "%s: tensor '%s' is of another shape or type", tensor_file_path(r->file), r->name);
    return t_assign(to, x);
}

static status load_counts(reading *r)
{
    status st = OK;
    learner *l = r->l;
    int64_t whole[5];
    name_of(r, "counts");
    TRY(get(r, whole, 5, false));
    if (whole[2] < l->o.init_layers || whole[2] > l->o.max_layers || whole[3] != (int64_t)l->streams) TRY(wrong(r));
    l->steps = whole[0];
    l->frames = whole[1];
    while ((int64_t)l->layer_count < whole[2]) TRY(learner_grow(l));
    l->wants_growth = whole[4];
    name_of(r, "losses");
    TRY(get(r, l->counts.losses, STREAM_LAYERS_MOST, false));
    name_of(r, "tau.predictor");
    TRY(get(r, l->counts.predictor, STREAM_LAYERS_MOST, true));
    name_of(r, "tau.encoder");
    TRY(get(r, l->counts.encoder, STREAM_LAYERS_MOST, true));
done:
    return st;
}

static status load_fits(reading *r)
{
    status st = OK;
    const stream_options *o = &r->l->o;
    for (size_t i = 0; i < r->l->layer_count; i++) {
        stream_layer *layer = &r->l->layers[i];
        int64_t fits[3];
        name_of(r, "layer.%zu.fits", i);
        TRY(get(r, fits, 3, false));
        if (fits[1] < 0 || fits[1] > o->buffer_size || fits[2] < 0 || fits[2] > o->max_layers) TRY(wrong(r));
        layer->token_fits = fits[0];
        layer->positions_fit = fits[1];
        layer->levels_fit = fits[2];
    }
done:
    return st;
}

static status load_gradients(reading *r)
{
    status st = OK;
    module *m = r->l->model;
    for (size_t i = 0; i < module_parameter_count(m); i++) {
        scope *sc = scope_open();
        name_of(r, "gradient.%s", module_parameter_name(m, i));
        st = get_tensor(r, t_grad(module_parameter_at(m, i)));
        scope_close(&sc);
        TRY(st);
    }
done:
    return st;
}

/* How many rows there are: the rows of `values`, which the file has when there are any. */
static size_t count_rows(reading *r)
{
    size_t count = 0;
    for (size_t i = 0; i < tensor_file_count(r->file); i++)
        if (!strncmp(tensor_file_name(r->file, i), "row.", 4) && !strstr(tensor_file_name(r->file, i), ".inputs"))
            count++;
    return count;
}

static status load_inputs(reading *r, size_t i, int64_t count)
{
    tape *t = &r->l->tape;
    tape_row *row = &t->rows[i];
    if (!count) return OK;
    row->inputs = calloc((size_t)count, sizeof *row->inputs);
    if (!row->inputs) return FAIL(ERR_MEMORY, "no memory for %lld inputs", (long long)count);
    name_of(r, "row.%zu.inputs", i);
    status st = get(r, row->inputs, (size_t)count, false);
    if (st != OK) return st;
    for (int64_t k = 0; k < count; k++)
        if (row->inputs[k] >= t->count) return wrong(r);
    row->count = (size_t)count;
    return OK;
}

static status load_row(reading *r, size_t i)
{
    status st = OK;
    const stream_options *o = &r->l->o;
    tape_row *row = &r->l->tape.rows[i];
    int64_t fields[ROW_FIELDS];
    name_of(r, "row.%zu", i);
    TRY(get(r, fields, ROW_FIELDS, false));
    if (fields[ROW_LEVEL] < 0 || fields[ROW_LEVEL] >= o->max_layers) TRY(wrong(r));
    if (fields[ROW_INPUTS] < 0 || fields[ROW_INPUTS] > o->buffer_size) TRY(wrong(r));
    *row =
        (tape_row){.is_event = fields[ROW_IS_EVENT], .level = (size_t)fields[ROW_LEVEL], .pulled = fields[ROW_PULLED]};
    TRY(load_inputs(r, i, fields[ROW_INPUTS]));
    if (row->is_event) goto done;
    row->own = malloc(r->l->tape.picture_bytes);
    if (!row->own) TRY(FAIL(ERR_MEMORY, "no memory for a picture"));
    row->picture = row->own;
    tensor *picture = tensor_file_get(r->file, name_of(r, "picture.%zu", i));
    if (picture && (t_type_of(picture) != T_U8 || t_count(picture) != (int64_t)r->l->tape.picture_bytes)) TRY(wrong(r));
    TRY(t_to_bytes(picture, row->own, r->l->tape.picture_bytes));
done:
    return st;
}

static status load_rows(reading *r)
{
    status st = OK;
    tape *t = &r->l->tape;
    size_t *moved = NULL, count = count_rows(r);
    scope *sc = scope_open();
    TRY(tape_compact(t, count, &moved)); /* of an empty tape: room for them */
    t->count = count;
    for (size_t i = 0; i < count; i++) TRY(load_row(r, i));
    if (!count) goto done;
    name_of(r, "values");
    TRY(get_tensor(r, t->values));
    name_of(r, "pulls");
    TRY(get_tensor(r, t->pulls));
done:
    free(moved);
    scope_close(&sc);
    return st;
}

static status load_buffer(reading *r, event_buffer *b, size_t stream, size_t layer)
{
    status st = OK;
    if (!b->count) goto done;
    name_of(r, "stream.%zu.layer.%zu.errors", stream, layer);
    TRY(get(r, b->values, b->count, true));
    name_of(r, "stream.%zu.layer.%zu.buffer", stream, layer);
    TRY(get(r, b->items, b->count, false));
    for (size_t k = 0; k < b->count; k++)
        if (!is_row(r, (int64_t)b->items[k], false)) TRY(wrong(r));
done:
    return st;
}

static status load_prediction(reading *r, size_t stream, size_t layer, tensor **out)
{
    status st = OK;
    const stream_options *o = &r->l->o;
    scope *sc = scope_open();
    tensor *x = layer ? t_zeros(r->l->type, SHAPE(o->features)) : t_zeros(r->l->type, SHAPE(3, o->height, o->width));
    name_of(r, "stream.%zu.layer.%zu.prediction", stream, layer);
    TRY(get_tensor(r, x));
    *out = t_keep(x);
done:
    scope_close(&sc);
    return st;
}

static status load_fields(reading *r, layer_state *s, const int64_t *fields)
{
    const demarcation *d = &s->where;
    if (fields[STATE_LEVELS] < 0 || fields[STATE_LEVELS] > (int64_t)r->l->layer_count) return wrong(r);
    if (fields[STATE_KEPT] < 0 || fields[STATE_KEPT] > (int64_t)s->buffer.room) return wrong(r);
    if (fields[STATE_VALUES] < 0 || fields[STATE_VALUES] > (int64_t)d->room) return wrong(r);
    if (fields[STATE_NEXT] < 0 || fields[STATE_NEXT] >= (int64_t)d->room) return wrong(r);
    if (!is_row(r, fields[STATE_EVENT], true)) return wrong(r);
    s->last_frame = fields[STATE_LAST_FRAME];
    s->inputs = fields[STATE_INPUTS];
    s->event = row_of(fields[STATE_EVENT]);
    s->levels = (size_t)fields[STATE_LEVELS];
    for (size_t k = 0; k < s->levels; k++) {
        if (fields[STATE_PREDICTED] && !is_row(r, fields[STATE_ROWS + k], false)) return wrong(r);
        s->seen[k] = row_of(fields[STATE_ROWS + k]);
    }
    s->buffer.seen = fields[STATE_SEEN];
    s->buffer.count = (size_t)fields[STATE_KEPT];
    s->where.count = (size_t)fields[STATE_VALUES];
    s->where.next = (size_t)fields[STATE_NEXT];
    s->where.worse = fields[STATE_WORSE] != 0;
    return OK;
}

static status load_layer(reading *r, layer_state *s, size_t stream, size_t layer)
{
    status st = OK;
    int64_t fields[STATE_FIELDS];
    name_of(r, "stream.%zu.layer.%zu", stream, layer);
    TRY(get(r, fields, STATE_FIELDS, false));
    TRY(load_fields(r, s, fields));
    name_of(r, "stream.%zu.layer.%zu.sum", stream, layer);
    TRY(get(r, &s->where.sum, 1, true));
    name_of(r, "stream.%zu.layer.%zu.window", stream, layer);
    TRY(get(r, s->where.window, s->where.room, true));
    TRY(load_buffer(r, &s->buffer, stream, layer));
    if (fields[STATE_PREDICTED]) TRY(load_prediction(r, stream, layer, &s->prediction));
done:
    return st;
}

static status load_streams(reading *r)
{
    status st = OK;
    for (size_t s = 0; s < r->l->streams; s++) {
        name_of(r, "stream.%zu", s);
        TRY(get(r, &r->l->states[s].frame, 1, false));
        for (size_t i = 0; i < r->l->layer_count; i++) TRY(load_layer(r, &r->l->states[s].layers[i], s, i));
    }
done:
    return st;
}

static status load_learner(learner *l, const char *path)
{
    status st = OK;
    reading r = {.l = l};
    scope *sc = scope_open();
    TRY(tensor_file_open(path, &r.file));
    TRY(load_counts(&r));
    TRY(load_fits(&r));
    TRY(load_gradients(&r));
    TRY(load_rows(&r));
    TRY(load_streams(&r));
done:
    tensor_file_close(&r.file);
    scope_close(&sc);
    return st;
}

static status load_optimizer(optim *o, const char *path)
{
    tensor_file *file = NULL;
    status st = tensor_file_open(path, &file);
    if (st == OK) st = optim_load(o, file);
    tensor_file_close(&file);
    return st;
}

status learner_state_load(learner *l, const char *directory)
{
    status st = OK;
    char *path = NULL;
    for (size_t step = 0; step < learner_state_files(l); step++) {
        /* the learner's own file first: it says how many layers there are */
        size_t i = step == 0 ? LEARNER_FILE : step == 1 ? MODEL_FILE : step;
        free(path);
        path = path_join(directory, NAMES[i]);
        if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the name of a file"));
        if (i == LEARNER_FILE) TRY(load_learner(l, path));
        else if (i == MODEL_FILE) TRY(module_load(l->model, path));
        else TRY(load_optimizer(l->optimizers[i - OPTIMIZER_FILES], path));
    }
done:
    free(path);
    return st;
}
