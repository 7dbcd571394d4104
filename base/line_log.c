#include "base/line_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct line_log {
    char *path;
    int fd;
    log_position at;
    bool torn;     /* what a failed write left behind could not be taken off yet */
    char *waiting; /* lines: from `first` to `last`, of `room` bytes */
    size_t first, last, room;
};

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* Lines up to byte `most` of the file, and where the last whole one ends. */
static status count_lines(const line_log *log, uint64_t most, log_position *out)
{
    enum { PIECE = 1 << 16 };
    char *piece = malloc(PIECE);
    if (!piece) return FAIL(ERR_MEMORY, "%s: no memory to read it", log->path);
    status st = OK;
    *out = (log_position){0};
    for (uint64_t at = 0; at < most;) {
        size_t wanted = most - at < PIECE ? (size_t)(most - at) : PIECE;
        ssize_t got = pread(log->fd, piece, wanted, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) TRY(FAIL(ERR_IO, "%s: cannot read: %s", log->path, got ? strerror(errno) : "it is shorter now"));
        for (size_t i = 0; i < (size_t)got; i++)
            if (piece[i] == '\n') *out = (log_position){out->lines + 1, at + i + 1};
        at += (uint64_t)got;
    }
done:
    free(piece);
    return st;
}

static status cut(const line_log *log, uint64_t bytes)
{
    if (ftruncate(log->fd, (off_t)bytes) == 0) return OK;
    return FAIL(ERR_IO, "%s: cannot cut it back to %" PRIu64 " bytes: %s", log->path, bytes, strerror(errno));
}

static status find_place(line_log *log, const log_position *from)
{
    status st = OK;
    struct stat info;
    if (fstat(log->fd, &info)) TRY(FAIL(ERR_IO, "%s: cannot look at it: %s", log->path, strerror(errno)));
    if (!S_ISREG(info.st_mode)) TRY(FAIL(ERR_CREATE, "%s: is no regular file", log->path));
    uint64_t size = (uint64_t)info.st_size;
    if (from && from->bytes > size)
        TRY(FAIL(ERR_INPUT, "%s: has %" PRIu64 " bytes, but %" PRIu64 " had been written when the state was saved",
                 log->path, size, from->bytes));
    TRY(count_lines(log, from ? from->bytes : size, &log->at));
    if (from && (log->at.bytes != from->bytes || log->at.lines != from->lines))
        TRY(FAIL(ERR_INPUT,
                 "%s: its first %" PRIu64 " bytes are not the %" PRIu64
                 " whole lines that had been written when the state was saved",
                 log->path, from->bytes, from->lines));
    TRY(cut(log, log->at.bytes));
done:
    return st;
}

status line_log_open(const char *path, const log_position *from, line_log **out)
{
    status st = OK;
    line_log *log = malloc(sizeof *log);
    if (!log) TRY(FAIL(ERR_MEMORY, "%s: no memory to write it", path));
    *log = (line_log){.path = strdup(path), .fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666)};
    if (log->fd < 0) TRY(FAIL(ERR_CREATE, "%s: cannot open it to write: %s", path, strerror(errno)));
    if (!log->path) TRY(FAIL(ERR_MEMORY, "%s: no memory to write it", path));
    TRY(find_place(log, from));
    *out = log;
    log = NULL;
done:
    line_log_close(&log);
    return st;
}

void line_log_close(line_log **log)
{
    if (!*log) return;
    if ((*log)->fd >= 0) close((*log)->fd);
    free((*log)->waiting);
    free((*log)->path);
    free(*log);
    *log = NULL;
}

const char *line_log_path(const line_log *log)
{
    return log->path;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static bool write_whole(int fd, const char *bytes, size_t count)
{
    while (count) {
        ssize_t wrote = write(fd, bytes, count);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        bytes += wrote;
        count -= (size_t)wrote;
    }
    return true;
}

/* All of a line, or nothing. */
static status write_line(line_log *log, const char *bytes, size_t count)
{
    status st = OK;
    if (log->torn) TRY(cut(log, log->at.bytes));
    log->torn = false;
    if (!write_whole(log->fd, bytes, count)) {
        int reason = errno;
        log->torn = ftruncate(log->fd, (off_t)log->at.bytes) != 0;
        TRY(FAIL(ERR_IO, "%s: cannot write line %" PRIu64 ": %s (the lines before it are safe)", log->path,
                 log->at.lines + 1, strerror(reason)));
    }
    log->at.lines++;
    log->at.bytes += count;
done:
    return st;
}

status line_log_settle(line_log *log)
{
    status st = OK;
    while (log->first < log->last) {
        const char *line = log->waiting + log->first, *end = memchr(line, '\n', log->last - log->first);
        size_t count = end ? (size_t)(end - line) + 1 : log->last - log->first;
        TRY(write_line(log, line, count));
        log->first += count;
    }
    free(log->waiting);
    log->waiting = NULL;
    log->first = log->last = log->room = 0;
done:
    return st;
}

static status wait_for_room(line_log *log, const char *bytes, size_t count)
{
    if (log->first && log->last + count > log->room) {
        memmove(log->waiting, log->waiting + log->first, log->last - log->first);
        log->last -= log->first;
        log->first = 0;
    }
    if (log->last + count > log->room) {
        size_t room = 2 * (log->last + count);
        char *waiting = realloc(log->waiting, room);
        if (!waiting) return FAIL(ERR_MEMORY, "%s: no memory for lines that wait to be written", log->path);
        log->waiting = waiting;
        log->room = room;
    }
    memcpy(log->waiting + log->last, bytes, count);
    log->last += count;
    return OK;
}

status line_log_append(line_log *log, const char *bytes, size_t count)
{
    status st = line_log_settle(log);
    if (st == OK) st = write_line(log, bytes, count);
    if (st == OK) return OK;
    status kept = wait_for_room(log, bytes, count);
    return kept == OK ? st : kept;
}

size_t line_log_waiting(const line_log *log)
{
    return log->last - log->first;
}

log_position line_log_position(const line_log *log)
{
    return log->at;
}

status line_log_sync(line_log *log)
{
    status st = OK;
    TRY(line_log_settle(log));
    if (fsync(log->fd)) TRY(FAIL(ERR_IO, "%s: cannot write to disk: %s", log->path, strerror(errno)));
done:
    return st;
}
