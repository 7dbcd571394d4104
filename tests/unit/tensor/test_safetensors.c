/* Files of tensors: round trips, real files, and everything that can be wrong with one. */
#include "fixture.h"
#include "tensor/load.h"

#include <unistd.h>

static const t_init NORMAL = {INIT_NORMAL, 0.5};
static char folder[] = "/tmp/magister-tensors-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    if (start_tensors(state) || !mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/some.safetensors", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return directory_remove(folder) == OK ? 0 : -1;
}

static void every_type_round_trips(void **state)
{
    (void)state;
    enum { TYPES = T_BOOL + 1 };
    char names[TYPES][8];
    const char *name_of[TYPES];
    tensor *out[TYPES];
    for (int i = 0; i < TYPES; i++) {
        snprintf(names[i], sizeof names[i], "x.%d", i);
        name_of[i] = names[i];
        out[i] = t_cast(t_reshape(t_arange(6), SHAPE(2, 3)), (t_type)i);
    }
    const char *const metadata[] = {"kind", "a \"quoted\" word", "empty", "", NULL};
    tensor_file *file = NULL;
    ASSERT_OK(tensor_file_write(path, out, name_of, TYPES, metadata));
    ASSERT_OK(tensor_file_open(path, &file));
    assert_int_equal(tensor_file_count(file), TYPES);
    for (int i = 0; i < TYPES; i++) {
        assert_string_equal(tensor_file_name(file, (size_t)i), names[i]);
        assert_true(same_bytes(tensor_file_get(file, names[i]), out[i]));
    }
    assert_string_equal(tensor_file_metadata(file, "kind"), metadata[1]);
    assert_string_equal(tensor_file_metadata(file, "empty"), "");
    assert_null(tensor_file_metadata(file, "other"));
    assert_null(tensor_file_name(file, TYPES));
    assert_null(tensor_file_get(file, "x"));
    assert_int_equal(t_check(NULL), ERR_INPUT);
    assert_non_null(strstr(fail_message(), "'x'"));
    tensor_file_close(&file);
    assert_null(file);
    tensor_file_close(&file);
}

static void empty_and_scalar_tensors_round_trip(void **state)
{
    (void)state;
    tensor *out[] = {t_zeros(T_F32, SHAPE(0, 3)), t_full(T_F64, NULL, 0, 2.5)};
    const char *names[] = {"empty", "scalar"};
    tensor_file *file = NULL;
    ASSERT_OK(tensor_file_write(path, out, names, 2, NULL));
    ASSERT_OK(tensor_file_open(path, &file));
    assert_int_equal(t_size(tensor_file_get(file, "empty"), 1), 3);
    assert_true(element(tensor_file_get(file, "scalar"), 0) == 2.5);
    tensor_file_close(&file);
    ASSERT_OK(tensor_file_write(path, NULL, NULL, 0, NULL));
    ASSERT_OK(tensor_file_open(path, &file));
    assert_int_equal(tensor_file_count(file), 0);
    tensor_file_close(&file);
}

static void what_cannot_be_written_is_told(void **state)
{
    (void)state;
    tensor *x = t_zeros(T_F32, SHAPE(2)), *twice[] = {x, x}, *missing[] = {x, NULL};
    const char *same[] = {"a", "a"}, *names[] = {"a", "b"}, *bad[] = {"a", "\xff"};
    const char *const bad_metadata[] = {"key", "\xff", NULL};
    assert_int_equal(tensor_file_write(path, twice, same, 2, NULL), ERR_INTERNAL);
    fail_clear();
    assert_int_equal(tensor_file_write(path, missing, names, 2, NULL), ERR_INTERNAL);
    fail_clear();
    assert_int_equal(tensor_file_write(path, twice, bad, 2, NULL), ERR_INPUT);
    fail_clear();
    assert_int_equal(tensor_file_write(path, twice, names, 2, bad_metadata), ERR_INPUT);
    fail_clear();
    assert_int_equal(tensor_file_write("/nowhere/at/all", twice, names, 2, NULL), ERR_CREATE);
}

/* ---- damage ------------------------------------------------------------------------------------------------------ */

