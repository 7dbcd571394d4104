#include "student/feature_cache.h"

#include "base/file.h"
#include "base/log.h"
#include "base/picture_folder.h"
#include "data/feature_manifest.h"
#include "student/clip_lengths.h"
#include "student/frame_input.h"
#include "trainer/trainer.h"
#include "video/decoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOMENTS_AT_ONCE = 64, WHAT_BYTES = 512, STEP_BYTES = 128 };

/* ---- names ------------------------------------------------------------------------------------------------------- */

static char *folder_of(const char *run, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/cache/%s", run, name) < 0 ? NULL : path;
}

/* steps/<step>/model.safetensors below the run: of the first seed of the student whose recipe this is. */
static status model_of(const recipe *r, const run_step *step, char **out)
{
    status st = OK;
    char name[128];
    run_step trained = *step;
    trained.section = "student";
    trained.several_seeds = recipe_list_count(r, "student.seeds") > 1;
    TRY(run_step_name(&trained, name, sizeof name));
    if (asprintf(out, "steps/%s/model.safetensors", name) < 0) {
        *out = NULL;
        TRY(FAIL(ERR_MEMORY, "no memory for the name of a model"));
    }
done:
    return st;
}

/* ---- one making -------------------------------------------------------------------------------------------------- */

typedef struct {
    const dataset *data;
    const char *run;
    char *folder, *model, *model_path; /* owned; `model` is below the run */
    double fps;
    frame_input frames;
    module *root;        /* of the network's parameters */
    feature_file *files; /* (videos) */
    size_t videos;
    json_t *about; /* the manifest without its videos */
} making;

static void making_free(making *m)
{
    frame_input_free(&m->frames);
    module_free(&m->root);
    json_decref(m->about);
    free(m->folder);
    free(m->model);
    free(m->model_path);
    free(m->files);
}

/* What the features depend on besides the videos. */
static status describe(making *m, const char *name)
{
    char model_hash[HASH_TEXT];
    status st = hash_file(m->model_path, model_hash);
    if (st != OK) return st;
    m->about = json_pack("{s:i, s:s, s:s, s:s, s:{s:f, s:I, s:s, s:I, s:f}, s:s, s:{s:s, s:s, s:s, s:s}}", "version", 1,
                         "backbone", name, "model", m->model, "model_hash", model_hash, "sampling", "fps", m->fps,
                         "size", (json_int_t)m->frames.options.side, "fit", "crop", "stack",
                         (json_int_t)m->frames.options.stack, "stack_seconds", m->frames.options.stack_seconds,
                         "frame_cache", m->frames.cache_hash, "libraries", "magister", MAGISTER_VERSION, "libtorch",
                         t_library_version(), "cpu", t_cpu_capability(), "video", video_library());
    return m->about ? OK : FAIL(ERR_MEMORY, "no memory for the manifest of %s", m->folder);
}

static status making_open(const recipe *r, const char *run, const run_step *step, const dataset *data, making *m)
{
    status st = OK;
    const char *name = run_set_name(step);
    *m = (making){.data = data, .run = run, .fps = recipe_real(r, "student.cache_fps")};
    if (strcmp(recipe_text(r, "student.input"), "frames") || recipe_bool(r, "student.blind"))
        TRY(FAIL(ERR_CONFIG, "%s sees no frames: it has no network to make features with", name));
    m->folder = folder_of(run, name);
    TRY(model_of(r, step, &m->model));
    m->model_path = path_join(run, m->model);
    if (!m->folder || !m->model_path) TRY(FAIL(ERR_MEMORY, "no memory for the features of %s", name));
    if (!file_exists(m->model_path))
        TRY(FAIL(ERR_MISSING, "%s: is not there: %s has to be trained first", m->model_path, name));
    TRY(frame_input_open(r, data, &m->frames));
    cached_frames_warn(m->frames.cache, 1 / m->fps, "student.cache_fps");
    m->root = module_new();
    TRY(frame_input_make_network(&m->frames, r, m->root));
    m->videos = video_table_count(m->frames.files);
    m->files = calloc(m->videos + 1, sizeof *m->files);
    if (!m->files) TRY(FAIL(ERR_MEMORY, "no memory for the features of %zu videos", m->videos));
    TRY(describe(m, name));
done:
    return st;
}

