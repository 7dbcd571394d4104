/* A student's whole step on any number of ranks: what it leaves in the run directory and in the store. */
#include "student/scoring.h"
#include "student/shared_tracks.h"
#include "student/student.h"
#include "tests/unit/student/fake_loader.h"
#include "tests/unit/student/small_world.h"

#include <jansson.h>
#include <unistd.h>

static comm *ranks;
static dataset data;

/* All ranks use the world that rank 0 makes. */
static int open_all(void **state)
{
    t_options options = {.device = "cpu", .threads = 1, .deterministic = true};
    bool failed = false;
    if (t_start(&options) != OK || comm_open(0, 60, &ranks) != OK) return -1;
    if (comm_rank(ranks) == 0) failed = world_open(state) != 0;
    if (comm_broadcast(ranks, scratch_directory, sizeof scratch_directory, 0) != OK || failed) return -1;
    recipe *r = world_recipe(NULL);
    status st = dataset_open(r, &data);
    recipe_free(&r);
    if (st == OK && comm_rank(ranks) == 0) {
        for (size_t v = 0; v < WORLD_VIDEOS + WORLD_EVAL_VIDEOS; v++) {
            char name[32];
            snprintf(name, sizeof name, "v%zu.mp4", v);
            scratch_file(name, "");
        }
        world_store(&data, "teacher", ENCODE_TOPK, NULL, true);
        world_store(&data, "holes", ENCODE_TOPK, data.train.at[2].uid, true);
    }
    return st == OK && comm_barrier(ranks) == OK ? 0 : -1;
}

static int close_all(void **state)
{
    status st = comm_barrier(ranks);
    dataset_free(&data);
    if (comm_rank(ranks) == 0 && scratch_close(state)) return -1;
    comm_close(&ranks);
    return st == OK ? 0 : -1;
}

static status train(recipe *r, const char *variant)
{
    const run_step step = {.section = "student", .variant = variant, .seed = 3};
    status st = student_train(ranks, r, scratch_directory, &step, NULL);
    recipe_free(&r);
    return st;
}

static void open_set(const char *name, store **s, set_info *info, int64_t *set)
{
    char path[128];
    snprintf(path, sizeof path, "%s/store.sqlite", scratch_directory);
    assert_ok(store_open(path, STORE_READ, s));
    assert_ok(store_find_set(*s, name, 3, info, set));
}

/* Predictions of every eval segment of a set: (eval.count, WORLD_ACTIONS), freed by the caller. */
static float *stored(const char *name, const char *role)
{
    store *s = NULL;
    set_info info;
    int64_t set = 0;
    float *out = calloc(data.eval.count * WORLD_ACTIONS, sizeof *out);
    open_set(name, &s, &info, &set);
    assert_true(info.complete);
    assert_int_equal(info.count, data.eval.count);
    assert_string_equal(info.role, role);
    assert_int_equal(strlen(info.model_hash), 32);
    for (size_t i = 0; i < data.eval.count; i++)
        assert_ok(store_get(s, set, data.eval.at[i].uid, 0, out + i * WORLD_ACTIONS, NULL));
    store_close(&s);
    return out;
}

#define SHORT "student.train.epochs=2", "student.train.batch=16", "predict.encoding=dense", "seed=3"

static json_t *stats_of(const char *step)
{
    char path[160];
    snprintf(path, sizeof path, "%s/steps/%s/stats.json", scratch_directory, step);
    json_t *stats = json_load_file(path, 0, NULL);
    assert_non_null(stats);
    return stats;
}

/* With a learning rate of 0 the student stays the one it began as, whose predictions can be made here. */
static void ranks_share_the_predictions(void **state)
{
    (void)state;
    student s = {0};
    recipe *r = WORLD_RECIPE(SHORT, "student.train.optimizer.lr=0", "student.distill.loss=none");
    float *wanted = calloc(data.eval.count * WORLD_ACTIONS, sizeof *wanted);
    assert_ok(student_open(r, scratch_directory, &data, NULL, &s));
    grad_pause();
    assert_ok(student_predict(&s, &s.sight.eval_clips, data.eval.at, data.eval.count, wanted));
    grad_resume();
    student_free(&s);
    assert_ok(train(r, "still"));
    float *got = stored("still", "student");
    for (size_t i = 0; i < data.eval.count * WORLD_ACTIONS; i++) assert_float_equal(got[i], wanted[i], 1e-3);
    free(got);
    free(wanted);
}

