#include "video/check_bytes.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_BYTES = 1024, WORDS_BYTES = 60, BOXES_MOST = 4096, BOX_HEAD = 16 };

typedef struct {
    uint8_t bytes[HEAD_BYTES];
    size_t count;
} head;

/* ---- text -------------------------------------------------------------------------------------------------------- */

static bool is_text(const head *h)
{
    for (size_t i = 0; i < h->count; i++)
        if (h->bytes[i] == 127 || (h->bytes[i] < ' ' && !isspace(h->bytes[i]))) return false;
    return true;
}

static bool is_blank(const head *h)
{
    for (size_t i = 0; i < h->count; i++)
        if (h->bytes[i]) return false;
    return true;
}

static const char *skip_mark(const head *h)
{
    return (const char *)h->bytes + (h->count >= 3 && !memcmp(h->bytes, "\xef\xbb\xbf", 3) ? 3 : 0);
}

/* Its first words, blanks as one, cut at a letter's border. `text` ends in NUL. */
static void first_words(const char *text, char out[WORDS_BYTES + 1])
{
    size_t used = 0;
    for (; *text && used < WORDS_BYTES; text++) {
        bool blank = isspace((unsigned char)*text);
        if (!blank || (used && out[used - 1] != ' ')) out[used++] = blank ? ' ' : *text;
    }
    if (*text) /* cut: no part of a letter stays */
        while (used && ((unsigned char)*text & 0xc0) == 0x80) text--, used--;
    while (used && out[used - 1] == ' ') used--;
    out[used] = '\0';
}

static const char *kind_of_text(const char *text)
{
    text += strspn(text, " \t\r\n");
    if (strcasestr(text, "<html") || strcasestr(text, "<!doctype html")) return "an HTML page";
    if (*text == '<') return "an XML page";
    return *text == '{' || *text == '[' ? "a JSON text" : "a text";
}

static void tell_text(const head *h, video_verdict *v)
{
    char text[HEAD_BYTES + 1] = "", words[WORDS_BYTES + 1];
    memcpy(text, h->bytes, h->count);
    const char *begin = text + (skip_mark(h) - (const char *)h->bytes);
    first_words(begin, words);
    v->kind = VIDEO_TEXT;
    snprintf(v->reason, sizeof v->reason, "%s of %lld bytes in the place of a video: \"%s\"", kind_of_text(begin),
             (long long)v->bytes, words);
}

/* ---- containers -------------------------------------------------------------------------------------------------- */

static uint64_t big_endian(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value = value << 8 | at[i];
    return value;
}

/* EBML's number at `*at`, which moves behind it; -1 where it is cut off, or says "not known". */
static int64_t ebml_size(const head *h, size_t *at)
{
    if (*at >= h->count || !h->bytes[*at]) return -1;
    int length = __builtin_clz((unsigned)h->bytes[*at]) - 23; /* of eight bits: 1 .. 8 bytes */
    if (*at + (size_t)length > h->count) return -1;
    uint64_t mask = (UINT64_C(1) << (7 * length)) - 1, value = big_endian(h->bytes + *at, length) & mask;
    *at += (size_t)length;
    return value == mask ? -1 : (int64_t)value;
}

/* Matroska: a head, and one segment that has all. */
static int64_t matroska_bytes(const head *h)
{
    size_t at = 4;
    int64_t size = ebml_size(h, &at);
    if (size < 0 || size > HEAD_BYTES - 32 || at + (size_t)size + 4 > h->count) return 0;
    at += (size_t)size;
    if (memcmp(h->bytes + at, "\x18\x53\x80\x67", 4)) return 0;
    at += 4;
    size = ebml_size(h, &at);
    return size < 0 ? 0 : (int64_t)at + size;
}

static int64_t riff_bytes(const head *h)
{
    uint32_t size =
        (uint32_t)h->bytes[4] | (uint32_t)h->bytes[5] << 8 | (uint32_t)h->bytes[6] << 16 | (uint32_t)h->bytes[7] << 24;
    return size == 0 || size == UINT32_MAX ? 0 : (int64_t)size + 8; /* written as a stream: not known */
}

