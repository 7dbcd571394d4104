/* The loop on a toy task in this process: best model, early stop, averages, checkpoints, recipes that changed. */
#include "base/file.h"
#include "base/hash.h"
#include "tests/unit/trainer/toy.h"
#include "trainer/checkpoint.h"

#include <glob.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct {
    comm *c;
    toy toy;
    train_options o;
    char folder[64];
    train_result result;
} fixture;

static int open_toy(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    *state = f;
    f->o = toy_options();
    strcpy(f->folder, "/tmp/magister-loop-XXXXXX");
    if (!mkdtemp(f->folder) || comm_open(1, 10, &f->c) != OK || toy_open(&f->toy, f->c, 1) != OK) return -1;
    return 0;
}

static int close_toy(void **state)
{
    fixture *f = *state;
    toy_close(&f->toy);
    comm_close(&f->c);
    directory_remove(f->folder);
    free(f);
    trainer_stop_clear();
    return t_live_count() == 0 ? 0 : -1;
}

/* The toy anew, as in a new process. */
static void start_again(fixture *f)
{
    toy_close(&f->toy);
    assert_int_equal(toy_open(&f->toy, f->c, 1), OK);
    trainer_stop_clear();
    fail_clear();
}

static status run(fixture *f)
{
    const train_task task = toy_task(&f->toy);
    return trainer_run(f->c, &task, &f->o, f->folder, &f->result);
}

static void require(status st)
{
    if (st != OK) fail_msg("%s", fail_message());
}

static size_t files_like(const fixture *f, const char *pattern)
{
    char path[128];
    glob_t found;
    snprintf(path, sizeof path, "%s/%s", f->folder, pattern);
    size_t count = glob(path, 0, NULL, &found) ? 0 : found.gl_pathc;
    if (count) globfree(&found);
    return count;
}

/* Metrics given in advance, one an evaluation. */
static double planned[16];
static size_t planned_next;

static status planned_metric(void *self, comm *c, train_score *out)
{
    (void)self, (void)c;
    out->metric = planned[planned_next++];
    return OK;
}

static status run_planned(fixture *f, size_t count, const double *metrics)
{
    train_task task = toy_task(&f->toy);
    memcpy(planned, metrics, count * sizeof *metrics);
    planned_next = 0;
    task.evaluate = planned_metric;
    return trainer_run(f->c, &task, &f->o, f->folder, &f->result);
}

/* ---- what is announced --------------------------------------------------------------------------------------------
 */

enum { ANNOUNCED_MOST = 1024 };

/* The slices told of that are still to come, as (step, epoch, samples, key of the first) in one number each. */
static struct {
    uint64_t waiting[ANNOUNCED_MOST];
    size_t first, count, most; /* most: that waited at once */
    status (*loss)(void *self, const train_slice *slice, tensor **out);
} told;

static uint64_t slice_hash(const train_slice *slice)
{
    uint64_t hash = hash_mix((uint64_t)slice->step, (uint64_t)slice->epoch);
    for (size_t i = 0; i < slice->count; i++) hash = hash_mix(hash, slice->samples[i] ^ slice->keys[i]);
    for (size_t i = 0; i < slice->step_count; i++) hash = hash_mix(hash, slice->step_samples[i]);
    return hash;
}

static status note_slice(void *self, const train_slice *slice)
{
    (void)self;
    if (told.count == ANNOUNCED_MOST) fail_msg("more than %d slices were announced", ANNOUNCED_MOST);
    told.waiting[told.count++] = slice_hash(slice);
    if (told.count - told.first > told.most) told.most = told.count - told.first;
    return OK;
}

static status check_slice(void *self, const train_slice *slice, tensor **out)
{
    if (told.first == told.count) fail_msg("step %lld was not announced", (long long)slice->step);
    if (told.waiting[told.first++] != slice_hash(slice)) fail_msg("step %lld differs", (long long)slice->step);
    return told.loss(self, slice, out);
}

static status run_announced(fixture *f, int64_t ahead)
{
    train_task task = toy_task(&f->toy);
    memset(&told, 0, sizeof told);
    told.loss = task.loss;
    task.loss = check_slice;
    task.announce = note_slice;
    task.announce_ahead = ahead;
    return trainer_run(f->c, &task, &f->o, f->folder, &f->result);
}

/* 13 steps of an epoch, two micro-batches each; the last has 11 samples. */
static void test_slices_are_announced_in_order(void **state)
{
    fixture *f = *state;
    f->o.epochs = 3;
    f->o.micro_batch = 8;
    require(run_announced(f, 4));
    assert_int_equal(told.count, 3 * 13 * 2);
    assert_int_equal(told.first, told.count); /* nothing beyond the end */
    assert_int_equal(told.most, 5 * 2);       /* a step and those four ahead of it */
}

