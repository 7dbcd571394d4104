/* Sweeps: reading them, their members and names, writing them back, and what is refused. */
#include "base/file.h"
#include "conf/recipe.h"
#include "conf/sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/magister-sweep-XXXXXX";
static char path[64];

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(directory)) return -1;
    snprintf(path, sizeof path, "%s/r.yaml", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    return directory_remove(directory) == OK ? 0 : -1;
}

static int forget_failure(void **state)
{
    (void)state;
    fail_clear();
    return 0;
}

static status read_text(const char *text, char *const *overrides, size_t count, recipe **out)
{
    *out = NULL;
    assert_int_equal(file_write(path, text, strlen(text)), OK);
    return recipe_read(path, overrides, count, out);
}

static recipe *good_with(const char *text, char *const *overrides, size_t count)
{
    recipe *r;
    if (read_text(text, overrides, count, &r) != OK) fail_msg("%s", fail_message());
    return r;
}

static recipe *good(const char *text)
{
    return good_with(text, NULL, 0);
}

static recipe *member(const recipe *r, size_t i)
{
    recipe *out = NULL;
    if (sweep_member(r, i, &out) != OK) fail_msg("%s", fail_message());
    return out;
}

/* Refused with ERR_CONFIG, and every one of the expected texts (ended by NULL) is told. */
static void bad_with(const char *text, char *const *overrides, size_t count, va_list expected)
{
    recipe *r;
    assert_int_equal(read_text(text, overrides, count, &r), ERR_CONFIG);
    assert_null(r);
    for (const char *each; (each = va_arg(expected, const char *));)
        if (!strstr(fail_message(), each)) fail_msg("expected \"%s\" in:\n%s", each, fail_message());
    fail_clear();
}

static void bad(const char *text, ...)
{
    va_list expected;
    va_start(expected, text);
    bad_with(text, NULL, 0, expected);
    va_end(expected);
}

static void bad_override(const char *text, char *override, ...)
{
    va_list expected;
    va_start(expected, override);
    bad_with(text, &override, 1, expected);
    va_end(expected);
}

#define BASE "stages: [generate, teacher, predict, student, evaluate]\n"
#define TWO BASE "out: runs/x/\nsweep:\n  student.train.optimizer.lr: [1e-3, 3e-4]\n  seed: [0, 1, 2]\n"

static void members_are_all_combinations_in_order(void **state)
{
    (void)state;
    const double rates[] = {1e-3, 1e-3, 1e-3, 3e-4, 3e-4, 3e-4};
    const char *names[] = {"00-lr_0.001-seed_0",  "01-lr_0.001-seed_1",  "02-lr_0.001-seed_2",
                           "03-lr_0.0003-seed_0", "04-lr_0.0003-seed_1", "05-lr_0.0003-seed_2"};
    recipe *r = good(TWO);
    assert_int_equal(sweep_count(r), 6);
    assert_int_equal(sweep_key_count(r), 2);
    assert_string_equal(sweep_key(r, 0), "student.train.optimizer.lr");
    for (size_t i = 0; i < 6; i++) {
        char name[SWEEP_NAME_MAX], out[128];
        recipe *m = member(r, i);
        sweep_member_name(r, i, name);
        assert_string_equal(name, names[i]);
        snprintf(out, sizeof out, "runs/x/%s", name);
        assert_string_equal(recipe_text(m, "out"), out);
        assert_true(recipe_real(m, "student.train.optimizer.lr") == rates[i]);
        assert_int_equal(recipe_int(m, "seed"), i % 3);
        assert_int_equal(sweep_count(m), 0);
        assert_int_equal(recipe_mistakes(m), OK);
        recipe_free(&m);
    }
    recipe *none = NULL;
    assert_int_equal(sweep_member(r, 6, &none), ERR_USAGE);
    assert_null(none);
    assert_non_null(strstr(fail_message(), "there is no member 6: the sweep has 6, from 0 on"));
    recipe_free(&r);
}

