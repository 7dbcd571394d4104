#include "weights/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

status bytes_open(const char *path, byte_file *out)
{
    status st = OK;
    struct stat info;
    byte_file f = {.path = strdup(path), .fd = -1};
    if (!f.path) TRY(FAIL(ERR_MEMORY, "%s: no memory to open it", path));
    f.fd = open(path, O_RDONLY | O_CLOEXEC);
    if (f.fd < 0) TRY(FAIL(ERR_MISSING, "%s: cannot open: %s", path, strerror(errno)));
    if (fstat(f.fd, &info)) TRY(FAIL(ERR_IO, "%s: cannot read: %s", path, strerror(errno)));
    if (!S_ISREG(info.st_mode)) TRY(FAIL(ERR_INPUT, "%s: is no file", path));
    f.count = (uint64_t)info.st_size;
    *out = f;
    f = (byte_file){.fd = -1};
done:
    if (st != OK) *out = (byte_file){.fd = -1};
    bytes_close(&f);
    return st;
}

status bytes_open_memory(const char *path, const void *memory, size_t count, byte_file *out)
{
    *out = (byte_file){.path = strdup(path), .fd = -1, .memory = memory, .count = count};
    return out->path ? OK : FAIL(ERR_MEMORY, "%s: no memory to open it", path);
}

void bytes_close(byte_file *f)
{
    if (f->fd >= 0) close(f->fd);
    free(f->path);
    *f = (byte_file){.fd = -1};
}

static status ends_early(const byte_file *f)
{
    return FAIL(ERR_INPUT, "%s: ends at byte %llu, in the middle", f->path, (unsigned long long)f->count);
}

status bytes_read(const byte_file *f, uint64_t offset, void *out, size_t count)
{
    if (f->memory) {
        if (offset > f->count || count > f->count - offset) return ends_early(f);
        if (count) memcpy(out, f->memory + offset, count);
        return OK;
    }
    for (char *to = out; count;) {
        ssize_t got = offset > INT64_MAX ? 0 : pread(f->fd, to, count, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return FAIL(ERR_IO, "%s: cannot read: %s", f->path, strerror(errno));
        if (got == 0) return ends_early(f);
        to += got;
        offset += (uint64_t)got;
        count -= (size_t)got;
    }
    return OK;
}

uint64_t bytes_number(const void *at, size_t size)
{
    const unsigned char *byte = at;
    uint64_t number = 0;
    while (size--) number = number << 8 | byte[size];
    return number;
}
