#include "video/picture_packets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 256 << 20, HEAD = 12, LOOK_MOST = 64, END_BYTES = 1 << 16 };

/* ---- kinds ------------------------------------------------------------------------------------------------------- */

/* AV_CODEC_ID_NONE: no picture. */
static enum AVCodecID kind_of(const uint8_t *head, size_t size)
{
    if (size < HEAD) return AV_CODEC_ID_NONE;
    if (!memcmp(head, "\xff\xd8\xff", 3)) return AV_CODEC_ID_MJPEG;
    if (!memcmp(head, "\x89PNG\r\n\x1a\n", 8)) return AV_CODEC_ID_PNG;
    if (!memcmp(head, "RIFF", 4) && !memcmp(head + 8, "WEBP", 4)) return AV_CODEC_ID_WEBP;
    return memcmp(head, "BM", 2) ? AV_CODEC_ID_NONE : AV_CODEC_ID_BMP;
}

static const char *kind_name(enum AVCodecID kind)
{
    if (kind == AV_CODEC_ID_NONE) return "no picture";
    return kind == AV_CODEC_ID_MJPEG ? "JPEG" : avcodec_get_name(kind);
}

/* A JPEG that was cut off mostly decodes, with grey where it ends. Some have other things behind their end. */
static bool jpeg_has_end(const uint8_t *bytes, size_t size)
{
    size_t first = size > END_BYTES ? size - END_BYTES : 0;
    for (size_t i = size; i > first + 1; i--)
        if (bytes[i - 1] == 0xd9 && bytes[i - 2] == 0xff) return true;
    return false;
}