static void a_member_is_the_recipe_one_would_have_written(void **state)
{
    (void)state;
    recipe *r = good(TWO), *m = member(r, 4);
    recipe *plain = good(BASE "seed: 1\nstudent: {train: {optimizer: {lr: 3e-4}}}\n");
    char a[33], b[33];
    recipe_hash(m, a);
    recipe_hash(plain, b);
    assert_string_equal(a, b);
    recipe_hash(r, b);
    assert_string_not_equal(a, b); /* nor is it the sweep's */
    recipe_free(&r);               /* a member lives by itself */
    assert_int_equal(recipe_int(m, "seed"), 1);
    assert_true(recipe_is_given(m, "seed"));
    recipe_free(&m);
    recipe_free(&plain);
}

static void a_recipe_without_a_sweep_has_no_members(void **state)
{
    (void)state;
    const char *texts[] = {BASE, BASE "sweep:\n", BASE "sweep: {}\n"};
    for (size_t i = 0; i < 3; i++) {
        recipe *r = good(texts[i]), *none = NULL;
        assert_int_equal(sweep_count(r), 0);
        assert_int_equal(sweep_key_count(r), 0);
        assert_int_equal(sweep_member(r, 0, &none), ERR_USAGE);
        fail_clear();
        recipe_free(&r);
    }
}

static void what_inherits_a_swept_value_follows_it(void **state)
{
    (void)state;
    recipe *r = good(BASE "student: {train: {epochs: 7}}\nsweep: {train.epochs: [2, 3]}\n");
    for (size_t i = 0; i < 2; i++) {
        recipe *m = member(r, i);
        assert_int_equal(recipe_int(m, "teacher.train.epochs"), 2 + i);
        assert_int_equal(recipe_int(m, "student.train.epochs"), 7);
        recipe_free(&m);
    }
    recipe_free(&r);
}

static void values_of_every_kind_are_swept(void **state)
{
    (void)state;
    recipe *r = good(BASE "sweep:\n  student: {cnn.channels: [[16, 32], [8]], blind: [false, true]}\n"
                          "  teacher.init: [null, /models/a b.safetensors]\n  teacher: {norm: [before, after]}\n");
    assert_int_equal(sweep_count(r), 16);
    recipe *m = member(r, 15);
    assert_int_equal(recipe_list_count(m, "student.cnn.channels"), 1);
    assert_int_equal(recipe_list_int(m, "student.cnn.channels", 0), 8);
    assert_true(recipe_bool(m, "student.blind"));
    assert_string_equal(recipe_text(m, "teacher.init"), "/models/a b.safetensors");
    assert_string_equal(recipe_text(m, "teacher.norm"), "after");
    recipe_free(&m);
    m = member(r, 0);
    assert_true(recipe_is_null(m, "teacher.init"));
    assert_int_equal(recipe_list_count(m, "student.cnn.channels"), 2);
    recipe_free(&m);
    char name[SWEEP_NAME_MAX];
    sweep_member_name(r, 15, name);
    assert_string_equal(name, "15-channels_8-blind_true-init_a-b.safetensors-norm_after");
    sweep_member_name(r, 0, name);
    assert_string_equal(name, "00-channels_16-32-blind_false-init_null-norm_before");
    recipe_free(&r);
}

static void keys_of_variants_are_swept(void **state)
{
    (void)state;
    recipe *r =
        good(BASE "sweep: {student.variants.plain.width: [32, 64], student.width: [16]}\n"
                  "student: {heads: 4, variants: {plain: {distill.loss: none, width: 8}, other: {blind: true}}}\n");
    assert_int_equal(sweep_count(r), 2);
    recipe *m = member(r, 1), *step;
    assert_int_equal(recipe_for_step(m, "student", "plain", 0, &step), OK);
    assert_int_equal(recipe_int(step, "student.width"), 64);
    assert_string_equal(recipe_text(step, "student.distill.loss"), "none");
    recipe_free(&step);
    assert_int_equal(recipe_for_step(m, "student", "other", 0, &step), OK);
    assert_int_equal(recipe_int(step, "student.width"), 16);
    recipe_free(&step);
    recipe_free(&m);
    char name[SWEEP_NAME_MAX];
    sweep_member_name(r, 1, name);
    assert_string_equal(name, "01-plain.width_64-student.width_16");
    recipe_free(&r);
}

