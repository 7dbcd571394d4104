/* resample - inside this room: a part of a picture, scaled, cut and mirrored in one pass.
 *
 * Bilinear as PyTorch's interpolate with align_corners false. With `antialias` each pixel weighs all that it covers, as
 * torchvision's resize does for tensors (and Pillow); without it shrinking leaves pixels out, as PyTorchVideo does.
 *
 * An axis says where the pixels along one side of the result come from. Of a picture that is scaled and then cut only
 * what is left is computed. Arithmetic is in whole numbers: the same bytes on every processor.
 */
#ifndef MAGISTER_VIDEO_RESAMPLE_H
#define MAGISTER_VIDEO_RESAMPLE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One side: pixels from .. from + length of the picture become `scaled` ones, of which `count` from `start` on are
 * wanted, the last first where `mirrored`. */
typedef struct {
    int from, length, scaled, start, count; /* length, scaled, count > 0; start + count <= scaled */
    bool mirrored;
} resample_side;

typedef struct {
    int count, taps; /* pixels of the result, and of the picture that each of them weighs */
    int first, span; /* pixels of the picture that matter at all: first .. first + span */
    int *begin;      /* (count) the first it weighs, counted from `first` */
    int16_t *weight; /* (count, taps), their sums 2^RESAMPLE_BITS */
    int room, weight_room;
} resample_axis;

enum { RESAMPLE_BITS = 14 };

/* Plans an axis, in memory that is used again. Errors: ERR_MEMORY. */
status resample_plan(const resample_side *side, bool antialias, resample_axis *out);
void resample_axis_free(resample_axis *a);

/* `from` (height, width, 3) -> `out` (down->count, across->count, 3). `row`: (3 * across->span) room to work in. */
void resample(const resample_axis *across, const resample_axis *down, const uint8_t *from, int width, int16_t *row,
              uint8_t *out);

#endif
