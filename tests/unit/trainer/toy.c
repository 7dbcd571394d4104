#include "tests/unit/trainer/toy.h"

#include "base/hash.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static size_t toy_length(void *self, size_t sample)
{
    (void)self;
    return 3 + hash_mix(1, sample) % (TOY_LONGEST - 3 + 1);
}

static int64_t toy_word(size_t sample, size_t place)
{
    return 1 + (int64_t)(hash_mix(hash_mix(2, sample), place) % (TOY_WORDS - 1));
}

static int64_t toy_label(size_t sample)
{
    return toy_word(sample, 0) % TOY_CLASSES;
}

status toy_open(toy *t, comm *c, uint64_t seed)
{
    const t_init normal = {INIT_NORMAL, 0.1};
    *t = (toy){.c = c, .dropout = 0.1, .stop_step = -1, .fail_step = -1, .nan_step = -1, .disk_step = -1};
    t_seed(seed);
    t->model = module_new();
    t->embedding = nn_embedding(t->model, "words", TOY_WORDS, TOY_WIDTH, normal);
    t->positions = nn_embedding(t->model, "positions", TOY_LONGEST, TOY_WIDTH, normal);
    t->attention = nn_attention(t->model, "attention", TOY_WIDTH, 2, normal);
    t->norm = nn_layer_norm(t->model, "norm", TOY_WIDTH, 1e-5);
    t->head = nn_linear(t->model, "head", TOY_WIDTH, TOY_CLASSES, true, normal);
    return t_check(module_find(t->model, "head.weight"));
}

void toy_close(toy *t)
{
    module_free(&t->model);
}

/* The samples' words padded to the longest, mask and labels. */
typedef struct {
    int64_t *words, *places, *labels;
    unsigned char *mask;
    int64_t longest;
} batch;

static void batch_free(batch *b)
{
    free(b->words);
    free(b->places);
    free(b->labels);
    free(b->mask);
}

static status batch_new(const size_t *samples, size_t count, batch *b)
{
    *b = (batch){0};
    for (size_t i = 0; i < count; i++)
        if ((int64_t)toy_length(NULL, samples[i]) > b->longest) b->longest = (int64_t)toy_length(NULL, samples[i]);
    size_t width = (size_t)b->longest;
    b->words = calloc(count * width, sizeof *b->words);
    b->places = calloc(count * width, sizeof *b->places);
    b->labels = calloc(count, sizeof *b->labels);
    b->mask = calloc(count * width, 1);
    if (!b->words || !b->places || !b->labels || !b->mask) return FAIL(ERR_MEMORY, "no memory for a batch");
    for (size_t i = 0; i < count; i++) {
        size_t length = toy_length(NULL, samples[i]);
        b->labels[i] = toy_label(samples[i]);
        for (size_t p = 0; p < width; p++) {
            b->places[i * width + p] = (int64_t)p;
            if (p < length) b->words[i * width + p] = toy_word(samples[i], p);
            b->mask[i * width + p] = p < length;
        }
    }
    return OK;
}

/* (B, classes) */
static tensor *forward(toy *t, const batch *b, size_t count)
{
    int64_t rows = (int64_t)count, width = b->longest;
    tensor *x = t_add(nn_embedding_forward(t->embedding, t_from_i64(b->words, SHAPE(rows, width))),
                      nn_embedding_forward(t->positions, t_from_i64(b->places, SHAPE(rows, width))));
    tensor *mask = t_from_bytes(T_BOOL, b->mask, SHAPE(rows, 1, 1, width));
    x = t_dropout(x, t->dropout);
    x = t_add(x, t_dropout(nn_attention_forward(t->attention, x, mask, false, 0), t->dropout));
    return nn_linear_forward(t->head, t_select(nn_layer_norm_forward(t->norm, x), 1, 0));
}

/* Writing more fails from here on, with EFBIG in place of ENOSPC. */
static void disk_full(void)
{
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){4096, RLIM_INFINITY});
}

static status toy_loss(void *self, const train_slice *slice, tensor **out)
{
    status st = OK;
    toy *t = self;
    batch b = {0};
    bool here = comm_rank(t->c) == t->bad_rank;
    t->losses++;
    if (here && slice->step == t->fail_step)
        TRY(FAIL(ERR_MISSING, "frame 12 of sample %zu is not there", slice->samples[0]));
    if (here && slice->step == t->stop_step) trainer_stop();
    if (here && slice->step == t->disk_step) disk_full();
    for (size_t i = 0; t->order && i < slice->count; i++)
        fprintf(t->order, "%lld %zu\n", (long long)slice->step, slice->samples[i]);
    TRY(batch_new(slice->samples, slice->count, &b));
    tensor *logits = forward(t, &b, slice->count);
    tensor *labels = t_from_i64(b.labels, SHAPE((int64_t)slice->count));
    tensor *sum = t_cross_entropy(logits, labels, NULL, 0, T_SUM);
    *out = t_scale(sum, 1.0 / (double)slice->step_count);
    if (here && slice->step == t->nan_step) *out = t_scale(*out, NAN);
done:
    batch_free(&b);
    return st;
}

/* Percent of the development samples this rank has a share in that are classified rightly. */
static status toy_evaluate(void *self, comm *c, train_score *out)
{
    status st = OK;
    toy *t = self;
    batch b = {0};
    scope *sc = scope_open();
    size_t samples[TOY_DEVELOPMENT], count = 0;
    int64_t found[TOY_DEVELOPMENT];
    double right = 0;
    for (size_t i = 0; i < TOY_DEVELOPMENT; i++)
        if ((int)i % comm_size(c) == comm_rank(c)) samples[count++] = TOY_SAMPLES + i;
    t->evaluations++;
    TRY(batch_new(samples, count, &b));
    TRY(t_to_i64(t_argmax(forward(t, &b, count), 1), found, count));
    for (size_t i = 0; i < count; i++) right += found[i] == b.labels[i];
    TRY(comm_sum_f64(c, &right, 1));
    out->metric = 100 * right / TOY_DEVELOPMENT;
done:
    scope_close(&sc);
    batch_free(&b);
    return st;
}

train_task toy_task(toy *t)
{
    return (train_task){.self = t,
                        .model = t->model,
                        .sample_count = TOY_SAMPLES,
                        .loss = toy_loss,
                        .evaluate = toy_evaluate,
                        .sample_length = toy_length,
                        .metric_name = "development top-1 %"};
}

train_options toy_options(void)
{
    return (train_options){.epochs = 4,
                           .batch = 16,
                           .accumulate = 1,
                           .keep_best = true,
                           .clip = 1,
                           .checkpoint_minutes = 60,
                           .optimizer = "adamw",
                           .schedule = "cosine",
                           .lr = 0.01,
                           .weight_decay = 0.01,
                           .beta1 = 0.9,
                           .beta2 = 0.999,
                           .eps = 1e-8,
                           .momentum = 0.9,
                           .nesterov = true,
                           .warmup = 0.1,
                           .factor = 0.5,
                           .schedule_patience = 1,
                           .seed = 5,
                           .recipe_hash = "0123456789abcdef0123456789abcdef"};
}
