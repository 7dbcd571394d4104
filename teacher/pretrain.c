/* pretrain - telling masked words as a task of the trainer. */
#include "base/file.h"
#include "base/log.h"
#include "teacher/mlm.h"
#include "teacher/model.h"
#include "teacher/passages.h"
#include "teacher/steps.h"
#include "teacher/teacher.h"
#include "trainer/sampler.h"
#include "trainer/trainer.h"

#include <stdlib.h>

enum { SCORED_AT_ONCE = 64, SCORED_EPOCH = -1 }; /* passages; the epoch whose masks the development part always has */

typedef struct {
    teacher_model model;
    passages text;
    mlm head;
    double share; /* of the words that are asked for */
    uint64_t seed;
} pretraining;

static void pretraining_free(pretraining *t)
{
    passages_free(&t->text);
    teacher_model_close(&t->model);
}

/* ---- the task -----------------------------------------------------------------------------------------------------
 */

/* A batch with words hidden, the words, and the states they are to be told from; the caller frees the first two. */
static status read_masked(pretraining *t, const example_list *e, const size_t *which, size_t count,
                          const uint64_t *masks, const uint64_t *keys, token_batch *batch, masked_words *words,
                          tensor **states)
{
    status st = OK;
    TRY(batch_make(&t->text.text, e, which, count, NULL, &t->model.sequence, batch));
    TRY(masking_apply(t->model.text.words, t->share, masks, batch, words));
    TRY(encoder_states(t->model.net, batch, keys, words->rows, words->count, states));
done:
    return st;
}

/* Words that the whole step asks for. */
static size_t count_asked(const pretraining *t, const size_t *samples, size_t count)
{
    size_t asked = 0;
    for (size_t i = 0; i < count; i++) asked += masking_count(t->text.train_words[samples[i]], t->share);
    return asked;
}

static status slice_loss(void *self, const train_slice *slice, tensor **out)
{
    status st = OK;
    pretraining *t = self;
    token_batch batch = {0};
    masked_words words = {0};
    tensor *states = NULL;
    size_t asked = count_asked(t, slice->step_samples, slice->step_count);
    TRY(read_masked(t, &t->text.train, slice->samples, slice->count, slice->keys, slice->keys, &batch, &words,
                    &states));
    TRY(mlm_loss(&t->head, states, &words, asked, out));
done:
    masked_words_free(&words);
    batch_free(&batch);
    return st;
}

static size_t sample_tokens(void *self, size_t sample)
{
    pretraining *t = self;
    return example_tokens(&t->text.text, &t->text.train, sample);
}

/* Passages first .. first + count - 1 of the development part: how many words are asked for, and how many told. */
static status score_batch(pretraining *t, size_t first, size_t count, int64_t counts[2])
{
    status st = OK;
    size_t which[SCORED_AT_ONCE];
    uint64_t masks[SCORED_AT_ONCE];
    token_batch batch = {0};
    masked_words words = {0};
    tensor *states = NULL;
    int64_t *told = NULL;
    scope *sc = scope_open();

    for (size_t i = 0; i < count; i++) {
        which[i] = first + i;
        masks[i] = sampler_key(t->seed, SCORED_EPOCH, first + i);
    }
    TRY(read_masked(t, &t->text.development, which, count, masks, NULL, &batch, &words, &states));
    size_t rows = (size_t)t_size(states, 0);
    told = calloc(rows, sizeof *told);
    if (!told) TRY(FAIL(ERR_MEMORY, "no memory for the answers to %zu words", rows));
    TRY(t_to_i64(t_argmax(mlm_logits(&t->head, states), 1), told, rows));
    counts[0] += (int64_t)words.count;
    for (size_t i = 0; i < words.count; i++) counts[1] += told[i] == words.labels[i];
done:
    scope_close(&sc);
    free(told);
    masked_words_free(&words);
    batch_free(&batch);
    return st;
}

static status score_development(void *self, comm *c, train_score *out)
{
    status st = OK, mine = OK;
    pretraining *t = self;
    size_t count = t->text.development.count, first = 0, mine_count = 0;
    int64_t counts[2] = {0};
    sampler_share(count, (size_t)comm_rank(c), (size_t)comm_size(c), &first, &mine_count);
    for (size_t i = 0; i < mine_count && mine == OK; i += SCORED_AT_ONCE) {
        size_t left = mine_count - i;
        mine = score_batch(t, first + i, left < SCORED_AT_ONCE ? left : SCORED_AT_ONCE, counts);
    }
    TRY(comm_agree(c, mine));
    TRY(comm_sum_i64(c, counts, 2));
    out->metric = counts[0] ? 100.0 * (double)counts[1] / (double)counts[0] : 0;
done:
    return st;
}

/* ---- the step -----------------------------------------------------------------------------------------------------
 */

static void tell(const pretraining *t)
{
    size_t words = 0;
    for (size_t i = 0; i < t->text.train.count; i++) words += t->text.train_words[i];
    log_info("pretraining: %zu texts, %zu passages of %zu known words; %zu passages held out, %zu without a known word",
             t->model.text.texts.count, t->text.train.count, words, t->text.development.count, t->text.dropped);
    if (!t->text.development.count)
        log_warn("pretraining: no text is held out (data.development of so few): nothing is scored, the last model is "
                 "kept");
}

static status prepare(pretraining *t, const recipe *r, const dataset *d)
{
    status st = OK;
    size_t length = (size_t)recipe_int(r, "teacher.pretrain.length");
    passage_options o = {.length = length};
    if (recipe_bool(r, "teacher.ages")) o.actions = (size_t)recipe_int(r, "teacher.hist_len");
    t->share = recipe_real(r, "teacher.pretrain.mask");
    t->seed = (uint64_t)recipe_int(r, "seed");
    TRY(teacher_model_open_pretraining(r, d, length, &t->model));
    TRY(passages_make(&t->model.text, &o, &t->text));
    TRY(mlm_add(t->model.net, t->model.width, (int64_t)t->model.text.id_rows, &t->head));
    tell(t);
done:
    return st;
}

static status make_directory(comm *c, const pretraining *t, const char *directory)
{
    status st = OK;
    if (comm_rank(c)) goto done;
    TRY(directory_make(directory));
    TRY(teacher_words_write(directory, t->model.text.words, t->model.text.vocabulary_hash));
done:
    return st;
}

static status run(comm *c, pretraining *t, const recipe *r, const char *directory)
{
    status st = OK;
    train_options options = {0};
    train_result result = {0};
    bool scored = t->text.development.count > 0;
    train_task task = {
        .self = t,
        .model = encoder_module(t->model.net),
        .sample_count = t->text.train.count,
        .loss = slice_loss,
        .evaluate = scored ? score_development : NULL,
        .sample_length = sample_tokens,
        .metric_name = scored ? "masked words told %" : NULL,
    };
    TRY(train_options_read(r, "teacher.pretrain", &options));
    TRY(trainer_run(c, &task, &options, directory, &result));
done:
    return st;
}

status teacher_pretrain(comm *c, const recipe *r, const char *run_directory, const run_step *step)
{
    status st = OK;
    dataset d = {0};
    pretraining t = {0};
    char *directory = NULL;

    status mine = teacher_pretrain_directory(run_directory, step, &directory);
    if (mine == OK) mine = dataset_open(r, &d);
    if (mine == OK) mine = prepare(&t, r, &d);
    if (mine == OK) mine = make_directory(c, &t, directory);
    TRY(comm_agree(c, mine));
    TRY(run(c, &t, r, directory));
done:
    pretraining_free(&t);
    dataset_free(&d);
    free(directory);
    return st;
}
