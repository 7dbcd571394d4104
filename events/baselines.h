/* baselines - hierarchies that know nothing, or little, of a video, with as many boundaries in each layer as a given
 * one: what a score has to be compared with.
 */
#ifndef MAGISTER_EVENTS_BASELINES_H
#define MAGISTER_EVENTS_BASELINES_H

#include "events/hierarchy.h"

/* A value of a signal, as of frame differencing: how different the frame at that time is from the one before. */
typedef struct {
    double time, value;
} signal_sample;

/* Segments of the same length. The caller frees `*out` (all three). Errors: ERR_MEMORY (all three). */
status baseline_fixed(const hierarchy *like, hierarchy *out);

/* Boundaries anywhere, every place as likely: the same for the same (seed, video, draw). A layer's boundaries are drawn
 * from those of the layer below, so that events nest, where it has no more than that one. */
status baseline_random(const hierarchy *like, uint64_t seed, uint64_t draw, hierarchy *out);

/* Boundaries at the largest peaks of a signal, samples: (count) by rising time. A layer without enough peaks has fewer
 * boundaries. */
status baseline_peaks(const hierarchy *like, const signal_sample *samples, size_t count, double apart, hierarchy *out);

/* Times of the `wanted` largest values that are at least `apart` seconds from every larger one that was taken (greedy
 * non-maximum suppression; the earliest of equals first) and not smaller than their neighbours in the signal. times:
 * (wanted), sorted; `*found` of them. Values that are not finite are passed over. Errors: ERR_MEMORY. */
status peaks_find(const signal_sample *samples, size_t count, size_t wanted, double apart, double *times,
                  size_t *found);

#endif
