/* golden - fixtures of PyTorch's results, and how far a tensor is from one. */
#ifndef MAGISTER_TESTS_GOLDEN_TENSOR_H
#define MAGISTER_TESTS_GOLDEN_TENSOR_H

#include "tensor/module.h"
#include "tests/device.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GOLDEN_NAME = 128, GOLDEN_INPUTS = 4 };
static const double GOLDEN_TOLERANCE = 1e-6;  /* relative L2 */
static const double GOLDEN_GPU_FACTOR = 20.0; /* of all tolerances: a GPU adds in another order, and has its own exp */

static inline tensor_file *golden_open(const char *name)
{
    char path[256];
    tensor_file *file = NULL;
    snprintf(path, sizeof path, "tests/golden/tensor/%s", name);
    if (tensor_file_open(path, &file) != OK) fail_msg("%s", fail_message());
    return file;
}

static inline bool golden_has(const tensor_file *file, const char *name)
{
    for (size_t i = 0; i < tensor_file_count(file); i++)
        if (!strcmp(tensor_file_name(file, i), name)) return true;
    return false;
}

/* Cases in the file: each has one result, "CASE/out". */
static inline size_t golden_case_count(const tensor_file *file)
{
    size_t count = 0;
    for (size_t i = 0; i < tensor_file_count(file); i++) {
        const char *part = strchr(tensor_file_name(file, i), '/');
        count += part && !strcmp(part, "/out");
    }
    return count;
}

/* Tensor "CASE/PART" of the file; NULL when there is none. */
static inline tensor *golden_part(tensor_file *file, const char *of, const char *part)
{
    char name[2 * GOLDEN_NAME];
    snprintf(name, sizeof name, "%s/%s", of, part);
    return golden_has(file, name) ? tensor_file_get(file, name) : NULL;
}

/* All elements as float64, new; the caller frees them. */
static inline double *golden_numbers(tensor *x)
{
    size_t bytes = (size_t)t_count(x) * sizeof(double);
    double *numbers = malloc(bytes ? bytes : 1);
    if (t_to_bytes(t_cast(x, T_F64), numbers, bytes) != OK) fail_msg("%s", fail_message());
    return numbers;
}

/* |x - wanted| / |wanted|, L2; infinite when the shapes differ or x is not finite. */
static inline double golden_distance(tensor *x, tensor *wanted)
{
    double apart = 0, size = 0;
    if (!x || !wanted || t_dims(x) != t_dims(wanted)) return INFINITY;
    for (int i = 0; i < t_dims(x); i++)
        if (t_size(x, i) != t_size(wanted, i)) return INFINITY;
    double *a = golden_numbers(x), *b = golden_numbers(wanted);
    for (int64_t i = 0; i < t_count(x); i++) {
        apart += (a[i] - b[i]) * (a[i] - b[i]);
        size += b[i] * b[i];
    }
    free(a);
    free(b);
    if (!isfinite(apart)) return INFINITY;
    return sqrt(apart) / fmax(sqrt(size), 1e-30);
}

/* What is allowed where the tests run. */
static inline double golden_tolerance(double on_cpu)
{
    return on_cpu * (t_device_used() == T_CPU ? 1 : GOLDEN_GPU_FACTOR);
}

/* Whether x is not the golden tensor, which is told. Both missing is equal. */
static inline int golden_differs_by(tensor_file *file, const char *of, const char *part, tensor *x, double tolerance)
{
    tensor *wanted = golden_part(file, of, part);
    if (!wanted && !x) return 0;
    double distance = golden_distance(x, wanted);
    if (distance <= golden_tolerance(tolerance)) return 0;
    print_error("%s/%s differs from PyTorch by %g (relative L2)\n", of, part, distance);
    return 1;
}

static inline int golden_differs(tensor_file *file, const char *of, const char *part, tensor *x)
{
    return golden_differs_by(file, of, part, x, GOLDEN_TOLERANCE);
}

/* On the CPU, or where MAGISTER_TEST_DEVICE says; without a GPU that it wants, the test is skipped. */
static inline int golden_start(void **state)
{
    (void)state;
    return test_device_start();
}

#endif