static void test_announcing_changes_nothing(void **state)
{
    fixture *f = *state;
    f->o.epochs = 2;
    require(run(f));
    double metric = f->result.best_metric;
    assert_int_equal(directory_remove(f->folder), OK);
    assert_int_equal(directory_make(f->folder), OK);
    start_again(f);
    require(run_announced(f, 20)); /* over more than an epoch */
    assert_true(f->result.best_metric == metric);
}

static void test_announcing_goes_on_where_training_does(void **state)
{
    fixture *f = *state;
    f->o.epochs = 3;
    for (int64_t stop = 12; stop <= 13; stop++) { /* the last step of the first epoch, the first of the second */
        f->toy.stop_step = stop;
        assert_int_equal(run_announced(f, 3), ERR_RETRY);
        assert_true(told.count - told.first == 3); /* told of, and never come */
        start_again(f);
    }
    require(run_announced(f, 3));
    assert_int_equal(told.count, 3 * 13 - 14);
    assert_int_equal(told.first, told.count);
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static void test_learns_and_leaves_its_results(void **state)
{
    fixture *f = *state;
    require(run(f));
    assert_int_equal(f->result.steps, 4 * 13);
    assert_int_equal(f->result.epochs, 4);
    assert_true(f->result.best_metric > 60); /* chance is 14 */
    assert_true(f->result.samples_per_s > 0 && f->result.tokens_per_s > f->result.samples_per_s);
    assert_true(f->result.step_ms_p50 > 0 && f->result.step_ms_p50 <= f->result.step_ms_p99);
    assert_true(f->result.time_to_first_step_s > 0);
    assert_int_equal(files_like(f, "model.safetensors"), 1);
    assert_int_equal(files_like(f, "stats.json"), 1);
    assert_int_equal(files_like(f, "curve.jsonl"), 1);
    assert_int_equal(files_like(f, "events/*"), 1);
}

static void test_best_model_is_kept(void **state)
{
    fixture *f = *state;
    char mine[HASH_TEXT], last[HASH_TEXT], best[HASH_TEXT];
    require(run_planned(f, 4, (double[]){1, 9, 5, 6}));
    assert_true(f->result.best_metric == 9);
    require(weights_hash(f->toy.model, mine));
    require(directory_remove(f->folder));
    require(directory_make(f->folder));
    start_again(f);
    f->o.keep_best = false;
    require(run_planned(f, 4, (double[]){1, 9, 5, 6}));
    require(weights_hash(f->toy.model, last));
    assert_string_not_equal(mine, last);
    require(directory_remove(f->folder));
    require(directory_make(f->folder));
    start_again(f);
    f->o.max_steps = 26; /* the second epoch, at the same rates */
    f->o.schedule = "constant";
    f->o.warmup = 0;
    require(run_planned(f, 2, (double[]){1, 9}));
    require(weights_hash(f->toy.model, best));
    require(directory_remove(f->folder));
    require(directory_make(f->folder));
    start_again(f);
    f->o.max_steps = 0;
    f->o.keep_best = true;
    require(run_planned(f, 4, (double[]){1, 9, 5, 6}));
    require(weights_hash(f->toy.model, mine));
    assert_string_equal(mine, best);
}

static void test_early_stop(void **state)
{
    fixture *f = *state;
    f->o.epochs = 10;
    f->o.patience = 2;
    require(run_planned(f, 10, (double[]){3, 5, 4, 5, 6, 6, 6, 6, 6, 6}));
    assert_int_equal(planned_next, 4); /* 4 and 5 are no better than 5 */
    assert_int_equal(f->result.epochs, 4);
    assert_true(f->result.best_metric == 5);
}

static void test_without_evaluation_the_last_model_is_kept(void **state)
{
    fixture *f = *state;
    train_task task = toy_task(&f->toy);
    task.evaluate = NULL;
    task.metric_name = NULL;
    task.sample_length = NULL;
    f->o.max_steps = 20;
    require(trainer_run(f->c, &task, &f->o, f->folder, &f->result));
    assert_int_equal(f->result.steps, 20);
    assert_true(isnan(f->result.best_metric));
    assert_int_equal(f->toy.losses, 20);
}

static void test_metric_must_be_a_number(void **state)
{
    fixture *f = *state;
    assert_int_equal(run_planned(f, 1, (double[]){NAN}), ERR_INPUT);
    assert_non_null(strstr(fail_message(), "development top-1 % is nan"));
    fail_clear();
}

static void test_average_is_what_is_evaluated_and_kept(void **state)
{
    fixture *f = *state;
    char averaged[HASH_TEXT], plain[HASH_TEXT];
    f->o.average = 0.99;
    require(run(f));
    require(weights_hash(f->toy.model, averaged));
    require(directory_remove(f->folder));
    require(directory_make(f->folder));
    start_again(f);
    f->o.average = 0;
    require(run(f));
    require(weights_hash(f->toy.model, plain));
    assert_string_not_equal(averaged, plain);
}

static void test_micro_batches_change_little(void **state)
{
    fixture *f = *state;
    double whole;
    require(run(f));
    whole = f->result.best_metric;
    require(directory_remove(f->folder));
    require(directory_make(f->folder));
    start_again(f);
    f->o.micro_batch = 5; /* four of a batch of sixteen; three of the last one of eleven */
    require(run(f));
    assert_true(fabs(f->result.best_metric - whole) < 5);
    assert_int_equal(f->toy.losses, 4 * (12 * 4 + 3));
}

static void test_bfloat16(void **state)
{
    fixture *f = *state;
    f->o.bfloat16 = true;
    f->o.max_steps = 30;
    require(run(f));
    assert_int_equal(f->result.steps, 30);
}

static void test_stop_saves_and_keeps_two(void **state)
{
    fixture *f = *state;
    f->o.checkpoint_steps = 5;
    f->toy.stop_step = 30;
    assert_int_equal(run(f), ERR_RETRY);
    assert_non_null(strstr(fail_message(), "stopped after step 31 of 52"));
    assert_int_equal(files_like(f, "checkpoint-*"), 2);
    assert_int_equal(files_like(f, "checkpoint-00000031/DONE"), 1);
    assert_int_equal(files_like(f, "checkpoint-00000030/DONE"), 1);
    assert_int_equal(files_like(f, "stats.json"), 0);
    start_again(f);
    require(run(f));
    assert_int_equal(f->toy.losses, 52 - 31);
    assert_int_equal(files_like(f, "checkpoint-*"), 1);
}

static void test_checkpoints_at_the_end_of_epochs(void **state)
{
    fixture *f = *state;
    f->o.checkpoint_minutes = 0;
    require(run(f));
    assert_int_equal(files_like(f, "checkpoint-00000039/DONE"), 1);
    assert_int_equal(files_like(f, "checkpoint-00000052"), 0); /* the end is model.safetensors */
}

static void test_finished_training_is_taken(void **state)
{
    fixture *f = *state;
    char before[HASH_TEXT], after[HASH_TEXT];
    require(run(f));
    double metric = f->result.best_metric;
    require(weights_hash(f->toy.model, before));
    start_again(f);
    require(run(f));
    require(weights_hash(f->toy.model, after));
    assert_string_equal(before, after);
    assert_int_equal(f->toy.losses, 0);
    assert_true(fabs(f->result.best_metric - metric) < 1e-6);
    assert_int_equal(f->result.steps, 52);
}

static void test_another_recipe_is_refused(void **state)
{
    fixture *f = *state;
    f->toy.stop_step = 3;
    assert_int_equal(run(f), ERR_RETRY);
    start_again(f);
    strcpy(f->o.recipe_hash, "ffffffffffffffffffffffffffffffff");
    assert_int_equal(run(f), ERR_CONFIG);
    assert_non_null(strstr(fail_message(), "0123456789abcdef0123456789abcdef"));
    assert_non_null(strstr(fail_message(), "ffffffffffffffffffffffffffffffff"));
    start_again(f);
    f->o = toy_options();
    require(run(f)); /* the right one goes on, and finishes */
    start_again(f);
    strcpy(f->o.recipe_hash, "ffffffffffffffffffffffffffffffff");
    assert_int_equal(run(f), ERR_CONFIG);
    fail_clear();
}

static int start(void **state)
{
    (void)state;
    return t_start(&(t_options){.device = "cpu", .threads = 1, .deterministic = true}) == OK ? 0 : -1;
}

#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, open_toy, close_toy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(test_slices_are_announced_in_order),
        LOOP_TEST(test_announcing_changes_nothing),
        LOOP_TEST(test_announcing_goes_on_where_training_does),
        LOOP_TEST(test_learns_and_leaves_its_results),
        LOOP_TEST(test_best_model_is_kept),
        LOOP_TEST(test_early_stop),
        LOOP_TEST(test_without_evaluation_the_last_model_is_kept),
        LOOP_TEST(test_metric_must_be_a_number),
        LOOP_TEST(test_average_is_what_is_evaluated_and_kept),
        LOOP_TEST(test_micro_batches_change_little),
        LOOP_TEST(test_bfloat16),
        LOOP_TEST(test_stop_saves_and_keeps_two),
        LOOP_TEST(test_checkpoints_at_the_end_of_epochs),
        LOOP_TEST(test_finished_training_is_taken),
        LOOP_TEST(test_another_recipe_is_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
