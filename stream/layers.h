/* layers - the networks of a streaming learner's layer, in batches.
 *
 *   encoder    (N, 3, H, W) -> (N, D)        layer 0 only: four [conv 3 x 3, ReLU, max pool 2], Linear
 *   temporal   (N, T, D)    -> (N, D)        f: what an event's inputs amount to, from a token in front of them
 *   predictor  (N, M, D)    -> (N, D)        p: the layer's next input, from the events of levels 0 .. M - 1
 *   decoder    (N, D)       -> (N, 3, H, W)  layer 0 only: Linear, four [every pixel doubled, conv 3 x 3, ReLU], the
 *                                            last without ReLU
 *
 * f and p are two layers of PyTorch's TransformerEncoderLayer (norms behind, ReLU, hidden width 2 D, no dropout), with
 * 8 and 4 heads, and a norm without weights. The token in front, the positions of inputs and the levels are tables
 * whose rows, when looked up, are scaled down to length 1 (stream_layer_renorm); they begin with normal numbers.
 *
 * Parameters are named as PyTorch's state_dict of the published model would: f.encoder.conv1.weight, f.encoder.fc1.*,
 * f.cls_token.weight, f.pos_enc.weight, f.network.layers.0.*, p.pos_enc.weight, p.network.layers.0.*, p.decoder.fc1.*,
 * p.decoder.conv1.* ...
 *
 * Results are temporaries of the open scope; failures are sticky.
 */
#ifndef MAGISTER_STREAM_LAYERS_H
#define MAGISTER_STREAM_LAYERS_H

#include "stream/options.h"
#include "tensor/module.h"

typedef struct {
    const stream_options *o; /* borrowed */
    size_t layer;
    module *root, *f, *p;                             /* borrowed from its parent; all below are theirs */
    module *convolutions[STREAM_STAGES], *features;   /* the encoder's; layer 0 only */
    module *encoder, *predictor;                      /* f's and p's transformers */
    tensor *token, *positions, *levels;               /* (1, D), (S, D), (max_layers, D) */
    module *pictures, *deconvolutions[STREAM_STAGES]; /* the decoder's; layer 0 only */
    int64_t positions_fit, levels_fit;                /* rows that have been scaled since the parameters changed */
    bool token_fits;
} stream_layer;

/* Numbers that `layers` layers learn, without making them; a double, as options may ask for any number. */
double stream_parameter_count(const stream_options *o, size_t layers);

/* The networks of layer `layer` as the child "<layer>" of `parent`, drawn from the generator of t_seed. `o` is borrowed
 * and stays. Errors: ERR_MEMORY. */
status stream_layer_new(module *parent, const stream_options *o, size_t layer, stream_layer *out);

/* To be told whenever parameters have changed: rows have to be looked at again. */
void stream_layer_changed(stream_layer *l);

/* Bytes (N, H, W, 3) -> (N, 3, H, W) of -1 .. 1, or of length 1 a pixel (normalize); T_F32 or T_F64 */
tensor *stream_pictures(const stream_options *o, t_type type, tensor *bytes);

tensor *stream_encode_pictures(stream_layer *l, tensor *pictures);

/* inputs (N, T, D); there: (N, T) bool, which of them are there, NULL: all. z of length 1 where similarity is measured.
 */
tensor *stream_encode_event(stream_layer *l, tensor *inputs, tensor *there);

/* levels (N, M, D), M > layer; there (N, M) as above. What layer 0 predicts is still to be decoded. */
tensor *stream_predict(stream_layer *l, tensor *levels, tensor *there);

tensor *stream_decode_pictures(stream_layer *l, tensor *features); /* layer 0 only */

/* Similarity (rows' cosine; of pictures each pixel's, their mean) or distance (mean of squares): (N) */
tensor *stream_compare(const stream_layer *l, tensor *prediction, tensor *input);

#endif
