#include "student/student.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "student/attention_examples.h"
#include "student/clip_lengths.h"
#include "student/feature_cache.h"
#include "student/initial_weights.h"
#include "student/predict.h"
#include "student/training.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Paths of a step. All owned. */
typedef struct {
    char *directory, *model, *normalization, *stats, *store;
} step_paths;

static void paths_free(step_paths *p)
{
    free(p->directory);
    free(p->model);
    free(p->normalization);
    free(p->stats);
    free(p->store);
}

static status paths_make(const char *run, const run_step *step, step_paths *out)
{
    char name[128];
    status st = run_step_name(step, name, sizeof name);
    if (st != OK) return st;
    out->directory = run_step_directory(run, name);
    out->store = run_path(run, "store.sqlite");
    if (out->directory) {
        out->model = path_join(out->directory, "model.safetensors");
        out->normalization = path_join(out->directory, "normalization.safetensors");
        out->stats = path_join(out->directory, "stats.json");
    }
    if (!out->store || !out->model || !out->normalization || !out->stats)
        return FAIL(ERR_MEMORY, "no memory for the names of files");
    return OK;
}

/* How training's clips were read, of all ranks together; of this process alone, not of what came before a resume. */
typedef struct {
    double clips, broken;          /* clips taken; those that could not be decoded whole */
    double waited_s, waited_share; /* mean of the ranks; share of the time of all steps */
    double memory_peak_mb;         /* of pictures waiting, mean of the ranks */
} video_use;

/* Collective. */
static status video_use_gather(comm *c, const student *s, const train_result *result, video_use *out)
{
    status st = OK;
    const loader_stats mine = sight_stats(&s->sight);
    double sums[] = {(double)mine.clips, (double)mine.broken, mine.waited, (double)mine.memory_peak * 1e-6,
                     result->steps_s};
    TRY(comm_sum_f64(c, sums, sizeof sums / sizeof sums[0]));
    double ranks = comm_size(c);
    *out = (video_use){.clips = sums[0],
                       .broken = sums[1],
                       .waited_s = sums[2] / ranks,
                       .waited_share = sums[4] > 0 ? sums[2] / sums[4] : 0,
                       .memory_peak_mb = sums[3] / ranks};
done:
    return st;
}

static json_t *video_use_to_json(const video_use *use)
{
    return json_pack("{s:I, s:I, s:f, s:f, s:f}", "clips", (json_int_t)use->clips, "broken", (json_int_t)use->broken,
                     "waited_s", use->waited_s, "waited_share", use->waited_share, "memory_peak_mb",
                     use->memory_peak_mb);
}

/* Adds what the training loop does not know to its stats.json: samples, dropped ones, coverage of the teacher. */
static status write_stats(const char *path, const student *s, const video_use *use)
{
    status st = OK;
    char *text = NULL;
    json_t *stats = json_load_file(path, 0, NULL);
    if (!json_is_object(stats)) TRY(FAIL(ERR_INPUT, "%s is not an object of JSON: remove it to train again", path));
    json_object_set_new(stats, "samples", json_integer((json_int_t)s->count));
    json_object_set_new(stats, "samples_dropped", json_integer((json_int_t)s->dropped));
    json_object_set_new(stats, "coverage", s->targets ? json_real(targets_coverage(s->targets)) : json_null());
    if (use->clips > 0) json_object_set_new(stats, "video", video_use_to_json(use));
    text = json_dumps(stats, JSON_INDENT(2));
    if (!text) TRY(FAIL(ERR_MEMORY, "no memory for %s", path));
    TRY(file_write(path, text, strlen(text)));
done:
    free(text);
    json_decref(stats);
    return st;
}

static bool sees_kept_features(const student *s)
{
    return s->sight.kind == SIGHT_TRACKS && s->sight.cache_hash[0];
}

