#include "data/npy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAGIC_BYTES = 6, PREFIX_LEAST = 10, HEADER_MOST = 4096 };
#define SIDE_MOST ((uint64_t)1 << 31)

static status map_file(const char *path, npy_map *m)
{
    status st = OK;
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) TRY(FAIL(errno == ENOENT ? ERR_MISSING : ERR_IO, "%s: cannot open: %s", path, strerror(errno)));
    if (fstat(fd, &info)) TRY(FAIL(ERR_IO, "%s: cannot ask for its size: %s", path, strerror(errno)));
    if (!S_ISREG(info.st_mode) || info.st_size < PREFIX_LEAST)
        TRY(FAIL(ERR_INPUT, "%s: no NumPy file: too short", path));
    void *at = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) TRY(FAIL(ERR_MEMORY, "%s: cannot be mapped: %s", path, strerror(errno)));
    m->base = at;
    m->bytes = (size_t)info.st_size;
done:
    if (fd >= 0) close(fd);
    return st;
}

/* What stands behind 'KEY': in the header's dictionary, without blanks; NULL where the key is not there. */
static const char *value_of(const char *header, const char *key)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s'", key);
    const char *at = strstr(header, quoted);
    if (!at) return NULL;
    at += strlen(quoted);
    at += strspn(at, " ");
    if (*at != ':') return NULL;
    return at + 1 + strspn(at + 1, " ");
}

static status read_header(const char *path, const char *header, npy_map *m)
{
    const char *type = value_of(header, "descr"), *order = value_of(header, "fortran_order"),
               *shape = value_of(header, "shape");
    uint64_t rows = 0, width = 0;
    int used = 0;
    if (!type || !order || !shape)
        return FAIL(ERR_INPUT, "%s: a NumPy header without descr, fortran_order or shape", path);
    if (strncmp(type, "'<f4'", 5) || strncmp(order, "False", 5))
        return FAIL(ERR_INPUT, "%s: not float32 in C order; save it as numpy.ascontiguousarray(x, '<f4')", path);
    if (strspn(shape + (*shape == '('), "0123456789, ") + (*shape == '(') < 3 ||
        sscanf(shape, "(%10" SCNu64 " , %10" SCNu64 " %n", &rows, &width, &used) != 2 || shape[used] != ')')
        return FAIL(ERR_INPUT, "%s: its shape is not (frames, width)", path);
    if (!rows || !width || rows >= SIDE_MOST || width >= SIDE_MOST)
        return FAIL(ERR_INPUT, "%s: a shape of %" PRIu64 " frames of %" PRIu64 " numbers", path, rows, width);
    m->rows = (size_t)rows;
    m->width = (size_t)width;
    return OK;
}

static status find_values(const char *path, npy_map *m)
{
    status st = OK;
    const unsigned char *at = m->base;
    char header[HEADER_MOST + 1];
    size_t prefix = PREFIX_LEAST, length = (size_t)at[8] | (size_t)at[9] << 8;
    if (memcmp(at, "\x93NUMPY", MAGIC_BYTES) || at[6] < 1 || at[6] > 3) TRY(FAIL(ERR_INPUT, "%s: no NumPy file", path));
    if (at[6] > 1) { /* four bytes of length */
        prefix += 2;
        if (m->bytes < prefix) TRY(FAIL(ERR_INPUT, "%s: a NumPy file that ends in its header", path));
        length |= (size_t)at[10] << 16 | (size_t)at[11] << 24;
    }
    if (length > HEADER_MOST || length > m->bytes - prefix)
        TRY(FAIL(ERR_INPUT, "%s: a NumPy header of %zu bytes", path, length));
    memcpy(header, at + prefix, length);
    header[length] = '\0';
    TRY(read_header(path, header, m));
    m->values = at + prefix + length;
    size_t left = m->bytes - prefix - length;
    if (left / sizeof(float) / m->width != m->rows || left % (m->width * sizeof(float)))
        TRY(FAIL(ERR_INPUT, "%s: %zu bytes of values where %zu frames of %zu numbers should be", path, left, m->rows,
                 m->width));
done:
    return st;
}

status npy_open(const char *path, npy_map *out)
{
    status st = OK;
    npy_map m = {0};
    TRY(map_file(path, &m));
    TRY(find_values(path, &m));
    *out = m;
    m = (npy_map){0};
done:
    npy_close(&m);
    return st;
}

void npy_close(npy_map *map)
{
    if (map->base) munmap(map->base, map->bytes);
    *map = (npy_map){0};
}
