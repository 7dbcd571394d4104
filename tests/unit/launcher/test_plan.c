/* The plan of a recipe, and what goes with it: exit codes. */
#include "launcher/failures.h"
#include "launcher/generated.h"
#include "launcher/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static recipe *read_overrides(char *const *overrides, size_t count)
{
    recipe *r = NULL;
    status st = recipe_read(NULL, overrides, count, &r);
    if (st != OK) fail_msg("%s", fail_message());
    return r;
}

/* The names of the steps, joined by spaces. */
static void assert_steps(char *const *overrides, size_t count, const char *expected)
{
    char names[2048] = "";
    plan p;
    recipe *r = read_overrides(overrides, count);
    assert_int_equal(plan_make(r, &p), OK);
    for (size_t i = 0; i < p.count; i++) {
        strcat(names, i ? " " : "");
        strcat(names, p.at[i].name);
        assert_int_equal(strlen(p.at[i].hash), 32);
    }
    assert_string_equal(names, expected);
    plan_free(&p);
    assert_int_equal(p.count, 0);
    recipe_free(&r);
}

#define STEPS(expected, ...)                                                                                           \
    do {                                                                                                               \
        char *overrides[] = {__VA_ARGS__};                                                                             \
        assert_steps(overrides, sizeof overrides / sizeof overrides[0], expected);                                     \
    } while (0)

static void steps_follow_stages_variants_and_seeds(void **state)
{
    (void)state;
    STEPS("generate teacher predict.teacher student evaluate",
          "stages=[generate, teacher, predict, student, evaluate]");
    STEPS("teacher predict.teacher", "stages=[teacher, predict]", "data.train=x");
    STEPS("evaluate", "stages=[evaluate]");
    STEPS("generate teacher no_text predict.teacher predict.no_text student.3 student.1 plain.3 plain.1 blind evaluate",
          "stages=[generate, teacher, predict, student, evaluate]", "teacher.variants.no_text.extra_text=null",
          "student.seeds=[3, 1]", "student.variants.plain.distill.loss=none",
          "student.variants.blind={blind: true, seeds: []}");
}

static void caches_stand_behind_what_makes_them(void **state)
{
    (void)state;
    STEPS("generate seeing.4 seeing.5 cache.seeing student.4 student.5 blind.4 blind.5", "stages=[generate, student]",
          "generate.film=video", "student.distill.from=a.sqlite:teacher", "student.seeds=[4, 5]", "student.input=cache",
          "student.backbone=seeing", "student.variants.blind.blind=true", "student.variants.seeing.input=frames");
    STEPS("student cache.student late", "stages=[student]", "data.train=x", "data.videos=x",
          "student.distill.loss=none", "student.input=frames", "student.variants.late.input=cache",
          "student.variants.late.backbone=student");
}

static void what_a_learner_knows_comes_before_who_sees_it(void **state)
{
    (void)state;
    STEPS("generate stream features.student student plain evaluate", "stages=[generate, stream, student, evaluate]",
          "generate.film=video", "student.distill.loss=none", "student.input=stream",
          "student.variants.plain.width=64");
    /* one step a learner, whoever sees what it knows, and none for who sees something else */
    STEPS("stream student eyes features.own own.3 own.4 features.old old again", "stages=[stream, student]",
          "data.train=x", "data.videos=x", "student.distill.loss=none", "student.input=frames",
          "student.variants.eyes.input=frames", "student.variants.own={input: stream, seeds: [3, 4]}",
          "student.variants.old={input: stream, stream: runs/old}",
          "student.variants.again={input: stream, stream: runs/old}");
}

static const char *const CACHE[] = {"stages=[student]",
                                    "student.input=cache",
                                    "student.backbone=seeing",
                                    "student.variants.seeing.input=frames",
                                    "student.variants.alone.input=frames",
                                    NULL};
static const char *const STREAM[] = {"stages=[stream, student]", "student.input=stream",
                                     "student.variants.alone.input=frames",
                                     "student.variants.old={input: stream, stream: runs/old}", NULL};

