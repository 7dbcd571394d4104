/* The files of the made-up kitchen. Each appears under its name only when it is whole; index.tsv comes last. */
#include "data/kitchen.h"

#include "base/file.h"
#include "data/kitchen_grammar.h"
#include "data/kitchen_video.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DRAW_TEXT = 201, WIDTH_MOST = 1 << 16 };
#define MANY_SHOT_SHARE 0.01 /* of the training segments, from which on a verb or noun is many-shot */
#define LEAST_PROBABILITY 1e-12

/* ---- files ------------------------------------------------------------------------------------------------------- */

typedef struct {
    FILE *file;
    char *path, *temporary;
} output;

static status output_open(const char *directory, const char *name, output *out)
{
    status st = OK;
    output o = {0};
    o.path = path_join(directory, name);
    if (!o.path || asprintf(&o.temporary, "%s.tmp", o.path) < 0) {
        o.temporary = NULL;
        TRY(FAIL(ERR_MEMORY, "%s: no memory for the name of %s", directory, name));
    }
    o.file = fopen(o.temporary, "wbe");
    if (!o.file) TRY(FAIL(ERR_CREATE, "%s: cannot create: %s", o.temporary, strerror(errno)));
    *out = o;
    o = (output){0};
done:
    free(o.path);
    free(o.temporary);
    return st;
}

/* Puts the file in place; `durable` files are on disk by then. */
static status output_finish(output *o, bool durable)
{
    bool failed = ferror(o->file) || fflush(o->file) || (durable && fsync(fileno(o->file)));
    failed |= fclose(o->file) != 0;
    o->file = NULL;
    if (failed) return FAIL(ERR_IO, "%s: cannot write: %s", o->temporary, strerror(errno));
    if (rename(o->temporary, o->path)) return FAIL(ERR_CREATE, "%s: cannot put in place: %s", o->path, strerror(errno));
    free(o->temporary);
    o->temporary = NULL;
    return OK;
}

/* Takes away what was not finished. */
static void output_free(output *o)
{
    if (o->file) fclose(o->file);
    if (o->temporary) unlink(o->temporary);
    free(o->temporary);
    free(o->path);
    *o = (output){0};
}

/* ---- the world --------------------------------------------------------------------------------------------------- */

typedef struct {
    const kitchen_options *options;
    const char *directory;
    char *tracks; /* its folder of features */
    grammar *grammar;
    camera *camera;
    const class_list *classes;
    output index;
    size_t uid;                    /* of the next segment */
    size_t training;               /* segments of training.csv */
    size_t *verb_uses, *noun_uses; /* in training.csv */
} world;

static status check_options(const kitchen_options *o)
{
    if (o->videos < 1 || o->eval_videos < 1 || o->texts < 0 || o->width < 1 || o->width > WIDTH_MOST)
        return FAIL(ERR_CONFIG, "generate: %lld and %lld videos, %lld texts, width %lld cannot be made",
                    (long long)o->videos, (long long)o->eval_videos, (long long)o->texts, (long long)o->width);
    if (!isfinite(o->noise) || o->noise < 0)
        return FAIL(ERR_CONFIG, "generate.noise is %g; it must be 0 or more", o->noise);
    return OK;
}

kitchen_options kitchen_options_read(const recipe *r)
{
    return (kitchen_options){
        .videos = recipe_int(r, "generate.videos"),
        .eval_videos = recipe_int(r, "generate.eval_videos"),
        .texts = recipe_int(r, "generate.texts"),
        .width = recipe_int(r, "generate.width"),
        .noise = recipe_real(r, "generate.noise"),
        .seed = (uint64_t)recipe_int(r, "seed"),
        .filmed = !strcmp(recipe_text(r, "generate.film"), "video"),
    };
}

void kitchen_video_name(uint64_t number, char out[KITCHEN_NAME])
{
    snprintf(out, KITCHEN_NAME, "kitchen_%06llu", (unsigned long long)number);
}

/* The folder of features, its index, and what makes them. */
static status tracks_begin(world *w)
{
    status st = OK;
    if (w->options->filmed) goto done;
    TRY(directory_make(w->tracks));
    TRY(camera_new(w->grammar, (size_t)w->options->width, w->options->noise, w->options->seed, &w->camera));
    TRY(output_open(w->tracks, "index.tsv", &w->index));
    fputs("video\tframes\twidth\tfps\n", w->index.file);
done:
    return st;
}