static void write_file(const char *header, uint64_t length, const char *data, size_t data_bytes)
{
    char bytes[4096];
    size_t header_bytes = strlen(header);
    for (size_t i = 0; i < 8; i++) bytes[i] = (char)(length >> 8 * i);
    memcpy(bytes + 8, header, header_bytes);
    if (data_bytes) memcpy(bytes + 8 + header_bytes, data, data_bytes);
    ASSERT_OK(file_write(path, bytes, 8 + header_bytes + data_bytes));
}

static status read_all(tensor_file *file)
{
    status st = OK;
    for (size_t i = 0; st == OK && i < tensor_file_count(file); i++) {
        scope *sc = scope_open();
        st = t_check(tensor_file_get(file, tensor_file_name(file, i)));
        scope_close(&sc);
    }
    return st;
}

/* The file's bytes in memory of exactly their size are taken or refused as the file is, in the same words. */
static void assert_same_in_memory(status wanted, const char *message)
{
    tensor_file *file = NULL;
    char *bytes = NULL, *exact = NULL, *again = NULL;
    size_t count = 0;
    ASSERT_OK(file_read(path, 4096, &bytes, &count));
    exact = malloc(count ? count : 1);
    memcpy(exact, bytes, count);
    status st = tensor_file_open_bytes(path, exact, count, &file);
    if (st == OK) st = read_all(file);
    assert_int_equal(st, wanted);
    if (wanted != OK) assert_string_equal(fail_message(), message);
    if (file) {
        again = malloc(count + 1);
        assert_int_equal(tensor_file_bytes(file), count);
        ASSERT_OK(tensor_file_read(file, again));
        assert_memory_equal(again, bytes, count);
        assert_string_equal(tensor_file_path(file), path);
    }
    tensor_file_close(&file);
    free(bytes);
    free(exact);
    free(again);
}

static status open_and_read_all(void)
{
    char message[1024];
    tensor_file *file = NULL;
    status st = tensor_file_open(path, &file);
    if (st == OK) st = read_all(file);
    tensor_file_close(&file);
    snprintf(message, sizeof message, "%s", fail_message());
    fail_clear();
    assert_same_in_memory(st, message);
    return st;
}

static void wrong_headers_are_refused(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "",
        "{",
        "[]",
        "null",
        "{} x",
        "{\"a\":1}",
        "{\"a\":{}}",
        "{\"__metadata__\":[]}",
        "{\"__metadata__\":{\"a\":1}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_"
        "offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":4,\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387906],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_"
        "offsets\":[4,8]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_"
        "offsets\":[4,8]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[9223372036854775807],\"data_offsets\":[0,9223372036854775807]}}",
    };
    for (size_t i = 0; i < COUNT(headers); i++) {
        write_file(headers[i], strlen(headers[i]), "12345678", 8);
        if (open_and_read_all() != ERR_INPUT) fail_msg("accepted: %s", headers[i]);
        assert_non_null(strstr(fail_message(), path));
        fail_clear();
    }
    const char good[] = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}   ";
    write_file(good, strlen(good), "12345678", 8);
    ASSERT_OK(open_and_read_all());
}

static void wrong_lengths_of_the_header_are_refused(void **state)
{
    (void)state;
    const char header[] = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    const uint64_t wrong[] = {0,          1,         strlen(header) - 1, strlen(header) + 1, strlen(header) + 9,
                              UINT64_MAX, INT64_MAX, UINT32_MAX,         (uint64_t)100 << 20};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        write_file(header, wrong[i], "12345678", 8);
        assert_int_equal(open_and_read_all(), ERR_INPUT);
        fail_clear();
    }
}

static void files_that_are_none_are_refused(void **state)
{
    (void)state;
    tensor_file *file = NULL;
    assert_int_equal(tensor_file_open("/nowhere/at/all", &file), ERR_MISSING);
    fail_clear();
    assert_int_equal(tensor_file_open(folder, &file), ERR_INPUT);
    fail_clear();
    assert_int_equal(tensor_file_open("/dev/null", &file), ERR_INPUT);
    assert_null(file);
}