/* The hash of step `name` of a recipe of these keys and one more. */
static void step_hash(const char *const *keys, const char *name, char *more, char out[33])
{
    char *overrides[12] = {"data.train=x", "data.videos=x", "student.distill.loss=none", more};
    size_t count = 4;
    for (; *keys; keys++) overrides[count++] = (char *)(uintptr_t)*keys;
    plan p;
    recipe *r = read_overrides(overrides, count);
    assert_int_equal(plan_make(r, &p), OK);
    out[0] = '\0';
    for (size_t i = 0; i < p.count; i++)
        if (!strcmp(p.at[i].name, name)) strcpy(out, p.at[i].hash);
    assert_int_equal(strlen(out), 32);
    plan_free(&p);
    recipe_free(&r);
}

/* Whether the hash of that step differs between the override and the plain recipe. */
static bool moves(const char *const *keys, const char *name, char *more)
{
    char plain[33], moved[33];
    step_hash(keys, name, "name=plain", plain);
    step_hash(keys, name, more, moved);
    return strcmp(plain, moved) != 0;
}

static bool hash_moves(const char *name, char *more)
{
    return moves(CACHE, name, more);
}

static void students_depend_on_the_features_they_see(void **state)
{
    (void)state;
    char *of_backbone = "student.variants.seeing.cnn.width=32", *rate = "student.cache_fps=3";
    assert_true(hash_moves("seeing", of_backbone));
    assert_true(hash_moves("cache.seeing", of_backbone));
    assert_true(hash_moves("student", of_backbone));
    assert_false(hash_moves("alone", of_backbone));
    assert_false(hash_moves("seeing", rate));
    assert_true(hash_moves("cache.seeing", rate));
    assert_true(hash_moves("student", rate));
    assert_false(hash_moves("alone", rate));
    assert_false(hash_moves("student", "video.threads=7"));
    assert_true(hash_moves("student", "video.size=48"));
}

static void students_depend_on_the_learner_whose_knowledge_they_see(void **state)
{
    (void)state;
    char *learner = "stream.features=128", *student = "student.width=64";
    assert_true(moves(STREAM, "stream", learner));
    assert_true(moves(STREAM, "features.student", learner));
    assert_true(moves(STREAM, "student", learner));
    assert_false(moves(STREAM, "alone", learner));
    assert_false(moves(STREAM, "old", learner));
    assert_false(moves(STREAM, "stream", student));
    assert_false(moves(STREAM, "features.student", student));
    assert_true(moves(STREAM, "student", student));
    assert_true(moves(STREAM, "old", "student.variants.old.frames=3"));
    assert_false(moves(STREAM, "features.old", "student.variants.old.frames=3"));
}

#define ALL_STAGES "stages=[generate, teacher, predict, student, evaluate]"

/* The learner of step `name` as "student_plain.1", "" for none. */
static void assert_learner(char *const *overrides, size_t count, const char *name, const char *expected)
{
    plan p;
    bool found = false;
    char learner[96] = "";
    recipe *r = read_overrides(overrides, count);
    assert_int_equal(plan_make(r, &p), OK);
    for (size_t i = 0; i < p.count; i++) {
        if (strcmp(p.at[i].name, name)) continue;
        found = true;
        assert_int_equal(p.at[i].teachers, 0);
        if (p.at[i].learner.section) assert_int_equal(run_step_name(&p.at[i].learner, learner, sizeof learner), OK);
    }
    assert_true(found);
    assert_string_equal(learner, expected);
    plan_free(&p);
    recipe_free(&r);
}

#define LEARNER(name, expected, ...)                                                                                   \
    do {                                                                                                               \
        char *overrides[] = {__VA_ARGS__};                                                                             \
        assert_learner(overrides, sizeof overrides / sizeof overrides[0], name, expected);                             \
    } while (0)

