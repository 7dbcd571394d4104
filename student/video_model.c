#include "student/video_model.h"

#include "student/sign2text.h"
#include "student/timesformer.h"
#include "student/vit.h"
#include "tensor/pictures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a kind of model brings. `self` is its own. */
typedef struct {
    const char *name;
    bool attention;
    video_model_options defaults;
    status (*make)(const video_model_options *options, void **self);
    void (*release)(void *self);
    module *(*module_of)(const void *self);
    int64_t (*feature_width)(const void *self);
    video_output (*forward)(void *self, tensor *frames, bool attention, bool past);
} video_model_kind;

struct video_model {
    const video_model_kind *kind;
    void *self;
    float mean[VIDEO_CHANNELS], deviation[VIDEO_CHANNELS]; /* of pictures from 0 to 1 */
};

#define IMAGENET .mean = {0.485f, 0.456f, 0.406f}, .deviation = {0.229f, 0.224f, 0.225f}
#define HALVES .mean = {0.5f, 0.5f, 0.5f}, .deviation = {0.5f, 0.5f, 0.5f}

/* ---- sign2text --------------------------------------------------------------------------------------------------- */

static status make_sign2text(const video_model_options *o, void **self)
{
    sign2text *m = NULL;
    const sign2text_options options = {.classes = o->classes,
                                       .frames = o->frames,
                                       .cnn = o->channels,
                                       .depth = o->depth,
                                       .feature = o->feature,
                                       .hidden = o->hidden,
                                       .layers = o->layers,
                                       .dropout = o->dropout,
                                       .recompute = o->recompute};
    status st = sign2text_new(&options, &m);
    *self = m;
    return st;
}

static void release_sign2text(void *self)
{
    sign2text *m = self;
    sign2text_free(&m);
}

static module *module_of_sign2text(const void *self)
{
    return sign2text_module(self);
}

static int64_t width_of_sign2text(const void *self)
{
    return sign2text_feature_width(self);
}

static video_output forward_sign2text(void *self, tensor *frames, bool attention, bool past)
{
    (void)past;
    video_output out = sign2text_forward(self, frames);
    if (!attention) out.attention = NULL;
    return out;
}

/* ---- timesformer ------------------------------------------------------------------------------------------------- */

typedef struct {
    timesformer *model;
    int64_t width;
} timesformer_self;

static void release_timesformer(void *self)
{
    timesformer_self *s = self;
    timesformer_free(&s->model);
    free(s);
}

static status make_timesformer(const video_model_options *o, void **self)
{
    status st = OK;
    timesformer_self *s = calloc(1, sizeof *s);
    const timesformer_options options = {.classes = o->classes,
                                         .frames = o->frames,
                                         .side = o->side,
                                         .patch = o->patch,
                                         .width = o->width,
                                         .layers = o->layers,
                                         .heads = o->heads,
                                         .recompute = o->recompute};
    if (!s) TRY(FAIL(ERR_MEMORY, "no memory for a model"));
    s->width = o->width;
    TRY(timesformer_new(&options, &s->model));
    *self = s;
    s = NULL;
done:
    if (s) release_timesformer(s);
    return st;
}

static module *module_of_timesformer(const void *self)
{
    return timesformer_module(((const timesformer_self *)self)->model);
}

static int64_t width_of_timesformer(const void *self)
{
    return ((const timesformer_self *)self)->width;
}

static video_output forward_timesformer(void *self, tensor *frames, bool attention, bool past)
{
    (void)past;
    return timesformer_forward(((timesformer_self *)self)->model, frames, attention);
}

/* ---- avt: a vision transformer a frame, and the decoder over them -------------------------------------------------
 */

typedef struct {
    avt *head;
    vit *backbone; /* its parameters are a child of the head's module */
} avt_self;

static void release_avt(void *self)
{
    avt_self *s = self;
    vit_free(&s->backbone);
    avt_free(&s->head);
    free(s);
}

static status make_avt(const video_model_options *o, void **self)
{
    status st = OK;
    avt_self *s = calloc(1, sizeof *s);
    const avt_options head = {.inputs = o->backbone_width,
                              .frames = o->frames,
                              .width = o->width,
                              .layers = o->layers,
                              .heads = o->heads,
                              .classes = o->classes,
                              .dropout = o->dropout};
    const vit_options backbone = {.side = o->side,
                                  .patch = o->patch,
                                  .width = o->backbone_width,
                                  .layers = o->backbone_layers,
                                  .heads = o->backbone_heads,
                                  .recompute = o->recompute};
    if (!s) TRY(FAIL(ERR_MEMORY, "no memory for a model"));
    TRY(avt_new(&head, &s->head));
    TRY(vit_new(avt_module(s->head), "backbone", &backbone, &s->backbone));
    *self = s;
    s = NULL;
done:
    if (s) release_avt(s);
    return st;
}

static module *module_of_avt(const void *self)
{
    return avt_module(((const avt_self *)self)->head);
}

static int64_t width_of_avt(const void *self)
{
    return avt_feature_width(((const avt_self *)self)->head);
}