/* The CNN's parameters out of the whole model's file. */
static status load_network(making *m)
{
    status st = OK;
    tensor_file *file = NULL;
    scope *sc = scope_open();
    TRY(tensor_file_open(m->model_path, &file));
    for (size_t i = 0; i < module_parameter_count(m->root); i++) {
        tensor *from = tensor_file_get(file, module_parameter_name(m->root, i));
        TRY(t_assign(module_parameter_at(m->root, i), from));
    }
done:
    scope_close(&sc);
    tensor_file_close(&file);
    return st;
}

/* ---- whether what is there is right ------------------------------------------------------------------------------ */

/* Up to the end of a video's last segment. */
static int64_t moments_of(const making *m, size_t number)
{
    return (int64_t)floor(video_table_end(m->frames.files, number) * m->fps) + 1;
}

/* The same but for the videos, which are to be the same ones. */
static bool is_as_wanted(const making *m, const json_t *there)
{
    const char *key;
    json_t *value;
    const json_t *videos = json_object_get(there, "videos");
    json_object_foreach(m->about, key, value) if (!json_equal(value, json_object_get(there, key))) return false;
    if (json_array_size(videos) != m->videos) return false;
    for (size_t i = 0; i < m->videos; i++) {
        const char *path = json_string_value(json_object_get(json_array_get(videos, i), "path"));
        int64_t moments = json_integer_value(json_object_get(json_array_get(videos, i), "moments"));
        if (strcmp(path, video_table_path(m->frames.files, i))) return false;
        if (moments != moments_of(m, i)) return false;
    }
    return true;
}

/* Damaged ones are simply made again. */
static status is_right(const making *m, bool *right)
{
    status st = OK;
    char what[WHAT_BYTES];
    json_t *there = NULL;
    *right = false;
    st = feature_manifest_read(m->folder, &there);
    if (st == ERR_MISSING || st == ERR_INPUT) {
        fail_clear();
        return OK;
    }
    TRY(st);
    if (!is_as_wanted(m, there)) goto done;
    TRY(feature_manifest_changed(m->folder, there, what, sizeof what));
    *right = !what[0];
done:
    json_decref(there);
    return st;
}