static void a_prediction_knows_who_learns_from_it_first(void **state)
{
    (void)state;
    LEARNER("predict.teacher", "student", ALL_STAGES);
    LEARNER("predict.teacher", "", "stages=[generate, teacher, predict]");
    LEARNER("predict.teacher", "", ALL_STAGES, "student.distill.loss=none");
    LEARNER("predict.teacher", "student", ALL_STAGES, "student.distill.loss=none", "student.distill.features=mse");
    LEARNER("predict.teacher", "", ALL_STAGES, "student.distill.from=trigram");
    LEARNER("predict.teacher", "late.4", ALL_STAGES, "student.seeds=[4, 2]", "student.distill.loss=none",
            "student.variants.late.distill.loss=topk_kl");
    LEARNER("predict.small", "of_small", ALL_STAGES, "teacher.variants.small.layers=1",
            "student.variants.of_small.distill.from=small");
    /* students learn from the lowest seed of a teacher */
    LEARNER("predict.teacher.3", "student", ALL_STAGES, "teacher.seeds=[7, 3]");
    LEARNER("predict.teacher.7", "", ALL_STAGES, "teacher.seeds=[7, 3]");
    /* what a student sees through another one is not known yet; that other one learns first where it learns */
    LEARNER("predict.teacher", "", ALL_STAGES, "generate.film=video", "student.input=cache", "student.backbone=seeing",
            "student.variants.seeing={input: frames, distill: {loss: none}}");
    LEARNER("predict.teacher", "seeing", ALL_STAGES, "generate.film=video", "student.input=cache",
            "student.backbone=seeing", "student.variants.seeing.input=frames");
    LEARNER("predict.teacher", "", ALL_STAGES, "generate.film=video", "student.input=stream",
            "student.stream=runs/old");
}

/* What the ranks of each step are called, and how many teachers they have: "2 predict.teacher+student". */
static void assert_overlap(char *const *overrides, size_t count, const char *expected)
{
    plan p;
    char all[2048] = "";
    recipe *r = read_overrides(overrides, count);
    assert_int_equal(plan_make(r, &p), OK);
    for (size_t i = 0; i < p.count; i++) {
        char one[256];
        snprintf(one, sizeof one, "%s%zu %s", i ? ", " : "", p.at[i].teachers, p.at[i].logs);
        strcat(all, one);
        if (!p.at[i].teachers) continue;
        assert_string_equal(p.at[i].step.section, "predict");
        assert_string_equal(p.at[i + 1].step.section, "student");
        assert_memory_equal(&p.at[i + 1].step, &p.at[i].learner, sizeof(run_step));
    }
    assert_string_equal(all, expected);
    plan_free(&p);
    recipe_free(&r);
}

#define OVERLAP(expected, ...)                                                                                         \
    do {                                                                                                               \
        char *overrides[] = {ALL_STAGES, __VA_ARGS__};                                                                 \
        assert_overlap(overrides, sizeof overrides / sizeof overrides[0], expected);                                   \
    } while (0)

static void predictions_stand_before_the_learners_they_run_with(void **state)
{
    (void)state;
    OVERLAP("0 generate, 0 teacher, 2 predict.teacher+student, 0 student, 0 evaluate", "launch.overlap=2");
    OVERLAP("0 generate, 0 teacher, 0 student, 1 predict.teacher+late, 0 late, 0 evaluate", "launch.overlap=1",
            "student.distill.loss=none", "student.variants.late={seeds: [5], distill: {loss: topk_kl}}",
            "teacher.seeds=[0]");
    OVERLAP("0 generate, 0 teacher, 0 small, 1 predict.teacher+student, 0 student, 0 plain, "
            "1 predict.small+of_small.1, 0 of_small.1, 0 of_small.2, 0 evaluate",
            "launch.overlap=1", "teacher.variants.small.layers=1", "student.variants.plain.distill.loss=none",
            "student.variants.of_small={seeds: [1, 2], distill: {from: small}}");
}

/* Baselines come with the predictions of the teacher: a student that needs them cannot run before these. */
static void a_student_of_a_baseline_keeps_predictions_where_they_are(void **state)
{
    (void)state;
    char *overrides[] = {ALL_STAGES, "launch.overlap=1", "student.distill.from=trigram",
                         "student.variants.late.distill.from=teacher"};
    plan p;
    recipe *r = read_overrides(overrides, 4);
    assert_int_equal(plan_make(r, &p), ERR_CONFIG);
    assert_non_null(strstr(fail_message(), "launch.overlap is 1, and no student"));
    fail_clear();
    recipe_free(&r);
}