static void labels_are_as_short_as_tells_them_apart(void **state)
{
    (void)state;
    const char *expected[] = {"teacher.lr",  "student.lr",          "epochs",
                              "train.batch", "teacher.train.batch", "teacher.pretrain.train.batch"};
    recipe *r = good(BASE "sweep: {teacher.train.optimizer.lr: [1], student.train.optimizer.lr: [1], "
                          "train.epochs: [1], train.batch: [8], teacher.train.batch: [8], "
                          "teacher.pretrain.train.batch: [8]}\n");
    for (size_t k = 0; k < 6; k++) {
        char label[SWEEP_LABEL_MAX];
        sweep_key_label(r, k, label);
        assert_string_equal(label, expected[k]);
    }
    recipe_free(&r);
}

static bool is_file_safe(const char *name)
{
    return name[0] >= '0' && name[0] <= '9' && strlen(name) < SWEEP_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen(name);
}

static void names_are_safe_bounded_and_unique(void **state)
{
    (void)state;
    recipe *r = good(BASE "sweep:\n  data.actions: [\"/a/../\xc3\xbc $(x) `y`;z\", '..', '/', \"a/b\", \"c/b\"]\n"
                          "  teacher.train.optimizer.lr: [1e-20, 0.123456789012345678]\n  teacher.train.clip: [1e20]\n"
                          "  student.distill.on_missing: [error]\n  teacher.history_cutoff: [order]\n"
                          "  student.distill.temperature: [1, 2]\n  student.distill.features_weight: [1, 2]\n");
    char names[40][SWEEP_NAME_MAX];
    assert_int_equal(sweep_count(r), 40);
    for (size_t i = 0; i < 40; i++) {
        sweep_member_name(r, i, names[i]);
        if (!is_file_safe(names[i])) fail_msg("%s", names[i]);
        for (size_t j = 0; j < i; j++) assert_string_not_equal(names[i], names[j]);
    }
    if (!strstr(names[0], "00-actions_x-y-z-lr_1e-20-clip_1e20")) fail_msg("%s", names[0]);
    recipe_free(&r);
    r = good(BASE "sweep: {seed: [0, 1], train.epochs: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,"
                  "24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51]}\n");
    sweep_member_name(r, 7, names[0]);
    assert_string_equal(names[0], "007-seed_0-epochs_8"); /* 102 members */
    recipe_free(&r);
}

static char *written(const recipe *r)
{
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    assert_non_null(to);
    assert_int_equal(recipe_write(r, to), OK);
    fclose(to);
    return text;
}

static void writing_and_reading_again_gives_the_same_members(void **state)
{
    (void)state;
    recipe *r = good(TWO "  train.epochs: [2, 3]\n  teacher.extra_text: [null, 'a: \"b\", [c]', 'null', '7']\n"
                         "  student.cnn.channels: [[1, 2], [3]]\n  student.variants.plain.blind: [true]\n"
                         "student: {variants: {plain: {distill.loss: none}}}\n");
    char *first = written(r);
    recipe *again = good(first);
    char *second = written(again), a[33], b[33];
    assert_string_equal(first, second);
    assert_int_equal(sweep_count(again), 96);
    assert_int_equal(sweep_count(r), 96);
    for (size_t i = 0; i < 96; i++) {
        char x[SWEEP_NAME_MAX], y[SWEEP_NAME_MAX];
        recipe *m = member(r, i), *n = member(again, i);
        recipe_hash(m, a);
        recipe_hash(n, b);
        assert_string_equal(a, b);
        assert_int_equal(recipe_int(n, "teacher.train.epochs"), recipe_int(m, "train.epochs"));
        sweep_member_name(r, i, x);
        sweep_member_name(again, i, y);
        assert_string_equal(x, y);
        char *text = written(m), c[33];
        recipe *whole = good(text);
        recipe_hash(whole, c);
        assert_string_equal(a, c);
        free(text);
        recipe_free(&whole);
        recipe_free(&m);
        recipe_free(&n);
    }
    free(first);
    free(second);
    recipe_free(&r);
    recipe_free(&again);
}

