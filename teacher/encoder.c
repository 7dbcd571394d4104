#include "teacher/encoder.h"

#include "base/hash.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const t_init NORMAL = {INIT_NORMAL, 0.02};
#define NORM_EPS 1e-12

typedef struct {
    module *query, *key, *value, *attended; /* linear */
    module *attention_norm;
    module *inner, *outer;
    module *output_norm;
} layer;

struct encoder {
    encoder_options o;
    module *root;
    module *ids, *second, *positions, *ages, *embedding_norm;
    layer *layers;      /* (o.layers) */
    module *final_norm; /* NULL without pre_norm */
    module *action, *verb, *noun;
    tensor *verb_of, *noun_of; /* (actions) int64, kept; NULL unless factored */
};

/* ---- building -----------------------------------------------------------------------------------------------------
 */

static module *child_at(module *parent, const char *name)
{
    return parent ? module_child(parent, name) : NULL;
}

static void build_layer(module *parent, const encoder_options *o, layer *l)
{
    module *attention = child_at(parent, "attention");
    module *self = child_at(attention, "self"), *after = child_at(attention, "output");
    module *inner = child_at(parent, "intermediate"), *output = child_at(parent, "output");
    l->query = nn_linear(self, "query", o->width, o->width, true, NORMAL);
    l->key = nn_linear(self, "key", o->width, o->width, true, NORMAL);
    l->value = nn_linear(self, "value", o->width, o->width, true, NORMAL);
    l->attended = nn_linear(after, "dense", o->width, o->width, true, NORMAL);
    l->attention_norm = nn_layer_norm(after, "LayerNorm", o->width, NORM_EPS);
    l->inner = nn_linear(inner, "dense", o->width, o->inner, true, NORMAL);
    l->outer = nn_linear(output, "dense", o->inner, o->width, true, NORMAL);
    l->output_norm = nn_layer_norm(output, "LayerNorm", o->width, NORM_EPS);
}

static void build_embeddings(encoder *e)
{
    const encoder_options *o = &e->o;
    module *embeddings = child_at(e->root, "embeddings");
    e->ids = nn_embedding(embeddings, "word_embeddings", o->id_rows, o->width, NORMAL);
    if (o->second_rows) e->second = nn_embedding(embeddings, "second_embeddings", o->second_rows, o->width, NORMAL);
    e->positions = nn_embedding(embeddings, "position_embeddings", o->positions, o->width, NORMAL);
    e->ages = nn_embedding(embeddings, "token_type_embeddings", o->ages, o->width, NORMAL);
    e->embedding_norm = nn_layer_norm(embeddings, "LayerNorm", o->width, NORM_EPS);
}

static void build_layers(encoder *e)
{
    module *stack = child_at(e->root, "encoder"), *list = child_at(stack, "layer");
    for (int64_t i = 0; i < e->o.layers; i++) {
        char name[24];
        snprintf(name, sizeof name, "%lld", (long long)i);
        build_layer(child_at(list, name), &e->o, &e->layers[i]);
    }
    if (e->o.pre_norm) e->final_norm = nn_layer_norm(stack, "LayerNorm", e->o.width, NORM_EPS);
}

static void build_heads(encoder *e)
{
    const encoder_options *o = &e->o;
    if (!o->actions) return;
    module *heads = child_at(e->root, "heads");
    e->action = nn_linear(heads, "action", o->width, o->actions, true, NORMAL);
    if (!o->verbs) return;
    e->verb = nn_linear(heads, "verb", o->width, o->verbs, true, NORMAL);
    e->noun = nn_linear(heads, "noun", o->width, o->nouns, true, NORMAL);
    if (!o->factored) return;
    e->verb_of = t_keep(t_from_i64(o->verb_of, SHAPE(o->actions)));
    e->noun_of = t_keep(t_from_i64(o->noun_of, SHAPE(o->actions)));
}

status encoder_new(const encoder_options *options, encoder **out)
{
    status st = OK;
    scope *sc = scope_open();
    encoder *e = calloc(1, sizeof *e);

    if (e) e->layers = calloc((size_t)options->layers, sizeof *e->layers);
    if (!e || !e->layers) TRY(FAIL(ERR_MEMORY, "no memory for an encoder of %lld layers", (long long)options->layers));
    if (options->width % options->heads)
        TRY(FAIL(ERR_CONFIG, "the width %lld is no multiple of the %lld attention heads", (long long)options->width,
                 (long long)options->heads));
    e->o = *options;
    e->o.factored = options->factored && options->actions && options->verbs;
    e->root = module_new();
    if (!e->root) TRY(FAIL(ERR_MEMORY, "no memory for an encoder"));
    build_embeddings(e);
    build_layers(e);
    build_heads(e);
    TRY(t_check(module_find(e->root, e->o.actions ? "heads.action.bias" : "embeddings.LayerNorm.bias")));
    *out = e;
    e = NULL;
done:
    encoder_free(&e);
    scope_close(&sc);
    return st;
}

