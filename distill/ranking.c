#include "distill/ranking.h"

void rank_insert(int64_t *classes, double *values, size_t *count, int64_t class, double value)
{
    if (*count == RANKED && value <= values[RANKED - 1]) return;
    size_t at = *count < RANKED ? (*count)++ : RANKED - 1;
    for (; at && value > values[at - 1]; at--) {
        classes[at] = classes[at - 1];
        values[at] = values[at - 1];
    }
    classes[at] = class;
    values[at] = value;
}

size_t rank_actions(const stored_segment *at, int64_t *top)
{
    size_t count = 0;
    double values[RANKED];
    if (!at->classes)
        for (size_t i = 0; i < at->count; i++) rank_insert(top, values, &count, (int64_t)i, (double)at->logits[i]);
    else
        for (; count < at->count && count < RANKED; count++) top[count] = at->classes[count];
    return count;
}