static void values_are_told_as_yaml_and_json(void **state)
{
    (void)state;
    recipe *r = good(BASE "sweep: {seed: [7], train.optimizer.lr: [1e-3], student.blind: [true], teacher.init: [null, "
                          "'true'], student.cnn.channels: [[16, 8]]}\n");
    const char *yaml[] = {"7", "0.001", "true", "true", "[16, 8]"};
    const char *json[] = {"7", "0.001", "true", "\"true\"", "[16, 8]"};
    for (size_t k = 0; k < 5; k++) {
        char *text = NULL;
        size_t length;
        FILE *to = open_memstream(&text, &length);
        sweep_value_write(r, 1, k, to);
        fclose(to);
        json_t *value = sweep_value_json(r, 1, k);
        char *dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
        assert_string_equal(text, yaml[k]);
        assert_string_equal(dumped, json[k]);
        free(text);
        free(dumped);
        json_decref(value);
    }
    json_t *null = sweep_value_json(r, 0, 3);
    assert_true(json_is_null(null));
    json_decref(null);
    recipe_free(&r);
}

static void the_command_line_changes_sweeps(void **state)
{
    (void)state;
    char *more[] = {"sweep.seed=[5, 6]", "sweep.student.labels=[0.5, 1]"}, *less[] = {"sweep.seed=null"};
    char *none[] = {"sweep=null", "seed=3"}, *other[] = {"sweep=null", "sweep={teacher: {layers: [1, 2]}}"};
    recipe *r = good_with(TWO, more, 2), *m;
    assert_int_equal(sweep_count(r), 8);
    assert_string_equal(sweep_key(r, 1), "seed"); /* at its place */
    m = member(r, 7);
    assert_int_equal(recipe_int(m, "seed"), 6);
    assert_true(recipe_real(m, "student.labels") == 1);
    recipe_free(&m);
    recipe_free(&r);
    r = good_with(TWO, less, 1);
    assert_int_equal(sweep_count(r), 2);
    recipe_free(&r);
    r = good_with(TWO, none, 2);
    assert_int_equal(sweep_count(r), 0);
    assert_int_equal(recipe_int(r, "seed"), 3);
    recipe_free(&r);
    r = good_with(TWO, other, 2);
    assert_int_equal(sweep_count(r), 2);
    assert_string_equal(sweep_key(r, 0), "teacher.layers");
    recipe_free(&r);
    bad_override(TWO, "seed=3", "command line, override 1: seed is swept: say sweep.seed=[...], or sweep.seed=null",
                 NULL);
    bad_override(TWO, "sweep.seed=[0, x]", "command line, override 1: seed is a whole number", NULL);
    bad_override(TWO, "sweep.sed=[0]", "there is no key sed: did you mean seed?", NULL);
    bad_override(TWO, "sweep=[1]", "sweep is a section of keys with lists of values, not a list", NULL);
    bad_override(TWO, "sweep.seed=3", "sweep.seed is a list of values, as [a, b], not a single value", NULL);
}

