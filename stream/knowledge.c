#include "stream/knowledge.h"

#include <math.h>

size_t knowledge_width(size_t layers, size_t features)
{
    return layers * (features + 2);
}

knowledge knowledge_begin(size_t layers, size_t features)
{
    return (knowledge){.layers = layers, .features = features};
}

static float surprise_of(const stream_input *input)
{
    double size = fabs(input->error) + fabs(input->threshold);
    if (!input->predicted || !isfinite(input->threshold) || !(size > 0)) return 0;
    return (float)((input->error - input->threshold) / size);
}

void knowledge_input(knowledge *k, const stream_input *input)
{
    k->surprise[input->layer] = surprise_of(input);
    k->boundary[input->layer] = input->boundary;
}

status knowledge_row(knowledge *k, const learner *l, size_t stream, float *out)
{
    status st = learner_encodings(l, stream, out);
    out += k->layers * k->features;
    for (size_t i = 0; i < k->layers; i++) {
        out[2 * i] = k->surprise[i];
        out[2 * i + 1] = k->boundary[i];
        k->boundary[i] = 0;
    }
    return st;
}

void knowledge_stay(const knowledge *k, float *row)
{
    row += k->layers * k->features;
    for (size_t i = 0; i < k->layers; i++) row[2 * i + 1] = 0;
}
