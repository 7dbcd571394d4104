#include "launcher/stream_results.h"

#include "base/file.h"
#include "base/log.h"
#include "conf/run.h"
#include "events/event_files.h"
#include "launcher/events_input.h"
#include "launcher/events_score.h"
#include "launcher/json_file.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DRAWS = 10 };
static const off_t ERRORS_MOST = 64 << 20;

/* A failure that is told and leaves its part of the results empty. */
static status pass_over(status st)
{
    if (st == OK || st == ERR_MEMORY) return st;
    if (st != ERR_MISSING) log_warn("%s", fail_message());
    fail_clear();
    return OK;
}

/* ---- files of the ranks ------------------------------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

typedef struct {
    char **at; /* (count) paths; owned */
    size_t count;
} path_list;

static void paths_free(path_list *list)
{
    for (size_t i = 0; i < list->count; i++) free(list->at[i]);
    free(list->at);
    *list = (path_list){0};
}

static status add_path(path_list *list, const char *folder, const char *name)
{
    char **larger = realloc(list->at, (list->count + 1) * sizeof *larger);
    if (!larger) return FAIL(ERR_MEMORY, "%s: no memory for its files", folder);
    list->at = larger;
    list->at[list->count] = path_join(folder, name);
    return list->at[list->count++] ? OK : FAIL(ERR_MEMORY, "%s: no memory for a path", folder);
}

/* KIND.rankNNNN.jsonl of a folder, by name. */
static status find_files(const char *folder, const char *kind, path_list *out)
{
    status st = OK;
    size_t length = strlen(kind);
    DIR *all = opendir(folder);
    if (!all) return OK;
    for (const struct dirent *entry; (entry = readdir(all));) {
        const char *name = entry->d_name, *dot = strrchr(name, '.');
        if (strncmp(name, kind, length) || strncmp(name + length, ".rank", 5) || !dot || strcmp(dot, ".jsonl"))
            continue;
        TRY(add_path(out, folder, name));
    }
    if (out->count) qsort(out->at, out->count, sizeof *out->at, by_name);
done:
    closedir(all);
    if (st != OK) paths_free(out);
    return st;
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

/* Of the videos that have ended: in the published form, so that each is there once, as it was watched last. */
static status read_ended(stream_part *part)
{
    status st = OK;
    char *folder = path_join(part->directory, "videos");
    if (!folder) return FAIL(ERR_MEMORY, "%s: no memory for a path", part->directory);
    if (directory_exists(folder)) st = events_input_read(&folder, 1, &part->events);
    free(folder);
    part->ended = part->events.count > 0;
    return st;
}

static status read_under_way(stream_part *part)
{
    status st = OK;
    path_list files = {0};
    TRY(find_files(part->directory, "events", &files));
    for (size_t i = 0; i < files.count; i++) TRY(event_lines_read(files.at[i], &part->events));
done:
    paths_free(&files);
    return st;
}

/* ---- ground truth and scores ------------------------------------------------------------------------------------- */

static status read_truth(const recipe *r, const char *key, stream_part *part)
{
    status st = OK;
    bool there = false;
    const char *path = recipe_text(r, key);
    if (!path || !part->events.count || directory_exists(path) || !file_exists(path)) return OK;
    TRY(truth_is_there(path, &there));
    if (!there) goto done;
    TRY(truth_read(path, recipe_real(r, "data.fps"), &part->truth));
    part->truth_path = path;
done:
    return st;
}

static bool has_truth(const stream_part *part)
{
    for (size_t i = 0; part->truth_path && i < part->events.count; i++)
        if (truth_find(&part->truth, part->events.at[i].file)) return true;
    return false;
}

static status score(stream_part *part)
{
    const score_request request = {
        .scores = SCORE_DEFAULTS, .truth = part->truth_path, .merge = NAN, .draws = DRAWS, .apart = 1};
    if (!part->ended || !has_truth(part)) return OK;
    return events_scores(&part->events, &part->truth, &request, &part->scores);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static status read_part(const recipe *r, const char *key, stream_part *part)
{
    status st = OK;
    if (!part->directory) TRY(FAIL(ERR_MEMORY, "no memory for the results of a stream"));
    TRY(pass_over(read_ended(part)));
    if (!part->events.count) TRY(pass_over(read_under_way(part)));
    TRY(pass_over(read_truth(r, key, part)));
    TRY(pass_over(score(part)));
done:
    return st;
}

static status read_json(const char *directory, const char *name, json_t **out)
{
    char *path = path_join(directory, name);
    if (!path) return FAIL(ERR_MEMORY, "%s: no memory for a path", directory);
    status st = file_exists(path) ? pass_over(json_file_read(path, out)) : OK;
    free(path);
    return st;
}

static status read_numbers(const char *run, stream_results *s)
{
    status st = OK;
    json_t *progress = NULL;
    TRY(read_json(s->directory, "stats.json", &s->stats));
    TRY(read_json(s->directory, "progress.json", &progress));
    s->frames = progress ? json_field_int(progress, "done", 0, INT64_MAX, -1) : -1;
    TRY(pass_over(curve_file_read(run, "stream", &s->curve)));
done:
    json_decref(progress);
    return st;
}

status stream_results_read(const char *run, const recipe *r, stream_results *out)
{
    status st = OK;
    stream_results s = {.directory = run_step_directory(run, "stream"), .frames = -1};
    if (!s.directory) TRY(FAIL(ERR_MEMORY, "no memory for the results of a stream"));
    s.learned.directory = strdup(s.directory);
    s.held_out.directory = path_join(s.directory, "eval");
    TRY(read_numbers(run, &s));
    TRY(read_part(r, "data.train", &s.learned));
    TRY(read_part(r, "data.eval", &s.held_out));
    *out = s;
    s = (stream_results){0};
done:
    stream_results_free(&s);
    return st;
}

static void part_free(stream_part *part)
{
    free(part->directory);
    hierarchy_list_free(&part->events);
    truth_free(&part->truth);
    json_decref(part->scores);
}

void stream_results_free(stream_results *s)
{
    free(s->directory);
    json_decref(s->stats);
    curve_file_free(&s->curve);
    part_free(&s->learned);
    part_free(&s->held_out);
    *s = (stream_results){0};
}

status stream_errors_read(const stream_part *part, const char *video, error_curves *out)
{
    status st = OK;
    struct stat about;
    path_list files = {0};
    *out = (error_curves){.layer_count = 0};
    TRY(find_files(part->directory, "errors", &files));
    for (size_t i = 0; i < files.count && !out->layer_count; i++)
        if (!stat(files.at[i], &about) && about.st_size <= ERRORS_MOST)
            TRY(pass_over(errors_read(files.at[i], video, out)));
done:
    paths_free(&files);
    return st;
}

const stream_part *stream_scored_part(const stream_results *s, size_t i)
{
    const stream_part *parts[] = {&s->held_out, &s->learned};
    for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
        if (parts[k]->scores && i-- == 0) return parts[k];
    return NULL;
}

size_t stream_layer_events(const stream_part *part, size_t layer, double *seconds)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < part->events.count; i++) {
        const hierarchy *h = &part->events.at[i];
        for (size_t k = 0; layer < h->layer_count && k < h->layers[layer].count; k++, count++)
            sum += h->layers[layer].at[k].end - h->layers[layer].at[k].start;
    }
    *seconds = count ? sum / (double)count : NAN;
    return count;
}
