/* train - the encoder as a task of the trainer. */
#include "base/file.h"
#include "base/log.h"
#include "teacher/model.h"
#include "teacher/multi_task.h"
#include "teacher/steps.h"
#include "teacher/teacher.h"
#include "trainer/trainer.h"

#include <stdlib.h>
#include <string.h>

enum { SCORED_AT_ONCE = 256 }; /* queries */

typedef struct {
    teacher_model model;
    example_list examples;
    multi_task *loss;
    histories asked; /* of the development part */
    example_list asked_examples;
    size_t top; /* 1 or 5 */
} training;

static void training_free(training *t)
{
    multi_task_free(&t->loss);
    examples_free(&t->examples);
    examples_free(&t->asked_examples);
    histories_free(&t->asked);
    teacher_model_close(&t->model);
}

/* ---- what is learned from -----------------------------------------------------------------------------------------
 */

static status add_list(training *t, list_name which)
{
    status st = OK;
    histories h = {0};
    const dataset *d = t->model.data;
    TRY(histories_of(d, &t->model.history, which, &h));
    TRY(examples_add(&t->examples, &h, list_of(d, which), d->classes.action_count, true));
done:
    histories_free(&h);
    return st;
}

/* Every action of a line of text is asked for, from what stands before it in the line. */
static status add_text(training *t)
{
    status st = OK;
    histories h = {0};
    history_options options = t->model.history;
    const segment_list *list = &t->model.text.extra.segments;
    options.cutoff = CUTOFF_ORDER;
    if (!list->count) goto done;
    TRY(histories_build(&list, 1, 0, &options, &h));
    TRY(examples_add(&t->examples, &h, list, t->model.text.class_count, true));
done:
    histories_free(&h);
    return st;
}

static status add_examples(training *t, const recipe *r)
{
    status st = OK;
    const dataset *d = t->model.data;
    bool all = recipe_bool(r, "teacher.learn_development");
    TRY(add_list(t, LIST_TRAIN));
    if (all) TRY(add_list(t, LIST_DEVELOPMENT));
    size_t from_segments = t->examples.count;
    TRY(add_text(t));
    if (!t->examples.count)
        TRY(FAIL(ERR_INPUT, "%s: no segment has a known action: nothing to learn", recipe_text(r, "data.train")));
    log_info("teacher: %zu examples from segments, %zu from extra text; %zu segments of development, %zu of eval",
             from_segments, t->examples.count - from_segments, d->development.count, d->eval.count);
    TRY(histories_of(d, &t->model.history, LIST_DEVELOPMENT, &t->asked));
    TRY(examples_add(&t->asked_examples, &t->asked, &d->development, d->classes.action_count, false));
done:
    return st;
}

static status make_loss(training *t, const recipe *r)
{
    const class_list *classes = &t->model.data->classes;
    multi_task_options o = {
        .weight = {recipe_real(r, "teacher.multi_task.action"), recipe_real(r, "teacher.multi_task.verb"),
                   recipe_real(r, "teacher.multi_task.noun")},
        .classes = {(int64_t)classes->action_count, (int64_t)classes->verb_count, (int64_t)classes->noun_count},
        .label_smoothing = recipe_real(r, "teacher.label_smoothing"),
        .class_weights = recipe_bool(r, "teacher.class_weights"),
    };
    return multi_task_new(&o, &t->examples, &t->loss);
}

/* ---- the task -----------------------------------------------------------------------------------------------------
 */

static status slice_loss(void *self, const train_slice *slice, tensor **out)
{
    status st = OK;
    training *t = self;
    teacher_model *m = &t->model;
    token_batch batch = {0};
    encoder_output logits = {0};
    TRY(batch_make(&m->text, &t->examples, slice->samples, slice->count, slice->keys, &m->sequence, &batch));
    TRY(encoder_forward(m->net, &batch, slice->keys, &logits));
    TRY(multi_task_loss(t->loss, &logits, slice->samples, slice->count, slice->step_samples, slice->step_count, out));
done:
    batch_free(&batch);
    return st;
}

static size_t sample_tokens(void *self, size_t sample)
{
    training *t = self;
    return example_tokens(&t->model.text, &t->examples, sample);
}

/* Whether `label` is among the `top` largest; equal logits go to the lower class. */
static bool is_hit(const float *logits, size_t classes, int64_t label, size_t top)
{
    size_t before = 0;
    float own = logits[label];
    for (size_t c = 0; c < classes && before < top; c++)
        before += logits[c] > own || (logits[c] == own && (int64_t)c < label);
    return before < top;
}