/* Nothing that is done counts as done with another recipe. */
static void overlapping_leaves_hashes_alone(void **state)
{
    (void)state;
    char *overrides[] = {ALL_STAGES, "launch.overlap=3"};
    plan apart, together;
    recipe *r[] = {read_overrides(overrides, 1), read_overrides(overrides, 2)};
    assert_int_equal(plan_make(r[0], &apart), OK);
    assert_int_equal(plan_make(r[1], &together), OK);
    assert_int_equal(apart.count, together.count);
    for (size_t i = 0; i < apart.count; i++) {
        assert_string_equal(apart.at[i].name, together.at[i].name);
        assert_string_equal(apart.at[i].hash, together.at[i].hash);
    }
    plan_free(&apart);
    plan_free(&together);
    for (size_t i = 0; i < 2; i++) recipe_free(&r[i]);
}

static void baselines_have_nothing_to_train(void **state)
{
    (void)state;
    STEPS("predict.teacher", "stages=[teacher, predict]", "data.train=x", "teacher.model=trigram");
    STEPS("teacher predict.teacher predict.counts", "stages=[teacher, predict]", "data.train=x",
          "teacher.variants.counts.model=bigram");
}

static void pretraining_comes_before_the_teachers_that_ask_for_it(void **state)
{
    (void)state;
    STEPS("pretrain.teacher teacher scratch predict.teacher predict.scratch", "stages=[teacher, predict]",
          "data.train=x", "teacher.pretrain.corpus=[a.txt]", "teacher.variants.scratch.pretrain.corpus=[]");
    STEPS("pretrain.teacher.2 pretrain.teacher.1 teacher.2 teacher.1 counts.2 counts.1", "stages=[teacher]",
          "data.train=x", "teacher.pretrain.corpus=[a.txt]", "teacher.seeds=[2, 1]",
          "teacher.variants.counts={pretrain: {corpus: []}}");
    STEPS("generate pretrain.teacher teacher small", "stages=[generate, teacher]", "teacher.pretrain.extra_text=true",
          "teacher.extra_text=a.txt", "teacher.variants.small.extra_text=null");
    STEPS("teacher", "stages=[teacher]", "data.train=x", "teacher.pretrain.extra_text=true");
}

/* Another corpus is another pretraining and another teacher, but the same teacher where none is asked for. */
static void a_corpus_is_part_of_the_hash(void **state)
{
    (void)state;
    char *one[] = {"stages=[teacher]", "data.train=x", "teacher.pretrain.corpus=[a.txt]", "teacher.seeds=[0]"};
    char *other[] = {"stages=[teacher]", "data.train=x", "teacher.pretrain.corpus=[b.txt]", "teacher.seeds=[0]"};
    char *seeds[] = {"stages=[teacher]", "data.train=x", "teacher.pretrain.corpus=[a.txt]"};
    plan a, b, c;
    recipe *r[] = {read_overrides(one, 4), read_overrides(other, 4), read_overrides(seeds, 3)};
    assert_int_equal(plan_make(r[0], &a), OK);
    assert_int_equal(plan_make(r[1], &b), OK);
    assert_int_equal(plan_make(r[2], &c), OK);
    for (size_t i = 0; i < 2; i++) {
        assert_string_not_equal(a.at[i].hash, b.at[i].hash);
        assert_string_equal(a.at[i].hash, c.at[i].hash);
    }
    plan_free(&a);
    plan_free(&b);
    plan_free(&c);
    for (size_t i = 0; i < 3; i++) recipe_free(&r[i]);
}

static void steps_carry_what_ranks_need(void **state)
{
    (void)state;
    char *overrides[] = {"stages=[generate, student]", "student.distill.from=a.sqlite:teacher", "student.seeds=[5, 6]",
                         "student.variants.plain.distill.loss=none"};
    recipe *r = read_overrides(overrides, 4);
    plan p;
    assert_int_equal(plan_make(r, &p), OK);
    assert_int_equal(p.count, 5);
    assert_int_equal(p.at[0].kind, PLAN_GENERATE);
    assert_int_equal(p.at[4].kind, PLAN_RANKS);
    assert_string_equal(p.at[4].step.section, "student");
    assert_string_equal(p.at[4].step.variant, "plain");
    assert_true(p.at[4].step.seed == 6);
    assert_true(p.at[4].step.several_seeds);
    assert_null(p.at[1].step.variant);
    assert_string_not_equal(p.at[1].hash, p.at[2].hash); /* another seed */
    assert_string_not_equal(p.at[1].hash, p.at[3].hash); /* another variant */
    plan_free(&p);
    recipe_free(&r);
}

