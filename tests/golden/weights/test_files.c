/* State files as PyTorch wrote them: each holds what PyTorch says it holds, and what must be refused is. */
#include "base/file.h"
#include "weights/weights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER "tests/golden/weights/"
#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof *(ARRAY))

static char scratch[] = "/tmp/magister-weights-XXXXXX";

static weight_file *open_file(const char *name, bool all)
{
    weight_file *f = NULL;
    char path[256];
    snprintf(path, sizeof path, FOLDER "%s", name);
    if (weight_file_open(path, all, &f) != OK) fail_msg("%s", fail_message());
    return f;
}

static void *read_tensor(weight_file *f, const weight_info *info)
{
    void *bytes = malloc((size_t)info->bytes + 1);
    if (weight_file_read(f, info, bytes) != OK) fail_msg("%s", fail_message());
    return bytes;
}

static void assert_same_tensor(weight_file *a, const weight_info *x, weight_file *b, const weight_info *y)
{
    assert_string_equal(x->name, y->name);
    assert_string_equal(weight_type_name(x->type), weight_type_name(y->type));
    assert_int_equal(x->dims, y->dims);
    for (int i = 0; i < x->dims; i++) assert_int_equal(x->shape[i], y->shape[i]);
    assert_int_equal(x->bytes, y->bytes);
    void *mine = read_tensor(a, x), *theirs = read_tensor(b, y);
    if (memcmp(mine, theirs, (size_t)x->bytes)) fail_msg("%s: '%s' holds other numbers", weight_file_path(a), x->name);
    free(mine);
    free(theirs);
}

static void assert_same_files(weight_file *a, weight_file *b)
{
    assert_int_equal(weight_file_count(a), weight_file_count(b));
    assert_true(weight_file_count(a) > 0);
    for (size_t i = 0; i < weight_file_count(a); i++)
        assert_same_tensor(a, weight_file_at(a, i), b, weight_file_at(b, i));
}

static const char *const GOOD[] = {
    "types",     "types_legacy", "views",     "views_legacy", "checkpoint",  "checkpoint_legacy",
    "protocol4", "protocol5",    "nested",    "parameters",   "without_crc", "deflated",
    "zip64",     "calls",        "evaluates", "expanded"};

static void files_hold_what_pytorch_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(GOOD); i++) {
        char name[64], path[96];
        snprintf(name, sizeof name, "%s.pth", GOOD[i]);
        weight_file *f = open_file(name, false), *converted = NULL;
        snprintf(name, sizeof name, "%s.safetensors", GOOD[i]);
        weight_file *wanted = open_file(name, false);
        assert_same_files(f, wanted);
        snprintf(path, sizeof path, "%s/out.safetensors", scratch);
        if (weight_file_convert(f, path, NULL) != OK) fail_msg("%s", fail_message());
        if (weight_file_open(path, false, &converted) != OK) fail_msg("%s", fail_message());
        assert_same_files(converted, wanted);
        weight_file_close(&f);
        weight_file_close(&wanted);
        weight_file_close(&converted);
    }
}

static bool has_note(const weight_file *f, const char *a, const char *b)
{
    for (size_t i = 0; i < weight_file_note_count(f); i++)
        if (strstr(weight_file_note(f, i), a) && strstr(weight_file_note(f, i), b)) return true;
    return false;
}

static void what_is_beside_the_weights_is_kept_or_told(void **state)
{
    (void)state;
    weight_file *f = open_file("checkpoint.pth", false);
    const json_t *values = weight_file_values(f), *map = json_object_get(values, "label_map");
    assert_string_equal(weight_file_wrapper(f), "model_state.module");
    assert_int_equal(json_integer_value(json_object_get(map, "na\xc3\xafve")), 2);
    assert_string_equal(json_string_value(json_object_get(json_object_get(values, "id_to_name"), "1")), "drink");
    assert_int_equal(json_integer_value(json_object_get(values, "epoch")), 7);
    assert_true(json_real_value(json_object_get(values, "best_acc")) == 0.625);
    assert_string_equal(json_string_value(json_object_get(values, "device")), "cuda:0");
    assert_int_equal(json_array_size(json_object_get(values, "size")), 2);
    assert_true(json_is_null(json_object_get(values, "args")));
    assert_true(has_note(f, "argparse.Namespace: 1 object", "'args'"));
    assert_true(has_note(f, "ComplexFloatStorage: 1 tensor", "'complex'"));
    assert_true(has_note(f, "64 bits", "'history.large'"));
    assert_true(has_note(f, "outside of 'model_state.module'", "6 tensors"));
    weight_file_close(&f);
    f = open_file("checkpoint.pth", true);
    assert_non_null(weight_file_find(f, "optimizer_state.state.4.exp_avg"));
    assert_non_null(weight_file_find(f, "model_state.module.0.weight"));
    assert_string_equal(weight_file_wrapper(f), "");
    weight_file_close(&f);
    f = open_file("nested.pth", false);
    assert_string_equal(weight_file_wrapper(f), "model.state_dict._orig_mod.module");
    weight_file_close(&f);
}

