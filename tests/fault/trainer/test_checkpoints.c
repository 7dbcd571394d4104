/* Checkpoints that were damaged, cut short or never finished, a full disk, and numbers that are not finite. */
#include "base/file.h"
#include "tests/unit/trainer/toy.h"
#include "trainer/saver.h"

#include <glob.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct {
    comm *c;
    toy toy;
    train_options o;
    char folder[64];
    train_result result;
} fixture;

static void require(status st)
{
    if (st != OK) fail_msg("%s", fail_message());
}

static status run(fixture *f)
{
    const train_task task = toy_task(&f->toy);
    return trainer_run(f->c, &task, &f->o, f->folder, &f->result);
}

static void start_again(fixture *f)
{
    toy_close(&f->toy);
    require(toy_open(&f->toy, f->c, 1));
    trainer_stop_clear();
    fail_clear();
}

/* A training stopped after step 12, with complete checkpoints of the steps 10 and 12. */
static int open_stopped(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    *state = f;
    f->o = toy_options();
    f->o.checkpoint_steps = 5;
    f->o.average = 0.9;
    strcpy(f->folder, "/tmp/magister-checkpoints-XXXXXX");
    if (!mkdtemp(f->folder) || comm_open(1, 10, &f->c) != OK || toy_open(&f->toy, f->c, 1) != OK) return -1;
    f->toy.stop_step = 11;
    if (run(f) != ERR_RETRY) return -1;
    start_again(f);
    return 0;
}

static int close_stopped(void **state)
{
    fixture *f = *state;
    toy_close(&f->toy);
    comm_close(&f->c);
    directory_remove(f->folder);
    free(f);
    return t_live_count() == 0 ? 0 : -1;
}

static void path_of(const fixture *f, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", f->folder, name);
}

static bool there(const fixture *f, const char *name)
{
    char path[256];
    path_of(f, name, path, sizeof path);
    return access(path, F_OK) == 0;
}

static void cut_short(const fixture *f, const char *name, off_t bytes)
{
    char path[256];
    struct stat info;
    path_of(f, name, path, sizeof path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(truncate(path, bytes < 0 ? info.st_size + bytes : bytes), 0);
}

static void flip_a_byte(const fixture *f, const char *name, long place)
{
    char path[256];
    path_of(f, name, path, sizeof path);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, place, place < 0 ? SEEK_END : SEEK_SET);
    int byte = fgetc(file);
    fseek(file, -1, SEEK_CUR);
    fputc(byte ^ 0x10, file);
    fclose(file);
}

static void remove_file(const fixture *f, const char *name)
{
    char path[256];
    path_of(f, name, path, sizeof path);
    assert_int_equal(unlink(path), 0);
}

/* Finishes and tells how many steps were left to do. */
static int64_t steps_done_again(fixture *f)
{
    require(run(f));
    return f->toy.losses;
}

static void test_newest_is_taken(void **state)
{
    assert_int_equal(steps_done_again(*state), 52 - 12);
}

static void test_each_damaged_file_makes_the_older_one_taken(void **state)
{
    fixture *f = *state;
    static const char *const FILES[] = {"model.safetensors", "optimizer.safetensors", "average.safetensors",
                                        "state.json"};
    char name[128], *path = NULL;
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "checkpoint-00000012/%s", FILES[i]);
        flip_a_byte(f, name, -20);
        require(checkpoint_newest(f->folder, &path));
        assert_non_null(strstr(path, "checkpoint-00000010"));
        free(path);
        flip_a_byte(f, name, -20); /* whole again */
        require(checkpoint_newest(f->folder, &path));
        assert_non_null(strstr(path, "checkpoint-00000012"));
        free(path);
    }
}

static void test_cut_short(void **state)
{
    fixture *f = *state;
    cut_short(f, "checkpoint-00000012/model.safetensors", -1);
    assert_int_equal(steps_done_again(f), 52 - 10);
}

static void test_empty_mark(void **state)
{
    fixture *f = *state;
    cut_short(f, "checkpoint-00000012/DONE", 0);
    assert_int_equal(steps_done_again(f), 52 - 10);
}

static void test_without_its_mark_it_does_not_count(void **state)
{
    fixture *f = *state;
    remove_file(f, "checkpoint-00000012/DONE");
    assert_int_equal(steps_done_again(f), 52 - 10);
    assert_false(there(f, "checkpoint-00000012"));
}

static void test_missing_file(void **state)
{
    fixture *f = *state;
    remove_file(f, "checkpoint-00000012/optimizer.safetensors");
    assert_int_equal(steps_done_again(f), 52 - 10);
}

static void test_all_damaged(void **state)
{
    fixture *f = *state;
    cut_short(f, "checkpoint-00000012/model.safetensors", 100);
    cut_short(f, "checkpoint-00000010/state.json", 30);
    assert_int_equal(run(f), ERR_INPUT);
    assert_non_null(strstr(fail_message(), "checkpoint-00000012/model.safetensors"));
    assert_non_null(strstr(fail_message(), "To begin again, remove"));
    assert_int_equal(f->toy.losses, 0);
    fail_clear();
}

