/* finite - looking for numbers that are infinite or not numbers, and naming where they are.
 */
#ifndef MAGISTER_TRAINER_FINITE_H
#define MAGISTER_TRAINER_FINITE_H

#include "tensor/module.h"

/* True when all of `values` (count) are finite. */
bool finite_f32(const float *values, size_t count);

/* The same of the gradient of `parameter`, on any device. */
status finite_gradient(tensor *parameter, bool *finite);

/* Names, the first few of them: "a.weight, b.bias and 7 more". Starts with `names` (size) given and the rest zero. */
typedef struct {
    char *names;
    size_t size, used, count;
} finding;

void finding_add(finding *f, const char *name);
void finding_end(finding *f);

/* The parameters of `m` that hold numbers that are not finite; "" when there are none. */
status finite_parameters(const module *m, char *names, size_t size);

#endif
