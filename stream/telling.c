/* telling - what rank 0 writes down while a stage goes on: curve.jsonl, TensorBoard's events, progress. */
#include "stream/staging.h"

#include "base/file.h"
#include "base/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCALARS = 3 + STREAM_LAYERS_MOST, TAG_BYTES = 32 };
static const char HELD_OUT[] = "held-out error of layer 0";

status stage_tell_begin(stage *s)
{
    status st = OK;
    char *path = NULL, *folder = NULL;
    const evaluation_result *e = &s->evaluated;
    progress_begin(&s->progress, comm_rank(s->c) == 0, s->total, s->most);
    if (!isnan(e->least)) progress_metric(&s->progress, HELD_OUT, e->least);
    if (comm_rank(s->c)) return OK;
    path = path_join(s->directory, "curve.jsonl");
    folder = path_join(s->directory, "events");
    if (!path || !folder) TRY(FAIL(ERR_MEMORY, "no memory for the names of records"));
    TRY(curve_open(path, s->total, e->frames == s->total, &s->curve));
    TRY(events_open(folder, &s->scalars));
done:
    free(path);
    free(folder);
    return st;
}

/* Where the disk is full the curve's lines wait, and TensorBoard's records are lost. */
static status bear_full_disk(status st)
{
    if (st != ERR_IO) return st;
    fail_clear();
    return OK;
}

static void add_scalar(event_scalar *list, size_t *count, const char *tag, double value)
{
    if (isfinite(value)) list[(*count)++] = (event_scalar){tag, value};
}

/* One a layer, "TAG/layer 0" ...; the tags' texts are in `tags`. */
static void add_errors(event_scalar *list, size_t *count, char tags[][TAG_BYTES], const char *tag, const double *errors)
{
    for (size_t i = 0; i < STREAM_LAYERS_MOST; i++) {
        snprintf(tags[i], TAG_BYTES, "%s/layer %zu", tag, i);
        add_scalar(list, count, tags[i], errors[i]);
    }
}

status stage_tell_meeting(stage *s, const double *errors, int64_t frames)
{
    status st = OK;
    event_scalar scalars[SCALARS];
    char tags[STREAM_LAYERS_MOST][TAG_BYTES];
    size_t count = 0, layers = learner_layers(s->learner);
    progress_step(&s->progress, s->total, s->dealing.epoch, errors[0], frames);
    if (!s->curve || !isfinite(errors[0])) return OK;
    TRY(bear_full_disk(
        curve_stream(s->curve, s->total, s->dealing.epoch, s->o.lr, errors, layers, learner_steps(s->learner))));
    add_scalar(scalars, &count, "loss", errors[0]);
    add_scalar(scalars, &count, "learning_rate", s->o.lr);
    add_scalar(scalars, &count, "layers", (double)layers);
    add_errors(scalars, &count, tags, "error", errors);
    TRY(bear_full_disk(events_write(s->scalars, s->total, scalars, count)));
done:
    return st;
}

status stage_tell_evaluation(stage *s)
{
    status st = OK;
    event_scalar scalars[SCALARS];
    char tags[STREAM_LAYERS_MOST][TAG_BYTES];
    size_t count = 0;
    const evaluation_result *e = &s->evaluated;
    if (!s->curve) return OK;
    progress_pause(&s->progress);
    if (!isnan(e->least)) progress_metric(&s->progress, HELD_OUT, e->least);
    log_info("%lld frames: error %.4f in layer 0 over %lld held-out video%s", (long long)s->total, e->errors[0],
             (long long)e->videos, e->videos == 1 ? "" : "s");
    TRY(bear_full_disk(curve_held_out(s->curve, s->total, e->epochs ? e->epochs - 1 : 0, e->errors,
                                      learner_layers(s->learner), e->videos)));
    add_errors(scalars, &count, tags, "eval_error", e->errors);
    TRY(bear_full_disk(events_write(s->scalars, s->total, scalars, count)));
done:
    return st;
}
