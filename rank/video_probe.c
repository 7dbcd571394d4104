#include "rank/video_probe.h"

#include "rank/json_lines.h"
#include "video/details.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { REAL_DIGITS = 10 };

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static void print_about(const char *path, const video_info *info)
{
    printf("%s: %s, %d x %d", path, info->codec, info->width, info->height);
    if (info->rotation) printf(" (turned by %d)", info->rotation);
    printf(", %.6g frames/s, %lld frames, %.3f s", info->fps, (long long)info->frames, info->seconds);
    if (info->missing) printf(", %lld more are missing", (long long)info->missing);
    if (info->gaps)
        printf(", %lld pictures are missing among them, the first is number %lld", (long long)info->gaps,
               (long long)info->first_gap);
    putchar('\n');
}

static void print_stream(const stream_details *s)
{
    printf("  also in it: stream %d, %s, %s", s->number, s->type, s->codec);
    if (s->width) printf(", %d x %d", s->width, s->height);
    if (s->rate) printf(", %d Hz", s->rate);
    if (s->channels) printf(", %d channel%s", s->channels, s->channels == 1 ? "" : "s");
    putchar('\n');
}

static void print_details(const video_info *info, const video_details *d)
{
    printf("  container %s, %lld bytes", d->container, (long long)d->bytes);
    if (d->bits_per_s > 0) printf(", %.0f kbit/s", d->bits_per_s * 1e-3);
    printf("\n  stream %d", info->stream);
    if (d->profile[0]) printf(", profile %s", d->profile);
    if (d->level > 0) printf(", level %d", d->level);
    printf(", pixels %s", info->pixels);
    if (d->colours[0]) printf(", colours %s", d->colours);
    if (d->range[0]) printf(", range %s", d->range);
    printf("\n  %lld key frame%s, at most %lld frames from one to the next\n", (long long)d->key_frames,
           d->key_frames == 1 ? "" : "s", (long long)d->key_distance);
    for (size_t i = 0; i < d->stream_count; i++)
        if (d->streams[i].number != info->stream) print_stream(&d->streams[i]);
    if (d->streams_left) printf("  and %zu more streams\n", d->streams_left);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *about_to_json(const char *path, const video_info *info)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:f, s:I, s:f, s:I, s:I}", "path", path, "codec", info->codec,
                     "pixels", info->pixels, "width", info->width, "height", info->height, "rotation", info->rotation,
                     "fps", info->fps, "frames", (json_int_t)info->frames, "seconds", info->seconds, "missing",
                     (json_int_t)info->missing, "gaps", (json_int_t)info->gaps);
}

static json_t *text_or_null(const char *text)
{
    return text[0] ? json_string(text) : json_null();
}

static json_t *number_or_null(int number)
{
    return number > 0 ? json_integer(number) : json_null();
}

static json_t *stream_to_json(const stream_details *s)
{
    return json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:o}", "number", s->number, "type", s->type, "codec", s->codec,
                     "rate", number_or_null(s->rate), "channels", number_or_null(s->channels), "width",
                     number_or_null(s->width), "height", number_or_null(s->height));
}

static json_t *details_to_json(const video_info *info, const video_details *d)
{
    json_t *streams = json_array();
    for (size_t i = 0; streams && i < d->stream_count; i++)
        if (json_array_append_new(streams, stream_to_json(&d->streams[i]))) {
            json_decref(streams);
            streams = NULL;
        }
    return json_pack("{s:s, s:I, s:o, s:i, s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "container", d->container, "bytes",
                     (json_int_t)d->bytes, "bits_per_s", d->bits_per_s > 0 ? json_real(d->bits_per_s) : json_null(),
                     "stream", info->stream, "profile", text_or_null(d->profile), "level", number_or_null(d->level),
                     "colours", text_or_null(d->colours), "range", text_or_null(d->range), "key_frames",
                     (json_int_t)d->key_frames, "key_distance", (json_int_t)d->key_distance, "streams", streams);
}

static status print_object(const char *path, const video_info *info, const video_details *d)
{
    json_t *line = about_to_json(path, info), *details = details_to_json(info, d);
    if (line && json_object_update(line, details)) {
        json_decref(line);
        line = NULL;
    }
    json_decref(details);
    return json_line_print(path, line, REAL_DIGITS);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static status probe_one(const video_words *w, const char *path)
{
    status st = OK;
    video *v = NULL;
    video_details details;
    TRY(video_open(
        path, &(video_options){.stream = -1, .threads = 1, .timeout = w->timeout, .frame_rate = w->frame_rate}, &v));
    video_describe(v, &details);
    if (w->json) TRY(print_object(path, video_about(v), &details));
    else {
        print_about(path, video_about(v));
        print_details(video_about(v), &details);
    }
done:
    video_close(&v);
    return st;
}

status video_probe_act(const video_words *w)
{
    status st = OK;
    size_t unreadable = 0;
    for (size_t i = 0; i < w->files.count; i++) {
        st = probe_one(w, w->files.at[i]);
        if (st != OK && st != ERR_MISSING && st != ERR_INPUT) goto done; /* not the file's fault */
        if (st == OK) continue;
        unreadable++;
        TRY(json_line_unreadable("path", w->files.at[i], w->json));
    }
    if (unreadable) TRY(FAIL(ERR_INPUT, "%zu of %zu files cannot be read", unreadable, w->files.count));
done:
    return st;
}
