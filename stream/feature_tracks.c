#include "stream/feature_tracks.h"

#include "base/file.h"
#include "base/log.h"
#include "base/picture_folder.h"
#include "data/feature_manifest.h"
#include "data/video_table.h"
#include "stream/knowledge.h"
#include "stream/segmenter.h"
#include "trainer/progress.h"
#include "trainer/shared_file.h"
#include "trainer/trainer.h"
#include "video/decoder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOMENTS_MOST ((int64_t)1 << 28)
enum { WHAT_BYTES = 512 };

typedef struct {
    comm *c;
    const recipe *r;
    dataset data;
    video_table *files;
    size_t videos;
    char *folder, *model_path, *model; /* `model`: as the manifest names it */
    char model_hash[HASH_TEXT];
    segmenter *learner;
    json_t *about;        /* the manifest without its videos */
    feature_file *tracks; /* (videos) */
    uint8_t *there;       /* (videos) whether the track is right already */
    size_t *owners;       /* (videos) ranks that make the others */
    progress progress;
} making;

static void making_free(making *m)
{
    segmenter_close(&m->learner);
    video_table_close(&m->files);
    dataset_free(&m->data);
    json_decref(m->about);
    free(m->folder);
    free(m->model_path);
    free(m->model);
    free(m->tracks);
    free(m->there);
    free(m->owners);
}

/* ---- what makes the tracks --------------------------------------------------------------------------------------- */

static status find_names(making *m, const char *run)
{
    status st = OK;
    char id[RUN_LEARNER_BYTES];
    bool own = recipe_is_null(m->r, "student.stream");
    run_learner_id(m->r, id);
    m->folder = run_features(run, id);
    m->model_path = run_learner_model(m->r, run);
    if (!m->folder || !m->model_path) TRY(FAIL(ERR_MEMORY, "no memory for the names of features"));
    if (!file_exists(m->model_path))
        TRY(FAIL(ERR_MISSING, "%s: there is no streaming learner: %s", m->model_path,
                 own ? "the stage stream has to come first" : "student.stream names none"));
    m->model = own ? strdup(m->model_path + strlen(run) + 1) : realpath(m->model_path, NULL);
    if (!m->model) TRY(FAIL(ERR_MEMORY, "no memory for the name of %s", m->model_path));
done:
    return st;
}

static status open_videos(making *m)
{
    status st = OK;
    const char *folder = instances_videos(m->r);
    if (!folder)
        TRY(FAIL(ERR_CONFIG, "data.videos is not given: name the folder of the videos the learner is to watch"));
    TRY(dataset_open(m->r, &m->data));
    TRY(video_table_open(folder, &m->data, &m->files));
    m->videos = video_table_count(m->files);
    m->tracks = calloc(m->videos + 1, sizeof *m->tracks);
    m->there = calloc(m->videos + 1, sizeof *m->there);
    m->owners = calloc(m->videos + 1, sizeof *m->owners);
    if (!m->tracks || !m->there || !m->owners)
        TRY(FAIL(ERR_MEMORY, "no memory for the features of %zu videos", m->videos));
done:
    return st;
}

/* Rank 0 reads the learner for all. Collective. */
static status open_learner(making *m)
{
    status st = OK;
    shared_file file = {0};
    TRY(shared_file_open(m->c, m->model_path, &file));
    st = shared_file_hash(&file, m->model_hash);
    if (st == OK) st = segmenter_open_file(file.tensors, &m->learner);
    TRY(comm_agree(m->c, st));
done:
    shared_file_close(&file);
    return st;
}

/* What tracks depend on besides the videos. */
static status describe(making *m)
{
    m->about = json_pack("{s:i, s:s, s:s, s:I, s:I, s:f, s:f, s:s, s:{s:s, s:s, s:s, s:s}}", "version", 1, "model",
                         m->model, "model_hash", m->model_hash, "layers", (json_int_t)segmenter_layers(m->learner),
                         "features", (json_int_t)segmenter_features(m->learner), "snippet",
                         segmenter_snippet(m->learner), "frame_rate", recipe_real(m->r, "data.frame_rate"), "device",
                         t_device_used() == T_CPU ? "cpu" : "cuda", "libraries", "magister", MAGISTER_VERSION,
                         "libtorch", t_library_version(), "cpu", t_cpu_capability(), "video", video_library());
    return m->about ? OK : FAIL(ERR_MEMORY, "no memory for the manifest of %s", m->folder);
}