/* The same with a student that sees frames, made-up ones. */
static void ranks_share_the_frames(void **state)
{
    (void)state;
    char videos[128];
    student s = {0};
    snprintf(videos, sizeof videos, "data.videos=%s", scratch_directory);
    const char *const keys[] = {SHORT,
                                videos,
                                "student.input=frames",
                                "student.encoder=0",
                                "video.size=16",
                                "student.cnn.channels=[8]",
                                "student.cnn.width=8",
                                "student.train.optimizer.lr=0",
                                "student.distill.loss=none",
                                NULL};
    recipe *r = world_recipe(keys);
    float *wanted = calloc(data.eval.count * WORLD_ACTIONS, sizeof *wanted);
    assert_ok(student_open(r, scratch_directory, &data, NULL, &s));
    size_t samples = s.count;
    grad_pause();
    assert_ok(student_predict(&s, &s.sight.eval_clips, data.eval.at, data.eval.count, wanted));
    grad_resume();
    student_free(&s);
    fake_broken = "v4";
    assert_ok(train(r, "frames"));
    fake_broken = NULL;
    float *got = stored("frames", "student");
    for (size_t i = 0; i < data.eval.count * WORLD_ACTIONS; i++) assert_float_equal(got[i], wanted[i], 1e-3);
    json_t *stats = stats_of("frames"), *use = json_object_get(stats, "video");
    assert_int_equal(json_integer_value(json_object_get(use, "clips")), 2 * samples);
    int64_t broken = json_integer_value(json_object_get(use, "broken"));
    assert_true(broken > 0 && broken <= 2 * WORLD_SEGMENTS);
    assert_true(json_is_real(json_object_get(use, "waited_share")));
    json_decref(stats);
    free(got);
    free(wanted);
}

static void a_step_leaves_its_results(void **state)
{
    (void)state;
    char path[160];
    assert_ok(train(WORLD_RECIPE(SHORT), NULL));
    float *first = stored("student", "student");
    json_t *stats = stats_of("student");
    assert_true(json_number_value(json_object_get(stats, "coverage")) == 1);
    assert_int_equal(json_integer_value(json_object_get(stats, "world_size")), comm_size(ranks));
    assert_int_equal(json_integer_value(json_object_get(stats, "samples")) +
                         json_integer_value(json_object_get(stats, "samples_dropped")),
                     data.train.count);
    json_decref(stats);
    snprintf(path, sizeof path, "%s/steps/student/normalization.safetensors", scratch_directory);
    assert_true(file_exists(path));

    assert_ok(train(WORLD_RECIPE(SHORT), NULL)); /* finished: nothing is trained or predicted again */
    float *again = stored("student", "student");
    assert_memory_equal(first, again, data.eval.count * WORLD_ACTIONS * sizeof *first);
    free(first);
    free(again);
}

/* Every rank chooses the same share by itself; which segments it is, is told by a sum over their uids. */
static void ranks_agree_about_the_share(void **state)
{
    (void)state;
    student s = {0};
    recipe *r = WORLD_RECIPE(SHORT, "student.labels=0.4");
    assert_ok(student_open(r, scratch_directory, &data, NULL, &s));
    int64_t mine[2] = {(int64_t)s.count, 0};
    for (size_t i = 0; i < s.count; i++)
        for (const char *c = s.samples[i].uid; *c; c++) mine[1] = (mine[1] * 31 + *c) % 1000003;
    student_free(&s);
    int64_t sums[2] = {mine[0], mine[1]};
    assert_ok(comm_sum_i64(ranks, sums, 2));
    for (int i = 0; i < 2; i++) assert_int_equal(sums[i], mine[i] * comm_size(ranks));
    assert_true(mine[0] > 0 && mine[0] < (int64_t)data.train.count / 2);
    assert_ok(train(r, "share"));
    json_t *stats = stats_of("share");
    assert_int_equal(json_integer_value(json_object_get(stats, "samples")), mine[0]);
    json_decref(stats);
    free(stored("share", "student"));
}

