#include "stream/segmenter.h"

#include "base/clock.h"
#include "conf/settings.h"
#include "stream/knowledge.h"
#include "stream/learner.h"
#include "stream/recipe.h"
#include "stream/stream_card.h"
#include "tensor/load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { AT_ONCE = 32, AHEAD = 64 };

/* Numbers of the widest activation: those of a published model's eight frames. More at once is hardly faster, and takes
 * much more memory. */
static const int64_t FLOATS_AT_ONCE = (int64_t)1 << 22;

struct segmenter {
    stream_options o;
    frame_stream_options input;
    learner *learner;
    size_t at_once;    /* frames, at most AT_ONCE */
    uint8_t *pictures; /* (at_once, height, width, 3) */
    float *row;        /* (segmenter_row_width) */

    /* of the present video */
    const segment_listener *listener;
    hierarchy *events;
    knowledge known;
    double arrived; /* when the turn's frames were there */
};

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static status read_card(segmenter *s, const tensor_file *file)
{
    status st = OK;
    recipe *settings = NULL;
    int64_t layers = 0;
    const char *path = tensor_file_path(file);
    TRY(stream_card_read(file, &settings, &layers));
    TRY(settings_fault(path, stream_recipe_learner(settings, 1, &s->o)));
    if (layers > s->o.max_layers)
        TRY(FAIL(ERR_INPUT, "%s: says it has %lld layers, and its settings allow %lld", path, (long long)layers,
                 (long long)s->o.max_layers));
    stream_recipe_input(settings, &s->input);
    s->input.raw.pixels = NULL; /* the recipe's, which goes */
    s->o.init_layers = layers;
done:
    recipe_free(&settings);
    return st;
}

/* The networks, made as large as the file's tensors are and no larger, whatever the card says. */
static status build(segmenter *s, tensor_file *file)
{
    module_expect(file);
    status st = learner_new(&s->o, 1, T_F32, &s->learner);
    if (st == OK) st = module_load_file(learner_model(s->learner), file);
    module_expect(NULL);
    return st;
}

status segmenter_open_file(tensor_file *file, segmenter **out)
{
    status st = OK;
    segmenter *s = calloc(1, sizeof *s);
    if (!s) TRY(FAIL(ERR_MEMORY, "no memory for a model"));
    TRY(read_card(s, file));
    TRY(build(s, file));
    int64_t fit = FLOATS_AT_ONCE / (s->o.height * s->o.width * s->o.channels[0]);
    s->at_once = fit < 1 ? 1 : fit > AT_ONCE ? AT_ONCE : (size_t)fit;
    s->pictures = malloc(s->at_once * (size_t)(s->o.height * s->o.width * 3));
    s->row = malloc(segmenter_row_width(s) * sizeof *s->row);
    if (!s->pictures || !s->row) TRY(FAIL(ERR_MEMORY, "no memory for pictures"));
    *out = s;
    s = NULL;
done:
    segmenter_close(&s);
    return st;
}

status segmenter_open(const char *path, segmenter **out)
{
    status st = OK;
    tensor_file *file = NULL;
    TRY(tensor_file_open(path, &file));
    TRY(segmenter_open_file(file, out));
done:
    tensor_file_close(&file);
    return st;
}

void segmenter_close(segmenter **s)
{
    if (!*s) return;
    learner_free(&(*s)->learner);
    free((*s)->pictures);
    free((*s)->row);
    free(*s);
    *s = NULL;
}

size_t segmenter_parameters(const segmenter *s)
{
    return module_element_count(learner_model(s->learner));
}

size_t segmenter_features(const segmenter *s)
{
    return (size_t)s->o.features;
}

size_t segmenter_layers(const segmenter *s)
{
    return learner_layers(s->learner);
}

size_t segmenter_row_width(const segmenter *s)
{
    return knowledge_width(segmenter_layers(s), segmenter_features(s));
}

double segmenter_snippet(const segmenter *s)
{
    return s->input.snippet;
}

/* ---- watching ---------------------------------------------------------------------------------------------------- */

static status tell(segmenter *s, size_t layer, size_t number, const float *vector)
{
    double latency = vector ? monotonic_seconds() - s->arrived : NAN;
    if (!s->listener->event) return OK;
    return s->listener->event(s->listener->self, layer, number, &s->events->layers[layer].at[number], vector, latency);
}

static status on_input(void *self, const stream_input *input)
{
    status st = OK;
    segmenter *s = self;
    knowledge_input(&s->known, input);
    event e = {.start = hierarchy_layer_end(s->events, input->layer),
               .end = (double)input->frame * s->input.snippet,
               .error = input->error};
    if (!input->boundary || !(e.end > e.start)) goto done;
    TRY(hierarchy_add(s->events, input->layer, &e));
    TRY(tell(s, input->layer, s->events->layers[input->layer].count - 1, input->event));
done:
    return st;
}

static status on_frame(void *self, size_t stream, int64_t number)
{
    status st = OK;
    segmenter *s = self;
    TRY(knowledge_row(&s->known, s->learner, stream, s->row));
    TRY(s->listener->frame(s->listener->self, number, s->row));
done:
    return st;
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
    size_t bytes = (size_t)(s->o.height * s->o.width * 3), most = wait ? s->at_once : frame_stream_ready(frames, -1);
    if (most > s->at_once) most = s->at_once;
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
    const stream_listener listener = {s, on_input, s->listener->frame ? on_frame : NULL};
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

/* The last event of each layer ends with the video. */
static status close_events(segmenter *s, double seconds)
{
    status st = OK;
    hierarchy *h = s->events;
    size_t before[STREAM_LAYERS_MOST];
    for (size_t i = 0; i < h->layer_count; i++) before[i] = h->layers[i].count;
    TRY(hierarchy_set_duration(h, fmax(seconds, hierarchy_end(h))));
    TRY(hierarchy_close(h, CLOSE_AT_END));
    for (size_t i = 0; i < h->layer_count; i++)
        for (size_t k = before[i]; k < h->layers[i].count; k++) TRY(tell(s, i, k, NULL));
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
    s->listener = listener;
    s->events = out;
    s->known = knowledge_begin(segmenter_layers(s), segmenter_features(s));
    TRY(hierarchy_new(name, NAN, learner_layers(s->learner), out));
    TRY(frame_stream_open(path, &o, &frames));
    TRY(watch_frames(s, frames, is_waited_for(path, o.live), &seen));
    frame_stream_account_read(frames, account);
    TRY(close_events(s, fmax(account->seconds, (double)learner_frame(s->learner, 0) * s->input.snippet)));
done:
    frame_stream_close(&frames);
    return st;
}