static size_t width_of(const making *m)
{
    return segmenter_row_width(m->learner);
}

/* Moments up to the end of a video's last segment. */
static status moments_needed(const making *m, size_t v, int64_t *out)
{
    double end = video_table_end(m->files, v), moments = floor(end / segmenter_snippet(m->learner)) + 1;
    if (!(moments <= (double)MOMENTS_MOST))
        return FAIL(ERR_INPUT, "video %s: its last segment ends at %g s: no video is that long",
                    video_table_name(m->files, v), end);
    *out = (int64_t)moments;
    return OK;
}

/* ---- whether what is there is right ------------------------------------------------------------------------------ */

/* What stands beside the track of a video. New string. */
static status part_name(const making *m, size_t v, char **out)
{
    if (asprintf(out, "%s.track.json", video_table_name(m->files, v)) >= 0) return OK;
    *out = NULL;
    return FAIL(ERR_MEMORY, "no memory for a name in %s", m->folder);
}

static bool is_whole(const making *m, size_t v, int64_t moments)
{
    char *path = NULL;
    int64_t bytes = -1, mtime = 0;
    if (moments > MOMENTS_MOST) return false;
    if (asprintf(&path, "%s/%s.f32", m->folder, video_table_name(m->files, v)) < 0) return false;
    if (video_source_look(path, &bytes, &mtime) != OK) fail_clear();
    free(path);
    return bytes == moments * (int64_t)(width_of(m) * sizeof(float));
}

/* Whether a video's part says what is wanted of it; then `*file` is what it says. */
static bool is_as_wanted(const making *m, size_t v, const json_t *part, feature_file *file)
{
    const char *key;
    json_t *value;
    const json_t *videos = json_object_get(part, "videos"), *entry = json_array_get(videos, 0);
    json_object_foreach(m->about, key, value) if (!json_equal(value, json_object_get(part, key))) return false;
    if (json_array_size(videos) != 1) return false;
    if (strcmp(json_string_value(json_object_get(entry, "path")), video_table_path(m->files, v))) return false;
    const char *hash = json_string_value(json_object_get(entry, "hash"));
    *file = (feature_file){.bytes = json_integer_value(json_object_get(entry, "bytes")),
                           .mtime = json_integer_value(json_object_get(entry, "mtime")),
                           .moments = json_integer_value(json_object_get(entry, "moments")),
                           .replaced = json_integer_value(json_object_get(entry, "replaced"))};
    snprintf(file->hash, sizeof file->hash, "%s", hash);
    return strlen(hash) < sizeof file->hash && file->replaced >= 0 && file->replaced <= file->moments;
}

/* Damaged ones are simply made again. */
static status look_at(const making *m, size_t v, bool *right, feature_file *file)
{
    status st = OK;
    int64_t needed = 0;
    char what[WHAT_BYTES], *name = NULL;
    json_t *part = NULL;
    *right = false;
    TRY(moments_needed(m, v, &needed));
    TRY(part_name(m, v, &name));
    st = feature_part_read(m->folder, name, &part);
    if (st == ERR_MISSING || st == ERR_INPUT) {
        fail_clear();
        st = OK;
        goto done;
    }
    TRY(st);
    if (!is_as_wanted(m, v, part, file) || file->moments < needed || !is_whole(m, v, file->moments)) goto done;
    TRY(feature_manifest_changed(m->folder, part, what, sizeof what));
    *right = !what[0];
done:
    json_decref(part);
    free(name);
    return st;
}

