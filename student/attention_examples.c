#include "student/attention_examples.h"

#include "base/file.h"
#include "base/log.h"
#include "student/attention.h"
#include "student/scoring.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- which clips ------------------------------------------------------------------------------------------------- */

typedef struct {
    int64_t class; /* of no class: the largest number */
    size_t round;  /* how many of its class stand before it */
    size_t place;
} candidate;

static int by_class(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->class != y->class) return x->class < y->class ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static int by_round(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if ((x->class == INT64_MAX) != (y->class == INT64_MAX)) return x->class == INT64_MAX ? 1 : -1;
    if (x->round != y->round) return x->round < y->round ? -1 : 1;
    return by_class(a, b);
}

status attention_choose(const segment *at, size_t count, size_t most, size_t *out, size_t *chosen)
{
    candidate *all = calloc(count + 1, sizeof *all);
    size_t classes = 0;
    if (!all) return FAIL(ERR_MEMORY, "no memory to choose among %zu segments", count);
    for (size_t i = 0; i < count; i++) all[i] = (candidate){at[i].action < 0 ? INT64_MAX : at[i].action, 0, i};
    qsort(all, count, sizeof *all, by_class);
    for (size_t i = 1; i < count; i++)
        if (all[i].class == all[i - 1].class) all[i].round = all[i - 1].round + 1;
    for (size_t i = 0; i < count; i++) classes += all[i].round == 0 && all[i].class != INT64_MAX;
    qsort(all, count, sizeof *all, by_round);
    *chosen = most < count ? most : count;
    for (size_t i = 0; i < *chosen; i++) out[i] = all[classes > most ? i * classes / most : i].place;
    free(all);
    return OK;
}

/* ---- one clip ---------------------------------------------------------------------------------------------------- */

/* What the model says of a clip, and what it saw of its first view. All owned. */
typedef struct {
    uint8_t *pictures;   /* (T, size, size, 3) */
    float *weights;      /* (T) */
    float *probability;  /* (C) */
    size_t frames, best; /* T; the class of the largest probability */
} looked;

static status looked_new(const student *s, looked *out)
{
    out->frames = s->sight.pictures.frames;
    out->pictures = malloc(clip_input_bytes(&s->sight.pictures));
    out->weights = calloc(out->frames, sizeof *out->weights);
    out->probability = calloc(s->data->classes.action_count, sizeof *out->probability);
    return out->pictures && out->weights && out->probability
               ? OK
               : FAIL(ERR_MEMORY, "no memory for a clip of %zu frames", out->frames);
}

static void looked_free(looked *l)
{
    free(l->pictures);
    free(l->weights);
    free(l->probability);
}

static status look(student *s, const segment *at, looked *l)
{
    status st = OK;
    size_t classes = s->data->classes.action_count;
    tensor *seen = NULL;
    scope *sc = scope_open();
    TRY(sight_ask(&s->sight, &at, NULL, 1));
    TRY(sight_take(&s->sight, &s->sight.eval_clips, &at, NULL, 1, &seen));
    TRY(t_to_bytes(t_narrow(seen, 0, 0, 1), l->pictures, clip_input_bytes(&s->sight.pictures)));
    video_output output = student_model_forward(&s->model, seen, false, true);
    tensor *logits = student_mean_of_views(output.logits, 1, sight_views(&s->sight));
    TRY(t_to_f32(t_softmax(logits, 1), l->probability, classes));
    TRY(t_to_f32(t_select(output.attention, 0, 0), l->weights, l->frames));
    l->best = 0;
    for (size_t c = 1; c < classes; c++)
        if (l->probability[c] > l->probability[l->best]) l->best = c;
done:
    scope_close(&sc);
    return st;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static json_t *weights_to_json(const looked *l)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < l->frames; i++)
        if (json_array_append_new(list, json_real((double)l->weights[i]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static status add_clip(json_t *clips, const student *s, const segment *at, const looked *l, const char *file)
{
    const action_class *classes = s->data->classes.actions;
    const char *label = at->action >= 0 ? classes[at->action].name : NULL;
    json_t *clip =
        json_pack("{s:s, s:I, s:s?, s:I, s:s?, s:f, s:o, s:s}", "uid", at->uid, "label", (json_int_t)at->action,
                  "label_name", label, "predicted", (json_int_t)l->best, "predicted_name", classes[l->best].name,
                  "probability", (double)l->probability[l->best], "weights", weights_to_json(l), "file", file);
    if (!clip || json_array_append_new(clips, clip))
        return FAIL(ERR_MEMORY, "segment %s: no memory for its attention, or a name that is not UTF-8", at->uid);
    return OK;
}

static status write_clip(student *s, const char *directory, size_t number, const segment *at, looked *l, json_t *clips)
{
    status st = OK;
    char file[32], *path = NULL;
    snprintf(file, sizeof file, "attention/%zu.png", number + 1);
    path = path_join(directory, file);
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the name of a picture"));
    TRY(look(s, at, l));
    TRY(attention_write(path, l->pictures, l->weights, l->frames, (int)s->sight.pictures.transform.size));
    TRY(add_clip(clips, s, at, l, file));
done:
    free(path);
    return st;
}

static status write_list(const char *path, json_t *clips)
{
    status st = OK;
    json_t *all = json_pack("{s:i, s:O}", "version", 1, "clips", clips);
    char *text = all ? json_dumps(all, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) : NULL;
    if (!text) TRY(FAIL(ERR_MEMORY, "%s: no memory to write it", path));
    TRY(file_write(path, text, strlen(text)));
done:
    free(text);
    json_decref(all);
    return st;
}

/* Pictures of an earlier start, which may be of other weights, go first. */
static status clear(const char *list, const char *folder)
{
    status st = OK;
    TRY(directory_remove(list));
    TRY(directory_remove(folder));
    TRY(directory_make(folder));
done:
    return st;
}

static status write_all(student *s, const char *directory)
{
    status st = OK;
    size_t places[ATTENTION_EXAMPLES], count = 0;
    looked l = {0};
    json_t *clips = json_array();
    char *list = path_join(directory, "attention.json"), *folder = path_join(directory, "attention");
    if (!clips || !list || !folder) TRY(FAIL(ERR_MEMORY, "no memory for pictures of attention"));
    TRY(clear(list, folder));
    TRY(looked_new(s, &l));
    TRY(attention_choose(s->data->eval.at, s->data->eval.count, ATTENTION_EXAMPLES, places, &count));
    for (size_t i = 0; i < count; i++) TRY(write_clip(s, directory, i, &s->data->eval.at[places[i]], &l, clips));
    TRY(write_list(list, clips));
done:
    looked_free(&l);
    json_decref(clips);
    free(list);
    free(folder);
    return st;
}

void attention_examples_write(student *s, const char *directory)
{
    if (s->sight.kind != SIGHT_CLIPS || !s->model.clips || !video_model_has_attention(s->model.clips)) return;
    if (s->sight.pictures.places.options.blind) return;
    grad_pause();
    status st = write_all(s, directory);
    grad_resume();
    if (st == OK) return;
    log_warn("no pictures of attention: %s", fail_message());
    fail_clear();
}