static status prepare(comm *c, const recipe *r, const char *run, const step_paths *paths, const dataset *data,
                      const prediction_source *from, student *s)
{
    status st = OK;
    TRY(student_open_shared(c, r, run, data, from, s));
    TRY(directory_make(paths->directory));
    if (comm_rank(c) == 0 && sees_kept_features(s))
        TRY(feature_cache_note(r, run, s->sight.cache_hash, paths->directory));
done:
    return st;
}

/* Until the teacher is done, or a stop was asked for: the training is over and saved, and the next start comes here. */
static status await_teacher(comm *c, targets *t)
{
    status st = OK;
    for (bool waits = t != NULL; waits;) {
        bool settled = false;
        st = targets_settle(t, &settled);
        if (st == OK && !settled && trainer_stop_requested())
            st = FAIL(ERR_RETRY, "stopped as asked while the teacher still predicted; --resume goes on");
        TRY(comm_agree(c, st));
        waits = !settled;
        TRY(comm_any(c, &waits));
    }
done:
    return st;
}

static status keep_results(comm *c, const step_paths *paths, const train_result *result, student *s)
{
    status st = OK;
    video_use use = {0};
    TRY(await_teacher(c, s->targets));
    if (sight_is_read(&s->sight)) TRY(video_use_gather(c, s, result, &use));
    if (comm_rank(c) == 0) {
        if (!sight_is_read(&s->sight)) st = clip_save_normalisation(&s->sight.clips, paths->normalization);
        if (st == OK) st = write_stats(paths->stats, s, &use);
    }
    targets_close(&s->targets); /* before rank 0 writes: a reader of the store could keep it waiting */
    st = comm_agree(c, st);
done:
    return st;
}

static status predict(comm *c, const recipe *r, const run_step *step, const step_paths *paths,
                      const train_options *train, student *s)
{
    const predict_options options = {
        .store_path = paths->store,
        .model_path = paths->model,
        .name = run_set_name(step),
        .seed = step->seed,
        .role = s->role,
        .recipe_hash = train->recipe_hash,
        .encoding = strcmp(recipe_text(r, "predict.encoding"), "dense") ? ENCODE_TOPK : ENCODE_DENSE,
        .k = recipe_int(r, "predict.k"),
        .many_shot_verbs = recipe_text(r, "data.many_shot_verbs"),
        .many_shot_nouns = recipe_text(r, "data.many_shot_nouns"),
    };
    if (train->bfloat16) autocast_begin(T_BF16);
    status st = student_write(c, s, &options);
    if (st == OK && comm_rank(c) == 0) attention_examples_write(s, paths->directory);
    if (train->bfloat16) autocast_end();
    return st;
}

/* Another cache of features or frames is another training, though the recipe is the same. */
static void learn_from_cache(const student *s, train_options *options)
{
    char both[2 * HASH_TEXT];
    if (!s->sight.cache_hash[0]) return;
    int length = snprintf(both, sizeof both, "%s %s", options->recipe_hash, s->sight.cache_hash);
    hash_bytes(both, (size_t)length, options->recipe_hash);
}

status student_train(comm *c, const recipe *r, const char *run, const run_step *step, const prediction_source *from)
{
    status st = OK;
    dataset data = {0};
    student s = {0};
    step_paths paths = {0};
    train_options options;
    train_result result;

    TRY(train_options_read(r, "student", &options));
    TRY(paths_make(run, step, &paths));
    TRY(comm_agree(c, dataset_open(r, &data)));
    TRY(clip_lengths_find(c, r, &data, run, paths.directory));
    TRY(comm_agree(c, prepare(c, r, run, &paths, &data, from, &s)));
    TRY(initial_weights_load(c, r, student_model_module(&s.model)));
    learn_from_cache(&s, &options);
    train_task task = student_task(&s);
    TRY(trainer_run(c, &task, &options, paths.directory, &result));
    TRY(keep_results(c, &paths, &result, &s));
    TRY(predict(c, r, step, &paths, &options, &s));
    TRY(recipe_mistakes(r));
done:
    student_free(&s);
    dataset_free(&data);
    paths_free(&paths);
    return st;
}