/* Rank 0 looks for all. Where anything is to be made the folder is no whole one until then. Collective. */
static status look(making *m)
{
    status st = OK;
    size_t right = 0;
    bool is_right = false;
    char *manifest = path_join(m->folder, "manifest.json");
    if (!manifest) st = FAIL(ERR_MEMORY, "no memory for the name of a manifest");
    if (comm_rank(m->c) == 0) {
        for (size_t v = 0; st == OK && v < m->videos; v++) {
            st = look_at(m, v, &is_right, &m->tracks[v]);
            m->there[v] = is_right;
            right += is_right;
        }
        if (st == OK) st = directory_make(m->folder);
        if (st == OK && right < m->videos) st = directory_remove(manifest);
    }
    TRY(comm_agree(m->c, st));
    TRY(comm_broadcast(m->c, m->there, m->videos, 0));
done:
    free(manifest);
    return st;
}

/* ---- a video ----------------------------------------------------------------------------------------------------- */

typedef struct {
    knowledge none; /* for rows at which there was no frame */
    float *rows;    /* (moments of room, width) */
    int64_t moments, room;
    size_t width;
} track;

static status make_room(track *t, int64_t moments)
{
    if (moments > MOMENTS_MOST) return FAIL(ERR_INPUT, "%lld frames: no video is that long", (long long)moments);
    if (moments <= t->room) return OK;
    int64_t room = t->room ? 2 * t->room : 1024;
    if (room < moments) room = moments;
    float *larger = realloc(t->rows, (size_t)room * t->width * sizeof *larger);
    if (!larger) return FAIL(ERR_MEMORY, "no memory for what is known of %lld moments of a video", (long long)room);
    t->rows = larger;
    t->room = room;
    return OK;
}

/* Up to `moments` what was known last is what is known; before the first frame it is nothing. */
static status stay_until(track *t, int64_t moments)
{
    status st = OK;
    TRY(make_room(t, moments));
    for (; t->moments < moments; t->moments++) {
        float *row = t->rows + (size_t)t->moments * t->width;
        if (t->moments == 0) memset(row, 0, t->width * sizeof *row);
        else memcpy(row, row - t->width, t->width * sizeof *row);
        knowledge_stay(&t->none, row);
    }
done:
    return st;
}

static status on_frame(void *self, int64_t number, const float *row)
{
    status st = OK;
    track *t = self;
    if (trainer_stop_requested())
        TRY(FAIL(ERR_RETRY, "stopped while a streaming learner watched the videos; --resume goes on with the next"));
    TRY(stay_until(t, number));
    TRY(make_room(t, number + 1));
    memcpy(t->rows + (size_t)number * t->width, row, t->width * sizeof *row);
    t->moments = number + 1;
done:
    return st;
}

/* A video fails before its first frame; what fails later is the learner's. */
static bool is_videos_own(status st, const track *t)
{
    return t->moments == 0 && (st == ERR_MISSING || st == ERR_INPUT || st == ERR_IO);
}

/* `broken`: what was wrong with the video, "" for nothing. */
static status watch(making *m, size_t v, track *t, frame_stream_account *account, char broken[WHAT_BYTES])
{
    hierarchy events = {0};
    const char *path = video_table_path(m->files, v);
    const frame_stream_options input = {.threads = 1, .frame_rate = recipe_real(m->r, "data.frame_rate")};
    const segment_listener listener = {.self = t, .frame = on_frame};
    *account = (frame_stream_account){0};
    broken[0] = '\0';
    status st = segmenter_watch(m->learner, path, video_table_name(m->files, v), &input, &listener, &events, account);
    hierarchy_free(&events);
    if (is_videos_own(st, t)) {
        snprintf(broken, WHAT_BYTES, "%s", fail_message());
        fail_clear();
        return OK;
    }
    if (st == OK && (!account->whole || account->replaced))
        snprintf(broken, WHAT_BYTES, "%s%s", account->whole ? "" : "it broke off: ", account->reason);
    return st;
}