/* Damage that the fingerprints were made to cover: only reading itself can find it. */
static void test_every_prefix_of_the_state_is_refused(void **state)
{
    fixture *f = *state;
    char path[256], *text = NULL, hash[HASH_TEXT];
    size_t count;
    train_state found;
    path_of(f, "checkpoint-00000012", path, sizeof path);
    char name[300], mark[300];
    snprintf(name, sizeof name, "%s/state.json", path);
    snprintf(mark, sizeof mark, "%s/DONE", path);
    require(file_read(name, 100000, &text, &count));
    for (size_t length = 0; length < count; length += 7) {
        require(file_write(name, text, length));
        hash_bytes(text, length, hash);
        require(file_write(mark, hash, strlen(hash)));
        assert_int_equal(checkpoint_state(path, &found), ERR_INPUT);
        fail_clear();
    }
    free(text);
}

static void test_model_of_another_shape(void **state)
{
    fixture *f = *state;
    nn_linear(f->toy.model, "more", 3, 3, true, (t_init){INIT_ZEROS, 0});
    assert_int_equal(run(f), ERR_INPUT);
    fail_clear();
}

static void test_data_that_has_changed(void **state)
{
    fixture *f = *state;
    train_task task = toy_task(&f->toy);
    task.sample_count = 16;
    assert_int_equal(trainer_run(f->c, &task, &f->o, f->folder, &f->result), ERR_INPUT);
    assert_non_null(strstr(fail_message(), "the data has changed"));
    fail_clear();
}

static status save(const char *folder, const checkpoint_parts *parts, const train_state *state)
{
    checkpoint_image *image = NULL;
    status st = checkpoint_image_new(&image);
    if (st == OK) st = checkpoint_take(image, parts, state);
    if (st == OK) st = checkpoint_write(folder, image);
    checkpoint_image_free(&image);
    return st;
}

/* Every place where writing may fail: the older checkpoints stay, nothing half done is left, and it goes on later. */
static void test_full_disk_at_every_size(void **state)
{
    fixture *f = *state;
    struct rlimit before;
    char *path = NULL;
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 0; room <= 4096; room = room ? room * 4 : 16) {
        start_again(f);
        optim *o = NULL;
        weights *average = NULL;
        train_state found;
        require(checkpoint_newest(f->folder, &path));
        require(checkpoint_state(path, &found));
        free(path);
        require(optim_adamw(f->toy.model, &(adamw_options){.lr = 1, .beta1 = 0.9, .beta2 = 0.9, .eps = 1e-8}, &o));
        require(weights_new(f->toy.model, &average));
        found.step = 40;
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){room, before.rlim_max});
        status st = save(f->folder, &(checkpoint_parts){f->toy.model, o, average, NULL}, &found);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_int_equal(st, ERR_IO);
        assert_non_null(strstr(fail_message(), "checkpoint-00000040"));
        fail_clear();
        assert_false(there(f, "checkpoint-00000040"));
        assert_false(there(f, "checkpoint-00000040.unfinished"));
        assert_true(there(f, "checkpoint-00000012/DONE") && there(f, "checkpoint-00000010/DONE"));
        optim_free(&o);
        weights_free(&average);
    }
    start_again(f);
    assert_int_equal(steps_done_again(f), 52 - 12);
}

static void fill(fixture *f, float value)
{
    float *bias = t_data_f32(module_find(f->toy.model, "head.bias"));
    for (int i = 0; i < TOY_CLASSES; i++) bias[i] = value;
}

/* What is written in the background is what was there when it was begun, whatever training does meanwhile; one save
 * waits for the one before, and all of them get there. */
static void test_saved_beside_training(void **state)
{
    fixture *f = *state;
    saver *s = NULL;
    optim *o = NULL;
    char *path = NULL;
    train_state found;
    require(checkpoint_newest(f->folder, &path));
    require(checkpoint_state(path, &found));
    free(path);
    require(optim_adamw(f->toy.model, &(adamw_options){.lr = 1, .beta1 = 0.9, .beta2 = 0.9, .eps = 1e-8}, &o));
    require(saver_new(f->folder, 2, &s));
    const checkpoint_parts parts = {f->toy.model, o, NULL, NULL};
    for (found.step = 40; found.step < 50; found.step++) {
        fill(f, (float)found.step);
        require(saver_start(s, &parts, &found));
        fill(f, -1);
    }
    require(saver_wait(s));
    for (int64_t step = 48; step < 50; step++) {
        char name[128], there_at[256];
        snprintf(name, sizeof name, "checkpoint-%08lld", (long long)step);
        path_of(f, name, there_at, sizeof there_at);
        require(checkpoint_load(f->c, there_at, &parts, &found));
        assert_true(t_data_f32(module_find(f->toy.model, "head.bias"))[TOY_CLASSES - 1] == (float)step);
    }
    assert_false(there(f, "checkpoint-00000047")); /* two are kept */
    saver_free(&s);
    optim_free(&o);
}