/* Rank 0 looks; what is not right is removed. Collective. */
static status look_and_clear(comm *c, const making *m, bool *right)
{
    status st = OK;
    *right = false;
    if (comm_rank(c) == 0) {
        st = is_right(m, right);
        if (st == OK && !*right) st = directory_remove(m->folder);
        if (st == OK && !*right) st = directory_make(m->folder);
    }
    TRY(comm_agree(c, st));
    TRY(comm_any(c, right));
done:
    return st;
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

/* Asks for all moments of a video, MOMENTS_AT_ONCE in a clip. */
static status ask_video(making *m, frame_source *source, size_t number)
{
    status st = OK;
    double seconds[MOMENTS_AT_ONCE];
    int64_t moments = m->files[number].moments;
    for (int64_t first = 0; first < moments; first += MOMENTS_AT_ONCE) {
        int64_t count = moments - first < MOMENTS_AT_ONCE ? moments - first : MOMENTS_AT_ONCE;
        for (int64_t i = 0; i < count; i++) seconds[i] = (double)(first + i) / m->fps;
        TRY(frame_source_ask(source, video_table_name(m->frames.files, number), seconds, (size_t)count));
    }
done:
    return st;
}

/* The next `count` moments' features into `out` (count, F). */
static status take_moments(making *m, frame_source *source, int64_t count, uint8_t *pictures, int64_t *replaced,
                           float *out)
{
    status st = OK;
    const frame_options *o = &m->frames.options;
    const picture_change same = picture_unchanged();
    size_t replaced_here = 0;
    scope *sc = scope_open();
    TRY(frame_source_take(source, &same, pictures, &replaced_here));
    *replaced += (int64_t)replaced_here;
    tensor *x = t_from_bytes(T_U8, pictures, SHAPE(count, o->side, o->side, 3 * o->stack));
    TRY(t_to_f32(cnn_forward(m->frames.network, x), out, (size_t)(count * m->frames.features)));
done:
    scope_close(&sc);
    return st;
}

static status make_video(making *m, frame_source *source, size_t number, uint8_t *pictures)
{
    status st = OK;
    feature_file *file = &m->files[number];
    const char *path = video_table_path(m->frames.files, number);
    float *features = calloc((size_t)(file->moments * m->frames.features), sizeof *features);
    if (!features) TRY(FAIL(ERR_MEMORY, "no memory for %lld features of a video", (long long)file->moments));
    TRY(feature_file_look(path, file));
    TRY(video_source_hash(path, file->hash));
    for (int64_t first = 0; first < file->moments; first += MOMENTS_AT_ONCE) {
        int64_t count = file->moments - first < MOMENTS_AT_ONCE ? file->moments - first : MOMENTS_AT_ONCE;
        TRY(take_moments(m, source, count, pictures, &file->replaced, features + first * m->frames.features));
    }
    TRY(feature_track_write(m->folder, video_table_name(m->frames.files, number), features,
                            (size_t)(file->moments * m->frames.features)));
done:
    free(features);
    return st;
}

/* This rank's share: every ranks-th video. */
static status make_share(making *m, size_t rank, size_t ranks)
{
    status st = OK;
    frame_source *source = NULL;
    uint8_t *pictures = malloc(MOMENTS_AT_ONCE * frame_moment_bytes(&m->frames.options));
    if (!pictures) TRY(FAIL(ERR_MEMORY, "no memory for pictures"));
    TRY(load_network(m));
    TRY(frame_source_open(&m->frames.options, m->frames.options.memory, m->frames.files, &source));
    for (size_t v = rank; v < m->videos; v += ranks) {
        m->files[v].moments = moments_of(m, v);
        TRY(ask_video(m, source, v));
    }
    for (size_t v = rank; v < m->videos; v += ranks) {
        if (trainer_stop_requested()) TRY(FAIL(ERR_RETRY, "stopped while features were made; --resume makes them"));
        TRY(make_video(m, source, v, pictures));
    }
done:
    frame_source_close(&source);
    free(pictures);
    return st;
}

/* All ranks' files come to rank 0. Collective. */
static status gather_files(comm *c, making *m)
{
    status st = OK;
    size_t ranks = (size_t)comm_size(c);
    void *all = NULL;
    size_t *offsets = calloc(ranks + 1, sizeof *offsets);
    TRY(comm_agree(c, offsets ? OK : FAIL(ERR_MEMORY, "no memory for %zu ranks", ranks)));
    TRY(comm_gather(c, m->files, m->videos * sizeof *m->files, 0, &all, offsets));
    const feature_file *files = all; /* (ranks, videos) */
    for (size_t v = 0; files && v < m->videos; v++) m->files[v] = files[v % ranks * m->videos + v];
done:
    free(all);
    free(offsets);
    return st;
}

static status write_index(const making *m)
{
    status st = OK;
    const char **names = calloc(m->videos + 1, sizeof *names);
    if (!names) TRY(FAIL(ERR_MEMORY, "no memory for the index of %s", m->folder));
    for (size_t v = 0; v < m->videos; v++) names[v] = video_table_name(m->frames.files, v);
    TRY(feature_index_write(m->folder, names, m->files, m->videos, m->frames.features, m->fps));
done:
    free(names);
    return st;
}

static status write_manifest(const making *m)
{
    status st = OK;
    int64_t moments = 0, broken = 0;
    json_t *videos = json_array();
    for (size_t v = 0; v < m->videos; v++) {
        const char *name = video_table_name(m->frames.files, v), *path = video_table_path(m->frames.files, v);
        if (json_array_append_new(videos, feature_file_to_json(name, path, &m->files[v])))
            TRY(FAIL(ERR_MEMORY, "no memory for the manifest of %s", m->folder));
        moments += m->files[v].moments;
        broken += m->files[v].replaced > 0;
    }
    if (json_object_set(m->about, "videos", videos)) TRY(FAIL(ERR_MEMORY, "no memory for the manifest"));
    TRY(feature_manifest_write(m->folder, m->about));
    log_info("features of %lld moments of %zu videos in %s; %lld videos were broken in part", (long long)moments,
             m->videos, m->folder, (long long)broken);
done:
    json_decref(videos);
    return st;
}

static status measure_clips(comm *c, const recipe *r, const char *run, const run_step *step, dataset *data)
{
    char name[128], *directory = NULL;
    status st = run_step_name(step, name, sizeof name);
    if (st == OK) directory = run_step_directory(run, name);
    if (st == OK && !directory) st = FAIL(ERR_MEMORY, "no memory for the name of a directory");
    st = comm_agree(c, st);
    if (st == OK) st = clip_lengths_find(c, r, data, run, directory);
    free(directory);
    return st;
}

status feature_cache_make(comm *c, const recipe *r, const char *run, const run_step *step)
{
    status st = OK;
    bool right = false;
    dataset data = {0};
    making m = {0};

    grad_pause();
    TRY(comm_agree(c, dataset_open(r, &data)));
    TRY(measure_clips(c, r, run, step, &data));
    TRY(comm_agree(c, making_open(r, run, step, &data, &m)));
    TRY(look_and_clear(c, &m, &right));
    if (right) {
        log_info("%s: its features are there", m.folder);
        goto done;
    }
    TRY(comm_agree(c, make_share(&m, (size_t)comm_rank(c), (size_t)comm_size(c))));
    TRY(gather_files(c, &m));
    if (comm_rank(c) == 0) {
        st = write_index(&m);
        if (st == OK) st = write_manifest(&m);
    }
    TRY(comm_agree(c, st));
    TRY(recipe_mistakes(r));
done:
    grad_resume();
    making_free(&m);
    dataset_free(&data);
    return st;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static status check_model(const char *run, const char *folder, const json_t *manifest)
{
    status st = OK;
    char hash[HASH_TEXT];
    char *path = path_join(run, json_string_value(json_object_get(manifest, "model")));
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the name of a model"));
    TRY(hash_file(path, hash));
    if (strcmp(hash, json_string_value(json_object_get(manifest, "model_hash"))))
        TRY(FAIL(ERR_INPUT, "%s: was made by another model than %s: `magister run ... --resume` makes it again", folder,
                 path));
done:
    free(path);
    return st;
}

/* The folder, and the step that makes what is in it. */
static status place_of(const recipe *r, const char *run, char **folder, char step[STEP_BYTES])
{
    char id[RUN_LEARNER_BYTES];
    const char *name = recipe_text(r, "student.backbone");
    run_learner_id(r, id);
    if (!id[0] && !name)
        return FAIL(ERR_CONFIG, "student.backbone is not given: name the student whose features are to be seen");
    *folder = id[0] ? run_features(run, id) : folder_of(run, name);
    snprintf(step, STEP_BYTES, "%s.%s", id[0] ? "features" : "cache", id[0] ? "NAME" : name);
    return *folder ? OK : FAIL(ERR_MEMORY, "no memory for the name of a cache");
}

status feature_cache_open(const recipe *r, const char *run, char **path, char hash[HASH_TEXT])
{
    status st = OK;
    char what[WHAT_BYTES], step[STEP_BYTES], *folder = NULL;
    json_t *manifest = NULL;
    TRY(place_of(r, run, &folder, step));
    st = feature_manifest_read(folder, &manifest);
    if (st == ERR_MISSING) {
        fail_clear();
        st = FAIL(ERR_MISSING, "%s: there are no features: the step %s makes them", folder, step);
    }
    TRY(st);
    TRY(check_model(run, folder, manifest));
    TRY(feature_manifest_changed(folder, manifest, what, sizeof what));
    if (what[0]) TRY(FAIL(ERR_INPUT, "%s: `magister run ... --resume` makes them again", what));
    TRY(feature_manifest_hash(folder, manifest, hash));
    *path = folder;
    folder = NULL;
done:
    json_decref(manifest);
    free(folder);
    return st;
}

status feature_cache_note(const recipe *r, const char *run, const char *hash, const char *directory)
{
    status st = OK;
    char step[STEP_BYTES], *folder = NULL, *path = path_join(directory, "features.json"), *text = NULL;
    json_t *manifest = NULL, *note = NULL;
    TRY(place_of(r, run, &folder, step));
    TRY(feature_manifest_read(folder, &manifest));
    note = json_pack("{s:s, s:s, s:O, s:O}", "folder", folder + strlen(run) + 1, "hash", hash, "model",
                     json_object_get(manifest, "model"), "model_hash", json_object_get(manifest, "model_hash"));
    text = note ? json_dumps(note, JSON_INDENT(2)) : NULL;
    if (!path || !text) TRY(FAIL(ERR_MEMORY, "no memory to note whose features are seen"));
    TRY(file_write(path, text, strlen(text)));
done:
    json_decref(note);
    json_decref(manifest);
    free(folder);
    free(path);
    free(text);
    return st;
}
