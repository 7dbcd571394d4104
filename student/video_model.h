/* video_model - one face for all models of clips, so that training code need not know which it trains.
 *
 * | name        | model                              | published sizes: side, frames, parameters           |
 * |-------------|------------------------------------|-----------------------------------------------------|
 * | sign2text   | ResNet-18, LSTM, attention         | 224, 32, 14,595,915 with 10 classes (sign2text.h)   |
 * | timesformer | divided attention over patches     | 224, 32, 48,029,962 with 10 classes (timesformer.h) |
 * | avt         | ViT-B/16 a frame, AVT-h over them  | 224, 10 (vit.h, avt.h; the backbone below `backbone`) |
 *
 * (AVT over features that are there already is avt.h itself.)
 *
 * Frames. (B, T, 3, side, side), in any layout in memory. Bytes (T_U8) are the usual way: they are scaled to 0 .. 1 and
 * normalised by mean and deviation here, at a quarter of the memory until then (24 MB instead of 96 for 5 clips of 32
 * frames of 224 x 224); permuted from (B, T, side, side, 3), as decoders give them, they lie as convolutions read them
 * fastest. Other types are taken as normalised. sign2text takes any side.
 *
 * Training. Forward passes of training stand between dropout_begin and _end, and batch_norm_begin and _end, as the
 * trainer has them. video_model_freeze takes parameters out of it.
 */
#ifndef MAGISTER_STUDENT_VIDEO_MODEL_H
#define MAGISTER_STUDENT_VIDEO_MODEL_H

#include "student/video_output.h"
#include "tensor/module.h"

enum { VIDEO_CHANNELS = 3 };

/* Sizes that a model does not have are not looked at. */
typedef struct {
    int64_t classes;              /* C */
    int64_t frames;               /* T at most; exactly, with avt */
    int64_t side, patch;          /* pixels; patch: of timesformer and avt */
    int64_t width, layers, heads; /* of the transformer over frames or patches; layers also of the LSTM */
    int64_t channels, depth;      /* of the residual network (resnet.h); sign2text */
    int64_t feature, hidden;      /* sign2text: what the LSTM reads, and its width */
    int64_t backbone_width, backbone_layers, backbone_heads; /* of avt's ViT */
    double dropout;                                          /* sign2text, avt */
    bool recompute; /* less memory, a forward pass more: only what lies between blocks is kept */
    float mean[VIDEO_CHANNELS], deviation[VIDEO_CHANNELS]; /* of pictures from 0 to 1 */
} video_model_options;

typedef struct video_model video_model;

/* The published sizes of the model called `name`, with `classes`. Errors: ERR_CONFIG lists the names there are. */
status video_model_defaults(const char *name, int64_t classes, video_model_options *out);

/* New model, drawn from the generator of t_seed. Errors: ERR_CONFIG for an unknown name, sizes that do not fit, or a
 * deviation that is not positive; ERR_MEMORY. */
status video_model_new(const char *name, const video_model_options *options, video_model **out);
void video_model_free(video_model **m);

module *video_model_module(const video_model *m);        /* its parameters; borrowed */
int64_t video_model_feature_width(const video_model *m); /* F of video_output.feature */
bool video_model_has_attention(const video_model *m);

/* Parameters whose names are one of the `count` prefixes or begin with it and a dot ("cnn", "backbone.blocks.0") are no
 * longer trained: no gradient, no state in optimisers made later, batch norms keep their statistics. Errors: ERR_CONFIG
 * for a prefix that no parameter has. */
status video_model_freeze(video_model *m, const char *const *prefixes, size_t count);

/* frames: as above; temporaries of the open scope, NULL after a failure (sticky). `attention`: give it where there is
 * one. `past`: with avt, classify past features too (avt.h). */
video_output video_model_forward(video_model *m, tensor *frames, bool attention, bool past);

#endif
