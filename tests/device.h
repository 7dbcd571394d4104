/* device - where a test's tensors live: on the CPU, or where MAGISTER_TEST_DEVICE says (cuda). */
#ifndef MAGISTER_TESTS_DEVICE_H
#define MAGISTER_TESTS_DEVICE_H

#include "tensor/tensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEST_SKIPPED = 77 };

/* 0, or -1 when it cannot start. Ends the program as skipped when a GPU is wanted and there is none. */
static inline int test_device_start(void)
{
    const char *device = getenv("MAGISTER_TEST_DEVICE");
    t_gpu gpu = {0};
    if (device && !strcmp(device, "cuda")) t_gpu_ask(0, &gpu);
    if (device && !strcmp(device, "cuda") && !gpu.count) {
        fputs("skipped: there is no GPU\n", stderr);
        exit(TEST_SKIPPED);
    }
    status st = t_start(&(t_options){.device = device ? device : "cpu", .threads = 1, .deterministic = true});
    if (st != OK) fprintf(stderr, "%s\n", fail_message());
    return st == OK ? 0 : -1;
}

#endif
