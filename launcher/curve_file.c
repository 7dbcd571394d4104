#include "launcher/curve_file.h"

#include "base/file.h"
#include "conf/run.h"
#include "launcher/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CURVE_BYTES_MAX = 256 << 20 };

void curve_file_free(curve_file *c)
{
    free(c->losses);
    free(c->scores);
    free(c->errors);
    free(c->held_out);
    *c = (curve_file){0};
}

/* Room for one more of `size` bytes each: it doubles at every power of two. */
static status make_room(void **list, size_t count, size_t size)
{
    if (count & (count - 1)) return OK;
    void *larger = realloc(*list, (count ? 2 * count : 1) * size);
    if (!larger) return FAIL(ERR_MEMORY, "no memory for a curve of %zu points", count);
    *list = larger;
    return OK;
}

static status add_loss(curve_file *c, const json_t *line)
{
    void *list = c->losses;
    status st = make_room(&list, c->loss_count, sizeof *c->losses);
    c->losses = list;
    if (st == OK)
        c->losses[c->loss_count++] = (curve_loss){json_real_at(line, "step"), json_real_at(line, "epoch"),
                                                  json_real_at(line, "loss"), json_real_at(line, "lr")};
    return st;
}

static status add_score(curve_file *c, const json_t *line)
{
    void *list = c->scores;
    status st = make_room(&list, c->score_count, sizeof *c->scores);
    c->scores = list;
    if (st == OK)
        c->scores[c->score_count++] = (curve_score){
            .step = json_real_at(line, "step"),
            .epoch = json_real_at(line, "epoch"),
            .metric = json_real_at(line, "metric"),
            .top5 = json_real_at(line, "top5"),
            .samples = json_real_at(line, "samples"),
            .development_loss = json_real_at(line, "development_loss"),
            .learned = json_real_at(line, "learned"),
            .better = json_is_true(json_object_get(line, "better")),
        };
    return st;
}

static status add_errors(curve_errors **at, size_t *count, const json_t *line, const json_t *errors)
{
    void *list = *at;
    status st = make_room(&list, *count, sizeof **at);
    *at = list;
    if (st != OK) return st;
    curve_errors *fresh = &(*at)[(*count)++];
    *fresh = (curve_errors){.step = json_real_at(line, "step"),
                            .epoch = json_real_at(line, "epoch"),
                            .layers = json_array_size(errors),
                            .optimizer_steps = json_real_at(line, "optimizer_steps")};
    if (fresh->layers > CURVE_LAYERS_MAX) fresh->layers = CURVE_LAYERS_MAX;
    for (size_t i = 0; i < fresh->layers; i++) {
        const json_t *value = json_array_get(errors, i);
        fresh->errors[i] = json_is_number(value) ? json_number_value(value) : NAN;
    }
    return OK;
}

static status add_line(curve_file *c, const char *path, size_t number, const char *text, size_t length)
{
    status st = OK;
    json_error_t error;
    json_t *line = json_loadb(text, length, 0, &error);
    if (!json_is_object(line)) TRY(FAIL(ERR_INPUT, "%s:%zu: is no JSON object", path, number));
    if (!isfinite(json_real_at(line, "step"))) goto done; /* nowhere to draw it */
    if (isfinite(json_real_at(line, "loss"))) TRY(add_loss(c, line));
    if (isfinite(json_real_at(line, "metric"))) TRY(add_score(c, line));
    const json_t *errors = json_object_get(line, "errors"), *held_out = json_object_get(line, "eval_errors");
    if (errors) TRY(add_errors(&c->errors, &c->error_count, line, errors));
    if (held_out) TRY(add_errors(&c->held_out, &c->held_out_count, line, held_out));
done:
    json_decref(line);
    return st;
}

status curve_file_read(const char *run, const char *step, curve_file *out)
{
    status st = OK;
    curve_file c = {0};
    char *directory = run_step_directory(run, step), *path = directory ? path_join(directory, "curve.jsonl") : NULL;
    char *bytes = NULL;
    size_t count, number = 1;
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the curve of %s", step));
    if (!file_exists(path)) goto done;
    TRY(file_read(path, CURVE_BYTES_MAX, &bytes, &count));
    for (char *at = bytes, *end; (end = strchr(at, '\n')); at = end + 1, number++)
        if (end > at) TRY(add_line(&c, path, number, at, (size_t)(end - at)));
    *out = c;
    c = (curve_file){0};
done:
    curve_file_free(&c);
    free(bytes);
    free(path);
    free(directory);
    return st;
}

const curve_score *curve_file_best(const curve_file *c)
{
    const curve_score *best = NULL;
    for (size_t i = 0; i < c->score_count; i++)
        if (c->scores[i].better) best = &c->scores[i];
    return best;
}
