/* WebVTT (W3C): the events of a layer as cues that players show beside the video. */
#include "base/file.h"
#include "events/event_files.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static int64_t to_milliseconds(double seconds)
{
    return (int64_t)llround(seconds * 1000);
}

static void write_clock(FILE *to, int64_t milliseconds)
{
    int64_t seconds = milliseconds / 1000;
    fprintf(to, "%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64, seconds / 3600, seconds / 60 % 60, seconds % 60,
            milliseconds % 1000);
}

/* Cue text: markup is escaped, and a line's end would end the cue. */
static void write_text(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '&') fputs("&amp;", to);
        else if (*text == '<') fputs("&lt;", to);
        else if (*text == '>') fputs("&gt;", to);
        else fputc((unsigned char)*text < ' ' ? ' ' : *text, to);
    }
}

static void write_cue(FILE *to, size_t layer, size_t number, const event *e)
{
    int64_t start = to_milliseconds(e->start), end = to_milliseconds(e->end);
    fprintf(to, "\n%zu\n", number);
    write_clock(to, start);
    fputs(" --> ", to);
    write_clock(to, end > start ? end : start + 1); /* a cue of no length is none */
    fprintf(to, "\nlayer %zu, event %zu", layer, number);
    if (e->label) {
        fputs(": ", to);
        write_text(to, e->label);
    }
    if (isfinite(e->error)) fprintf(to, " (error %.4g)", e->error);
    fputc('\n', to);
}

status vtt_write(const char *path, const hierarchy *h, size_t layer)
{
    status st = OK;
    char *bytes = NULL;
    size_t count = 0;
    FILE *to = open_memstream(&bytes, &count);
    if (!to) TRY(FAIL(ERR_MEMORY, "%s: no memory to write it", path));
    if (layer >= h->layer_count)
        TRY(FAIL(ERR_INPUT, "%s: there is no layer %zu; it has %zu", h->file, layer, h->layer_count));
    fputs("WEBVTT\n", to);
    for (size_t i = 0; i < h->layers[layer].count; i++) write_cue(to, layer, i, &h->layers[layer].at[i]);
    TRY(memory_file_close(&to, path));
    TRY(file_write(path, bytes, count));
done:
    if (to) fclose(to);
    free(bytes);
    return st;
}
