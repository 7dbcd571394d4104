/* half - numbers of 16 bits (IEEE 754 binary16) from float32 and back, rounded to nearest, ties to even.
 *
 * 1 sign, 5 exponent (bias 15), 10 mantissa bits: 65504 is the largest, 2^-24 the smallest. What rounds above the
 * largest becomes infinity; a NaN stays a NaN.
 */
#ifndef MAGISTER_DISTILL_HALF_H
#define MAGISTER_DISTILL_HALF_H

#include <stddef.h>
#include <stdint.h>

#define HALF_MAX 65504.0f

uint16_t half_from_float(float value);
float half_to_float(uint16_t half);

/* Arrays of (count), as little-endian bytes in `bytes` (2 * count), which need not be aligned. */
void half_store(const float *values, size_t count, unsigned char *bytes);
void half_load(const unsigned char *bytes, size_t count, float *values);

#endif
