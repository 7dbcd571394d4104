#include "trainer/curve.h"

#include "base/file.h"
#include "base/line_log.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MOST = 1 << 28 };

struct curve {
    line_log *lines;
};

/* Whether a line is of what came up to `step`; not, when it is none of ours (cut short, say). */
static bool came_before(const char *line, size_t length, int64_t step, bool scored)
{
    json_t *object = json_loadb(line, length, 0, NULL);
    const json_t *of_line = json_object_get(object, "step");
    int64_t at = json_is_integer(of_line) ? json_integer_value(of_line) : INT64_MAX;
    bool score = json_object_get(object, "metric") || json_object_get(object, "eval_errors");
    json_decref(object);
    return at < step || (at == step && (scored || !score));
}

static status take_back(const char *path, int64_t step, bool scored)
{
    status st = OK;
    char *text = NULL;
    size_t count = 0, kept = 0;
    if (!file_exists(path)) return OK;
    TRY(file_read(path, FILE_MOST, &text, &count));
    for (size_t at = 0; at < count;) {
        const char *end = memchr(text + at, '\n', count - at);
        if (!end) break;
        size_t length = (size_t)(end - (text + at)) + 1;
        if (came_before(text + at, length, step, scored)) {
            memmove(text + kept, text + at, length);
            kept += length;
        }
        at += length;
    }
    TRY(file_write(path, text, kept));
done:
    free(text);
    return st;
}

status curve_open(const char *path, int64_t step, bool scored, curve **out)
{
    status st = OK;
    curve *c = calloc(1, sizeof *c);
    if (!c) TRY(FAIL(ERR_MEMORY, "%s: no memory to write it", path));
    TRY(take_back(path, step, scored));
    TRY(line_log_open(path, NULL, &c->lines));
    *out = c;
    c = NULL;
done:
    curve_close(&c);
    return st;
}

void curve_close(curve **at)
{
    if (!at || !*at) return;
    line_log_close(&(*at)->lines);
    free(*at);
    *at = NULL;
}

line_log *curve_lines(curve *c)
{
    return c->lines;
}

static status write_line(curve *c, json_t *object)
{
    status st = OK;
    char *line = object ? json_dumps(object, JSON_REAL_PRECISION(9)) : NULL;
    if (!line) TRY(FAIL(ERR_MEMORY, "%s: no memory for a line", line_log_path(c->lines)));
    size_t length = strlen(line);
    line[length] = '\n'; /* in place of the end: a line's bytes are counted */
    TRY(line_log_append(c->lines, line, length + 1));
done:
    free(line);
    json_decref(object);
    return st;
}

status curve_step(curve *c, int64_t step, int64_t epoch, double loss, double rate)
{
    return write_line(c, json_pack("{s:I, s:I, s:f, s:f}", "step", (json_int_t)step, "epoch", (json_int_t)epoch + 1,
                                   "loss", loss, "lr", rate));
}

/* Where it is known. */
static void add_real(json_t *object, const char *name, double value)
{
    if (isfinite(value)) json_object_set_new(object, name, json_real(value));
}

status curve_score(curve *c, int64_t step, int64_t epoch, const train_score *score, bool better)
{
    json_t *line = json_pack("{s:I, s:I, s:f, s:b}", "step", (json_int_t)step, "epoch", (json_int_t)epoch + 1, "metric",
                             score->metric, "better", (int)better);
    add_real(line, "development_loss", score->loss);
    add_real(line, "learned", score->learned);
    add_real(line, "top5", score->top5);
    if (isfinite(score->samples)) json_object_set_new(line, "samples", json_integer((json_int_t)score->samples));
    return write_line(c, line);
}

static json_t *errors_json(const double *errors, size_t layers)
{
    json_t *list = json_array();
    for (size_t i = 0; i < layers; i++)
        json_array_append_new(list, isfinite(errors[i]) ? json_real(errors[i]) : json_null());
    return list;
}

status curve_stream(curve *c, int64_t step, int64_t epoch, double rate, const double *errors, size_t layers,
                    int64_t optimizer_steps)
{
    json_t *line = json_pack("{s:I, s:I}", "step", (json_int_t)step, "epoch", (json_int_t)epoch + 1);
    add_real(line, "loss", errors[0]);
    add_real(line, "lr", rate);
    json_object_set_new(line, "errors", errors_json(errors, layers));
    json_object_set_new(line, "optimizer_steps", json_integer((json_int_t)optimizer_steps));
    return write_line(c, line);
}

status curve_held_out(curve *c, int64_t step, int64_t epoch, const double *errors, size_t layers, int64_t videos)
{
    return write_line(c, json_pack("{s:I, s:I, s:o, s:I}", "step", (json_int_t)step, "epoch", (json_int_t)epoch + 1,
                                   "eval_errors", errors_json(errors, layers), "eval_videos", (json_int_t)videos));
}
