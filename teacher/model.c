#include "teacher/model.h"

#include "base/log.h"
#include "trainer/shared_file.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH_TOKENS = 4096 }; /* of a pass when predicting: large enough for full speed, small enough for caches */

/* ---- building -----------------------------------------------------------------------------------------------------
 */

static bool is(const recipe *r, const char *key, const char *value)
{
    return !strcmp(recipe_text(r, key), value);
}

static sequence_options read_sequence(const recipe *r)
{
    return (sequence_options){
        .newest_first = recipe_bool(r, "teacher.newest_first"),
        .ages = recipe_bool(r, "teacher.ages"),
        .action_places = is(r, "teacher.positions", "action"),
        .shorten = recipe_real(r, "teacher.shorten"),
        .action_dropout = recipe_real(r, "teacher.action_dropout"),
        .word_dropout = recipe_real(r, "teacher.word_dropout"),
    };
}

static encoder_options read_encoder(const recipe *r, const corpus *text, const sequence_options *sequence)
{
    int64_t width = recipe_int(r, "teacher.width"), inner = recipe_int(r, "teacher.inner");
    size_t hist_len = (size_t)recipe_int(r, "teacher.hist_len");
    size_t positions = sequence->action_places ? corpus_place_count(text) : corpus_sequence_most(text, hist_len);
    return (encoder_options){
        .layers = recipe_int(r, "teacher.layers"),
        .width = width,
        .heads = recipe_int(r, "teacher.heads"),
        .inner = inner ? inner : 4 * width,
        .id_rows = (int64_t)text->id_rows,
        .second_rows = (int64_t)text->second_rows,
        .positions = (int64_t)positions,
        .ages = sequence->ages ? (int64_t)hist_len + 1 : 1,
        .pre_norm = is(r, "teacher.norm", "before"),
        .factored = recipe_bool(r, "teacher.factored"),
        .embedding_dropout = recipe_real(r, "teacher.embedding_dropout"),
        .dropout = recipe_real(r, "teacher.dropout"),
        .attention_dropout = recipe_real(r, "teacher.attention_dropout"),
        .inner_dropout = recipe_real(r, "teacher.inner_dropout"),
        .head_dropout = recipe_real(r, "teacher.head_dropout"),
    };
}

static status make_encoder(encoder_options *o, const class_list *classes, encoder **out)
{
    status st = OK;
    int64_t *verbs = NULL, *nouns = NULL;

    TRY(classes_parts(classes, &verbs, &nouns));
    o->actions = (int64_t)classes->action_count;
    o->verbs = (int64_t)classes->verb_count;
    o->nouns = (int64_t)classes->noun_count;
    o->verb_of = verbs;
    o->noun_of = nouns;
    TRY(encoder_new(o, out));
done:
    free(verbs);
    free(nouns);
    return st;
}

status teacher_model_start(comm *c, const char *weights, teacher_model *m)
{
    status st = OK;
    size_t kept = 0;
    shared_file file = {0};
    if (!weights) goto done;
    TRY(shared_file_open(c, weights, &file));
    TRY(comm_agree(c, encoder_init_from(m->net, file.tensors, &kept)));
    log_info("teacher: started from %s; %zu tensors it does not have are random", weights, kept);
done:
    shared_file_close(&file);
    return st;
}

status teacher_model_open_pretraining(const recipe *r, const dataset *data, size_t length, teacher_model *out)
{
    status st = OK;
    teacher_model m = {.data = data, .sequence = read_sequence(r), .width = recipe_int(r, "teacher.width")};

    m.sequence.shorten = m.sequence.action_dropout = m.sequence.word_dropout = 0; /* masking is noise enough */
    TRY(history_options_read(r, &m.history));
    TRY(corpus_open(r, data, NULL, &m.text));
    encoder_options o = read_encoder(r, &m.text, &m.sequence);
    int64_t longer = (int64_t)length + (m.sequence.action_places ? o.positions : 0);
    if (longer > o.positions) o.positions = longer;
    t_seed((uint64_t)recipe_int(r, "seed"));
    TRY(encoder_new(&o, &m.net));
    *out = m;
    m = (teacher_model){0};
done:
    teacher_model_close(&m);
    return st;
}

status teacher_model_open(const recipe *r, const dataset *data, const char *words, teacher_model *out)
{
    status st = OK;
    teacher_model m = {.data = data, .sequence = read_sequence(r), .width = recipe_int(r, "teacher.width")};

    TRY(history_options_read(r, &m.history));
    TRY(corpus_open(r, data, words, &m.text));
    encoder_options o = read_encoder(r, &m.text, &m.sequence);
    t_seed((uint64_t)recipe_int(r, "seed"));
    TRY(make_encoder(&o, &data->classes, &m.net));
    *out = m;
    m = (teacher_model){0};
done:
    teacher_model_close(&m);
    return st;
}

