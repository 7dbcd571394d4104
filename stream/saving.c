/* saving - a stage on disk: checkpoints with a part of each rank, and what is left when it is over. */
#include "base/file.h"
#include "base/log.h"
#include "stream/initial.h"
#include "stream/staging.h"
#include "stream/state.h"
#include "stream/stream_card.h"
#include "trainer/checkpoint_directory.h"
#include "trainer/stats.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 2, NAME_BYTES = 64 };

static status put(json_t *object, const char *key, json_t *value)
{
    if (!json_object_set_new(object, key, value)) return OK;
    return FAIL(ERR_MEMORY, "no memory for the state of the stage");
}

/* ---- a rank's part ----------------------------------------------------------------------------------------------- */

static json_t *streams_to_json(const stage *s)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < s->streams; i++) {
        size_t which = 0;
        int64_t next = 0;
        feed_place(s->feed, i, &which, &next);
        json_array_append_new(
            list, feed_is_free(s->feed, i) ? json_null() : json_pack("[I, I]", (json_int_t)which, (json_int_t)next));
    }
    return list;
}

static json_t *broken_to_json(const stage *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < BROKEN_KINDS; i++) json_array_append_new(list, json_integer((json_int_t)s->broken[i]));
    return list;
}

/* Null for what is no number. */
static json_t *reals_to_json(const double *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, isfinite(values[i]) ? json_real(values[i]) : json_null());
    return list;
}

static json_t *evaluated_to_json(const evaluation_result *e)
{
    return json_pack("{s:I, s:I, s:I, s:o, s:o}", "epochs", (json_int_t)e->epochs, "frames", (json_int_t)e->frames,
                     "videos", (json_int_t)e->videos, "least", isfinite(e->least) ? json_real(e->least) : json_null(),
                     "errors", reals_to_json(e->errors, STREAM_LAYERS_MOST));
}

/* {"seat": what is this rank's alone, "files": {name: fingerprint}} */
static status seat_to_json(stage *s, json_t *files, json_t **out)
{
    status st = OK;
    watched_place at;
    TRY(watched_position(s->watched, &at));
    json_t *seat = json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:o, s:o, s:[I, I, I, I], s:o}", "events",
                             (json_int_t)(s->events_before + watched_events(s->watched)), "begun", (json_int_t)s->begun,
                             "since", (json_int_t)s->since, "ended", (json_int_t)s->ended, "ended_frames",
                             (json_int_t)s->ended_frames, "broken", broken_to_json(s), "stalls", (json_int_t)s->stalls,
                             "error", reals_to_json(s->errors.error, STREAM_LAYERS_MOST), "errors",
                             reals_to_json(s->errors.count, STREAM_LAYERS_MOST), "log", (json_int_t)at.events.lines,
                             (json_int_t)at.events.bytes, (json_int_t)at.errors.lines, (json_int_t)at.errors.bytes,
                             "streams", streams_to_json(s));
    *out = json_pack("{s:o, s:O}", "seat", seat, "files", files);
    if (!*out) TRY(FAIL(ERR_MEMORY, "no memory for the state of the stage"));
done:
    return st;
}

