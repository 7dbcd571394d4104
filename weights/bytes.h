/* bytes - a file whose bytes are read at their places; failures name the path.
 */
#ifndef MAGISTER_WEIGHTS_BYTES_H
#define MAGISTER_WEIGHTS_BYTES_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    char *path; /* owned */
    int fd;
    const char *memory; /* the whole file, borrowed; NULL: it is read */
    uint64_t count;
} byte_file;

/* On failure `*out` is empty. Errors: ERR_MISSING; ERR_INPUT for what is no file; ERR_IO; ERR_MEMORY. */
status bytes_open(const char *path, byte_file *out);

/* A file that is in memory already (count), which is borrowed; `path` is what failures call it. Errors: ERR_MEMORY. */
status bytes_open_memory(const char *path, const void *memory, size_t count, byte_file *out);
void bytes_close(byte_file *f);

/* Errors: ERR_IO; ERR_INPUT where the file ends before. */
status bytes_read(const byte_file *f, uint64_t offset, void *out, size_t count);

/* The `size` (up to 8) bytes at `at` as a number, little endian. */
uint64_t bytes_number(const void *at, size_t size);

#endif
