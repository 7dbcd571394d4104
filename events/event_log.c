#include "events/event_log.h"

#include "events/event_files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct event_log {
    char *path;
    int fd;
    log_position at;
    bool torn; /* what a failed write left behind could not be taken off yet */
};

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* Lines up to byte `most` of the file, and where the last whole one ends. */
static status count_lines(const event_log *log, uint64_t most, log_position *out)
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

static status cut(const event_log *log, uint64_t bytes)
{
    if (ftruncate(log->fd, (off_t)bytes) == 0) return OK;
    return FAIL(ERR_IO, "%s: cannot cut it back to %" PRIu64 " bytes: %s", log->path, bytes, strerror(errno));
}

static status find_place(event_log *log, const log_position *from)
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

status event_log_open(const char *path, const log_position *from, event_log **out)
{
    status st = OK;
    event_log *log = malloc(sizeof *log);
    if (!log) TRY(FAIL(ERR_MEMORY, "%s: no memory to write it", path));
    *log = (event_log){.path = strdup(path), .fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666)};
    if (log->fd < 0) TRY(FAIL(ERR_CREATE, "%s: cannot open it to write: %s", path, strerror(errno)));
    if (!log->path) TRY(FAIL(ERR_MEMORY, "%s: no memory to write it", path));
    TRY(find_place(log, from));
    *out = log;
    log = NULL;
done:
    event_log_close(&log);
    return st;
}

void event_log_close(event_log **log)
{
    if (!*log) return;
    if ((*log)->fd >= 0) close((*log)->fd);
    free((*log)->path);
    free(*log);
    *log = NULL;
}

/* ---- appending --------------------------------------------------------------------------------------------------- */

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

static status append(event_log *log, const char *bytes, size_t count)
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

/* What a line holds; which of the three, `e` and `curve` tell. */
typedef struct {
    const char *video;
    size_t layer, number;
    const event *e; /* NULL: not of an event */
    bool curve;     /* of the curve of errors */
    double time;    /* a moment of the curve, or a video's duration */
    double error, threshold;
    bool boundary;
} line;

static void write_numbers(FILE *to, const char *const *keys, const double *values, size_t count)
{
    char text[NUMBER_TEXT];
    for (size_t i = 0; i < count; i++) {
        number_text(values[i], text);
        fprintf(to, ", \"%s\": %s", keys[i], text);
    }
}

static status write_text(FILE *to, const char *key, const char *what, const char *text)
{
    if (!text) return OK;
    fprintf(to, ", \"%s\": ", key);
    return json_text_write(to, what, text);
}

static status write_line(FILE *to, const line *l)
{
    static const char *const EVENT[] = {"start", "end", "error"}, *const CURVE[] = {"time", "error", "threshold"};
    static const char *const END[] = {"duration"};
    status st = OK;
    fputs("{\"video\": ", to);
    TRY(json_text_write(to, "the name of a video", l->video));
    if (l->e || l->curve) fprintf(to, ", \"layer\": %zu", l->layer);
    if (l->e) fprintf(to, ", \"event\": %zu", l->number);
    if (l->e) write_numbers(to, EVENT, (double[]){l->e->start, l->e->end, l->e->error}, 3);
    else if (l->curve) write_numbers(to, CURVE, (double[]){l->time, l->error, l->threshold}, 3);
    else write_numbers(to, END, &l->time, 1);
    if (l->e) TRY(write_text(to, "label", "the label of an event", l->e->label));
    if (l->e) TRY(write_text(to, "embedding", "the embedding of an event", l->e->embedding));
    fputs(l->curve && l->boundary ? ", \"boundary\": true}\n" : "}\n", to);
done:
    return st;
}

static status append_line(event_log *log, const line *l)
{
    status st = OK;
    char *bytes = NULL;
    size_t count = 0;
    FILE *to = open_memstream(&bytes, &count);
    if (!to) TRY(FAIL(ERR_MEMORY, "%s: no memory for a line", log->path));
    TRY(write_line(to, l));
    TRY(memory_file_close(&to, log->path));
    TRY(append(log, bytes, count));
done:
    if (to) fclose(to);
    free(bytes);
    return st;
}

status event_log_append(event_log *log, const char *video, size_t layer, size_t number, const event *e)
{
    return append_line(log, &(line){.video = video, .layer = layer, .number = number, .e = e});
}

status event_log_end(event_log *log, const char *video, double duration)
{
    return append_line(log, &(line){.video = video, .time = duration});
}

status event_log_error(event_log *log, const char *video, size_t layer, double time, double error, double threshold,
                       bool boundary)
{
    return append_line(log, &(line){.video = video,
                                    .layer = layer,
                                    .curve = true,
                                    .time = time,
                                    .error = error,
                                    .threshold = threshold,
                                    .boundary = boundary});
}

log_position event_log_position(const event_log *log)
{
    return log->at;
}

status event_log_sync(event_log *log)
{
    if (fsync(log->fd) == 0) return OK;
    return FAIL(ERR_IO, "%s: cannot write to disk: %s", log->path, strerror(errno));
}
