#include "trainer/weights.h"

#include <stdio.h>
#include <stdlib.h>

struct weights {
    module *of;
    size_t count;
    tensor **copies;    /* (count) kept */
    const char **names; /* (count) borrowed from the module */
};

void weights_free(weights **at)
{
    if (!at || !*at) return;
    weights *w = *at;
    for (size_t i = 0; w->copies && i < w->count; i++) t_free(&w->copies[i]);
    free(w->copies);
    free(w->names);
    free(w);
    *at = NULL;
}

status weights_new(module *m, weights **out)
{
    status st = OK;
    scope *sc = scope_open();
    weights *w = calloc(1, sizeof *w);
    if (!w) TRY(FAIL(ERR_MEMORY, "no memory for a copy of the parameters"));
    *w = (weights){.of = m, .count = module_parameter_count(m)};
    w->copies = calloc(w->count + 1, sizeof(tensor *));
    w->names = calloc(w->count + 1, sizeof(char *));
    if (!w->copies || !w->names) TRY(FAIL(ERR_MEMORY, "no memory for a copy of the parameters"));
    for (size_t i = 0; i < w->count; i++) {
        tensor *copy = t_clone(t_detach(module_parameter_at(m, i)));
        TRY(t_check(copy));
        w->copies[i] = t_keep(copy);
        w->names[i] = module_parameter_name(m, i);
    }
    *out = w;
    w = NULL;
done:
    weights_free(&w);
    scope_close(&sc);
    return st;
}

status weights_take(weights *w)
{
    status st = OK;
    for (size_t i = 0; i < w->count; i++) TRY(t_assign(w->copies[i], module_parameter_at(w->of, i)));
done:
    return st;
}

status weights_give(const weights *w)
{
    status st = OK;
    for (size_t i = 0; i < w->count; i++) TRY(t_assign(module_parameter_at(w->of, i), w->copies[i]));
done:
    return st;
}

static void average_on_cpu(float *restrict to, const float *restrict from, size_t count, float rest)
{
    for (size_t i = 0; i < count; i++) to[i] += rest * (from[i] - to[i]);
}

status weights_average(weights *w, double decay, int64_t n)
{
    status st = OK;
    double early = (1.0 + (double)n) / (10.0 + (double)n), rest = 1 - (early < decay ? early : decay);
    if (t_device_used() != T_CPU) return module_average(w->of, w->copies, rest);
    for (size_t i = 0; i < w->count; i++) {
        tensor *from = module_parameter_at(w->of, i);
        float *to_values = t_data_f32(w->copies[i]), *from_values = t_data_f32(from);
        if (!to_values || !from_values) TRY(FAIL(ERR_INTERNAL, "%s is not averaged: no float32", w->names[i]));
        average_on_cpu(to_values, from_values, (size_t)t_count(from), (float)rest);
    }
done:
    return st;
}

status weights_image(const weights *w, const char *name, file_image *out)
{
    return tensor_file_image(name, w->copies, w->names, w->count, NULL, out);
}

static bool shapes_equal(const tensor *a, const tensor *b)
{
    bool equal = t_dims(a) == t_dims(b) && t_type_of(a) == t_type_of(b);
    for (int d = 0; equal && d < t_dims(a); d++) equal = t_size(a, d) == t_size(b, d);
    return equal;
}

status weights_load(weights *w, tensor_file *file)
{
    status st = OK;
    const char *path = tensor_file_path(file);
    scope *sc = scope_open();
    if (tensor_file_count(file) != w->count)
        TRY(FAIL(ERR_INPUT, "%s: holds %zu tensors and the model has %zu", path, tensor_file_count(file), w->count));
    for (size_t i = 0; i < w->count; i++) {
        tensor *read = tensor_file_get(file, w->names[i]);
        TRY(t_check(read));
        if (!shapes_equal(read, w->copies[i]))
            TRY(FAIL(ERR_INPUT, "%s: tensor %s has another shape or type than in the model", path, w->names[i]));
        TRY(t_assign(w->copies[i], read));
    }
done:
    scope_close(&sc);
    return st;
}

static status hash_parameter(const tensor *x, char out[HASH_TEXT])
{
    status st = OK;
    size_t count = (size_t)t_count(x);
    float *values = malloc((count ? count : 1) * sizeof *values);
    if (!values) TRY(FAIL(ERR_MEMORY, "no memory to compare the parameters"));
    TRY(t_to_f32(x, values, count));
    hash_bytes(values, count * sizeof *values, out);
done:
    free(values);
    return st;
}

status weights_hash(const module *m, char out[HASH_TEXT])
{
    status st = OK;
    size_t count = module_parameter_count(m);
    char(*each)[HASH_TEXT] = calloc(count + 1, sizeof *each);
    if (!each) TRY(FAIL(ERR_MEMORY, "no memory to compare the parameters"));
    for (size_t i = 0; i < count; i++) {
        tensor *x = module_parameter_at(m, i);
        const float *values = t_data_f32(x);
        if (values) hash_bytes(values, (size_t)t_count(x) * sizeof *values, each[i]);
        else TRY(hash_parameter(x, each[i]));
    }
    hash_bytes(each, count * sizeof *each, out);
done:
    free(each);
    return st;
}
