/* scales - how much each loss moves each layer (hierarchical gradient normalisation).
 *
 * A loss at layer l reaches the encoding of layer k with weight alpha^-|k - l|, the weights of all distances that occur
 * adding up to one, times tau, the frames since that layer's input before; its own predictor with tau alone. Before a
 * step the sums are divided by the sums of tau: a predictor's over its own losses, an encoder's over all losses.
 */
#ifndef MAGISTER_STREAM_SCALES_H
#define MAGISTER_STREAM_SCALES_H

#include "stream/options.h"

typedef struct {
    double predictor[STREAM_LAYERS_MOST], encoder[STREAM_LAYERS_MOST]; /* sums of tau since the last step */
    int64_t losses[STREAM_LAYERS_MOST];                                /* since the last step */
} loss_counts;

/* Weight of a loss at `layer` in the encoding of level `level`, of `layers` that exist. */
double scales_reach(const stream_options *o, size_t layers, size_t layer, size_t level);

/* Counts a loss at `layer`; tau as it weighs (1 where o->timescale is off). */
void scales_count(loss_counts *c, size_t layers, size_t layer, double tau);

#endif
