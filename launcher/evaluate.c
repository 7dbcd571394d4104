#include "launcher/evaluate.h"

#include "base/file.h"
#include "base/log.h"
#include "conf/run.h"
#include "distill/analysis.h"
#include "distill/metrics.h"
#include "distill/store.h"
#include "launcher/report.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { STATS_BYTES_MAX = 1 << 20 };

/* stats.json of a step; NULL without a failure when the step has none. */
static status read_stats(const char *run, const char *step, json_t **out)
{
    status st = OK;
    json_error_t error;
    char *directory = run_step_directory(run, step), *path = directory ? path_join(directory, "stats.json") : NULL;
    char *bytes = NULL;
    size_t count;
    *out = NULL;
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to read what %s measured", step));
    if (!file_exists(path)) goto done;
    TRY(file_read(path, STATS_BYTES_MAX, &bytes, &count));
    *out = json_loadb(bytes, count, 0, &error);
    if (!json_is_object(*out)) TRY(FAIL(ERR_INPUT, "%s:%d: is no JSON object: %s", path, error.line, error.text));
done:
    if (st != OK) {
        json_decref(*out);
        *out = NULL;
    }
    free(bytes);
    free(path);
    free(directory);
    return st;
}

typedef struct {
    json_t *steps;      /* owned until it is put into metrics.json */
    json_t *first_step; /* borrowed from steps; NULL when no step trained */
    double rss_peak_mb;
} measured;

static status collect(const char *run, const plan *p, measured *m)
{
    status st = OK;
    m->steps = json_object();
    if (!m->steps) TRY(FAIL(ERR_MEMORY, "no memory for the throughput of %s", run));
    for (size_t i = 0; i < p->count; i++) {
        json_t *stats;
        if (p->at[i].kind != PLAN_RANKS) continue;
        TRY(read_stats(run, p->at[i].name, &stats));
        if (!stats) continue;
        if (json_object_set_new(m->steps, p->at[i].name, stats)) TRY(FAIL(ERR_MEMORY, "no memory for throughput"));
        double rss = json_number_value(json_object_get(stats, "rss_peak_mb"));
        if (rss > m->rss_peak_mb) m->rss_peak_mb = rss;
        if (!m->first_step) m->first_step = json_object_get(stats, "time_to_first_step_s");
    }
done:
    return st;
}

static json_t *number_or_null(double x)
{
    return x > 0 ? json_real(x) : json_null();
}

static status add_measured(json_t *metrics, const char *run, const recipe *r, const plan *p)
{
    status st = OK;
    char hash[33];
    measured m = {0};
    TRY(collect(run, p, &m));
    recipe_hash(r, hash);
    int failed = json_object_set(metrics, "throughput", m.steps);
    failed |= json_object_set(metrics, "time_to_first_step_s", m.first_step ? m.first_step : json_null());
    failed |= json_object_set_new(metrics, "rss_peak_mb", number_or_null(m.rss_peak_mb));
    failed |= json_object_set_new(metrics, "world_size", json_integer(recipe_int(r, "launch.ranks")));
    failed |= json_object_set_new(metrics, "run", json_string(recipe_text(r, "name")));
    failed |= json_object_set_new(metrics, "recipe_hash", json_string(hash));
    if (failed) TRY(FAIL(ERR_MEMORY, "no memory for the metrics of %s", run));
done:
    json_decref(m.steps);
    return st;
}

static status write_json(const char *run, const char *name, const json_t *object)
{
    status st = OK;
    char *path = run_path(run, name), *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
    if (!path || !text) TRY(FAIL(ERR_MEMORY, "no memory to write %s", name));
    TRY(file_write(path, text, strlen(text)));
done:
    free(text);
    free(path);
    return st;
}

/* ---- what a stream gives ----------------------------------------------------------------------------------------- */

static bool has_section(const plan *p, const char *section)
{
    for (size_t i = 0; i < p->count; i++)
        if (!strcmp(p->at[i].step.section, section)) return true;
    return false;
}

/* Scores of events are of a ground truth and not of the store: they have a place of their own. */
static status add_segmentation(json_t *metrics, const stream_results *s)
{
    const stream_part *part;
    json_t *parts = stream_scored_part(s, 0) ? json_object() : NULL;
    for (size_t i = 0; parts && (part = stream_scored_part(s, i)); i++) {
        json_t *scores = json_pack(
            "{s:I, s:O, s:O, s:O}", "videos", (json_int_t)json_array_size(json_object_get(part->scores, "videos")),
            "truth", json_object_get(part->scores, "truth"), "mean", json_object_get(part->scores, "mean"), "baselines",
            json_object_get(part->scores, "baselines"));
        json_object_set_new(parts, part == &s->held_out ? "held_out" : "learned", scores);
    }
    if (parts && json_object_set_new(metrics, "segmentation", parts))
        return FAIL(ERR_MEMORY, "no memory for the scores of events");
    return OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* `*out` NULL: there is none, and none is needed for what a stream has. */
static status open_store(const char *run, const plan *p, store **out)
{
    status st = OK;
    char *path = run_path(run, "store.sqlite");
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to open the store of %s", run));
    if (file_exists(path) || !has_section(p, "stream")) TRY(store_open(path, STORE_READ, out));
done:
    free(path);
    return st;
}

status evaluate_run(const char *run, const recipe *r, const plan *p)
{
    status st = OK;
    store *s = NULL;
    json_t *metrics = NULL, *analysis = NULL;
    stream_results stream = {0};
    bool streams = has_section(p, "stream");
    TRY(open_store(run, p, &s));
    if (streams) TRY(stream_results_read(run, r, &stream));
    if (s) TRY(metrics_json(s, &metrics));
    else metrics = json_object();
    TRY(add_measured(metrics, run, r, p));
    TRY(add_segmentation(metrics, &stream));
    TRY(write_json(run, "metrics.json", metrics));
    if (s) TRY(analysis_json(s, &ANALYSIS_DEFAULTS, &analysis));
    if (s) TRY(write_json(run, "analysis.json", analysis));
    TRY(report_write(&(report){.run = run,
                               .recipe = r,
                               .plan = p,
                               .store = s,
                               .stream = streams ? &stream : NULL,
                               .metrics = metrics,
                               .analysis = analysis}));
done:
    json_decref(analysis);
    json_decref(metrics);
    stream_results_free(&stream);
    store_close(&s);
    return st;
}