void teacher_model_close(teacher_model *m)
{
    if (!m) return;
    encoder_free(&m->net);
    corpus_free(&m->text);
    *m = (teacher_model){0};
}

/* ---- lists and their histories ------------------------------------------------------------------------------------
 */

const char *list_text(list_name which)
{
    static const char *const NAMES[LIST_COUNT] = {"train", "development", "eval"};
    return NAMES[which];
}

const segment_list *list_of(const dataset *d, list_name which)
{
    return which == LIST_TRAIN ? &d->train : which == LIST_DEVELOPMENT ? &d->development : &d->eval;
}

status histories_of(const dataset *d, const history_options *options, list_name which, histories *out)
{
    const segment_list *lists[LIST_COUNT] = {&d->train, &d->development, &d->eval};
    return histories_build(lists, LIST_COUNT, which, options, out);
}

/* ---- predicting ---------------------------------------------------------------------------------------------------
 */

typedef struct {
    size_t example, tokens;
    size_t row; /* of its query */
} sized;

static int by_tokens(const void *a, const void *b)
{
    const sized *x = a, *y = b;
    if (x->tokens != y->tokens) return x->tokens < y->tokens ? -1 : 1;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return (x->example > y->example) - (x->example < y->example);
}

/* Adds row i of `rows` (count, width), divided by the histories of its query, to the query's row of `sums`. */
static void add_rows(const histories *h, const sized *these, size_t count, const float *rows, size_t width, float *sums)
{
    for (size_t i = 0; i < count; i++) {
        size_t query = h->query_of[these[i].example];
        float share = 1.0f / (float)(h->query_first[query + 1] - h->query_first[query]);
        float *sum = sums + these[i].row * width;
        for (size_t k = 0; k < width; k++) sum[k] += share * rows[i * width + k];
    }
}

typedef struct {
    const histories *h;
    const example_list *e;
    float *logits, *features; /* sums */
} prediction;

static status predict_batch(teacher_model *m, const prediction *p, const sized *these, size_t count)
{
    status st = OK;
    token_batch batch = {0};
    encoder_output out = {0};
    size_t classes = m->data->classes.action_count, width = (size_t)m->width;
    float *rows = malloc(count * (classes > width ? classes : width) * sizeof *rows);
    size_t *which = malloc(count * sizeof *which);
    scope *sc = scope_open();

    if (!rows || !which) TRY(FAIL(ERR_MEMORY, "no memory for %zu predictions", count));
    for (size_t i = 0; i < count; i++) which[i] = these[i].example;
    TRY(batch_make(&m->text, p->e, which, count, NULL, &m->sequence, &batch));
    TRY(encoder_forward(m->net, &batch, NULL, &out));
    TRY(t_to_f32(out.action, rows, count * classes));
    add_rows(p->h, these, count, rows, classes, p->logits);
    if (!p->features) goto done;
    TRY(t_to_f32(out.features, rows, count * width));
    add_rows(p->h, these, count, rows, width, p->features);
done:
    scope_close(&sc);
    batch_free(&batch);
    free(which);
    free(rows);
    return st;
}

/* Examples in order of length, cut into passes of about BATCH_TOKENS. */
static status predict_sorted(teacher_model *m, const prediction *p, const sized *order, size_t count)
{
    status st = OK;
    for (size_t at = 0; at < count;) {
        size_t taken = 0, tokens = 0;
        while (at + taken < count && (!taken || tokens + order[at + taken].tokens <= BATCH_TOKENS))
            tokens += order[at + taken++].tokens;
        TRY(predict_batch(m, p, order + at, taken));
        at += taken;
    }
done:
    return st;
}

status teacher_model_predict(teacher_model *m, const histories *h, const example_list *e, const size_t *queries,
                             size_t count, float *logits, float *features)
{
    status st = OK;
    size_t total = 0, used = 0;
    for (size_t i = 0; i < count; i++) total += h->query_first[queries[i] + 1] - h->query_first[queries[i]];
    sized *order = calloc(total + 1, sizeof *order);
    prediction p = {h, e, logits, features};

    grad_pause();
    if (!order) TRY(FAIL(ERR_MEMORY, "no memory for %zu histories", total));
    memset(logits, 0, count * m->data->classes.action_count * sizeof *logits);
    if (features) memset(features, 0, count * (size_t)m->width * sizeof *features);
    for (size_t i = 0; i < count; i++)
        for (size_t k = h->query_first[queries[i]]; k < h->query_first[queries[i] + 1]; k++)
            order[used++] = (sized){k, example_tokens(&m->text, e, k), i};
    qsort(order, total, sizeof *order, by_tokens);
    TRY(predict_sorted(m, &p, order, total));
done:
    grad_resume();
    free(order);
    return st;
}
