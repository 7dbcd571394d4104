/* The encoder on its own terms: padding, neighbours and dropout; starting from a file. */
#include "teacher/encoder.h"
#include "tests/device.h"
#include "tests/unit/data/scratch.h"

#include <math.h>

enum { WIDTH = 16, ACTIONS = 6, SEQUENCES = 3, TOKENS = 14 };
static const size_t FIRST[SEQUENCES + 1] = {0, 3, 10, 14};

static encoder_options small_options(void)
{
    return (encoder_options){.layers = 3,
                             .width = WIDTH,
                             .heads = 2,
                             .inner = 24,
                             .id_rows = 20,
                             .second_rows = 5,
                             .positions = 10,
                             .ages = 3,
                             .actions = ACTIONS,
                             .pre_norm = true};
}

static encoder *new_encoder(const encoder_options *o)
{
    encoder *e = NULL;
    t_seed(4);
    assert_ok(encoder_new(o, &e));
    return e;
}

typedef struct {
    size_t first[SEQUENCES + 1];
    int64_t ids[TOKENS], second[TOKENS], positions[TOKENS], ages[TOKENS];
    token_batch batch;
} sample;

/* Sequences from .. from + count - 1 of the same three. */
static void take(sample *s, size_t from, size_t count)
{
    size_t longest = 0;
    for (size_t n = FIRST[from]; n < FIRST[from + count]; n++) {
        size_t i = n - FIRST[from];
        s->ids[i] = (int64_t)(n * 7 % 20);
        s->second[i] = (int64_t)(n % 5);
        s->ages[i] = (int64_t)(n % 3);
    }
    for (size_t k = 0; k <= count; k++) s->first[k] = FIRST[from + k] - FIRST[from];
    for (size_t k = 0; k < count; k++) {
        size_t length = s->first[k + 1] - s->first[k];
        for (size_t i = 0; i < length; i++) s->positions[s->first[k] + i] = (int64_t)i;
        if (length > longest) longest = length;
    }
    s->batch = (token_batch){count, longest, s->first, s->ids, s->second, s->positions, s->ages};
}

static void read_features(encoder *e, const sample *s, const uint64_t *keys, float *out)
{
    scope *sc = scope_open();
    encoder_output o = {0};
    assert_ok(encoder_forward(e, &s->batch, keys, &o));
    assert_int_equal(t_size(o.action, 1), ACTIONS);
    assert_null(o.verb);
    assert_ok(t_to_f32(o.features, out, s->batch.count * WIDTH));
    scope_close(&sc);
}

static void expect_close(const float *a, const float *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(a[i] - b[i]) < 2e-5f)) fail_msg("number %zu: %g and %g", i, (double)a[i], (double)b[i]);
}

static void neighbours_do_not_matter(encoder *e, const uint64_t *keys)
{
    sample all, one;
    float together[SEQUENCES * WIDTH], alone[WIDTH];
    take(&all, 0, SEQUENCES);
    read_features(e, &all, keys, together);
    for (size_t s = 0; s < SEQUENCES; s++) {
        take(&one, s, 1);
        read_features(e, &one, keys ? keys + s : NULL, alone);
        expect_close(alone, together + s * WIDTH, WIDTH);
    }
}

static void padding_does_not_matter(void **state)
{
    (void)state;
    encoder_options o = small_options();
    for (int before = 0; before < 2; before++) {
        o.pre_norm = before;
        encoder *e = new_encoder(&o);
        neighbours_do_not_matter(e, NULL);
        encoder_free(&e);
    }
    assert_int_equal(t_live_count(), 0);
}

static void dropout_belongs_to_the_sequence(void **state)
{
    (void)state;
    const uint64_t keys[SEQUENCES] = {11, 22, 33}, others[SEQUENCES] = {44, 55, 66};
    encoder_options o = small_options();
    o.embedding_dropout = o.dropout = o.attention_dropout = o.inner_dropout = o.head_dropout = 0.3;
    encoder *e = new_encoder(&o);
    sample all;
    float some[SEQUENCES * WIDTH], other[SEQUENCES * WIDTH], none[SEQUENCES * WIDTH];
    neighbours_do_not_matter(e, keys);
    take(&all, 0, SEQUENCES);
    read_features(e, &all, keys, some);
    read_features(e, &all, others, other);
    read_features(e, &all, NULL, none);
    assert_memory_not_equal(some, other, sizeof some);
    assert_memory_not_equal(some, none, sizeof some);
    encoder_free(&e);
    assert_int_equal(t_live_count(), 0);
}

static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    encoder *e = NULL;
    encoder_options o = small_options();
    o.heads = 3;
    assert_failed(encoder_new(&o, &e), ERR_CONFIG, "16 is no multiple of the 3 attention heads");
    o = small_options();
    o.positions = 6;
    e = new_encoder(&o);
    sample all;
    encoder_output out = {0};
    take(&all, 0, SEQUENCES);
    scope *sc = scope_open();
    assert_failed(encoder_forward(e, &all.batch, NULL, &out), ERR_INPUT, "position 6 lies behind the 6 positions");
    scope_close(&sc);
    encoder_free(&e);
    assert_int_equal(t_live_count(), 0);
}

static status init_from(encoder *e, const char *path, size_t *kept)
{
    tensor_file *file = NULL;
    status st = tensor_file_open(path, &file);
    if (st == OK) st = encoder_init_from(e, file, kept);
    tensor_file_close(&file);
    return st;
}

static void starts_from_a_file(void **state)
{
    (void)state;
    char path[256];
    size_t kept = 0;
    sample all;
    float wanted[SEQUENCES * WIDTH], got[SEQUENCES * WIDTH];
    snprintf(path, sizeof path, "%s/model.safetensors", scratch_directory);
    encoder_options o = small_options();
    encoder *from = new_encoder(&o), *to = NULL;
    take(&all, 0, SEQUENCES);
    read_features(from, &all, NULL, wanted);
    assert_ok(module_save(encoder_module(from), path, NULL));

    o.positions = 8; /* a shorter table takes the first rows */
    assert_ok(encoder_new(&o, &to));
    assert_ok(init_from(to, path, &kept));
    assert_int_equal(kept, 0);
    read_features(to, &all, NULL, got);
    assert_memory_equal(got, wanted, sizeof got);
    encoder_free(&to);

    o.layers = 4;
    assert_ok(encoder_new(&o, &to));
    assert_failed(init_from(to, path, &kept), ERR_INPUT, "encoder.layer.3.attention.self.query.weight is missing");
    encoder_free(&to);
    o = small_options();
    o.inner = 32;
    assert_ok(encoder_new(&o, &to));
    assert_failed(init_from(to, path, &kept), ERR_INPUT, "another shape");
    encoder_free(&to);
    encoder_free(&from);
    assert_int_equal(t_live_count(), 0);
}

static int start(void **state)
{
    if (scratch_open(state)) return -1;
    return test_device_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(padding_does_not_matter),
        cmocka_unit_test(dropout_belongs_to_the_sequence),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(starts_from_a_file),
    };
    return cmocka_run_group_tests(tests, start, scratch_close);
}