void encoder_free(encoder **at)
{
    encoder *e = at ? *at : NULL;
    if (!e) return;
    t_free(&e->verb_of);
    t_free(&e->noun_of);
    module_free(&e->root);
    free(e->layers);
    free(e);
    *at = NULL;
}

module *encoder_module(encoder *e)
{
    return e->root;
}

/* ---- one pass -----------------------------------------------------------------------------------------------------
 */

/* The rows the last layer computes. */
typedef struct {
    tensor *rows;    /* (count) */
    bool one_each;   /* they are the start marks, one a sequence: nothing else looks around in the last layer */
    mask_keys *keys; /* (A) of dropout; NULL without */
} asked;

typedef struct {
    encoder *e;
    int64_t sequences, longest; /* B, T */
    int64_t tokens, rows;       /* N; N and the rows that fill up, R */
    bool packed;                /* rows are tokens alone, N < B * T; otherwise they are the padded form, R = B * T */
    asked last;
    int64_t *token_of, *row_of; /* (R) of each row, padding: token 0, and (N) of each token; NULL: the same number */
    tensor *spread;             /* (B * T) row of each place of the padded form; padding: row 0 */
    tensor *gather;             /* (R) place of each row in the padded form; rows that fill up: place 0 */
    tensor *visible, *hidden;   /* (B, 1, 1, T) bool; NULL when there is no padding */
    uint64_t *token_keys;       /* (R) of dropout; NULL without */
    mask_keys *keys, *starts;   /* the same, and those of each sequence's first token, (B); NULL without */
    uint64_t site;              /* dropouts so far */
} pass;

static int64_t token_of(const pass *p, int64_t row)
{
    return p->token_of ? p->token_of[row] : row < p->tokens ? row : 0;
}

static int64_t row_of(const pass *p, int64_t token)
{
    return p->row_of ? p->row_of[token] : token;
}

static tensor *drop(pass *p, tensor *x, double rate, mask_keys *keys)
{
    return keys && rate != 0 ? t_dropout_keyed(x, rate, keys, p->site++, 0, 0) : x;
}

/* Dropout of attention probabilities, (B, H, Tq, T): a key for each looking place of each head, so that the masks do
 * not depend on how far the batch is padded. */
static tensor *drop_seen(pass *p, tensor *seen)
{
    return t_dropout_keyed(seen, p->e->o.attention_dropout, p->starts, p->site++, p->e->o.heads, t_size(seen, 2));
}

/* Numbers of the tokens, (R); rows that fill up or pad are as the first. */
static tensor *row_numbers(const pass *p, const int64_t *of)
{
    int64_t *rows = malloc((size_t)p->rows * sizeof *rows);
    if (!rows) return NULL;
    for (int64_t r = 0; r < p->rows; r++) rows[r] = of[token_of(p, r)];
    tensor *made = t_from_i64(rows, SHAPE(p->rows));
    free(rows);
    return made;
}

static tensor *embed(pass *p, const token_batch *b)
{
    encoder *e = p->e;
    tensor *x = nn_embedding_forward(e->ids, row_numbers(p, b->ids)); /* (R, D) */
    if (e->second) x = t_add(x, nn_embedding_forward(e->second, row_numbers(p, b->second)));
    x = t_add(x, nn_embedding_forward(e->ages, row_numbers(p, b->ages)));
    x = t_add(x, nn_embedding_forward(e->positions, row_numbers(p, b->positions)));
    x = nn_layer_norm_forward(e->embedding_norm, x);
    return drop(p, x, e->o.embedding_dropout, p->keys);
}

/* (R, D) -> (B, H, T, D / H), padded where lengths differ; rows of one a sequence: (B, D) -> (B, H, 1, D / H). */
static tensor *split_heads(pass *p, tensor *x, bool one_each)
{
    int64_t heads = p->e->o.heads, length = one_each ? 1 : p->longest;
    if (p->packed && !one_each) x = t_index_select(x, 0, p->spread);
    return t_transpose(t_reshape(x, SHAPE(p->sequences, length, heads, p->e->o.width / heads)), 1, 2);
}