static size_t small_file(char *bytes, size_t most)
{
    char *read = NULL;
    size_t count = 0;
    tensor *out[] = {t_from_f32((float[]){1, 2, 3}, SHAPE(3)), t_cast(t_arange(2), T_BOOL)};
    const char *names[] = {"first", "second"};
    const char *const metadata[] = {"kind", "small", NULL};
    ASSERT_OK(tensor_file_write(path, out, names, 2, metadata));
    ASSERT_OK(file_read(path, most, &read, &count));
    memcpy(bytes, read, count);
    free(read);
    return count;
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    char bytes[1024];
    size_t count = small_file(bytes, sizeof bytes);
    ASSERT_OK(open_and_read_all());
    for (size_t length = 0; length < count; length++) {
        ASSERT_OK(file_write(path, bytes, length));
        assert_int_equal(open_and_read_all(), ERR_INPUT);
        fail_clear();
    }
    bytes[count] = 0;
    ASSERT_OK(file_write(path, bytes, count + 1));
    assert_int_equal(open_and_read_all(), ERR_INPUT); /* and so is one that is too long */
}

static void a_changed_byte_is_refused_or_harmless(void **state)
{
    (void)state;
    char bytes[1024];
    size_t count = small_file(bytes, sizeof bytes), refused = 0;
    const unsigned char flips[] = {0x01, 0x02, 0x10, 0x80, 0xff};
    for (size_t i = 0; i < count; i++)
        for (size_t f = 0; f < COUNT(flips); f++) {
            bytes[i] = (char)(bytes[i] ^ flips[f]);
            ASSERT_OK(file_write(path, bytes, count));
            status st = open_and_read_all();
            if (st != OK) assert_int_equal(st, ERR_INPUT);
            refused += st != OK;
            fail_clear();
            bytes[i] = (char)(bytes[i] ^ flips[f]);
        }
    assert_true(refused > count); /* most of it is header */
}

/* ---- modules ----------------------------------------------------------------------------------------------------- */

static module *small_module_of(t_type type, const char *name, int64_t width)
{
    module *root = module_new_of(type);
    nn_linear(root, name, 3, width, true, NORMAL);
    return root;
}

static module *small_module(const char *name, int64_t width)
{
    return small_module_of(T_F32, name, width);
}

static void module_round_trips(t_type type)
{
    module *a = small_module_of(type, "l", 2), *b = small_module_of(type, "l", 2);
    tensor *view = t_detach(module_parameter_at(b, 0)); /* loading is in place */
    assert_false(same_bytes(module_parameter_at(a, 0), module_parameter_at(b, 0)));
    ASSERT_OK(module_save(a, path, NULL));
    ASSERT_OK(module_load(b, path));
    for (size_t i = 0; i < 2; i++) assert_true(same_bytes(module_parameter_at(a, i), module_parameter_at(b, i)));
    assert_true(same_bytes(view, module_parameter_at(a, 0)));
    module_free(&a);
    module_free(&b);
}

static void modules_round_trip(void **state)
{
    (void)state;
    module_round_trips(T_F32);
    module_round_trips(T_F64);
}

static void a_module_that_does_not_fit_is_left_unchanged(void **state)
{
    (void)state;
    module *saved[] = {small_module("l", 5), small_module("other", 2), small_module("l", 2),
                       small_module_of(T_F64, "l", 2)};
    const char *told[] = {"l.weight", "l.weight", "extra", "l.weight"};
    module_parameter(saved[2], "extra", SHAPE(1), NORMAL);
    for (size_t i = 0; i < COUNT(saved); i++) {
        module *m = small_module("l", 2);
        tensor *before = t_clone(module_parameter_at(m, 0));
        ASSERT_OK(module_save(saved[i], path, NULL));
        assert_int_equal(module_load(m, path), ERR_INPUT);
        assert_non_null(strstr(fail_message(), told[i]));
        assert_non_null(strstr(fail_message(), path));
        fail_clear();
        assert_true(same_bytes(before, module_parameter_at(m, 0)));
        module_free(&m);
        module_free(&saved[i]);
    }
}

static void a_file_cut_short_changes_nothing(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t count = 0;
    module *m = small_module("l", 2);
    ASSERT_OK(module_save(m, path, NULL));
    ASSERT_OK(file_read(path, 1 << 20, &bytes, &count));
    ASSERT_OK(file_write(path, bytes, count - 1));
    free(bytes);
    tensor *before = t_clone(module_parameter_at(m, 0));
    assert_int_equal(module_load(m, path), ERR_INPUT);
    fail_clear();
    assert_int_equal(module_load(m, "/nowhere/at/all"), ERR_MISSING);
    assert_true(same_bytes(before, module_parameter_at(m, 0)));
    module_free(&m);
}

/* ---- files of others --------------------------------------------------------------------------------------------- */

