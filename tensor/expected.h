/* expected - whether a new parameter is one that the file holds which module_expect (load.h) was told. */
#ifndef MAGISTER_TENSOR_EXPECTED_H
#define MAGISTER_TENSOR_EXPECTED_H

#include "tensor/module.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `name` below its root. When it is not, the failure is kept for the thread (sticky). */
bool is_expected(const char *name, const int64_t *shape, int dims);

bool is_for_use(void);                        /* it was told of one: what is made now is to be used, not trained */
bool is_expected_of(const tensor_file *file); /* it was told of this one */

#ifdef __cplusplus
}
#endif
#endif