static int64_t promised_bytes(const head *h)
{
    if (h->count >= 12 && !memcmp(h->bytes, "RIFF", 4)) return riff_bytes(h);
    return h->count >= 12 && !memcmp(h->bytes, "\x1a\x45\xdf\xa3", 4) ? matroska_bytes(h) : 0;
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static int refuse(video_verdict *v, int fd, video_kind kind, const char *reason)
{
    if (fd >= 0) close(fd);
    v->kind = kind;
    snprintf(v->reason, sizeof v->reason, "%s", reason);
    return -1;
}

/* A descriptor of a regular file that is not empty; -1 with a verdict. */
static int open_regular(const char *path, video_verdict *v)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a pipe would block */
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return refuse(v, fd, VIDEO_MISSING, "there is no such file");
    if (fd < 0 || fstat(fd, &info)) return refuse(v, fd, VIDEO_UNREADABLE, strerror(errno));
    if (!S_ISREG(info.st_mode)) return refuse(v, fd, VIDEO_UNREADABLE, S_ISDIR(info.st_mode) ? "a folder" : "no file");
    v->bytes = info.st_size;
    return info.st_size ? fd : refuse(v, fd, VIDEO_EMPTY, "a file of 0 bytes");
}

static bool read_head(const char *path, video_verdict *v, head *h)
{
    int fd = open_regular(path, v);
    if (fd < 0) return false;
    ssize_t count = pread(fd, h->bytes, HEAD_BYTES, 0);
    if (count <= 0) return refuse(v, fd, VIDEO_UNREADABLE, count ? strerror(errno) : "nothing can be read") == 0;
    h->count = (size_t)count;
    close(fd);
    return true;
}

void check_bytes(const char *path, video_verdict *v, int64_t *promised)
{
    head h = {.count = 0};
    *promised = 0;
    v->kind = VIDEO_GOOD;
    v->bytes = -1;
    if (!read_head(path, v, &h)) return;
    if (is_text(&h)) tell_text(&h, v);
    else *promised = promised_bytes(&h);
}

/* ---- what no demuxer takes --------------------------------------------------------------------------------------- */

static bool is_box(const uint8_t type[4])
{
    static const char *const TYPES[] = {"ftyp", "moov", "mdat", "free", "skip", "wide", "pnot", "moof",
                                        "sidx", "styp", "uuid", "meta", "mfra", "udta", "emsg", "prft"};
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (!memcmp(type, TYPES[i], 4)) return true;
    return false;
}

/* Walks over the boxes of an MP4. `*index`: there is a moov; `*end`: where the last one ends by its own word. */
static bool walk_boxes(int fd, int64_t size, bool *index, int64_t *end)
{
    uint8_t box[BOX_HEAD];
    int count = 0;
    *index = false;
    for (*end = 0; *end < size && count < BOXES_MOST; count++) {
        ssize_t got = pread(fd, box, sizeof box, *end);
        if (got < 8 || !is_box(box + 4)) break;
        uint64_t length = big_endian(box, 4);
        if (length == 1 && got == BOX_HEAD) length = big_endian(box + 8, 8);
        if (!memcmp(box + 4, "moov", 4)) *index = true;
        if (length == 0) *end = size; /* to the end of the file */
        else if (length < 8 || length > (uint64_t)INT64_MAX / 2) break;
        else *end += (int64_t)length;
    }
    return count > 0;
}

static void tell_boxes(video_verdict *v, bool index, int64_t end)
{
    char where[80] = "";
    if (end > v->bytes)
        snprintf(where, sizeof where, ": cut off at %lld of at least %lld bytes", (long long)v->bytes, (long long)end);
    v->kind = index ? VIDEO_DAMAGED : VIDEO_NO_INDEX;
    if (index) snprintf(v->reason, sizeof v->reason, "its index (moov atom) cannot be read%s", where);
    else snprintf(v->reason, sizeof v->reason, "no moov atom, the index of an MP4%s", where);
}

static void tell_head(const head *h, const char *why, video_verdict *v)
{
    size_t shown = h->count < 8 ? h->count : 8, used = 0;
    char digits[32] = "";
    for (size_t i = 0; i < shown; i++) used += (size_t)sprintf(digits + used, i ? " %02x" : "%02x", h->bytes[i]);
    v->kind = VIDEO_NO_CONTAINER;
    if (is_blank(h))
        snprintf(v->reason, sizeof v->reason, "begins with %zu zeros: space that was reserved and never written",
                 h->count);
    else snprintf(v->reason, sizeof v->reason, "%.160s; it begins with %s", why, digits);
}

void check_strange(const char *path, const char *why, video_verdict *v)
{
    head h = {.count = 0};
    bool index = false;
    int64_t end = 0;
    if (!read_head(path, v, &h)) return;
    int fd = open_regular(path, v);
    if (fd < 0) return;
    if (walk_boxes(fd, v->bytes, &index, &end)) tell_boxes(v, index, end);
    else tell_head(&h, why, v);
    close(fd);
}