static video_output forward_avt(void *self, tensor *frames, bool attention, bool past)
{
    (void)attention;
    avt_self *s = self;
    int64_t batch = t_size(frames, 0), length = t_size(frames, 1);
    tensor *pictures =
        t_reshape(frames, SHAPE(batch * length, t_size(frames, 2), t_size(frames, 3), t_size(frames, 4)));
    tensor *seen = t_reshape(vit_forward(s->backbone, pictures), SHAPE(batch, length, avt_feature_width(s->head)));
    avt_output out = avt_forward(s->head, seen, past);
    return (video_output){.logits = out.logits, .feature = out.future, .avt = out};
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

static const video_model_kind KINDS[] = {
    {.name = "sign2text",
     .attention = true,
     .defaults = {.frames = 32,
                  .side = 224,
                  .channels = 64,
                  .depth = 2,
                  .feature = 512,
                  .hidden = 256,
                  .layers = 2,
                  .dropout = 0.1,
                  IMAGENET},
     .make = make_sign2text,
     .release = release_sign2text,
     .module_of = module_of_sign2text,
     .feature_width = width_of_sign2text,
     .forward = forward_sign2text},
    {.name = "timesformer",
     .attention = true,
     .defaults = {.frames = 32, .side = 224, .patch = 16, .width = 768, .layers = 5, .heads = 8, IMAGENET},
     .make = make_timesformer,
     .release = release_timesformer,
     .module_of = module_of_timesformer,
     .feature_width = width_of_timesformer,
     .forward = forward_timesformer},
    {.name = "avt",
     .attention = false,
     .defaults = {.frames = 10,
                  .side = 224,
                  .patch = 16,
                  .width = 2048,
                  .layers = 2,
                  .heads = 4,
                  .backbone_width = 768,
                  .backbone_layers = 12,
                  .backbone_heads = 12,
                  .dropout = 0.2,
                  HALVES},
     .make = make_avt,
     .release = release_avt,
     .module_of = module_of_avt,
     .feature_width = width_of_avt,
     .forward = forward_avt},
};
enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

static status find_kind(const char *name, const video_model_kind **out)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (!strcmp(KINDS[i].name, name)) return *out = &KINDS[i], OK;
    return FAIL(ERR_CONFIG, "there is no video model \"%s\": there are sign2text, timesformer and avt", name);
}

status video_model_defaults(const char *name, int64_t classes, video_model_options *out)
{
    const video_model_kind *kind = NULL;
    status st = find_kind(name, &kind);
    if (st != OK) return st;
    *out = kind->defaults;
    out->classes = classes;
    return OK;
}

static status take_normalisation(video_model *m, const video_model_options *o)
{
    for (int c = 0; c < VIDEO_CHANNELS; c++)
        if (!(o->deviation[c] > 0) || !isfinite(o->deviation[c]) || !isfinite(o->mean[c]))
            return FAIL(ERR_CONFIG, "pictures are normalised by mean %g and deviation %g: the deviation is above 0",
                        (double)o->mean[c], (double)o->deviation[c]);
    memcpy(m->mean, o->mean, sizeof m->mean);
    memcpy(m->deviation, o->deviation, sizeof m->deviation);
    return OK;
}

status video_model_new(const char *name, const video_model_options *options, video_model **out)
{
    status st = OK;
    video_model *m = calloc(1, sizeof *m);

    if (!m) TRY(FAIL(ERR_MEMORY, "no memory for a model"));
    TRY(find_kind(name, &m->kind));
    TRY(take_normalisation(m, options));
    TRY(m->kind->make(options, &m->self));
    *out = m;
    m = NULL;
done:
    video_model_free(&m);
    return st;
}

void video_model_free(video_model **at)
{
    if (!at || !*at) return;
    video_model *m = *at;
    if (m->self) m->kind->release(m->self);
    free(m);
    *at = NULL;
}

module *video_model_module(const video_model *m)
{
    return m->kind->module_of(m->self);
}

int64_t video_model_feature_width(const video_model *m)
{
    return m->kind->feature_width(m->self);
}

bool video_model_has_attention(const video_model *m)
{
    return m->kind->attention;
}

status video_model_freeze(video_model *m, const char *const *prefixes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!module_freeze_below(video_model_module(m), prefixes[i]))
            return FAIL(ERR_CONFIG,
                        "nothing in model %s is called \"%s\": parameters that are to be frozen are named "
                        "by the beginning of their names (such as \"%s\"), up to a dot",
                        m->kind->name, prefixes[i], module_parameter_name(video_model_module(m), 0));
    return OK;
}

/* (B, T, 3, H, W) bytes, in any layout, as numbers. */
static tensor *numbers_of(const video_model *m, tensor *frames)
{
    int64_t batch = t_size(frames, 0), length = t_size(frames, 1), height = t_size(frames, 3),
            width = t_size(frames, 4);
    tensor *pictures =
        t_reshape(t_permute(frames, SHAPE(0, 1, 3, 4, 2)), SHAPE(batch * length, height, width, VIDEO_CHANNELS));
    return t_reshape(t_pictures(pictures, m->mean, m->deviation), SHAPE(batch, length, VIDEO_CHANNELS, height, width));
}

video_output video_model_forward(video_model *m, tensor *frames, bool attention, bool past)
{
    if (t_type_of(frames) == T_U8) frames = numbers_of(m, frames);
    return m->kind->forward(m->self, frames, attention, past);
}