/* A save that fails while training goes on is told afterwards, once, with its place; then saving goes on. */
static void test_a_save_that_fails_is_told_later(void **state)
{
    fixture *f = *state;
    saver *s = NULL;
    optim *o = NULL;
    struct rlimit before;
    train_state found = state_start(&f->o, 1);
    require(optim_adamw(f->toy.model, &(adamw_options){.lr = 1, .beta1 = 0.9, .beta2 = 0.9, .eps = 1e-8}, &o));
    require(saver_new(f->folder, 2, &s));
    const checkpoint_parts parts = {f->toy.model, o, NULL, NULL};
    found.step = 40;
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){16, before.rlim_max});
    require(saver_start(s, &parts, &found));
    status st = OK;
    for (int tries = 0; st == OK && tries < 6000; tries++) {
        st = saver_failure(s);
        usleep(10000);
    }
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(st, ERR_IO);
    assert_non_null(strstr(fail_message(), "checkpoint-00000040"));
    assert_non_null(strstr(fail_place(), "direct.c:"));
    fail_clear();
    require(saver_wait(s));
    assert_false(there(f, "checkpoint-00000040"));
    require(saver_start(s, &parts, &found));
    require(saver_wait(s));
    assert_true(there(f, "checkpoint-00000040/DONE"));
    saver_free(&s);
    optim_free(&o);
}

static void test_loss_that_is_not_a_number(void **state)
{
    fixture *f = *state;
    f->toy.nan_step = 20;
    assert_int_equal(run(f), ERR_INPUT);
    assert_non_null(strstr(fail_message(), "step 20 (epoch 2): the loss is not finite"));
    assert_non_null(strstr(fail_message(), "for the samples "));
    assert_true(there(f, "checkpoint-00000020/DONE"));
    fail_clear();
}

/* A weight that overflows: the loss is told with the parameter that did it. */
static void test_parameters_are_named(void **state)
{
    fixture *f = *state;
    float *bias = t_data_f32(module_find(f->toy.model, "head.bias"));
    directory_remove(f->folder);
    directory_make(f->folder);
    bias[3] = INFINITY;
    assert_int_equal(run(f), ERR_INPUT);
    assert_non_null(strstr(fail_message(), "step 0"));
    assert_non_null(strstr(fail_message(), "head.bias"));
    fail_clear();
}

/* loss = sqrt(sum of head.bias): finite at 0, its slope is not. */
static status steep_loss(void *self, const train_slice *slice, tensor **out)
{
    toy *t = self;
    (void)slice;
    *out = t_sqrt(t_sum_all(module_find(t->model, "head.bias")));
    return OK;
}

static void test_gradient_that_is_not_finite(void **state)
{
    fixture *f = *state;
    train_task task = toy_task(&f->toy);
    task.loss = steep_loss;
    for (int clips = 0; clips < 2; clips++) {
        directory_remove(f->folder);
        directory_make(f->folder);
        start_again(f);
        task.model = f->toy.model;
        f->o.clip = clips;
        assert_int_equal(trainer_run(f->c, &task, &f->o, f->folder, &f->result), ERR_INPUT);
        assert_non_null(strstr(fail_message(), "step 0 (epoch 1): the gradient is not finite (head.bias)"));
        fail_clear();
    }
}

static int start(void **state)
{
    (void)state;
    return t_start(&(t_options){.device = "cpu", .threads = 1, .deterministic = true}) == OK ? 0 : -1;
}

#define STOPPED_TEST(name) cmocka_unit_test_setup_teardown(name, open_stopped, close_stopped)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STOPPED_TEST(test_newest_is_taken),
        STOPPED_TEST(test_each_damaged_file_makes_the_older_one_taken),
        STOPPED_TEST(test_cut_short),
        STOPPED_TEST(test_empty_mark),
        STOPPED_TEST(test_without_its_mark_it_does_not_count),
        STOPPED_TEST(test_missing_file),
        STOPPED_TEST(test_all_damaged),
        STOPPED_TEST(test_every_prefix_of_the_state_is_refused),
        STOPPED_TEST(test_model_of_another_shape),
        STOPPED_TEST(test_data_that_has_changed),
        STOPPED_TEST(test_full_disk_at_every_size),
        STOPPED_TEST(test_saved_beside_training),
        STOPPED_TEST(test_a_save_that_fails_is_told_later),
        STOPPED_TEST(test_loss_that_is_not_a_number),
        STOPPED_TEST(test_parameters_are_named),
        STOPPED_TEST(test_gradient_that_is_not_finite),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