#define CASES "../shared/data/tiny_models/safetensors_cases/"

static void files_of_other_writers_are_read(void **state)
{
    (void)state;
    const struct {
        const char *path, *name;
        t_type type;
        int64_t count;
    } cases[] = {
        {CASES "tensor-1d-int32.safetensors", "embedding", T_I32, 3},
        {CASES "tensor-2d-float64.safetensors", "embedding", T_F64, 6},
        {CASES "tensor-3d-float32.safetensors", "embedding", T_F32, 12},
        {CASES "tensor-4d-float32.safetensors", "embedding", T_F32, 18},
        {CASES "jfk-codes.safetensors", "codes", T_I64, 1656},
    };
    if (!file_exists(cases[0].path)) skip();
    for (size_t i = 0; i < COUNT(cases); i++) {
        tensor_file *file = NULL;
        ASSERT_OK(tensor_file_open(cases[i].path, &file));
        tensor *x = tensor_file_get(file, cases[i].name);
        assert_int_equal(t_type_of(x), cases[i].type);
        assert_int_equal(t_count(x), cases[i].count);
        tensor_file_close(&file);
    }
}

static void a_model_for_use_has_numbers_and_no_gradients(void **state)
{
    (void)state;
    module *trained = module_new(), *used = module_new(), *larger = module_new();
    tensor_file *file = NULL;
    nn_linear(trained, "l", 3, 4, true, NORMAL);
    nn_embedding(trained, "e", 5, 2, NORMAL);
    ASSERT_OK(module_save(trained, path, NULL));
    ASSERT_OK(tensor_file_open(path, &file));
    module_expect(file);
    module *linear = nn_linear(used, "l", 3, 4, true, NORMAL);
    nn_embedding(used, "e", 5, 2, NORMAL);
    ASSERT_OK(module_load_file(used, file));
    assert_null(nn_linear(larger, "l", 3, 40, true, NORMAL));
    assert_int_equal(t_check(NULL), ERR_INPUT);
    assert_non_null(strstr(fail_message(), "l.weight is to be (40, 3), and there it is (4, 3)"));
    fail_clear();
    module_expect(NULL);
    for (size_t i = 0; i < module_parameter_count(trained); i++) {
        assert_true(same_bytes(module_parameter_at(used, i), module_parameter_at(trained, i)));
        assert_null(t_grad(module_parameter_at(used, i)));
    }
    ASSERT_OK(t_check(nn_linear_forward(linear, t_zeros(T_F32, SHAPE(2, 3)))));
    tensor_file_close(&file);
    module_free(&trained);
    module_free(&used);
    module_free(&larger);
}

static void a_model_for_use_needs_all_of_its_file(void **state)
{
    (void)state;
    module *trained = module_new(), *used = module_new();
    tensor_file *file = NULL;
    nn_linear(trained, "l", 3, 4, true, NORMAL);
    nn_linear(trained, "other", 3, 4, true, NORMAL);
    ASSERT_OK(module_save(trained, path, NULL));
    ASSERT_OK(tensor_file_open(path, &file));
    module_expect(file);
    nn_linear(used, "l", 3, 4, true, NORMAL);
    assert_int_equal(module_load_file(used, file), ERR_INPUT);
    if (!strstr(fail_message(), "unknown here")) fail_msg("%s", fail_message());
    fail_clear();
    module_expect(NULL);
    tensor_file_close(&file);
    module_free(&trained);
    module_free(&used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCOPE(every_type_round_trips),
        IN_SCOPE(empty_and_scalar_tensors_round_trip),
        IN_SCOPE(what_cannot_be_written_is_told),
        IN_SCOPE(wrong_headers_are_refused),
        IN_SCOPE(wrong_lengths_of_the_header_are_refused),
        IN_SCOPE(files_that_are_none_are_refused),
        IN_SCOPE(a_file_cut_anywhere_is_refused),
        IN_SCOPE(a_changed_byte_is_refused_or_harmless),
        IN_SCOPE(modules_round_trip),
        IN_SCOPE(a_module_that_does_not_fit_is_left_unchanged),
        IN_SCOPE(a_file_cut_short_changes_nothing),
        IN_SCOPE(files_of_other_writers_are_read),
        IN_SCOPE(a_model_for_use_has_numbers_and_no_gradients),
        IN_SCOPE(a_model_for_use_needs_all_of_its_file),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
