#include "video/source.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 64 * 1024 };

static bool is_stopped(const source *s)
{
    return s->wait && atomic_load(s->wait->stop);
}

bool source_is_late(const source *s)
{
    return is_stopped(s) || (isfinite(s->deadline) && monotonic_seconds() > s->deadline);
}

static int is_late(void *opaque)
{
    return source_is_late(opaque);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

/* Who waits for input takes what was added since the file was opened. */
static void look_for_more(source *s)
{
    struct stat info;
    if (s->wait && s->at >= s->size && !fstat(s->fd, &info)) s->size = info.st_size - s->base;
}

static int read_bytes(void *opaque, uint8_t *to, int most)
{
    source *s = opaque;
    if (source_is_late(s)) return AVERROR_EXIT;
    look_for_more(s);
    int64_t left = s->size - s->at;
    if (left <= 0) return AVERROR_EOF;
    size_t wanted = (size_t)(most < left ? most : left);
    ssize_t got = (ssize_t)wanted;
    if (s->blank) memset(to, 0, wanted);
    else got = pread(s->fd, to, wanted, s->base + s->at);
    if (got < 0) return AVERROR(errno);
    if (got == 0) return AVERROR_EOF; /* cut off while it is being read */
    s->at += got;
    return (int)got;
}

static int64_t seek_bytes(void *opaque, int64_t offset, int whence)
{
    source *s = opaque;
    whence &= ~AVSEEK_FORCE;
    if (whence == AVSEEK_SIZE) return s->size;
    int64_t from = whence == SEEK_CUR ? s->at : whence == SEEK_END ? s->size : 0, to = 0;
    if (__builtin_add_overflow(from, offset, &to) || to < 0) return AVERROR(EINVAL);
    s->at = to;
    return to;
}

/* ---- pipes ------------------------------------------------------------------------------------------------------- */

/* 0 when there is something to read; or an error of FFmpeg's. */
static int wait_for_input(source *s)
{
    const double stall = s->wait->stall > 0 ? s->wait->stall : INFINITY;
    const double until = monotonic_seconds() + stall;
    struct pollfd on[2] = {{.fd = s->fd, .events = POLLIN}, {.fd = s->wait->wake, .events = POLLIN}};
    while (!source_is_late(s)) {
        double left = until - monotonic_seconds();
        if (left <= 0) {
            s->wait->stalled = true;
            snprintf(s->wait->trouble, sizeof s->wait->trouble, "nothing came for %g seconds", stall);
            return AVERROR(ETIMEDOUT);
        }
        int milliseconds = left < INT_MAX / 1000 ? (int)(1000 * left) + 1 : -1;
        if (poll(on, 2, milliseconds) < 0 && errno != EINTR) return AVERROR(errno);
        if (on[0].revents) return 0;
    }
    return AVERROR_EXIT;
}

static int read_pipe(void *opaque, uint8_t *to, int most)
{
    source *s = opaque;
    ssize_t got = -1;
    if (s->wait->trouble[0]) return AVERROR_EXIT;
    while (got < 0) {
        int code = wait_for_input(s);
        if (code < 0) return code;
        got = read(s->fd, to, (size_t)most);
        if (got < 0 && errno != EAGAIN && errno != EINTR) return AVERROR(errno);
    }
    if (got == 0 && s->at == 0) snprintf(s->wait->trouble, sizeof s->wait->trouble, "it is empty");
    if (got == 0) return AVERROR_EOF;
    s->at += got;
    if (!box_order_is_late(&s->boxes, to, (size_t)got)) return (int)got;
    snprintf(s->wait->trouble, sizeof s->wait->trouble,
             "an MP4 whose index stands at its end cannot be read through a pipe: write it with `ffmpeg -movflags "
             "+faststart`, or as `-f matroska` or `-f mpegts`");
    return AVERROR_EXIT;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static int refuse_others(AVFormatContext *format, AVIOContext **io, const char *url, int flags, AVDictionary **options)
{
    (void)format, (void)io, (void)url, (void)flags, (void)options;
    return AVERROR(EPERM);
}

static bool is_pipe(const struct stat *info)
{
    return S_ISFIFO(info->st_mode) || S_ISSOCK(info->st_mode) || S_ISCHR(info->st_mode);
}

static status open_descriptor(const char *path, source *s)
{
    status st = OK;
    struct stat info;
    bool handed = s->wait && s->wait->from >= 0;
    s->fd = handed ? fcntl(s->wait->from, F_DUPFD_CLOEXEC, 0)
                   : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would block */
    if (s->fd < 0) TRY(FAIL(ERR_MISSING, "%s: cannot open: %s", path, strerror(errno)));
    if (fstat(s->fd, &info)) TRY(FAIL(ERR_INPUT, "%s: cannot ask for its size: %s", path, strerror(errno)));
    s->piped = s->wait && is_pipe(&info);
    if (s->piped) s->deadline = INFINITY; /* it comes when it comes */
    if (!S_ISREG(info.st_mode) && !s->piped) TRY(FAIL(ERR_INPUT, "%s: is no file", path));
    if (handed && !s->piped) s->base = lseek(s->fd, 0, SEEK_CUR);
    s->size = info.st_size - s->base;
done:
    return st;
}

status source_open(const char *path, source *s)
{
    status st = OK;
    *s = (source){.fd = -1, .deadline = s->deadline, .wait = s->wait};
    TRY(open_descriptor(path, s));
    uint8_t *buffer = av_malloc(BUFFER_BYTES);
    if (buffer)
        s->io = avio_alloc_context(buffer, BUFFER_BYTES, 0, s, s->piped ? read_pipe : read_bytes, NULL,
                                   s->piped ? NULL : seek_bytes);
    if (buffer && !s->io) av_free(buffer);
    if (!s->io) TRY(FAIL(ERR_MEMORY, "%s: no memory to read it", path));
done:
    if (st != OK) source_close(s);
    return st;
}

void source_close(source *s)
{
    if (s->io) {
        av_freep(&s->io->buffer); /* FFmpeg may have put another one in the place of ours */
        avio_context_free(&s->io);
    }
    if (s->fd >= 0) close(s->fd);
    *s = (source){.fd = -1, .deadline = s->deadline, .wait = s->wait};
}

void source_attach(source *s, AVFormatContext *format)
{
    format->pb = s->io;
    format->flags |= AVFMT_FLAG_CUSTOM_IO;
    format->interrupt_callback = (AVIOInterruptCB){is_late, s};
    format->io_open = refuse_others;
}