/* Told, and counted as replaced: frames that were another's, and moments behind the last one. */
static status judge(making *m, size_t v, const char *broken, int64_t lacking, int64_t replaced)
{
    if (!broken[0]) return OK;
    const char *name = video_table_name(m->files, v), *path = video_table_path(m->files, v);
    if (!strcmp(recipe_text(m->r, "video.on_broken"), "error"))
        return FAIL(ERR_INPUT, "video %s (%s): %s; video.on_broken: replace would go on with what can be had", name,
                    path, broken);
    progress_pause(&m->progress);
    log_warn("video %s (%s): %lld frames were replaced, and for %lld moments behind the last one nothing new is known: "
             "%s",
             name, path, (long long)replaced, (long long)lacking, broken);
    return OK;
}

static status write_part(making *m, size_t v)
{
    status st = OK;
    char *name = NULL;
    json_t *part = NULL,
           *entry = feature_file_to_json(video_table_name(m->files, v), video_table_path(m->files, v), &m->tracks[v]);
    TRY(part_name(m, v, &name));
    part = json_copy(m->about);
    if (!entry || !part || json_object_set_new(part, "videos", json_pack("[O]", entry)))
        TRY(FAIL(ERR_MEMORY, "no memory for the manifest of %s", name));
    TRY(feature_part_write(m->folder, name, part));
done:
    json_decref(entry);
    json_decref(part);
    free(name);
    return st;
}

static status make_track(making *m, size_t v)
{
    status st = OK;
    frame_stream_account account;
    char broken[WHAT_BYTES];
    const char *path = video_table_path(m->files, v);
    feature_file *file = &m->tracks[v];
    int64_t needed = 0, lacking = 0;
    track t = {.none = knowledge_begin(segmenter_layers(m->learner), segmenter_features(m->learner))};
    t.width = width_of(m);
    *file = (feature_file){0};
    TRY(moments_needed(m, v, &needed));
    TRY(feature_file_look(path, file));
    TRY(video_source_hash(path, file->hash));
    TRY(watch(m, v, &t, &account, broken));
    lacking = needed > t.moments ? needed - t.moments : 0;
    TRY(judge(m, v, broken, lacking, account.replaced));
    file->replaced = account.replaced + (broken[0] ? lacking : 0);
    TRY(stay_until(&t, needed));
    file->moments = t.moments;
    TRY(feature_track_write(m->folder, video_table_name(m->files, v), t.rows, (size_t)t.moments * t.width));
    TRY(write_part(m, v));
done:
    free(t.rows);
    return st;
}

/* ---- all videos -------------------------------------------------------------------------------------------------- */

typedef struct {
    double seconds;
    size_t v;
} length;

static int longest_first(const void *a, const void *b)
{
    const length *x = a, *y = b;
    if (x->seconds != y->seconds) return x->seconds > y->seconds ? -1 : 1;
    return x->v < y->v ? -1 : x->v > y->v;
}

/* The videos that are to be watched, longest first, each to the rank that has the least so far: all ranks deal alike.
 * How long they are the annotations say. */
static status deal(making *m)
{
    status st = OK;
    size_t ranks = (size_t)comm_size(m->c), count = 0;
    length *all = calloc(m->videos + 1, sizeof *all);
    double *loads = calloc(ranks, sizeof *loads);
    if (!all || !loads) TRY(FAIL(ERR_MEMORY, "no memory to deal out %zu videos", m->videos));
    for (size_t v = 0; v < m->videos; v++)
        if (!m->there[v]) all[count++] = (length){video_table_end(m->files, v), v};
    qsort(all, count, sizeof *all, longest_first);
    for (size_t i = 0; i < count; i++) {
        size_t least = 0;
        for (size_t rank = 1; rank < ranks; rank++)
            if (loads[rank] < loads[least]) least = rank;
        loads[least] += all[i].seconds;
        m->owners[all[i].v] = least;
    }
done:
    free(all);
    free(loads);
    return st;
}

static bool is_mine(const making *m, size_t v)
{
    return !m->there[v] && m->owners[v] == (size_t)comm_rank(m->c);
}

