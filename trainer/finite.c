#include "trainer/finite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1024, NAMES_SHOWN = 3 };

static const uint32_t EXPONENT = 0x7f800000u; /* all ones: infinite or not a number */

bool finite_f32(const float *values, size_t count)
{
    size_t at = 0;
    for (; at + BLOCK <= count; at += BLOCK) {
        uint32_t bits[BLOCK], bad = 0;
        memcpy(bits, values + at, sizeof bits);
        for (size_t i = 0; i < BLOCK; i++) bad |= (bits[i] & EXPONENT) == EXPONENT;
        if (bad) return false;
    }
    for (; at < count; at++) {
        uint32_t bits;
        memcpy(&bits, values + at, sizeof bits);
        if ((bits & EXPONENT) == EXPONENT) return false;
    }
    return true;
}

static status finite_tensor(const tensor *x, bool *finite)
{
    status st = OK;
    size_t count = (size_t)t_count(x);
    float *values = malloc((count ? count : 1) * sizeof *values);
    if (!values) TRY(FAIL(ERR_MEMORY, "no memory to look at %zu numbers", count));
    TRY(t_to_f32(x, values, count));
    *finite = finite_f32(values, count);
done:
    free(values);
    return st;
}

status finite_gradient(tensor *parameter, bool *finite)
{
    scope *sc = scope_open();
    status st = finite_tensor(t_grad(parameter), finite);
    scope_close(&sc);
    return st;
}

void finding_add(finding *f, const char *name)
{
    if (f->count++ >= NAMES_SHOWN || f->used >= f->size) return;
    f->used += (size_t)snprintf(f->names + f->used, f->size - f->used, "%s%s", f->used ? ", " : "", name);
}

void finding_end(finding *f)
{
    if (f->count <= NAMES_SHOWN || f->used >= f->size) return;
    snprintf(f->names + f->used, f->size - f->used, " and %zu more", f->count - NAMES_SHOWN);
}

status finite_parameters(const module *m, char *names, size_t size)
{
    status st = OK;
    finding found = {.names = names, .size = size};
    names[0] = '\0';
    for (size_t i = 0; i < module_parameter_count(m); i++) {
        bool finite = true;
        TRY(finite_tensor(module_parameter_at(m, i), &finite));
        if (!finite) finding_add(&found, module_parameter_name(m, i));
    }
    finding_end(&found);
done:
    return st;
}