static status write_files(stage *s, const char *unfinished, json_t *files)
{
    status st = OK;
    char name[NAME_BYTES], hash[HASH_TEXT], *folder = NULL;
    file_image image = {0};
    snprintf(name, sizeof name, "rank%04d", comm_rank(s->c));
    folder = path_join(unfinished, name);
    if (!folder) TRY(FAIL(ERR_MEMORY, "no memory for the name of %s", name));
    TRY(directory_make(folder));
    for (size_t i = 0; i < learner_state_files(s->learner); i++) {
        snprintf(name, sizeof name, "rank%04d/%s", comm_rank(s->c), learner_state_name(i));
        TRY(learner_state_image(s->learner, i, &image));
        TRY(checkpoint_add(unfinished, name, &image, hash));
        TRY(put(files, name, json_string(hash)));
    }
    TRY(file_sync(folder));
done:
    file_image_free(&image);
    free(folder);
    return st;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static status dealing_to_json(const stage *s, json_t **out)
{
    status st = OK;
    int64_t *table = NULL;
    size_t count = 0;
    *out = json_array();
    TRY(dealing_save(&s->dealing, &table, &count));
    for (size_t i = 0; i < count; i++) json_array_append_new(*out, json_integer(table[i]));
done:
    free(table);
    return st;
}

/* What ranks have sent, as one state. texts: rank r's at offsets[r] .. offsets[r + 1]. */
static status join_seats(const stage *s, const char *texts, const size_t *offsets, json_t *state)
{
    status st = OK;
    json_t *seats = json_array(), *files = json_object(), *one = NULL;
    for (int r = 0; r < comm_size(s->c); r++) {
        one = json_loadb(texts + offsets[r], offsets[r + 1] - offsets[r], 0, NULL);
        if (!one) TRY(FAIL(ERR_MEMORY, "no memory for the state of rank %d", r));
        json_array_append(seats, json_object_get(one, "seat"));
        json_object_update(files, json_object_get(one, "files"));
        json_decref(one);
        one = NULL;
    }
    TRY(put(state, "seats", json_incref(seats)));
    TRY(put(state, "files", json_incref(files)));
done:
    json_decref(one);
    json_decref(seats);
    json_decref(files);
    return st;
}

static status finish_checkpoint(const stage *s, const char *texts, const size_t *offsets)
{
    status st = OK;
    json_t *table = NULL, *state = NULL;
    TRY(dealing_to_json(s, &table));
    state =
        json_pack("{s:i, s:I, s:b, s:f, s:f, s:s, s:o, s:O}", "ranks", comm_size(s->c), "frames", (json_int_t)s->total,
                  "over", (int)s->over, "all_ended", s->all_ended, "all_frames", s->all_frames, "recipe_hash",
                  s->recipe_hash, "evaluated", evaluated_to_json(&s->evaluated), "dealing", table);
    if (!state) TRY(FAIL(ERR_MEMORY, "no memory for the state of the stage"));
    TRY(join_seats(s, texts, offsets, state));
    TRY(checkpoint_finish(s->directory, s->total, state));
    TRY(checkpoint_prune(s->directory, KEPT));
done:
    json_decref(table);
    json_decref(state);
    return st;
}

/* Lines and videos that a full disk has kept waiting: they are few bytes, and a checkpoint without them would lose
 * them.
 */
static status settle_records(const stage *s)
{
    status st = OK;
    TRY(watched_settle(s->watched));
    if (s->curve) TRY(line_log_sync(curve_lines(s->curve)));
done:
    return st;
}

static status begin_checkpoint(const stage *s, char **unfinished)
{
    status st = settle_records(s);
    if (st != OK) return st;
    if (comm_rank(s->c) == 0) return checkpoint_begin(s->directory, s->total, unfinished);
    return checkpoint_unfinished(s->directory, s->total, unfinished);
}

status stage_save(stage *s)
{
    status st = OK;
    char *unfinished = NULL, *text = NULL;
    void *texts = NULL;
    json_t *files = json_object(), *mine = NULL;
    size_t *offsets = calloc((size_t)comm_size(s->c) + 1, sizeof *offsets);
    st = files && offsets ? begin_checkpoint(s, &unfinished) : FAIL(ERR_MEMORY, "no memory for a checkpoint");
    TRY(comm_agree(s->c, st)); /* the directory is there */
    st = write_files(s, unfinished, files);
    if (st == OK) st = seat_to_json(s, files, &mine);
    if (st == OK && !(text = json_dumps(mine, JSON_REAL_PRECISION(17))))
        st = FAIL(ERR_MEMORY, "no memory for the state of the stage");
    TRY(comm_agree(s->c, st));
    TRY(comm_gather(s->c, text, strlen(text), 0, &texts, offsets));
    if (comm_rank(s->c) == 0) st = finish_checkpoint(s, texts, offsets);
    TRY(comm_agree(s->c, st));
    s->saved = s->tried = s->total;
done:
    json_decref(files);
    json_decref(mine);
    free(offsets);
    free(texts);
    free(text);
    free(unfinished);
    return st;
}

/* What a disk that has no room leaves of a checkpoint is taken off, to make some. */
static void drop_unfinished(const stage *s)
{
    char *unfinished = NULL;
    if (comm_rank(s->c)) return;
    if (checkpoint_unfinished(s->directory, s->total, &unfinished) == OK && directory_remove(unfinished) != OK)
        fail_clear();
    free(unfinished);
}

status stage_save_if_room(stage *s)
{
    status st = stage_save(s);
    if (st != ERR_IO && st != ERR_CREATE) return st;
    if (comm_rank(s->c) == 0) {
        progress_pause(&s->progress);
        log_warn(
            "cannot save at %lld frames, and goes on; what is saved is of %lld frames, and it is tried again after "
            "as many as between checkpoints: %s",
            (long long)s->total, (long long)s->saved, fail_message());
    }
    fail_clear();
    drop_unfinished(s);
    s->tried = s->total;
    return OK;
}

/* ---- going on ---------------------------------------------------------------------------------------------------- */

static int64_t whole(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static status check_state(const stage *s, const json_t *state, const char *path)
{
    const char *hash = json_string_value(json_object_get(state, "recipe_hash"));
    int64_t ranks = whole(state, "ranks");
    if (!hash || strcmp(hash, s->recipe_hash))
        return FAIL(ERR_CONFIG,
                    "%s is of another recipe (its hash is %.32s, now %s): give the recipe it was made with, or another "
                    "run directory",
                    path, hash ? hash : "missing", s->recipe_hash);
    if (ranks != comm_size(s->c))
        return FAIL(ERR_CONFIG,
                    "%s is of %lld ranks, and now there are %d: each goes on with its own videos, so start as many "
                    "(launch.ranks=%lld), or begin another run with what has been learned (stream.init=%s/rank0000)",
                    path, (long long)ranks, comm_size(s->c), (long long)ranks, path);
    return OK;
}

static status load_dealing(stage *s, const json_t *state)
{
    const json_t *list = json_object_get(state, "dealing");
    size_t count = json_array_size(list);
    int64_t *table = malloc((count + 1) * sizeof *table);
    if (!table) return FAIL(ERR_MEMORY, "no memory for who watches what");
    for (size_t i = 0; i < count; i++) table[i] = json_integer_value(json_array_get(list, i));
    status st = dealing_load(&s->dealing, table, count);
    free(table);
    return st;
}

static double real_at(const json_t *list, size_t i)
{
    const json_t *value = json_array_get(list, i);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void load_evaluated(const json_t *from, evaluation_result *out)
{
    const json_t *least = json_object_get(from, "least"), *errors = json_object_get(from, "errors");
    out->epochs = whole(from, "epochs");
    out->frames = whole(from, "frames");
    out->videos = whole(from, "videos");
    out->least = json_is_number(least) ? json_number_value(least) : NAN;
    for (size_t i = 0; i < STREAM_LAYERS_MOST; i++) out->errors[i] = real_at(errors, i);
}

static void load_numbers(stage *s, const json_t *state, const json_t *seat)
{
    const json_t *broken = json_object_get(seat, "broken"), *error = json_object_get(seat, "error"),
                 *count = json_object_get(seat, "errors");
    s->total = s->saved = s->tried = whole(state, "frames");
    s->all_ended = json_number_value(json_object_get(state, "all_ended"));
    s->all_frames = json_number_value(json_object_get(state, "all_frames"));
    s->begun = (size_t)whole(seat, "begun");
    s->since = whole(seat, "since");
    s->ended = whole(seat, "ended");
    s->ended_frames = whole(seat, "ended_frames");
    s->stalls = whole(seat, "stalls");
    s->events_before = whole(seat, "events");
    s->over = json_is_true(json_object_get(state, "over"));
    load_evaluated(json_object_get(state, "evaluated"), &s->evaluated);
    for (size_t i = 0; i < BROKEN_KINDS; i++) s->broken[i] = json_integer_value(json_array_get(broken, i));
    for (size_t i = 0; i < STREAM_LAYERS_MOST; i++) {
        s->errors.error[i] = fmax(real_at(error, i), 0);
        s->errors.count[i] = fmax(real_at(count, i), 0);
    }
}

static uint64_t counted(const json_t *list, size_t i)
{
    return (uint64_t)json_integer_value(json_array_get(list, i));
}

/* `seat` NULL: from the start. */
static status open_log(stage *s, const json_t *seat)
{
    const json_t *at = json_object_get(seat, "log");
    const watched_place from = {{counted(at, 0), counted(at, 1)}, {counted(at, 2), counted(at, 3)}};
    const watched_options options = stage_watched_options(s, s->directory);
    return watched_new(&options, &from, &s->watched);
}

static status load_streams(stage *s, const json_t *seat)
{
    status st = OK;
    const json_t *list = json_object_get(seat, "streams");
    if (json_array_size(list) != s->streams) TRY(FAIL(ERR_INPUT, "the checkpoint is of other streams"));
    for (size_t i = 0; i < s->streams; i++) {
        const json_t *one = json_array_get(list, i);
        char name[512];
        if (!json_is_array(one)) continue;
        int64_t which = json_integer_value(json_array_get(one, 0)), next = json_integer_value(json_array_get(one, 1));
        if (which < 0 || (size_t)which >= s->videos.count || next < 0)
            TRY(FAIL(ERR_INPUT, "the checkpoint watches a video that is not in the list"));
        TRY(feed_give(s->feed, i, (size_t)which, next));
        if (next == 0) continue; /* it begins, and was told so */
        stage_video_name(&s->videos, (size_t)which, name, sizeof name);
        TRY(watched_begin(s->watched, i, s->videos.at[which].path, name,
                          stage_errors_are_kept(s, &s->videos, (size_t)which)));
    }
    TRY(watched_take_up(s->watched));
done:
    return st;
}

static status load(stage *s, const char *path)
{
    status st = OK;
    json_t *state = NULL;
    char name[NAME_BYTES], *folder = NULL;
    snprintf(name, sizeof name, "rank%04d", comm_rank(s->c));
    TRY(checkpoint_read(path, &state));
    TRY(check_state(s, state, path));
    const json_t *seat = json_array_get(json_object_get(state, "seats"), (size_t)comm_rank(s->c));
    if (!seat) TRY(FAIL(ERR_INPUT, "%s: says nothing of rank %d", path, comm_rank(s->c)));
    folder = path_join(path, name);
    if (!folder) TRY(FAIL(ERR_MEMORY, "no memory for the name of %s", name));
    TRY(learner_state_load(s->learner, folder));
    s->frames_before = learner_frames(s->learner);
    TRY(load_dealing(s, state));
    load_numbers(s, state, seat);
    TRY(open_log(s, seat));
    TRY(load_streams(s, seat));
    if (comm_rank(s->c) == 0) log_info("goes on from %s", path);
done:
    json_decref(state);
    free(folder);
    return st;
}

status stage_resume(stage *s)
{
    status st = OK;
    char *path = NULL;
    size_t length = 0;
    if (comm_rank(s->c) == 0) st = checkpoint_newest(s->directory, &path);
    TRY(comm_agree(s->c, st));
    if (path) length = strlen(path) + 1;
    TRY(comm_broadcast(s->c, &length, sizeof length, 0));
    if (!length) TRY(initial_learner_load(s->c, s->r, s->learner));
    if (!length) TRY(comm_agree(s->c, open_log(s, NULL)));
    if (!length) goto done;
    if (!path) path = malloc(length);
    TRY(comm_agree(s->c, path ? OK : FAIL(ERR_MEMORY, "no memory for the name of a checkpoint")));
    TRY(comm_broadcast(s->c, path, length, 0));
    TRY(comm_agree(s->c, load(s, path)));
done:
    free(path);
    return st;
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static status paths_of_results(const stage *s, char **model, char **stats)
{
    *model = path_join(s->directory, "model.safetensors");
    *stats = path_join(s->directory, "stats.json");
    return *model && *stats ? OK : FAIL(ERR_MEMORY, "no memory for the names of results");
}

status stage_is_finished(stage *s, bool *out)
{
    status st = OK;
    char *model = NULL, *stats = NULL;
    TRY(comm_agree(s->c, paths_of_results(s, &model, &stats)));
    *out = comm_rank(s->c) == 0 && file_exists(model) && file_exists(stats);
    TRY(comm_any(s->c, out));
done:
    free(model);
    free(stats);
    return st;
}

/* Of all ranks: sums of numbers of each. */
typedef enum {
    ALL_FRAMES,
    ALL_NEW_FRAMES,
    ALL_VIDEOS,
    ALL_STALLS,
    ALL_EVENTS,
    ALL_LATE,
    ALL_WATCHING,
    ALL_WAITING,
    ALL_MEETING,
    ALL_BROKEN, /* of each kind */
    ALLS = ALL_BROKEN + BROKEN_KINDS
} all_sum;

static double all_broken(const double *all)
{
    double count = 0;
    for (size_t i = 0; i < BROKEN_KINDS; i++) count += all[ALL_BROKEN + i];
    return count;
}

/* {"unreadable": 2, ...}: kinds that there were. */
static json_t *kinds_to_json(const double *all)
{
    json_t *kinds = json_object();
    for (size_t i = 0; i < BROKEN_KINDS; i++)
        if (all[ALL_BROKEN + i] > 0)
            json_object_set_new(kinds, broken_kind_name((broken_kind)i), json_integer((json_int_t)all[ALL_BROKEN + i]));
    return kinds;
}

static void log_stats(const stage *s, const double *all, double frames_per_s)
{
    log_info("watched %.0f frames of %.0f videos: %.0f events, %zu layers, %lld steps, %.1f frames/s", all[ALL_FRAMES],
             all[ALL_VIDEOS], all[ALL_EVENTS], learner_layers(s->learner), (long long)learner_steps(s->learner),
             frames_per_s);
    if (all_broken(all) > 0)
        log_warn("%.0f of %.0f videos were broken, wholly or in part: the log names each", all_broken(all),
                 all[ALL_VIDEOS]);
}

static json_t *stats_to_json(const stage *s, const double *all, double frames_per_s)
{
    double ranks = comm_size(s->c), seconds = (all[ALL_WATCHING] + all[ALL_WAITING] + all[ALL_MEETING]) / ranks;
    return json_pack("{s:f, s:f, s:f, s:o, s:f, s:f, s:f, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:i, s:s}", "frames",
                     all[ALL_FRAMES], "videos", all[ALL_VIDEOS], "broken_videos", all_broken(all), "broken",
                     kinds_to_json(all), "stalls", all[ALL_STALLS], "events", all[ALL_EVENTS], "late_writes",
                     all[ALL_LATE], "steps", (json_int_t)learner_steps(s->learner), "layers",
                     (json_int_t)learner_layers(s->learner), "parameters",
                     (double)module_element_count(learner_model(s->learner)), "frames_per_s", frames_per_s, "idle",
                     seconds > 0 ? all[ALL_WAITING] / ranks / seconds : 0, "synchronisation",
                     seconds > 0 ? all[ALL_MEETING] / ranks / seconds : 0, "rss_peak_mb", rss_peak_mb(), "world_size",
                     comm_size(s->c), "recipe_hash", s->recipe_hash);
}

static status write_stats(const stage *s, const char *path, const double *all)
{
    status st = OK;
    double seconds = (all[ALL_WATCHING] + all[ALL_WAITING] + all[ALL_MEETING]) / comm_size(s->c);
    double frames_per_s = seconds > 0 ? all[ALL_NEW_FRAMES] / seconds : 0;
    json_t *stats = stats_to_json(s, all, frames_per_s);
    if (stats && s->evaluated.frames >= 0) {
        json_object_set_new(stats, "eval_errors", reals_to_json(s->evaluated.errors, learner_layers(s->learner)));
        json_object_set_new(stats, "eval_videos", json_integer((json_int_t)s->evaluated.videos));
    }
    char *text = stats ? json_dumps(stats, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    if (!text) TRY(FAIL(ERR_MEMORY, "no memory for statistics"));
    TRY(file_write(path, text, strlen(text)));
    log_stats(s, all, frames_per_s);
done:
    free(text);
    json_decref(stats);
    return st;
}

status stage_finish(stage *s)
{
    status st = OK;
    char *model = NULL, *stats = NULL;
    stream_card card = {0};
    double all[ALLS] = {(double)learner_frames(s->learner),
                        (double)(learner_frames(s->learner) - s->frames_before),
                        (double)s->ended,
                        (double)s->stalls,
                        (double)(s->events_before + watched_events(s->watched)),
                        (double)watched_late(s->watched),
                        s->watching_s,
                        s->waiting_s,
                        s->meeting_s};
    for (size_t i = 0; i < BROKEN_KINDS; i++) all[ALL_BROKEN + i] = (double)s->broken[i];
    TRY(comm_agree(s->c, settle_records(s)));
    TRY(comm_sum_f64(s->c, all, ALLS));
    if (comm_rank(s->c) == 0) {
        st = paths_of_results(s, &model, &stats);
        if (st == OK) st = stream_card_make(s->r, learner_layers(s->learner), &card);
        if (st == OK) st = module_save(learner_model(s->learner), model, card.pairs);
        if (st == OK) st = write_stats(s, stats, all);
    }
    TRY(comm_agree(s->c, st));
done:
    stream_card_free(&card);
    free(model);
    free(stats);
    return st;
}
