/* Pickles written by hand, in files of the legacy form: what each operation makes, and what is refused. */
#include "base/file.h"
#include "weights/weights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof *(ARRAY))
#define HEAD "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}."
#define NO_STORAGES "\x80\x02]."
#define KEY(LENGTH, TEXT) "X" LENGTH "\x00\x00\x00" TEXT
#define STORAGE(CLASS, COUNT) "(" KEY("\x07", "storage") CLASS KEY("\x01", "k") KEY("\x03", "cpu") "K" COUNT "tQ"
#define FLOATS "ctorch\nFloatStorage\n"
#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n"
/* of a storage of two floats; OFFSET, SHAPE and STRIDES are operations */
#define TENSOR(OFFSET, SHAPE, STRIDES) REBUILD "(" STORAGE(FLOATS, "\x02") OFFSET SHAPE STRIDES "\x89NtR"
#define TWO_FLOATS                                                                                                     \
    "\x80\x02]U\x01k"                                                                                                  \
    "a.\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x3f\x00\x00\x00\x40"

static char folder[] = "/tmp/magister-pickle-XXXXXX", path[64];

/* Opens a file of the legacy form with this pickle (size bytes) and what follows it. */
static status open_pickle(const char *pickle, size_t size, const char *after, size_t after_size, weight_file **out)
{
    size_t head = sizeof HEAD - 1;
    char *bytes = malloc(head + size + after_size);
    memcpy(bytes, HEAD, head);
    memcpy(bytes + head, pickle, size);
    memcpy(bytes + head + size, after, after_size);
    assert_int_equal(file_put(path, bytes, head + size + after_size), OK);
    free(bytes);
    *out = NULL;
    return weight_file_open(path, false, out);
}

typedef struct {
    const char *bytes;
    size_t size;
    const char *wanted;
} pickle_case;
#define CASE(BYTES, WANTED)                                                                                            \
    {                                                                                                                  \
        BYTES, sizeof BYTES - 1, WANTED                                                                                \
    }

static void values_are_those_of_python(void **state)
{
    (void)state;
    static const pickle_case cases[] = {
        CASE("\x80\x02}(K\x01K\xffK\x02M\xff\xffK\x03J\xff\xff\xff\xffK\x04\x8a\x02\x00\xff"
             "K\x05\x8a\x00K\x06\x8b\x01\x00\x00\x00\x7fu.",
             "{\"1\":255,\"2\":65535,\"3\":-1,\"4\":-256,\"5\":0,\"6\":127}"),
        CASE("\x80\x02}(NK\x01\x88\x88\x89G\xbf\xf8\x00\x00\x00\x00\x00\x00U\x01tU\x02utu.",
             "{\"None\":1,\"True\":true,\"False\":-1.5,\"t\":\"ut\"}"),
        CASE("\x80\x04}\x94(\x8c\x01"
             "a\x94]\x94(K\x01K\x02"
             "e\x8c\x01"
             "b\x94\x8f\x94(K\x03\x90\x8c\x01"
             "ch\x02u.",
             "{\"a\":[1,2],\"b\":[3],\"c\":[1,2]}"),
        CASE("\x80\x02}(U\x01"
             "a)U\x01"
             "bK\x01\x85U\x01"
             "cK\x01K\x02\x86U\x01"
             "dK\x01K\x02K\x03\x87U\x01"
             "e(K\x01(K\x02tlu.",
             "{\"a\":[],\"b\":[1],\"c\":[1,2],\"d\":[1,2,3],\"e\":[1,[2]]}"),
        CASE("\x80\x02"
             "ccollections\nOrderedDict\n](]U\x01"
             "aK\x01\x86"
             "au\x85R.",
             NULL),
        CASE("\x80\x02"
             "ccollections\nOrderedDict\n]U\x01"
             "aK\x01\x86"
             "a\x85R.",
             "{\"a\":1}"),
        CASE("\x80\x02"
             "ccollections\ndefaultdict\nc__builtin__\nlist\n\x85RU\x01"
             "aK\x01s.",
             "{\"a\":1}"),
        CASE("\x80\x02}U\x01"
             "actorch\nSize\nK\x02K\x03\x86\x85Rs.",
             "{\"a\":[2,3]}"),
        CASE("\x80\x02}(U\x01"
             "acnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02i2K\x00K\x01\x87R(K\x03U\x01<tbU\x02\xfe\xff\x86Ru.",
             "{\"a\":-2}"),
        CASE("\x80\x02}(U\x01"
             "acnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02i2K\x00K\x01\x87R(K\x03U\x01>tbU\x02\xfe\xff\x86Ru.",
             "{\"a\":null}"),
        CASE("\x80\x02}(U\x01"
             "ac_codecs\nencode\n" KEY("\x02", "\xc3\xbf") KEY("\x06", "latin1") "\x86Ru.",
             "{\"a\":null}"),
        CASE("\x80\x02}(U\x01xK\x01"
             "0K\x02U\x01y2u.",
             "{\"x\":2,\"y\":\"y\"}"),
        CASE("\x80\x02}(U\x01"
             "acsome\nClass\n)\x81}U\x01xK\x01sbu.",
             "{\"a\":null}"),
        CASE("\x80\x04}(\x8c\x01"
             "a\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85Ru.",
             "{\"a\":null}"),
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        weight_file *f = NULL;
        status st = open_pickle(cases[i].bytes, cases[i].size, NO_STORAGES, sizeof NO_STORAGES - 1, &f);
        if (!cases[i].wanted) {
            assert_int_equal(st, ERR_INPUT);
            fail_clear();
            continue;
        }
        if (st != OK) fail_msg("%zu: %s", i, fail_message());
        char *text = json_dumps(weight_file_values(f), JSON_COMPACT);
        assert_string_equal(text, cases[i].wanted);
        free(text);
        weight_file_close(&f);
    }
}

