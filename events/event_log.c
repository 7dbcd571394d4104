#include "events/event_log.h"

#include "events/event_files.h"

#include <stdio.h>
#include <stdlib.h>

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

static status append_line(line_log *log, const line *l)
{
    status st = OK;
    char *bytes = NULL;
    size_t count = 0;
    const char *path = line_log_path(log);
    FILE *to = open_memstream(&bytes, &count);
    if (!to) TRY(FAIL(ERR_MEMORY, "%s: no memory for a line", path));
    TRY(write_line(to, l));
    TRY(memory_file_close(&to, path));
    TRY(line_log_append(log, bytes, count));
done:
    if (to) fclose(to);
    free(bytes);
    return st;
}

status event_log_append(line_log *log, const char *video, size_t layer, size_t number, const event *e)
{
    return append_line(log, &(line){.video = video, .layer = layer, .number = number, .e = e});
}

status event_log_end(line_log *log, const char *video, double duration)
{
    return append_line(log, &(line){.video = video, .time = duration});
}

status event_log_error(line_log *log, const char *video, size_t layer, double time, double error, double threshold,
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
