/* npy - inside this room: a NumPy file (.npy) of float32 rows, mapped. */
#ifndef MAGISTER_DATA_NPY_H
#define MAGISTER_DATA_NPY_H

#include "base/status.h"

#include <stddef.h>

typedef struct {
    void *base; /* the mapping, to be given back with munmap */
    size_t bytes;
    const void *values; /* (rows, width) float32, little-endian, aligned to nothing */
    size_t rows, width;
} npy_map;

/* Understood: versions 1 to 3 of the format, '<f4', two dimensions above 0, C order. Errors: ERR_MISSING; ERR_INPUT
 * with the path and what is wrong; ERR_IO, ERR_MEMORY. */
status npy_open(const char *path, npy_map *out);
void npy_close(npy_map *map);

#endif
