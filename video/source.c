#include "video/source.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 64 * 1024 };

bool source_is_late(const source *s)
{
    return isfinite(s->deadline) && monotonic_seconds() > s->deadline;
}

static int is_late(void *opaque)
{
    return source_is_late(opaque);
}

static int read_bytes(void *opaque, uint8_t *to, int most)
{
    source *s = opaque;
    if (source_is_late(s)) return AVERROR_EXIT;
    int64_t left = s->size - s->at;
    if (left <= 0) return AVERROR_EOF;
    size_t wanted = (size_t)(most < left ? most : left);
    ssize_t got = (ssize_t)wanted;
    if (s->blank) memset(to, 0, wanted);
    else got = pread(s->fd, to, wanted, s->at);
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

static int refuse_others(AVFormatContext *format, AVIOContext **io, const char *url, int flags, AVDictionary **options)
{
    (void)format, (void)io, (void)url, (void)flags, (void)options;
    return AVERROR(EPERM);
}

status source_open(const char *path, source *s)
{
    status st = OK;
    struct stat info;
    *s = (source){.fd = -1, .deadline = s->deadline};
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would block */
    if (s->fd < 0) TRY(FAIL(ERR_MISSING, "%s: cannot open: %s", path, strerror(errno)));
    if (fstat(s->fd, &info)) TRY(FAIL(ERR_INPUT, "%s: cannot ask for its size: %s", path, strerror(errno)));
    if (!S_ISREG(info.st_mode)) TRY(FAIL(ERR_INPUT, "%s: is no file", path));
    s->size = info.st_size;
    uint8_t *buffer = av_malloc(BUFFER_BYTES);
    if (buffer) s->io = avio_alloc_context(buffer, BUFFER_BYTES, 0, s, read_bytes, NULL, seek_bytes);
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
    *s = (source){.fd = -1, .deadline = s->deadline};
}

void source_attach(source *s, AVFormatContext *format)
{
    format->pb = s->io;
    format->flags |= AVFMT_FLAG_CUSTOM_IO;
    format->interrupt_callback = (AVIOInterruptCB){is_late, s};
    format->io_open = refuse_others;
}