/* The inverse. */
static tensor *join_heads(pass *p, tensor *x, bool one_each)
{
    x = t_reshape(t_transpose(x, 1, 2), SHAPE(-1, p->e->o.width));
    return p->packed && !one_each ? t_index_select(x, 0, p->gather) : x;
}

static tensor *attend_dropping(pass *p, tensor *q, tensor *k, tensor *v)
{
    double scale = 1 / sqrt((double)(p->e->o.width / p->e->o.heads));
    tensor *scores = t_matmul(t_scale(q, scale), t_transpose(k, 2, 3)); /* (B, H, Tq, T) */
    if (p->hidden) scores = t_masked_fill(scores, p->hidden, -INFINITY);
    return t_matmul(drop_seen(p, t_softmax(scores, -1)), v);
}

/* (R, D) -> (A, D) of what is asked for. */
static tensor *take_asked(pass *p, tensor *x)
{
    if (!p->last.one_each || p->packed) return t_index_select(x, 0, p->last.rows);
    return t_select(t_reshape(x, SHAPE(p->sequences, p->longest, p->e->o.width)), 1, 0); /* the first of each */
}

/* x (R, D) -> (R, D), or (A, D) of what is asked for when `last`. */
static tensor *attend(pass *p, layer *l, tensor *x, bool last)
{
    bool one_each = last && p->last.one_each;
    tensor *looking = one_each ? take_asked(p, x) : x;
    tensor *q = split_heads(p, nn_linear_forward(l->query, looking), one_each);
    tensor *k = split_heads(p, nn_linear_forward(l->key, x), false);
    tensor *v = split_heads(p, nn_linear_forward(l->value, x), false);
    bool dropping = p->keys && p->e->o.attention_dropout > 0;
    tensor *seen = dropping ? attend_dropping(p, q, k, v) : t_attention(q, k, v, p->visible, false);
    seen = join_heads(p, seen, one_each);
    return nn_linear_forward(l->attended, last && !one_each ? take_asked(p, seen) : seen);
}

static tensor *run_layer(pass *p, layer *l, tensor *x, bool last)
{
    encoder *e = p->e;
    mask_keys *keys = last ? p->last.keys : p->keys;
    bool before = e->o.pre_norm;

    tensor *in = before ? nn_layer_norm_forward(l->attention_norm, x) : x;
    tensor *seen = drop(p, attend(p, l, in, last), e->o.dropout, keys);
    x = t_add(last ? take_asked(p, x) : x, seen);
    if (!before) x = nn_layer_norm_forward(l->attention_norm, x);
    in = before ? nn_layer_norm_forward(l->output_norm, x) : x;
    tensor *inner = drop(p, t_gelu(nn_linear_forward(l->inner, in)), e->o.inner_dropout, keys);
    x = t_add(x, drop(p, nn_linear_forward(l->outer, inner), e->o.dropout, keys));
    return before ? x : nn_layer_norm_forward(l->output_norm, x);
}

static tensor *action_logits(encoder *e, tensor *x)
{
    module *const parts[] = {e->verb, e->noun};
    tensor *const part_of[] = {e->verb_of, e->noun_of};
    return nn_composed_forward(e->action, parts, part_of, e->o.factored ? 2 : 0, x);
}

/* ---- the layout of a batch ----------------------------------------------------------------------------------------
 */

/* The fast products (tensor/linear.cpp) make code for each shape: milliseconds, and half a megabyte that stays. So rows
 * are filled up to one of 8 to 16 numbers between a power of two and the next. What fills up is read by nobody and gets
 * no gradient. */
static int64_t fill_up(int64_t tokens)
{
    int64_t step = 1;
    while (step * 16 <= tokens) step *= 2;
    return (tokens + step - 1) / step * step;
}

typedef struct {
    int64_t *spread, *gather;
    unsigned char *visible, *hidden;
} layout;

static status layout_alloc(layout *l, size_t places, size_t rows)
{
    l->spread = calloc(places, sizeof *l->spread);
    l->gather = calloc(rows, sizeof *l->gather);
    l->visible = calloc(places, 1);
    l->hidden = malloc(places);
    if (!l->spread || !l->gather || !l->visible || !l->hidden)
        return FAIL(ERR_MEMORY, "no memory for a batch of %zu tokens", rows);
    memset(l->hidden, 1, places);
    return OK;
}

static void layout_free(layout *l)
{
    free(l->spread);
    free(l->gather);
    free(l->visible);
    free(l->hidden);
}

