#include "stream/places.h"

#include <stdlib.h>

status places_new(const stream_options *o, size_t samples, places *out)
{
    size_t wide = (size_t)o->buffer_size > STREAM_LAYERS_MOST ? (size_t)o->buffer_size : STREAM_LAYERS_MOST;
    *out = (places){malloc(samples * wide * sizeof *out->rows), malloc(samples * wide * sizeof *out->there)};
    return out->rows && out->there ? OK : FAIL(ERR_MEMORY, "no memory for batches of %zu events", samples);
}

void places_free(places *p)
{
    free(p->rows);
    free(p->there);
    *p = (places){0};
}

void places_fill(places *p, size_t sample, const size_t *rows, size_t count, size_t most)
{
    for (size_t k = 0; k < most; k++) {
        p->rows[sample * most + k] = rows[k < count ? k : 0];
        p->there[sample * most + k] = k < count;
    }
}

tensor *places_values(const places *p, const tape *t, size_t count, size_t most)
{
    return t_reshape(tape_rows(t->values, p->rows, count * most), SHAPE((int64_t)count, (int64_t)most, t->width));
}

tensor *places_there(const places *p, size_t count, size_t most)
{
    bool full = true;
    for (size_t i = 0; i < count * most; i++) full &= p->there[i];
    return full ? NULL : t_from_bytes(T_BOOL, p->there, SHAPE((int64_t)count, (int64_t)most));
}