static void what_is_no_pickle_of_tensors_is_refused(void **state)
{
    (void)state;
    static const pickle_case cases[] = {
        CASE("\x80\x06}.", "protocol after 5"),
        CASE("\x80\x02I1\n.", "0x49 is no operation"),
        CASE("\x80\x02.", "an empty stack"),
        CASE("\x80\x02"
             "0.",
             "an empty stack"),
        CASE("\x80\x02"
             "2.",
             "an empty stack"),
        CASE("\x80\x02(t(.", "a mark that is left over"),
        CASE("\x80\x02t.", "there is no mark"),
        CASE("\x80\x02K\x01(K\x02\x86.", "an empty stack"),
        CASE("\x80\x02}(K\x01u.", "a key has no value"),
        CASE("\x80\x02K\x01(K\x01"
             "e.",
             "is no list"),
        CASE("\x80\x02h\x07.", "was not remembered"),
        CASE("\x80\x02}r\xff\xff\xff\x7f.", "more than 4 million"),
        CASE("\x80\x02X\xff\xff\xff\x7f"
             "abc.",
             "longer than 64 MiB"),
        CASE("\x80\x02X\xff\xff\xff\x00"
             "abc.",
             "the file ends"),
        CASE("\x80\x02K\x01)R.", "calls what is no function"),
        CASE("\x80\x02"
             "ctorch\nSize\nK\x01R.",
             "no tuple"),
        CASE("\x80\x02K\x01K\x02\x93.", "is none"),
        CASE("\x80\x02"
             "cos\nsystem\n)}K\x01K\x01s\x92.",
             "named arguments"),
        CASE("\x80\x02K\x01Q.", "no storage"),
        CASE("\x80\x02}" KEY("\x02", "a\x00") "K\x01s.", "holds a NUL"),
        CASE("\x80\x02}(U\x01"
             "a" TENSOR("K\x01", "K\x02\x85", "K\x01\x85") "u.",
             "reaches out of its storage"),
        CASE("\x80\x02}(U\x01"
             "a" TENSOR("K\x00", "K\x02\x85", "K\x02\x85") "u.",
             "reaches out of its storage"),
        CASE("\x80\x02}(U\x01"
             "a" TENSOR("K\x00", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\x03\x86", "K\x00K\x00\x86") "u.",
             "too large"),
        CASE("\x80\x02}(U\x01"
             "a" TENSOR("J\xff\xff\xff\xff", "K\x02\x85", "K\x01\x85") "u.",
             "go together"),
        CASE("\x80\x02}(U\x01"
             "a" TENSOR("K\x00", "K\x02\x85", ")") "u.",
             "go together"),
        CASE("\x80\x02}(U\x01"
             "a" TENSOR("K\x00", "J\xff\xff\xff\xff\x85", "K\x01\x85") "u.",
             "go together"),
        CASE("\x80\x02}(U\x01"
             "a" REBUILD "(K\x01K\x00)))tRu.",
             "no storage"),
        CASE("\x80\x02"
             "cos\nsystem\nU\x01x\x85R.",
             "os.system (1 call, not made)"),
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        weight_file *f = NULL;
        bool stores = memmem(cases[i].bytes, cases[i].size, FLOATS, sizeof FLOATS - 1);
        status st = open_pickle(cases[i].bytes, cases[i].size, stores ? TWO_FLOATS : NO_STORAGES,
                                stores ? sizeof TWO_FLOATS - 1 : sizeof NO_STORAGES - 1, &f);
        if (st != ERR_INPUT) fail_msg("%zu: is read (%s)", i, status_name(st));
        if (!strstr(fail_message(), cases[i].wanted) || !strstr(fail_message(), path))
            fail_msg("%zu: told is \"%s\", wanted \"%s\"", i, fail_message(), cases[i].wanted);
        fail_clear();
    }
}

static void a_tensor_written_by_hand_is_read(void **state)
{
    (void)state;
    static const char pickle[] =
        "\x80\x02}(U\x01"
        "a" TENSOR("K\x01", "K\x01\x85",
                   "K\x01\x85") "U\x01"
                                "b" REBUILD "(" STORAGE(FLOATS, "\x02") "K\x00K\x00K\x09\x86K\x01K\x01\x86\x89NtRu.";
    weight_file *f = NULL;
    float number = 0;
    if (open_pickle(pickle, sizeof pickle - 1, TWO_FLOATS, sizeof TWO_FLOATS - 1, &f) != OK)
        fail_msg("%s", fail_message());
    assert_int_equal(weight_file_count(f), 2);
    assert_int_equal(weight_file_read(f, weight_file_find(f, "a"), &number), OK);
    assert_true(number == 2);
    assert_int_equal(weight_file_find(f, "b")->elements, 0);
    assert_null(weight_file_find(f, "c"));
    weight_file_close(&f);
}

/* ---- values without measure -------------------------------------------------------------------------------------- */

static void assert_refused(const char *pickle, size_t size, const char *told)
{
    weight_file *f = NULL;
    assert_int_equal(open_pickle(pickle, size, NO_STORAGES, sizeof NO_STORAGES - 1, &f), ERR_INPUT);
    if (!strstr(fail_message(), told)) fail_msg("told is \"%s\", wanted \"%s\"", fail_message(), told);
    fail_clear();
}

static void lists_in_lists_have_an_end(void **state)
{
    (void)state;
    enum { DEEP = 100000 };
    char *pickle = malloc(2 * DEEP + 8), *at = pickle;
    at += sprintf(at, "\x80\x02]");
    for (int i = 0; i < DEEP; i++) *at++ = '\x85'; /* a tuple around it */
    *at++ = '.';
    assert_refused(pickle, (size_t)(at - pickle), "deeper than 64");
    free(pickle);
    static const char itself[] = "\x80\x02]q\x01h\x01"
                                 "a.";
    assert_refused(itself, sizeof itself - 1, "deeper than 64");
}

/* Thirty lists, each of which holds the one before twice: a billion values. */
static void a_value_many_times_over_has_an_end(void **state)
{
    (void)state;
    char pickle[512], *at = pickle;
    at += sprintf(at, "\x80\x02K\x01");
    for (int i = 0; i < 30; i++) at += sprintf(at, "2\x86");
    *at++ = '.';
    assert_refused(pickle, (size_t)(at - pickle), "more than 2 million");
}

static void many_values_have_an_end(void **state)
{
    (void)state;
    enum { MANY = 9 << 20 };
    char *pickle = malloc(2 * MANY + 8), *at = pickle;
    memcpy(at, "\x80\x02", 2);
    memset(at + 2, 'N', MANY);
    assert_refused(pickle, MANY + 2, "stack is too high");
    for (size_t i = 0; i < MANY; i++) memcpy(at + 2 + 2 * i, "N0", 2);
    assert_refused(pickle, 2 * MANY + 2, "more than 8 million");
    free(pickle);
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/some.pth", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return directory_remove(folder) == OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_those_of_python),         cmocka_unit_test(what_is_no_pickle_of_tensors_is_refused),
        cmocka_unit_test(a_tensor_written_by_hand_is_read),   cmocka_unit_test(lists_in_lists_have_an_end),
        cmocka_unit_test(a_value_many_times_over_has_an_end), cmocka_unit_test(many_values_have_an_end),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