/* Queries from .. to of the development part: how many have a label, and how many of those are hit. */
static status score_range(training *t, size_t from, size_t to, int64_t counts[2])
{
    status st = OK;
    teacher_model *m = &t->model;
    const segment *at = m->data->development.at;
    size_t classes = m->data->classes.action_count;
    float *logits = malloc(SCORED_AT_ONCE * classes * sizeof *logits);
    size_t queries[SCORED_AT_ONCE];

    if (!logits) TRY(FAIL(ERR_MEMORY, "no memory for %d predictions of %zu classes", SCORED_AT_ONCE, classes));
    for (size_t first = from; first < to; first += SCORED_AT_ONCE) {
        size_t count = to - first < SCORED_AT_ONCE ? to - first : SCORED_AT_ONCE;
        for (size_t i = 0; i < count; i++) queries[i] = first + i;
        TRY(teacher_model_predict(m, &t->asked, &t->asked_examples, queries, count, logits, NULL));
        for (size_t i = 0; i < count; i++) {
            int64_t label = at[first + i].action;
            counts[0] += label >= 0;
            counts[1] += label >= 0 && is_hit(logits + i * classes, classes, label, t->top);
        }
    }
done:
    free(logits);
    return st;
}

static status score_development(void *self, comm *c, train_score *out)
{
    status st = OK;
    training *t = self;
    size_t count = t->asked.query_count, rank = (size_t)comm_rank(c), ranks = (size_t)comm_size(c);
    int64_t counts[2] = {0};
    status mine = score_range(t, count * rank / ranks, count * (rank + 1) / ranks, counts);
    TRY(comm_agree(c, mine));
    TRY(comm_sum_i64(c, counts, 2));
    out->metric = counts[0] ? 100.0 * (double)counts[1] / (double)counts[0] : 0;
done:
    return st;
}

/* ---- the step -----------------------------------------------------------------------------------------------------
 */

/* Takes vocabulary and weights of the step before. */
static status open_pretrained(training *t, const recipe *r, const dataset *d, const char *run_directory,
                              const run_step *step)
{
    status st = OK;
    size_t kept = 0;
    char *directory = NULL, *words = NULL, *weights = NULL;
    TRY(teacher_pretrain_directory(run_directory, step, &directory));
    words = path_join(directory, TEACHER_WORDS);
    weights = path_join(directory, TEACHER_WEIGHTS);
    if (!words || !weights) TRY(FAIL(ERR_MEMORY, "no memory for a path"));
    if (!file_exists(weights))
        TRY(FAIL(ERR_MISSING, "%s is not there: the teacher has to be pretrained first", weights));
    TRY(teacher_model_open(r, d, words, NULL, &t->model));
    TRY(teacher_words_check(directory, t->model.text.vocabulary_hash));
    TRY(encoder_init_from(t->model.net, weights, &kept));
    log_info("teacher: started from %s; %zu tensors of its heads are random", weights, kept);
done:
    free(directory);
    free(words);
    free(weights);
    return st;
}

static status prepare(training *t, const recipe *r, const dataset *d, const char *run_directory, const run_step *step)
{
    status st = OK;
    TRY(run_pretrains(r) ? open_pretrained(t, r, d, run_directory, step)
                         : teacher_model_open(r, d, NULL, NULL, &t->model));
    TRY(add_examples(t, r));
    TRY(make_loss(t, r));
    t->top = strcmp(recipe_text(r, "teacher.metric"), "top1") ? 5 : 1;
done:
    return st;
}

static status run(comm *c, training *t, const recipe *r, const char *directory)
{
    status st = OK;
    train_options options = {0};
    train_result result = {0};
    bool scored = !recipe_bool(r, "teacher.learn_development");
    train_task task = {
        .self = t,
        .model = encoder_module(t->model.net),
        .sample_count = t->examples.count,
        .loss = slice_loss,
        .evaluate = scored ? score_development : NULL,
        .sample_length = sample_tokens,
        .metric_name = !scored       ? NULL
                       : t->top == 1 ? "development top-1 %"
                                     : "development top-5 %",
    };
    TRY(train_options_read(r, "teacher", &options));
    TRY(trainer_run(c, &task, &options, directory, &result));
done:
    return st;
}

static status make_directory(comm *c, const training *t, const char *directory)
{
    status st = OK;
    if (comm_rank(c)) goto done;
    TRY(directory_make(directory));
    TRY(teacher_words_write(directory, t->model.text.words, t->model.text.vocabulary_hash));
done:
    return st;
}

status teacher_train(comm *c, const recipe *r, const char *run_directory, const run_step *step)
{
    status st = OK;
    dataset d = {0};
    training t = {0};
    char *directory = NULL;

    if (strcmp(recipe_text(r, "teacher.model"), "encoder")) goto done;
    status mine = teacher_step_directory(run_directory, step, &directory);
    if (mine == OK) mine = dataset_open(r, &d);
    if (mine == OK) mine = prepare(&t, r, &d, run_directory, step);
    if (mine == OK) mine = make_directory(c, &t, directory);
    TRY(comm_agree(c, mine));
    TRY(run(c, &t, r, directory));
done:
    training_free(&t);
    dataset_free(&d);
    free(directory);
    return st;
}