static void nothing_in_a_file_is_run(void **state)
{
    (void)state;
    static const char *const files[] = {"calls.pth", "evaluates.pth"}, *const told[] = {"system: 1 call",
                                                                                        "eval: 1 call"};
    weight_file *f = NULL;
    for (size_t i = 0; i < COUNT(files); i++) {
        f = open_file(files[i], false);
        assert_true(has_note(f, told[i], "not made, at 'payload'"));
        weight_file_close(&f);
    }
    assert_int_equal(weight_file_open(FOLDER "calls_alone.pth", false, &f), ERR_INPUT);
    assert_non_null(strstr(fail_message(), "posix.system (1 call, not made)"));
    assert_null(f);
    fail_clear();
    assert_int_equal(access("magister-was-run", F_OK), -1);
}

/* Opens the file and reads all of it. */
static status open_and_read_all(const char *path)
{
    status st = OK;
    weight_file *f = NULL;
    void *bytes = NULL;
    TRY(weight_file_open(path, true, &f));
    for (size_t i = 0; i < weight_file_count(f); i++) {
        const weight_info *info = weight_file_at(f, i);
        free(bytes);
        bytes = malloc((size_t)info->bytes + 1);
        TRY(weight_file_read(f, info, bytes));
    }
done:
    free(bytes);
    weight_file_close(&f);
    return st;
}

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *name, *told;
    } cases[] = {
        {"cut.pth", "cut off"},
        {"short_storage.pth", "too few for its 24 elements"},
        {"no_storage.pth", "there is no views/data/0"},
        {"big_endian.pth", "big endian"},
        {"out_of_storage.pth", "reaches out of its storage"},
        {"plain_pickle.pth", "none that torch.save wrote"},
        {"wrong_crc.pth", "check sum"},
        {"bzip2.pth", "packed by method 12"},
        {"mark_first.pth", "there is no mark"},
        {"only_a_zip.pth", "without data.pkl"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char path[256];
        snprintf(path, sizeof path, FOLDER "%s", cases[i].name);
        if (open_and_read_all(path) != ERR_INPUT) fail_msg("%s: %s", path, fail_message());
        if (!strstr(fail_message(), cases[i].told) || !strstr(fail_message(), path))
            fail_msg("%s: told is \"%s\", wanted \"%s\"", path, fail_message(), cases[i].told);
        fail_clear();
    }
}

/* A file of the legacy form has its end at the last storage, and every shorter one is refused; of a zip archive every
 * shorter one has lost its end. */
static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    static const char *const files[] = {FOLDER "views_legacy.pth", FOLDER "views.pth", FOLDER "deflated.pth"};
    for (size_t i = 0; i < COUNT(files); i++) {
        char *bytes = NULL, path[96];
        size_t count = 0;
        assert_int_equal(file_read(files[i], 1 << 20, &bytes, &count), OK);
        snprintf(path, sizeof path, "%s/cut.pth", scratch);
        for (size_t length = 0; length < count; length += 1 + length % 3) {
            assert_int_equal(file_put(path, bytes, length), OK);
            if (open_and_read_all(path) != ERR_INPUT) fail_msg("%s: %zu bytes are read", files[i], length);
            fail_clear();
        }
        free(bytes);
    }
}

static int make_scratch(void **state)
{
    (void)state;
    return mkdtemp(scratch) ? 0 : -1;
}

static int remove_scratch(void **state)
{
    (void)state;
    return directory_remove(scratch) == OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_hold_what_pytorch_says),   cmocka_unit_test(what_is_beside_the_weights_is_kept_or_told),
        cmocka_unit_test(nothing_in_a_file_is_run),       cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
