/* pictures - bytes of pictures as the numbers that a model reads, made where the model is.
 *
 * A batch of bytes is a quarter of its numbers, so it is bytes that wait and travel to a GPU.
 */
#ifndef MAGISTER_TENSOR_PICTURES_H
#define MAGISTER_TENSOR_PICTURES_H

#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* (byte / 255 - mean) / std of each channel: bytes (N, H, W, 3) uint8 -> (N, 3, H, W) float32, channels last in memory,
 * as convolutions read them fastest. Makes one tensor and no other on the way; nothing is recorded for gradients.
 * mean, std: (3), std not 0. Fails for another type or shape. */
tensor *t_pictures(tensor *bytes, const float *mean, const float *std);

#ifdef __cplusplus
}
#endif
#endif