static void controls_are_marked(void **state)
{
    (void)state;
    assert_ok(train(WORLD_RECIPE(SHORT, "student.distill.shuffle=true"), "shuffled"));
    free(stored("shuffled", "control"));
    assert_ok(train(WORLD_RECIPE(SHORT, "student.distill.loss=none", "student.blind=true"), "blind"));
    free(stored("blind", "control"));
    json_t *stats = stats_of("blind");
    assert_true(json_is_null(json_object_get(stats, "coverage")));
    json_decref(stats);
}

static void coverage_of_holes_is_kept(void **state)
{
    (void)state;
    assert_ok(train(WORLD_RECIPE(SHORT, "student.distill.from=holes", "student.distill.on_missing=skip"), "skipping"));
    json_t *stats = stats_of("skipping");
    double coverage = json_number_value(json_object_get(stats, "coverage"));
    assert_true(coverage > 0.9 && coverage < 1);
    json_decref(stats);
}

/* Rank 0 goes to the world's directory, the others to one without its files; back with NULL. */
static void go_apart(const char *back)
{
    int gone = chdir(back ? back : comm_rank(ranks) == 0 ? scratch_directory : "/proc");
    assert_int_equal(gone, 0);
}

static void one_rank_reads_tracks_of_a_csv(void **state)
{
    (void)state;
    char here[1024], text[4096] = "video,frame,x,y\n";
    tracks *t = NULL;
    shared_bytes *bytes = NULL;
    for (int i = 0; i < 100; i++) snprintf(text + strlen(text), 40, "v%d,%d,%d,%d.5\n", i / 10, i % 10, i, -i);
    if (comm_rank(ranks) == 0) scratch_file("one.csv", text);
    assert_non_null(getcwd(here, sizeof here));
    go_apart(NULL);
    assert_ok(shared_tracks_open(ranks, "one.csv", &t, &bytes));
    assert_int_equal(bytes != NULL, comm_size(ranks) > 1);
    assert_int_equal(tracks_width(t), 2);
    for (int i = 0; i < 100; i++) {
        char name[8];
        snprintf(name, sizeof name, "v%d", i / 10);
        assert_int_equal(tracks_frames(t, name), 10);
        const float *frame = tracks_frame(t, name, (size_t)i % 10);
        assert_true(frame[0] == (float)i && frame[1] == (i ? -(float)i - 0.5f : 0.5f));
    }
    tracks_close(&t);
    shared_bytes_free(&bytes);
    if (comm_rank(ranks) == 0) scratch_file("one.csv", "video,frame,x,y\n1,0,5\n");
    assert_failed(shared_tracks_open(ranks, "one.csv", &t, &bytes), ERR_INPUT, "one.csv:2: 3 columns where");
    go_apart(here);
    if (comm_rank(ranks) == 0) scratch_file("index.tsv", "video\tframes\twidth\na\t1\t1\n");
    if (comm_rank(ranks) == 0) scratch_bytes("a.f32", &(float){2.5f}, sizeof(float));
    assert_ok(shared_tracks_open(ranks, scratch_directory, &t, &bytes)); /* a folder: every rank maps it */
    assert_null(bytes);
    assert_true(tracks_frame(t, "a", 0)[0] == 2.5f);
    tracks_close(&t);
}

static void every_rank_learns_of_a_failure(void **state)
{
    (void)state;
    char part[64];
    snprintf(part, sizeof part, "segment %s has no prediction by holes", data.train.at[2].uid);
    assert_failed(train(WORLD_RECIPE(SHORT, "student.distill.from=holes"), "failing"), ERR_MISSING, part);
    assert_int_equal(t_live_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_share_the_predictions),
        cmocka_unit_test(ranks_share_the_frames),
        cmocka_unit_test(a_step_leaves_its_results),
        cmocka_unit_test(ranks_agree_about_the_share),
        cmocka_unit_test(controls_are_marked),
        cmocka_unit_test(coverage_of_holes_is_kept),
        cmocka_unit_test(one_rank_reads_tracks_of_a_csv),
        cmocka_unit_test(every_rank_learns_of_a_failure),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