static void layout_fill(layout *l, const token_batch *b)
{
    for (size_t s = 0; s < b->count; s++) {
        for (size_t n = b->first[s]; n < b->first[s + 1]; n++) {
            size_t place = s * b->longest + (n - b->first[s]);
            l->spread[place] = (int64_t)n;
            l->gather[n] = (int64_t)place;
            l->visible[place] = 1;
            l->hidden[place] = 0;
        }
    }
}

/* A GPU computes padding in less time than it takes to gather rows, whose backward it has to sort. */
static status lay_out(pass *p, const token_batch *b)
{
    status st = OK;
    layout l = {0};
    int64_t places = p->sequences * p->longest;

    p->rows = places;
    if (p->tokens == places) goto done;
    p->packed = t_device_used() == T_CPU;
    if (p->packed) p->rows = fill_up(p->tokens);
    TRY(layout_alloc(&l, (size_t)places, (size_t)p->rows));
    layout_fill(&l, b);
    if (p->packed) {
        p->spread = t_from_i64(l.spread, SHAPE(places));
        p->gather = t_from_i64(l.gather, SHAPE(p->rows));
    } else {
        p->token_of = l.spread;
        p->row_of = l.gather;
        l.spread = l.gather = NULL; /* the pass owns them now */
    }
    p->visible = t_from_bytes(T_BOOL, l.visible, SHAPE(p->sequences, 1, 1, p->longest));
    p->hidden = t_from_bytes(T_BOOL, l.hidden, SHAPE(p->sequences, 1, 1, p->longest));
done:
    layout_free(&l);
    return st;
}

static status check_positions(const encoder *e, const token_batch *b)
{
    for (size_t n = 0; n < b->first[b->count]; n++)
        if (b->positions[n] >= e->o.positions)
            return FAIL(ERR_INPUT, "a token at position %lld lies behind the %lld positions of the encoder",
                        (long long)b->positions[n], (long long)e->o.positions);
    return OK;
}

static status make_keys(pass *p, const token_batch *b, const uint64_t *keys)
{
    status st = OK;
    uint64_t *starts = calloc(b->count, sizeof *starts);
    p->token_keys = calloc((size_t)p->rows, sizeof *p->token_keys);
    if (!p->token_keys || !starts) TRY(FAIL(ERR_MEMORY, "no memory for the dropout of %zu tokens", (size_t)p->rows));
    for (size_t s = 0; s < b->count; s++) {
        for (size_t n = b->first[s]; n < b->first[s + 1]; n++)
            p->token_keys[row_of(p, (int64_t)n)] = hash_mix(keys[s], n - b->first[s]);
        starts[s] = hash_mix(keys[s], 0);
    }
    p->keys = mask_keys_new(p->token_keys, (size_t)p->rows);
    p->starts = mask_keys_new(starts, b->count);
done:
    free(starts);
    return st;
}

/* The last layer is to compute these tokens' rows; those that fill up are as token 0. */
static status ask(pass *p, const int64_t *rows, size_t count, bool one_each)
{
    status st = OK;
    size_t room = one_each ? count : (size_t)fill_up(count ? (int64_t)count : 1);
    int64_t *filled = calloc(room, sizeof *filled);
    uint64_t *keys = NULL;
    if (!filled) TRY(FAIL(ERR_MEMORY, "no memory for the states of %zu tokens", count));
    for (size_t i = 0; i < room; i++) filled[i] = row_of(p, i < count ? rows[i] : 0);
    p->last = (asked){.rows = t_from_i64(filled, SHAPE((int64_t)room)), .one_each = one_each};
    if (!p->token_keys) goto done;
    keys = calloc(room, sizeof *keys);
    if (!keys) TRY(FAIL(ERR_MEMORY, "no memory for the dropout of %zu tokens", count));
    for (size_t i = 0; i < room; i++) keys[i] = p->token_keys[filled[i]];
    p->last.keys = mask_keys_new(keys, room);
done:
    free(keys);
    free(filled);
    return st;
}

static status pass_begin(pass *p, encoder *e, const token_batch *b, const uint64_t *keys)
{
    status st = OK;
    *p = (pass){.e = e, .sequences = (int64_t)b->count, .longest = (int64_t)b->longest};
    p->tokens = (int64_t)b->first[b->count];
    TRY(check_positions(e, b));
    TRY(lay_out(p, b));
    if (keys) TRY(make_keys(p, b, keys));
done:
    return st;
}

/* States of what was asked for, (A, D). */
static tensor *run_layers(pass *p, const token_batch *b)
{
    encoder *e = p->e;
    tensor *x = embed(p, b);
    for (int64_t i = 0; i < e->o.layers; i++) x = run_layer(p, &e->layers[i], x, i == e->o.layers - 1);
    return e->final_norm ? nn_layer_norm_forward(e->final_norm, x) : x;
}