static status tracks_finish(world *w)
{
    status st = OK;
    if (w->options->filmed) goto done;
    TRY(output_finish(&w->index, true));
    TRY(file_sync(w->tracks));
done:
    return st;
}

static status world_open(const kitchen_options *options, const char *directory, world *w)
{
    status st = OK;
    *w = (world){.options = options, .directory = directory};
    TRY(check_options(options));
    w->tracks = path_join(directory, "tracks");
    if (!w->tracks) TRY(FAIL(ERR_MEMORY, "%s: no memory for its name", directory));
    TRY(directory_make(directory));
    TRY(grammar_new(&w->grammar));
    w->classes = grammar_classes(w->grammar);
    w->verb_uses = calloc(w->classes->verb_count, sizeof *w->verb_uses);
    w->noun_uses = calloc(w->classes->noun_count, sizeof *w->noun_uses);
    if (!w->verb_uses || !w->noun_uses) TRY(FAIL(ERR_MEMORY, "no memory for the kitchen"));
    TRY(tracks_begin(w));
done:
    return st;
}

static void world_close(world *w)
{
    output_free(&w->index);
    camera_free(&w->camera);
    grammar_free(&w->grammar);
    free(w->tracks);
    free(w->verb_uses);
    free(w->noun_uses);
}

static status write_actions(const world *w)
{
    status st = OK;
    output o = {0};
    TRY(output_open(w->directory, "actions.csv", &o));
    fputs("id,action,verb,noun\n", o.file);
    for (size_t i = 0; i < w->classes->action_count; i++) {
        const action_class *a = &w->classes->actions[i];
        fprintf(o.file, "%zu,%s,%lld,%lld\n", i, a->name, (long long)a->verb, (long long)a->noun);
    }
    TRY(output_finish(&o, true));
done:
    output_free(&o);
    return st;
}

static status write_texts(const world *w)
{
    status st = OK;
    output o = {0};
    int64_t actions[SEGMENTS_MOST];
    TRY(output_open(w->directory, "texts.txt", &o));
    for (int64_t i = 0; i < w->options->texts; i++) {
        rng r = rng_stream(w->options->seed, DRAW_TEXT, (uint64_t)i);
        size_t count = grammar_draw(w->grammar, &r, actions, SEGMENTS_MOST);
        for (size_t j = 0; j < count; j++)
            fprintf(o.file, "%s%s", j ? " <a> " : "", w->classes->actions[actions[j]].text);
        fputc('\n', o.file);
    }
    TRY(output_finish(&o, true));
done:
    output_free(&o);
    return st;
}

/* ---- videos ------------------------------------------------------------------------------------------------------ */

static status write_track(world *w, const char *name, const kitchen_video *video, uint64_t number)
{
    status st = OK;
    output o = {0};
    float *values = NULL;
    char file_name[64];
    size_t frames = 0, width = (size_t)w->options->width;
    if (w->options->filmed) goto done;
    snprintf(file_name, sizeof file_name, "%s.f32", name);
    TRY(camera_film(w->camera, video, number, &values, &frames));
    TRY(output_open(w->tracks, file_name, &o));
    fwrite(values, sizeof *values, frames * width, o.file);
    TRY(output_finish(&o, false)); /* hundreds of files: a lost one does not fit the index */
    fprintf(w->index.file, "%s\t%zu\t%zu\t%d\n", name, frames, width, TRACK_FPS);
done:
    output_free(&o);
    free(values);
    return st;
}

static void write_rows(world *w, const char *name, const kitchen_video *video, FILE *to)
{
    for (size_t i = 0; i < video->count; i++) {
        const action_class *a = &w->classes->actions[video->actions[i]];
        fprintf(to, "%06zu, %s, %010lld, %010lld, %03lld, %03lld, %04lld\n", w->uid++, name, (long long)video->start[i],
                (long long)video->end[i], (long long)a->verb, (long long)a->noun, (long long)video->actions[i]);
    }
}

static status write_training(world *w)
{
    status st = OK;
    output rows = {0};
    kitchen_video video;
    char name[KITCHEN_NAME];
    TRY(output_open(w->directory, "training.csv", &rows));
    for (uint64_t number = 0; number < (uint64_t)w->options->videos; number++) {
        kitchen_video_name(number, name);
        kitchen_video_draw(w->grammar, w->options->seed, number, &video);
        write_rows(w, name, &video, rows.file);
        TRY(write_track(w, name, &video, number));
        for (size_t i = 0; i < video.count; i++) {
            const action_class *a = &w->classes->actions[video.actions[i]];
            w->verb_uses[a->verb]++;
            w->noun_uses[a->noun]++;
        }
    }
    w->training = w->uid;
    TRY(output_finish(&rows, true));
done:
    output_free(&rows);
    return st;
}

