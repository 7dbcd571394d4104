/* bench_distillation [--quick] PAGE PICTURES WORLD=RUN ... - one page from the metrics.json and analysis.json of the
 * runs that bench/distillation has made. */
#include "distillation.h"

#include "base/file.h"
#include "conf/recipe.h"
#include "conf/run.h"
#include "distill/resampling.h"
#include "launcher/report.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORLDS_MAX = 4, JSON_BYTES_MAX = 1 << 28 };

typedef struct {
    json_t *metrics, *analysis;
} run_json;

static const double LEVEL = 0.95;
static const char *const METRICS[TOPS] = {"top1", "top5"};

verdict gain_verdict(const gain *g)
{
    const report_difference corrected = {g->difference, g->low, g->high, g->holm};
    if (isnan(g->difference)) return GAIN_NONE;
    if (!report_is_apart(&corrected, LEVEL)) return GAIN_UNCLEAR;
    return g->difference > 0 ? GAIN_HELPS : GAIN_HURTS;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static status read_json(const char *run, const char *name, json_t **out)
{
    status st = OK;
    json_error_t error;
    char *path = run_path(run, name), *bytes = NULL;
    size_t count = 0;
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to read %s", run));
    TRY(file_read(path, JSON_BYTES_MAX, &bytes, &count));
    *out = json_loadb(bytes, count, 0, &error);
    if (!json_is_object(*out)) TRY(FAIL(ERR_INPUT, "%s:%d: is no JSON object: %s", path, error.line, error.text));
done:
    free(bytes);
    free(path);
    return st;
}

static json_t *set_of(const run_json *j, const char *name)
{
    return json_object_get(json_object_get(j->analysis, "sets"), name);
}

static score score_of(const run_json *j, const char *set, const char *metric)
{
    json_t *at = json_object_get(set_of(j, set), metric);
    return (score){json_real_at(at, "mean"), json_real_at(at, "low"), json_real_at(at, "high"),
                   json_real_at(at, "seed_sd")};
}

static gain gain_of(const run_json *j, const char *a, const char *b, const char *metric)
{
    report_difference d = report_difference_find(json_object_get(j->analysis, "pairs"), a, b, metric);
    return (gain){d.value, d.low, d.high, d.p, NAN};
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* stats.json of a set's training with seed number `i`; NULL when it is not there. */
static json_t *training_of(const run_json *j, const char *set, size_t i)
{
    char name[128];
    json_t *all = json_object_get(j->metrics, "throughput"), *seeds = json_object_get(set_of(j, set), "seeds");
    snprintf(name, sizeof name, "%s.%lld", set, (long long)json_integer_value(json_array_get(seeds, i)));
    json_t *stats = json_object_get(all, name);
    return stats || i ? stats : json_object_get(all, set);
}

static void count_steps(const run_json *j, const row *r, world *w)
{
    for (size_t i = 0; i < r->seeds; i++) {
        double steps = json_real_at(training_of(j, r->plan->set, i), "steps");
        w->least_steps = fmin(w->least_steps, steps);
        w->most_steps = fmax(w->most_steps, steps);
    }
    if (r->seeds < w->least_seeds) w->least_seeds = r->seeds;
    if (r->seeds > w->most_seeds) w->most_seeds = r->seeds;
}

static row read_row(const run_json *j, const row_plan *what)
{
    row r = {.plan = what, .source = NAN};
    json_t *set = set_of(j, what->set), *training = training_of(j, what->set, 0);
    r.seeds = json_array_size(json_object_get(set, "seeds"));
    r.n = (size_t)json_integer_value(json_object_get(set, "n"));
    r.samples = json_real_at(training, "samples");
    r.steps = json_real_at(training, "steps");
    if (what->source) r.source = score_of(j, what->source, METRICS[TOP_1]).mean;
    for (int m = 0; m < TOPS; m++) {
        r.top[m] = score_of(j, what->set, METRICS[m]);
        r.gain[m] = what->plain ? gain_of(j, what->set, what->plain, METRICS[m]) : (gain){NAN, NAN, NAN, NAN, NAN};
    }
    return r;
}

/* The gains of a factor are one family for each metric. */
static status correct_rows(factor *f)
{
    status st = OK;
    double p[ROWS_MAX], corrected[ROWS_MAX];
    for (int m = 0; m < TOPS; m++) {
        for (size_t i = 0; i < f->count; i++) p[i] = f->rows[i].gain[m].p;
        TRY(holm_correct(p, f->count, corrected));
        for (size_t i = 0; i < f->count; i++) f->rows[i].gain[m].holm = corrected[i];
    }
done:
    return st;
}

static status read_factor(const run_json *j, const factor_plan *what, world *w, factor *out)
{
    *out = (factor){.plan = what};
    for (size_t i = 0; i < ROWS_MAX && what->rows[i].set; i++) {
        row *r = &out->rows[out->count++];
        *r = read_row(j, &what->rows[i]);
        count_steps(j, r, w);
    }
    return correct_rows(out);
}

static status read_more(const run_json *j, world *w)
{
    status st = OK;
    double p[MORE_MAX], corrected[MORE_MAX];
    for (int m = 0; m < TOPS; m++) {
        for (size_t i = 0; i < MORE_MAX; i++) {
            const more_plan *what = &w->plan->more[i];
            w->more[i][m] = gain_of(j, what->a, what->b, METRICS[m]);
            p[i] = w->more[i][m].p;
        }
        TRY(holm_correct(p, MORE_MAX, corrected));
        for (size_t i = 0; i < MORE_MAX; i++) w->more[i][m].holm = corrected[i];
    }
done:
    return st;
}

/* ---- worlds ------------------------------------------------------------------------------------------------------ */

static status read_recipe(world *w)
{
    status st = OK;
    recipe *r = NULL;
    char *path = run_path(w->run, "recipe.yaml");
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to read %s", w->run));
    TRY(recipe_read(path, NULL, 0, &r));
    w->batch = (double)recipe_int(r, "student.train.batch");
done:
    recipe_free(&r);
    free(path);
    return st;
}

static status read_world(const char *given, world *out)
{
    status st = OK;
    run_json j = {0};
    const char *equals = strchr(given, '=');
    const world_plan *what = equals ? world_find(given, (size_t)(equals - given)) : NULL;
    if (!what) TRY(FAIL(ERR_USAGE, "%s: is WORLD=RUN, where WORLD is kitchen or boston104", given));
    *out = (world){.plan = what, .run = strdup(equals + 1), .least_steps = INFINITY, .least_seeds = SEEDS_MAX};
    if (!out->run) TRY(FAIL(ERR_MEMORY, "no memory to read %s", given));
    TRY(read_json(out->run, "metrics.json", &j.metrics));
    TRY(read_json(out->run, "analysis.json", &j.analysis));
    TRY(read_recipe(out));
    snprintf(out->hash, sizeof out->hash, "%s", json_text_at(j.metrics, "recipe_hash"));
    out->level = json_real_at(j.analysis, "level");
    out->resamples = json_real_at(j.analysis, "resamples");
    out->segments = json_real_at(j.analysis, "segments");
    out->videos = json_real_at(j.analysis, "videos");
    for (size_t f = 0; f < FACTORS; f++) TRY(read_factor(&j, &what->factors[f], out, &out->factors[f]));
    TRY(read_more(&j, out));
done:
    json_decref(j.metrics);
    json_decref(j.analysis);
    return st;
}

static status make_page(const char *page, const char *pictures, const world *worlds, size_t count, bool quick)
{
    status st = OK;
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    if (!to) TRY(FAIL(ERR_MEMORY, "no memory for %s", page));
    TRY(directory_make(pictures));
    TRY(page_write(to, pictures, worlds, count, quick));
    int failed = fclose(to);
    to = NULL;
    if (failed) TRY(FAIL(ERR_MEMORY, "no memory for %s", page));
    TRY(file_write(page, text, length));
done:
    if (to) fclose(to);
    free(text);
    return st;
}

int main(int argc, char **argv)
{
    status st = OK;
    world worlds[WORLDS_MAX] = {0};
    size_t count = 0;
    bool quick = argc > 1 && !strcmp(argv[1], "--quick");
    if (quick) argc--, argv++;
    if (argc < 4 || argc - 3 > WORLDS_MAX)
        TRY(FAIL(ERR_USAGE, "usage: bench_distillation [--quick] PAGE PICTURES WORLD=RUN ..."));
    for (int i = 3; i < argc; i++) TRY(read_world(argv[i], &worlds[count++]));
    TRY(make_page(argv[1], argv[2], worlds, count, quick));
done:
    for (size_t i = 0; i < count; i++) free(worlds[i].run);
    if (st != OK) fprintf(stderr, "bench_distillation: %s\n", fail_message());
    return status_exit_code(st);
}