static void wrong_sweeps_are_refused_with_their_place(void **state)
{
    (void)state;
    bad(BASE "sweep: 3\n", ":2:8: sweep is a section of keys with lists of values, not a single value", NULL);
    bad(BASE "sweep: [seed]\n", "not a list", NULL);
    bad(BASE "swep: {seed: [1]}\n", "there is no key swep: did you mean sweep?", NULL);
    bad(BASE "sweep:\n  seed: 3\n  teacher.layers: [1, 0, two]\n  student.lr: [1]\n  train.batch: []\n  out: [a]\n",
        ":3:9: sweep.seed is a list of values, as [a, b], not a single value",
        ":4:23: teacher.layers is a whole number from 1 to 96, not 0", ":4:26: teacher.layers is", "not two",
        ":5:3: there is no key student.lr: did you mean", ":6:16: sweep.train.batch is empty",
        ":7:3: out cannot be swept: every member has a directory of its own", NULL);
    bad(BASE "sweep: {name: [a], stages: [[teacher]], sweep: {seed: [1]}}\n", "name cannot be swept",
        "stages cannot be swept", "sweep cannot be swept itself", NULL);
    bad(BASE "sweep: {teacher.vocabulary: [word, wrod]}\n", "not wrod: did you mean word?", NULL);
    bad(BASE "sweep: {seed: {a: 1}}\n", "sweep.seed is a list of values, as [a, b], not a mapping", NULL);
    bad(BASE "sweep: {seed: [{a: 1}, [2], null, '3']}\n", ":2:16: seed is", "not a mapping", ":2:24: seed is",
        "not a list", ":2:29: seed is", "cannot be empty or null", "not the text \"3\"", NULL);
    bad(BASE "sweep: {student: [1]}\n", "student is a section of keys, not a list", NULL);
    bad(BASE "sweep: {seed: }\n", "sweep.seed is a list of values", NULL);
    bad(BASE "sweep: {'': [1]}\n", "there is no key", NULL);
    bad(BASE "sweep: {train.epochs: [1, 2, 1.0e0, 01]}\n", "not 1.0e0", "sweep.train.epochs has this value twice",
        NULL);
    bad(BASE "sweep: {seed: [1], seed: [2]}\n", ":2:20: sweep.seed is given twice, first in line 2", NULL);
    bad(BASE "sweep: {seed: [1]}\nsweep.seed: [2]\n", ":3:1: sweep.seed is given twice, first in line 2", NULL);
    bad(BASE "sweep: {student: {train: {epochs: [1]}, train.epochs: [1]}}\n",
        "sweep.student.train.epochs is given twice", NULL);
    bad(BASE "sweep: {student.variants.plian.width: [32]}\nstudent: {variants: {plain: {blind: true}}}\n",
        ":2:9: student.variants has no plian, which is to be swept: did you mean plain?", NULL);
    bad(BASE "sweep: {teacher.variants.a.baselines: [[]]}\nteacher: {variants: {a: {layers: 1}}}\n",
        "cannot be swept: baselines belong to the section", NULL);
}

/* Keys are checked against each other in every member, and told once, where the swept value stands. */
static void members_are_checked_as_wholes(void **state)
{
    (void)state;
    recipe *r;
    assert_int_equal(read_text(BASE "sweep: {seed: [0, 1, 2], teacher.width: [64, 66, 68]}\n", NULL, 0, &r),
                     ERR_CONFIG);
    const char *told = strstr(fail_message(), ":2:46: teacher.heads 4 does not divide teacher.width 66");
    assert_non_null(told);
    if (strstr(told + 10, ":2:46")) fail_msg("%s", fail_message());
    fail_clear();
    bad("sweep: {seed: [0, 1]}\n", "data.train is missing", NULL);
    /* what every member gives, the recipe need not */
    r = good("stages: [teacher]\nsweep: {data.train: [a.csv, b.csv]}\n");
    recipe_free(&r);
    r = good(BASE "teacher: {width: 66}\nsweep: {teacher.heads: [2, 3]}\n");
    recipe_free(&r);
}

/* "sweep: {KEY: [0, 1 ... count - 1]}" behind what is in `text` (size). */
static void add_numbers(char *text, size_t size, const char *key, int count)
{
    size_t used = strlen(text);
    used += (size_t)snprintf(text + used, size - used, "  %s: [", key);
    for (int i = 0; i < count; i++) used += (size_t)snprintf(text + used, size - used, "%d, ", i);
    snprintf(text + used, size - used, "]\n");
}