typedef struct {
    belief *belief;
    double *probabilities; /* (action_count) */
    float *logs;           /* (action_count) */
    output values, uids;
} ceiling;

static status ceiling_open(const world *w, ceiling *c)
{
    status st = OK;
    size_t count = w->classes->action_count;
    TRY(belief_new(w->grammar, &c->belief));
    c->probabilities = calloc(count, sizeof *c->probabilities);
    c->logs = calloc(count, sizeof *c->logs);
    if (!c->probabilities || !c->logs) TRY(FAIL(ERR_MEMORY, "no memory for the kitchen's ceiling"));
    TRY(output_open(w->directory, "ceiling.f32", &c->values));
    TRY(output_open(w->directory, "ceiling.tsv", &c->uids));
    fputs("uid\taction\n", c->uids.file);
done:
    return st;
}

static void ceiling_close(ceiling *c)
{
    belief_free(&c->belief);
    free(c->probabilities);
    free(c->logs);
    output_free(&c->values);
    output_free(&c->uids);
}

/* One row for each of the video's segments, whose uids begin at `uid`. */
static status write_ceiling(const world *w, ceiling *c, const kitchen_video *video, size_t uid)
{
    status st = OK;
    size_t count = w->classes->action_count;
    belief_start(c->belief);
    for (size_t i = 0; i < video->count; i++) {
        belief_predict(c->belief, c->probabilities);
        for (size_t a = 0; a < count; a++) c->logs[a] = (float)log(fmax(c->probabilities[a], LEAST_PROBABILITY));
        fwrite(c->logs, sizeof *c->logs, count, c->values.file);
        fprintf(c->uids.file, "%06zu\t%lld\n", uid + i, (long long)video->actions[i]);
        TRY(belief_observe(c->belief, video->actions[i]));
    }
done:
    return st;
}

static status write_validation(world *w)
{
    status st = OK;
    output rows = {0};
    ceiling c = {0};
    kitchen_video video;
    char name[KITCHEN_NAME];
    TRY(output_open(w->directory, "validation.csv", &rows));
    TRY(ceiling_open(w, &c));
    for (uint64_t i = 0; i < (uint64_t)w->options->eval_videos; i++) {
        uint64_t number = (uint64_t)w->options->videos + i;
        kitchen_video_name(number, name);
        kitchen_video_draw(w->grammar, w->options->seed, number, &video);
        TRY(write_ceiling(w, &c, &video, w->uid));
        write_rows(w, name, &video, rows.file);
        TRY(write_track(w, name, &video, number));
    }
    TRY(output_finish(&rows, true));
    TRY(output_finish(&c.values, true));
    TRY(output_finish(&c.uids, true));
done:
    output_free(&rows);
    ceiling_close(&c);
    return st;
}

/* ---- many-shot classes ------------------------------------------------------------------------------------------- */

static status write_many_shot(const world *w, const char *kind, const size_t *uses, const char *const *names,
                              size_t count)
{
    status st = OK;
    output o = {0};
    char file_name[64];
    snprintf(file_name, sizeof file_name, "many_shot_%ss.csv", kind);
    TRY(output_open(w->directory, file_name, &o));
    fprintf(o.file, "%s_class,%s\n", kind, kind);
    for (size_t i = 0; i < count; i++)
        if ((double)uses[i] > MANY_SHOT_SHARE * (double)w->training) fprintf(o.file, "%zu,%s\n", i, names[i]);
    TRY(output_finish(&o, true));
done:
    output_free(&o);
    return st;
}

status kitchen_generate(const kitchen_options *options, const char *directory)
{
    status st = OK;
    world w = {0};
    TRY(world_open(options, directory, &w));
    TRY(write_actions(&w));
    TRY(write_texts(&w));
    TRY(write_training(&w));
    TRY(write_validation(&w));
    TRY(write_many_shot(&w, "verb", w.verb_uses, w.classes->verbs, w.classes->verb_count));
    TRY(write_many_shot(&w, "noun", w.noun_uses, w.classes->nouns, w.classes->noun_count));
    TRY(tracks_finish(&w));
    TRY(file_sync(directory));
done:
    world_close(&w);
    return st;
}
