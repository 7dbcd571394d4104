#include "stream/scales.h"

#include <math.h>

static size_t distance(size_t a, size_t b)
{
    return a > b ? a - b : b - a;
}

double scales_reach(const stream_options *o, size_t layers, size_t layer, size_t level)
{
    double sum = 0;
    size_t farthest = layer > layers - 1 - layer ? layer : layers - 1 - layer;
    if (!o->reach) return 1;
    for (size_t d = 0; d <= farthest; d++) sum += pow(o->alpha, -(double)d);
    return pow(o->alpha, -(double)distance(layer, level)) / sum;
}

void scales_count(loss_counts *c, size_t layers, size_t layer, double tau)
{
    c->losses[layer]++;
    c->predictor[layer] += tau;
    for (size_t level = 0; level < layers; level++) c->encoder[level] += tau;
}
