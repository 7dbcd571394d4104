#include "stream/segmenter.h"

#include "base/clock.h"
#include "conf/settings.h"
#include "stream/layers.h"
#include "stream/learner.h"
#include "stream/recipe.h"
#include "stream/stream_card.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { AT_ONCE = 32, AHEAD = 64 };

struct segmenter {
    stream_options o;
    frame_stream_options input;
    learner *learner;
    uint8_t *pictures; /* (AT_ONCE, height, width, 3) */

    /* of the present video */
    const segment_listener *listener;
    hierarchy *events;
    double last[STREAM_LAYERS_MOST], arrived;
};

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* A stranger's file may ask for any sizes: the numbers they stand for have to be in it before memory is taken. */
static status check_size(const char *path, const stream_options *o)
{
    tensor_file *file = NULL;
    status st = tensor_file_open(path, &file);
    if (st == OK && stream_parameter_count(o, (size_t)o->init_layers) > (double)tensor_file_bytes(file) / sizeof(float))
        st = FAIL(ERR_INPUT, "%s: asks for %.0f parameters, more than the file holds", path,
                  stream_parameter_count(o, (size_t)o->init_layers));
    tensor_file_close(&file);
    return st;
}

static status read_card(segmenter *s, const char *path)
{
    status st = OK;
    recipe *settings = NULL;
    int64_t layers = 0;
    TRY(stream_card_read(path, &settings, &layers));
    TRY(settings_fault(path, stream_recipe_learner(settings, 1, &s->o)));
    TRY(settings_fault(path, stream_recipe_input(settings, &s->input)));
    s->input.raw.pixels = NULL; /* the recipe's, which goes */
    if (layers > s->o.max_layers)
        TRY(FAIL(ERR_INPUT, "%s: has %lld layers of at most %lld", path, (long long)layers,
                 (long long)s->o.max_layers));
    s->o.init_layers = layers;
    TRY(check_size(path, &s->o));
done:
    recipe_free(&settings);
    return st;
}

status segmenter_open(const char *path, segmenter **out)
{
    status st = OK;
    segmenter *s = calloc(1, sizeof *s);
    if (!s) TRY(FAIL(ERR_MEMORY, "no memory for a model"));
    TRY(read_card(s, path));
    TRY(learner_new(&s->o, 1, T_F32, &s->learner));
    TRY(module_load(learner_model(s->learner), path));
    s->pictures = malloc((size_t)(AT_ONCE * s->o.height * s->o.width * 3));
    if (!s->pictures) TRY(FAIL(ERR_MEMORY, "no memory for pictures"));
    *out = s;
    s = NULL;
done:
    segmenter_close(&s);
    return st;
}

void segmenter_close(segmenter **s)
{
    if (!*s) return;
    learner_free(&(*s)->learner);
    free((*s)->pictures);
    free(*s);
    *s = NULL;
}

double segmenter_snippet(const segmenter *s)
{
    return s->input.snippet;
}

size_t segmenter_layers(const segmenter *s)
{
    return learner_layers(s->learner);
}

size_t segmenter_features(const segmenter *s)
{
    return (size_t)s->o.features;
}

/* ---- watching ---------------------------------------------------------------------------------------------------- */

static status end_event(segmenter *s, size_t layer, double now, double error, const float *vector)
{
    status st = OK;
    event e = {.start = s->last[layer], .end = now, .error = error};
    double latency = vector ? monotonic_seconds() - s->arrived : NAN;
    if (!(e.end > e.start)) goto done;
    TRY(hierarchy_add(s->events, layer, &e));
    s->last[layer] = now;
    TRY(s->listener->event(s->listener->self, layer, s->events->layers[layer].count - 1, &e, vector, latency));
done:
    return st;
}

static status on_input(void *self, const stream_input *input)
{
    segmenter *s = self;
    if (!input->boundary) return OK;
    return end_event(s, input->layer, (double)input->frame * s->input.snippet, input->error, input->event);
}

/* What does not come through a pipe is waited for, so that turns, and with them the last bits of results, are the same
 * each time; of a pipe what is there already is taken together, and no event waits for frames behind it. */
static bool is_waited_for(const char *path, bool live)
{
    struct stat about;
    return !live && strcmp(path, "-") && !stat(path, &about) && (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode));
}

static status next_frames(segmenter *s, frame_stream *frames, bool wait, int64_t *numbers, size_t *count, bool *ended)
{
    status st = OK;
    size_t bytes = (size_t)(s->o.height * s->o.width * 3), most = wait ? AT_ONCE : frame_stream_ready(frames, -1);
    if (most > AT_ONCE) most = AT_ONCE;
    if (most < 1) most = 1;
    for (*count = 0; *count < most && !*ended;) {
        size_t some = 0;
        TRY(frame_stream_next(frames, most - *count, s->pictures + *count * bytes, numbers + *count, &some, ended));
        *count += some;
    }
done:
    return st;
}

static status watch_frames(segmenter *s, frame_stream *frames, bool wait, size_t *seen)
{
    status st = OK;
    bool ended = false;
    int64_t numbers[AT_ONCE];
    const stream_listener listener = {s, on_input};
    while (!ended) {
        size_t count = 0;
        TRY(next_frames(s, frames, wait, numbers, &count, &ended));
        if (!count) continue;
        s->arrived = monotonic_seconds();
        stream_frames turn = {.pictures = s->pictures, .numbers = numbers, .count = count, .begins = *seen == 0};
        TRY(learner_watch(s->learner, &turn, false, &listener));
        *seen += count;
    }
done:
    return st;
}

static status close_events(segmenter *s, double seconds)
{
    status st = OK;
    if (seconds < hierarchy_end(s->events)) seconds = hierarchy_end(s->events);
    for (size_t i = 0; i < segmenter_layers(s); i++) TRY(end_event(s, i, seconds, NAN, NULL));
    TRY(hierarchy_set_duration(s->events, seconds));
done:
    return st;
}

status segmenter_watch(segmenter *s, const char *path, const char *name, const frame_stream_options *input,
                       const segment_listener *listener, hierarchy *out, frame_stream_account *account)
{
    status st = OK;
    size_t seen = 0;
    frame_stream *frames = NULL;
    frame_stream_options o = *input;
    o.snippet = s->input.snippet;
    o.format = s->input.format;
    o.ahead = AHEAD;
    o.first = 0;
    memset(s->last, 0, sizeof s->last);
    s->listener = listener;
    s->events = out;
    TRY(hierarchy_new(name, NAN, segmenter_layers(s), out));
    TRY(frame_stream_open(path, &o, &frames));
    TRY(watch_frames(s, frames, is_waited_for(path, o.live), &seen));
    frame_stream_account_read(frames, account);
    TRY(close_events(s, fmax(account->seconds, (double)learner_frame(s->learner, 0) * s->input.snippet)));
done:
    frame_stream_close(&frames);
    return st;
}