static void generated_data_is_filled_in(void **state)
{
    (void)state;
    char *overrides[] = {"stages=[generate, teacher]", "data.many_shot_verbs=mine.csv", "data.many_shot_nouns=null"};
    char *texts[] = {"stages=[generate, teacher]", "generate.texts=0"};
    char *other[] = {"stages=[generate, teacher]", "data.train=mine.csv"};
    recipe *r = read_overrides(overrides, 3);
    assert_int_equal(generated_fill(r, "runs/a"), OK);
    assert_string_equal(recipe_text(r, "data.train"), "runs/a/data/training.csv");
    assert_string_equal(recipe_text(r, "data.tracks"), "runs/a/data/tracks");
    assert_true(recipe_is_null(r, "data.videos"));
    assert_string_equal(recipe_text(r, "teacher.extra_text"), "runs/a/data/texts.txt");
    assert_string_equal(recipe_text(r, "data.many_shot_verbs"), "mine.csv");
    assert_true(recipe_is_null(r, "data.many_shot_nouns"));
    assert_int_equal(generated_fill(r, "runs/a"), OK); /* the same again is no conflict */
    recipe_free(&r);
    r = read_overrides(texts, 2);
    assert_int_equal(generated_fill(r, "runs/a"), OK);
    assert_true(recipe_is_null(r, "teacher.extra_text"));
    recipe_free(&r);
    r = read_overrides(other, 2);
    assert_int_equal(generated_fill(r, "runs/a"), ERR_CONFIG);
    assert_non_null(strstr(fail_message(), "mine.csv"));
    fail_clear();
    recipe_free(&r);
}

static void videos_are_generated_by_ranks(void **state)
{
    (void)state;
    char *overrides[] = {"stages=[generate, teacher]", "generate.film=video"};
    recipe *r = read_overrides(overrides, 2);
    plan p;
    assert_int_equal(plan_make(r, &p), OK);
    assert_int_equal(p.at[0].kind, PLAN_RANKS);
    assert_string_equal(p.at[0].name, "generate");
    assert_string_equal(p.at[0].step.section, "generate");
    assert_int_equal(generated_fill(r, "runs/a"), OK);
    assert_string_equal(recipe_text(r, "data.videos"), "runs/a/data/videos");
    assert_true(recipe_is_null(r, "data.tracks"));
    plan_free(&p);
    recipe_free(&r);
}

static void exit_codes_have_their_status(void **state)
{
    (void)state;
    for (status each = OK; each <= ERR_INTERNAL; each++) assert_int_equal(status_of_exit(status_exit_code(each)), each);
    assert_int_equal(status_of_exit(1), ERR_RANK);
    assert_int_equal(status_of_exit(137), ERR_RANK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_follow_stages_variants_and_seeds),
        cmocka_unit_test(caches_stand_behind_what_makes_them),
        cmocka_unit_test(students_depend_on_the_features_they_see),
        cmocka_unit_test(what_a_learner_knows_comes_before_who_sees_it),
        cmocka_unit_test(students_depend_on_the_learner_whose_knowledge_they_see),
        cmocka_unit_test(a_prediction_knows_who_learns_from_it_first),
        cmocka_unit_test(predictions_stand_before_the_learners_they_run_with),
        cmocka_unit_test(a_student_of_a_baseline_keeps_predictions_where_they_are),
        cmocka_unit_test(overlapping_leaves_hashes_alone),
        cmocka_unit_test(baselines_have_nothing_to_train),
        cmocka_unit_test(pretraining_comes_before_the_teachers_that_ask_for_it),
        cmocka_unit_test(a_corpus_is_part_of_the_hash),
        cmocka_unit_test(steps_carry_what_ranks_need),
        cmocka_unit_test(generated_data_is_filled_in),
        cmocka_unit_test(videos_are_generated_by_ranks),
        cmocka_unit_test(exit_codes_have_their_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
