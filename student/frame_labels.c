#include "student/frame_labels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

status frame_labels_open(const segment *at, size_t count, frame_labels *out)
{
    double *reach = calloc(count ? count : 1, sizeof *reach);
    if (!reach) return FAIL(ERR_MEMORY, "no memory for the labels of %zu segments", count);
    for (size_t i = 0; i < count; i++) {
        reach[i] = at[i].end;
        if (i && !strcmp(at[i].sequence, at[i - 1].sequence)) reach[i] = fmax(reach[i], reach[i - 1]);
    }
    *out = (frame_labels){at, count, reach};
    return OK;
}

void frame_labels_free(frame_labels *l)
{
    if (!l) return;
    free(l->reach);
    *l = (frame_labels){0};
}

/* How many segments come before (sequence, seconds) or start there. */
static size_t count_started(const frame_labels *l, const char *sequence, double seconds)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(l->at[middle].sequence, sequence);
        if (order < 0 || (order == 0 && l->at[middle].start <= seconds)) low = middle + 1;
        else high = middle;
    }
    return low;
}

int64_t frame_label(const frame_labels *l, const char *sequence, double seconds)
{
    for (size_t i = count_started(l, sequence, seconds); i > 0; i--) {
        const segment *s = &l->at[i - 1];
        if (strcmp(s->sequence, sequence) || l->reach[i - 1] <= seconds) return -1;
        if (s->end > seconds) return s->action;
    }
    return -1;
}

int64_t subclip_label(const frame_labels *l, const char *sequence, const double *seconds, size_t count)
{
    int64_t best = -1;
    size_t most = 0;
    for (size_t i = 0; i < count; i++) {
        size_t same = 0;
        int64_t label = frame_label(l, sequence, seconds[i]);
        for (size_t j = 0; j < count; j++) same += frame_label(l, sequence, seconds[j]) == label;
        if (same > most || (same == most && label < best)) {
            best = label;
            most = same;
        }
    }
    return best;
}