static status make_share(making *m)
{
    status st = OK;
    int64_t mine = 0, made = 0;
    for (size_t v = 0; v < m->videos; v++) mine += is_mine(m, v);
    progress_begin(&m->progress, comm_rank(m->c) == 0, 0, mine);
    for (size_t v = 0; v < m->videos; v++) {
        if (!is_mine(m, v)) continue;
        TRY(make_track(m, v));
        progress_count(&m->progress, ++made, "videos");
    }
done:
    progress_pause(&m->progress);
    return st;
}

/* All ranks' tracks become known to rank 0. Collective. */
static status gather(making *m)
{
    status st = OK;
    size_t ranks = (size_t)comm_size(m->c), *offsets = calloc(ranks + 1, sizeof *offsets);
    void *all = NULL;
    TRY(comm_agree(m->c, offsets ? OK : FAIL(ERR_MEMORY, "no memory for %zu ranks", ranks)));
    TRY(comm_gather(m->c, m->tracks, m->videos * sizeof *m->tracks, 0, &all, offsets));
    const feature_file *tracks = all; /* (ranks, videos) */
    for (size_t v = 0; tracks && v < m->videos; v++)
        if (!m->there[v]) m->tracks[v] = tracks[m->owners[v] * m->videos + v];
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
    for (size_t v = 0; v < m->videos; v++) names[v] = video_table_name(m->files, v);
    TRY(feature_index_write(m->folder, names, m->tracks, m->videos, (int64_t)width_of(m),
                            1 / segmenter_snippet(m->learner)));
done:
    free(names);
    return st;
}

/* The manifest with all videos. */
static status complete(making *m)
{
    status st = OK;
    json_t *videos = json_array();
    for (size_t v = 0; v < m->videos; v++) {
        const char *name = video_table_name(m->files, v), *path = video_table_path(m->files, v);
        if (json_array_append_new(videos, feature_file_to_json(name, path, &m->tracks[v])))
            TRY(FAIL(ERR_MEMORY, "no memory for the manifest of %s", m->folder));
    }
    if (json_object_set(m->about, "videos", videos)) TRY(FAIL(ERR_MEMORY, "no memory for the manifest"));
done:
    json_decref(videos);
    return st;
}

static bool is_written(const making *m)
{
    json_t *there = NULL;
    if (feature_manifest_read(m->folder, &there) != OK) fail_clear();
    bool same = there && json_equal(there, m->about);
    json_decref(there);
    return same;
}

static status tell_of_all(const making *m)
{
    int64_t moments = 0, replaced = 0, broken = 0;
    size_t before = 0;
    for (size_t v = 0; v < m->videos; v++) {
        moments += m->tracks[v].moments;
        replaced += m->tracks[v].replaced;
        broken += m->tracks[v].replaced > 0;
        before += m->there[v];
    }
    if (replaced >= moments)
        return FAIL(ERR_INPUT, "%s: not one of the %zu videos could be watched: the log says why", m->folder,
                    m->videos);
    log_info("%s: %lld moments of %zu videos (%zu of them were there already), %zu numbers each; %lld videos were "
             "broken in part",
             m->folder, (long long)moments, m->videos, before, width_of(m), (long long)broken);
    return OK;
}

static status finish(making *m)
{
    status st = OK;
    TRY(complete(m));
    TRY(tell_of_all(m));
    if (is_written(m)) goto done;
    TRY(write_index(m));
    TRY(feature_manifest_write(m->folder, m->about));
done:
    return st;
}

status stream_features_make(comm *c, const recipe *r, const char *run, const run_step *step)
{
    status st = OK;
    making m = {.c = c, .r = r};
    (void)step; /* which student asks for them does not matter */
    grad_pause();
    st = find_names(&m, run);
    if (st == OK) st = open_videos(&m);
    TRY(comm_agree(c, st));
    TRY(open_learner(&m));
    TRY(comm_agree(c, describe(&m)));
    TRY(look(&m));
    TRY(comm_agree(c, deal(&m)));
    TRY(comm_agree(c, make_share(&m)));
    TRY(gather(&m));
    if (comm_rank(c) == 0) st = finish(&m);
    TRY(comm_agree(c, st));
    TRY(recipe_mistakes(r));
done:
    grad_resume();
    making_free(&m);
    return st;
}