/* A PNG ends with a chunk that says so, a WebP has as many bytes as its head says. */
static bool has_end(enum AVCodecID kind, const uint8_t *bytes, size_t size)
{
    if (kind == AV_CODEC_ID_MJPEG) return jpeg_has_end(bytes, size);
    if (kind == AV_CODEC_ID_PNG)
        return memmem(bytes + (size > END_BYTES ? size - END_BYTES : 0), size > END_BYTES ? END_BYTES : size, "IEND",
                      4) != NULL;
    if (kind != AV_CODEC_ID_WEBP) return true;
    uint32_t promised =
        (uint32_t)bytes[4] | (uint32_t)bytes[5] << 8 | (uint32_t)bytes[6] << 16 | (uint32_t)bytes[7] << 24;
    return (uint64_t)promised + 8 <= size;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static int lacks(picture_packets *p, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(p->reason, sizeof p->reason, format, values);
    va_end(values);
    return -1;
}

/* Descriptor of a regular file; -1 with the reason. */
static int open_picture(picture_packets *p, const char *name, size_t *size)
{
    struct stat info;
    int fd = openat(p->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a pipe would block */
    if (fd < 0) return lacks(p, "cannot open: %s", strerror(errno));
    if (fstat(fd, &info)) lacks(p, "cannot ask for its size: %s", strerror(errno));
    else if (!S_ISREG(info.st_mode)) lacks(p, "is no file");
    else if (info.st_size == 0) lacks(p, "a file of 0 bytes");
    else if (info.st_size > FILE_MOST) lacks(p, "%lld bytes are too many for a picture", (long long)info.st_size);
    else {
        *size = (size_t)info.st_size;
        return fd;
    }
    close(fd);
    return -1;
}

static bool read_all(picture_packets *p, int fd, uint8_t *to, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t got = pread(fd, to + at, size - at, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            lacks(p, got ? "cannot read: %s" : "became shorter while it was read", strerror(errno));
            return false;
        }
        at += (size_t)got;
    }
    return true;
}

static bool judge(picture_packets *p, const AVPacket *packet)
{
    enum AVCodecID kind = kind_of(packet->data, (size_t)packet->size);
    if (kind == AV_CODEC_ID_NONE) lacks(p, "is no picture, whatever its name says");
    else if (p->codec != AV_CODEC_ID_NONE && kind != p->codec)
        lacks(p, "is %s, where the first picture is %s", kind_name(kind), kind_name(p->codec));
    else if (!has_end(kind, packet->data, (size_t)packet->size)) lacks(p, "ends early");
    else return true;
    return false;
}

status picture_packets_read(picture_packets *p, int64_t number, AVPacket *packet)
{
    status st = OK;
    size_t size = 0;
    int fd = -1;
    const char *name = picture_folder_name(&p->folder, number);
    av_packet_unref(packet);
    if (!name) {
        lacks(p, "there is no picture of this number");
        goto done;
    }
    fd = open_picture(p, name, &size);
    if (fd < 0) goto done;
    if (av_new_packet(packet, (int)size) < 0) TRY(FAIL(ERR_MEMORY, "%s/%s: no memory to read it", p->path, name));
    packet->flags |= AV_PKT_FLAG_KEY;
    if (!read_all(p, fd, packet->data, size) || !judge(p, packet)) av_packet_unref(packet);
done:
    if (fd >= 0) close(fd);
    return st;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* The first picture that is one says what they are. */
static status find_codec(picture_packets *p)
{
    status st = OK;
    char first[128] = "";
    AVPacket *packet = av_packet_alloc();
    if (!packet) TRY(FAIL(ERR_MEMORY, "%s: no memory to open it", p->path));
    for (size_t i = 0; i < p->folder.count && i < LOOK_MOST; i++) {
        TRY(picture_packets_read(p, p->folder.at[i].number - p->folder.first, packet));
        if (packet->size) {
            p->codec = kind_of(packet->data, (size_t)packet->size);
            goto done;
        }
        if (!i) memcpy(first, p->reason, sizeof first);
    }
    TRY(FAIL(ERR_INPUT, "%s: none of its first pictures can be read: %.80s: %s", p->path, p->folder.at[0].name, first));
done:
    av_packet_free(&packet);
    return st;
}

status picture_packets_open(const char *path, picture_packets **out)
{
    status st = OK;
    picture_packets *p = calloc(1, sizeof *p);
    if (!p) TRY(FAIL(ERR_MEMORY, "%s: no memory to open it", path));
    p->fd = -1;
    p->path = strdup(path);
    if (!p->path) TRY(FAIL(ERR_MEMORY, "%s: no memory to open it", path));
    TRY(picture_folder_read(path, &p->folder));
    p->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->fd < 0) TRY(FAIL(ERR_MISSING, "%s: cannot open: %s", path, strerror(errno)));
    p->bad = malloc((size_t)p->folder.frames);
    if (!p->bad) TRY(FAIL(ERR_MEMORY, "%s: no memory for %lld frames", path, (long long)p->folder.frames));
    memset(p->bad, 1, (size_t)p->folder.frames);
    for (size_t i = 0; i < p->folder.count; i++) p->bad[p->folder.at[i].number - p->folder.first] = 0;
    TRY(find_codec(p));
    *out = p;
    p = NULL;
done:
    picture_packets_close(&p);
    return st;
}

void picture_packets_close(picture_packets **at)
{
    picture_packets *p = *at;
    if (!p) return;
    picture_folder_free(&p->folder);
    if (p->fd >= 0) close(p->fd);
    free(p->path);
    free(p->bad);
    free(p);
    *at = NULL;
}

int64_t picture_packets_bytes(const picture_packets *p)
{
    int64_t sum = 0;
    struct stat info;
    for (size_t i = 0; i < p->folder.count; i++)
        if (!fstatat(p->fd, p->folder.at[i].name, &info, 0) && S_ISREG(info.st_mode)) sum += info.st_size;
    return sum;
}

int64_t picture_packets_near(const picture_packets *p, int64_t number, int step)
{
    for (number += step; number >= 0 && number < p->folder.frames; number += step)
        if (!p->bad[number]) return number;
    return -1;
}
