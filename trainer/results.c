#include "trainer/results.h"

#include "base/file.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STATS_MOST = 1 << 20, METADATA_MOST = 16 };

static const char MODEL[] = "model.safetensors", STATS[] = "stats.json";

static status join(const char *directory, const char *name, char **out)
{
    *out = path_join(directory, name);
    return *out ? OK : FAIL(ERR_MEMORY, "no memory for the name of %s", name);
}

/* "null" for what is not a number. */
static json_t *real(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *stats_of(const train_task *task, const train_options *o, const train_result *r, int ranks)
{
    return json_pack("{s:I, s:I, s:s?, s:o, s:f, s:f, s:f, s:f, s:f, s:f, s:i, s:s}", "steps", (json_int_t)r->steps,
                     "epochs", (json_int_t)r->epochs, "metric", task->metric_name, "best_metric", real(r->best_metric),
                     "samples_per_s", r->samples_per_s, "tokens_per_s", r->tokens_per_s, "step_ms_p50", r->step_ms_p50,
                     "step_ms_p99", r->step_ms_p99, "time_to_first_step_s", r->time_to_first_step_s, "rss_peak_mb",
                     r->rss_peak_mb, "world_size", ranks, "recipe_hash", o->recipe_hash);
}

status results_write(const char *directory, const train_task *task, const train_options *o, const train_result *result,
                     int ranks)
{
    status st = OK;
    char *model = NULL, *stats = NULL, *text = NULL;
    const char *metadata[2 * METADATA_MOST + 3] = {"recipe_hash", o->recipe_hash};
    for (size_t i = 0; task->metadata && task->metadata[i] && i < 2 * METADATA_MOST; i++)
        metadata[i + 2] = task->metadata[i];
    json_t *object = stats_of(task, o, result, ranks);
    TRY(join(directory, MODEL, &model));
    TRY(join(directory, STATS, &stats));
    text = object ? json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    if (!text) TRY(FAIL(ERR_MEMORY, "%s: no memory for it", stats));
    TRY(module_save(task->model, model, metadata));
    TRY(file_write(stats, text, strlen(text)));
done:
    json_decref(object);
    free(text);
    free(model);
    free(stats);
    return st;
}

static double number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static status parse_stats(const char *path, const train_options *o, train_result *out)
{
    status st = OK;
    char *text = NULL;
    size_t count = 0;
    json_t *object = NULL;
    json_error_t problem;
    TRY(file_read(path, STATS_MOST, &text, &count));
    object = json_loadb(text, count, JSON_REJECT_DUPLICATES, &problem);
    if (!object) TRY(FAIL(ERR_INPUT, "%s:%d:%d: %s", path, problem.line, problem.column, problem.text));
    const char *hash = json_string_value(json_object_get(object, "recipe_hash"));
    if (!hash) TRY(FAIL(ERR_INPUT, "%s: \"recipe_hash\" is missing; remove the file to train again", path));
    if (strcmp(hash, o->recipe_hash))
        TRY(FAIL(ERR_CONFIG,
                 "%s is of a recipe of hash %s, and this one has %s: use the recipe it was trained with, or begin "
                 "again (--force)",
                 path, hash, o->recipe_hash));
    *out = (train_result){.steps = json_integer_value(json_object_get(object, "steps")),
                          .epochs = json_integer_value(json_object_get(object, "epochs")),
                          .best_metric = number(object, "best_metric"),
                          .samples_per_s = number(object, "samples_per_s"),
                          .tokens_per_s = number(object, "tokens_per_s"),
                          .step_ms_p50 = number(object, "step_ms_p50"),
                          .step_ms_p99 = number(object, "step_ms_p99"),
                          .time_to_first_step_s = number(object, "time_to_first_step_s"),
                          .rss_peak_mb = number(object, "rss_peak_mb")};
done:
    json_decref(object);
    free(text);
    return st;
}

status results_read(const char *directory, const train_options *o, bool *found, train_result *out)
{
    status st = OK;
    char *model = NULL, *stats = NULL;
    *found = false;
    TRY(join(directory, MODEL, &model));
    TRY(join(directory, STATS, &stats));
    if (!file_exists(model) || !file_exists(stats)) goto done;
    TRY(parse_stats(stats, o, out));
    *found = true;
done:
    free(model);
    free(stats);
    return st;
}

status results_load_model(const char *directory, module *m)
{
    status st = OK;
    char *model = NULL;
    TRY(join(directory, MODEL, &model));
    TRY(module_load(m, model));
done:
    free(model);
    return st;
}
