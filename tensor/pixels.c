/* pixels - bytes of pictures as numbers. Apart from pictures.cpp because the compiler is to vectorise it. */
#include "tensor/private.h"

enum { RGB = 3, TOGETHER = 16, PART = RGB * TOGETHER }; /* numbers whose factors repeat, a whole number of vectors */

static void part_to_numbers(const uint8_t *restrict bytes, const float *restrict by, const float *restrict add,
                            float *restrict out)
{
    for (int i = 0; i < PART; i++) out[i] = (float)bytes[i] * by[i] + add[i];
}

void pixels_to_numbers(const uint8_t *bytes, size_t pixels, const float *by, const float *add, float *out)
{
    float by_part[PART], add_part[PART];
    size_t count = pixels * RGB, i = 0;
    for (int k = 0; k < PART; k++) {
        by_part[k] = by[k % RGB];
        add_part[k] = add[k % RGB];
    }
    for (; i + PART <= count; i += PART) part_to_numbers(bytes + i, by_part, add_part, out + i);
    for (; i < count; i++) out[i] = (float)bytes[i] * by[i % RGB] + add[i % RGB];
}