static void huge_sweeps_are_refused_fast(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    char *text = calloc(1, SIZE);
    assert_non_null(text);
    strcpy(text, BASE "sweep:\n");
    add_numbers(text, SIZE, "seed", 4097);
    bad(text, "sweep.seed has 4097 values; at most 4096 are allowed", NULL);

    strcpy(text, BASE "sweep:\n");
    const char *keys[] = {"seed", "data.split_seed", "student.augment.noise", "generate.texts"};
    for (size_t k = 0; k < 4; k++) add_numbers(text, SIZE, keys[k], k ? 100 : 4000);
    bad(text, ":4:3: the sweep has more than 4096 members, with this key", NULL);

    strcpy(text, BASE "sweep:\n");
    add_numbers(text, SIZE, "seed", 30000);
    bad(text, "too many values for a recipe", NULL);

    strcpy(text, BASE "sweep:\n");
    add_numbers(text, SIZE, "seed", 4096);
    struct timespec start, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    recipe *r = good(text);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    double seconds = (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
    print_message("4096 members are read in %.2f s\n", seconds);
    assert_int_equal(sweep_count(r), 4096);
    char name[SWEEP_NAME_MAX];
    sweep_member_name(r, 4095, name);
    assert_string_equal(name, "4095-seed_4095");
    recipe_free(&r);
    free(text);
}

static void too_many_keys_are_refused(void **state)
{
    (void)state;
    char text[8192] = BASE "sweep:\n";
    static const char *const WORDS[] = {"epochs",  "batch", "max_steps", "accumulate", "patience",
                                        "average", "clip",  "exact",     "keep_best",  "micro_batch"};
    static const char *const SECTIONS[] = {"", "teacher.", "student.", "teacher.pretrain."};
    for (size_t s = 0; s < 4; s++)
        for (size_t w = 0; w < 10; w++)
            sprintf(text + strlen(text), "  %strain.%s: [%s]\n", SECTIONS[s], WORDS[w],
                    strstr("exact keep_best", WORDS[w]) ? "true" : "1");
    recipe *r = NULL;
    assert_int_equal(read_text(text, NULL, 0, &r), ERR_CONFIG);
    if (!strstr(fail_message(), "is one key too many: at most 32 are swept together")) fail_msg("%s", fail_message());
}

static void help_tells_of_sweeps(void **state)
{
    (void)state;
    const char *prefixes[] = {"sweep", "sweep.seed", NULL, "swee"};
    for (size_t i = 0; i < 4; i++) {
        char *text = NULL;
        size_t length;
        FILE *to = open_memstream(&text, &length);
        assert_true(recipe_help(to, prefixes[i]));
        fclose(to);
        assert_non_null(strstr(text, "sweep.KEY"));
        assert_non_null(strstr(text, "combination"));
        assert_int_equal(strstr(text, "teacher.layers") != NULL, prefixes[i] == NULL);
        free(text);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, forget_failure)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(members_are_all_combinations_in_order),
        TEST(a_member_is_the_recipe_one_would_have_written),
        TEST(a_recipe_without_a_sweep_has_no_members),
        TEST(what_inherits_a_swept_value_follows_it),
        TEST(values_of_every_kind_are_swept),
        TEST(keys_of_variants_are_swept),
        TEST(labels_are_as_short_as_tells_them_apart),
        TEST(names_are_safe_bounded_and_unique),
        TEST(writing_and_reading_again_gives_the_same_members),
        TEST(values_are_told_as_yaml_and_json),
        TEST(the_command_line_changes_sweeps),
        TEST(wrong_sweeps_are_refused_with_their_place),
        TEST(members_are_checked_as_wholes),
        TEST(huge_sweeps_are_refused_fast),
        TEST(too_many_keys_are_refused),
        TEST(help_tells_of_sweeps),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