static void pass_end(pass *p)
{
    mask_keys_free(&p->keys);
    mask_keys_free(&p->starts);
    mask_keys_free(&p->last.keys);
    free(p->token_keys);
    free(p->token_of);
    free(p->row_of);
}

static status ask_starts(pass *p, const token_batch *b)
{
    status st = OK;
    int64_t *starts = calloc(b->count, sizeof *starts);
    if (!starts) TRY(FAIL(ERR_MEMORY, "no memory for a batch of %zu sequences", b->count));
    for (size_t s = 0; s < b->count; s++) starts[s] = (int64_t)b->first[s];
    TRY(ask(p, starts, b->count, true));
done:
    free(starts);
    return st;
}

status encoder_forward(encoder *e, const token_batch *b, const uint64_t *keys, encoder_output *out)
{
    status st = OK;
    pass p = {0};

    TRY(pass_begin(&p, e, b, keys));
    TRY(ask_starts(&p, b));
    tensor *x = run_layers(&p, b);
    tensor *read = drop(&p, x, e->o.head_dropout, p.last.keys);
    encoder_output made = {.features = x, .action = action_logits(e, read)};
    if (e->verb) made.verb = nn_linear_forward(e->verb, read);
    if (e->noun) made.noun = nn_linear_forward(e->noun, read);
    TRY(t_check(made.action));
    *out = made;
done:
    pass_end(&p);
    return st;
}

status encoder_states(encoder *e, const token_batch *b, const uint64_t *keys, const int64_t *rows, size_t count,
                      tensor **states)
{
    status st = OK;
    pass p = {0};

    TRY(pass_begin(&p, e, b, keys));
    TRY(ask(&p, rows, count, false));
    tensor *x = run_layers(&p, b);
    TRY(t_check(x));
    *states = x;
done:
    pass_end(&p);
    return st;
}

/* ---- starting from a file -----------------------------------------------------------------------------------------
 */

static const char *name_in(const tensor_file *file, const char *name, char *longer, size_t size)
{
    snprintf(longer, size, "bert.%s", name);
    for (size_t i = 0; i < tensor_file_count(file); i++) {
        const char *there = tensor_file_name(file, i);
        if (!strcmp(there, name) || !strcmp(there, longer)) return there;
    }
    return NULL;
}

static bool may_be_absent(const char *name)
{
    return !strncmp(name, "heads.", 6) || strstr(name, "second_embeddings") || strstr(name, "token_type_embeddings");
}

/* Tables of positions and ages are as long as this encoder needs: of longer ones the first rows are taken. */
static tensor *fit(const char *name, tensor *value, const tensor *parameter)
{
    bool table = strstr(name, "position_embeddings") || strstr(name, "token_type_embeddings");
    bool longer = t_dims(value) == 2 && t_dims(parameter) == 2 && t_size(value, 0) > t_size(parameter, 0);
    return table && longer ? t_narrow(value, 0, 0, t_size(parameter, 0)) : value;
}

static bool same_shape(const tensor *a, const tensor *b)
{
    bool same = t_dims(a) == t_dims(b);
    for (int d = 0; same && d < t_dims(a); d++) same = t_size(a, d) == t_size(b, d);
    return same;
}

static status set_parameter(tensor_file *file, const char *name, tensor *parameter, size_t *kept)
{
    status st = OK;
    const char *path = tensor_file_path(file);
    scope *sc = scope_open();
    char longer[512];
    const char *there = name_in(file, name, longer, sizeof longer);

    if (!there && !may_be_absent(name)) TRY(FAIL(ERR_INPUT, "%s: tensor %s is missing", path, name));
    if (!there) {
        ++*kept;
        goto done;
    }
    tensor *value = fit(name, tensor_file_get(file, there), parameter);
    TRY(t_check(value));
    if (!same_shape(value, parameter))
        TRY(FAIL(ERR_INPUT, "%s: tensor %s has another shape (%lld x ...) than the encoder's (%lld x ...)", path, there,
                 (long long)t_size(value, 0), (long long)t_size(parameter, 0)));
    TRY(t_assign(parameter, value));
done:
    scope_close(&sc);
    return st;
}

status encoder_init_from(encoder *e, tensor_file *file, size_t *kept)
{
    status st = OK;
    size_t left = 0;
    for (size_t i = 0; i < module_parameter_count(e->root); i++)
        TRY(set_parameter(file, module_parameter_name(e->root, i), module_parameter_at(e->root, i), &left));
    if (kept) *kept = left;
done:
    return st;
}
