#include "base/direct.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 8 << 20 }; /* bytes of one write: a thread that writes is not stuck in one call for seconds */

/* From here on the descriptor writes through the cache. */
static bool leave_direct(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_DIRECT) && !fcntl(fd, F_SETFL, flags & ~O_DIRECT);
}

static status write_all(int fd, const char *path, const char *at, size_t count)
{
    while (count) {
        size_t piece = count < PIECE ? count : PIECE;
        if (piece >= DIRECT_ALIGNMENT) piece -= piece % DIRECT_ALIGNMENT;
        else leave_direct(fd); /* the end, which fills no block */
        ssize_t wrote = write(fd, at, piece);
        if (wrote < 0 && (errno == EINTR || (errno == EINVAL && leave_direct(fd)))) continue;
        if (wrote < 0) return FAIL(ERR_IO, "%s: cannot write: %s", path, strerror(errno));
        if (wrote % DIRECT_ALIGNMENT) leave_direct(fd); /* cut short: a full disk says so at the next write */
        at += wrote;
        count -= (size_t)wrote;
    }
    return fsync(fd) ? FAIL(ERR_IO, "%s: cannot write to disk: %s", path, strerror(errno)) : OK;
}

status file_write_direct(const char *path, const void *bytes, size_t count)
{
    const int how = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    bool aligned = (uintptr_t)bytes % DIRECT_ALIGNMENT == 0;
    int fd = open(path, how | (aligned ? O_DIRECT : 0), 0666);
    if (fd < 0 && errno == EINVAL) fd = open(path, how, 0666);
    if (fd < 0) return FAIL(ERR_CREATE, "%s: cannot create: %s", path, strerror(errno));
    status st = write_all(fd, path, bytes, count);
    if (close(fd) && st == OK) st = FAIL(ERR_IO, "%s: cannot write: %s", path, strerror(errno));
    return st;
}
