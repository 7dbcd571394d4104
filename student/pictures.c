#include "student/pictures.h"

#include "base/rng.h"

#include <math.h>

enum { AUGMENT_PICTURES = 0x706963 }; /* purpose of random streams */
static const double LEAST_CONTRAST = 0.2;

picture_change picture_unchanged(void)
{
    picture_change change = {0};
    for (int i = 0; i < 256; i++) change.values[i] = (uint8_t)i;
    return change;
}

static int64_t draw_move(rng *random, int64_t most)
{
    return (int64_t)rng_below(random, (size_t)(2 * most + 1)) - most;
}

picture_change picture_change_draw(const picture_augment *augment, uint64_t key)
{
    rng random = rng_stream(key, AUGMENT_PICTURES, 0);
    picture_change change = {.right = draw_move(&random, augment->pixels), .down = draw_move(&random, augment->pixels)};
    double lift = 255 * augment->brightness * rng_normal(&random);
    double gain = fmax(1 + augment->contrast * rng_normal(&random), LEAST_CONTRAST);
    change.mirrored = rng_uniform(&random) < 0.5 && augment->flip;
    for (int i = 0; i < 256; i++) {
        double value = (i - 127.5) * gain + 127.5 + lift;
        change.values[i] = (uint8_t)lround(fmin(fmax(value, 0), 255));
    }
    return change;
}

/* The place that a moved picture's pixel comes from. */
static size_t source_of(int64_t at, int64_t moved, size_t side)
{
    int64_t from = at - moved;
    if (from < 0) return 0;
    return (size_t)from < side ? (size_t)from : side - 1;
}

void picture_place(const picture_change *change, const uint8_t *picture, size_t side, size_t slot, size_t stack,
                   uint8_t *out)
{
    size_t step = 3 * stack;
    const uint8_t *values = change->values;
    for (size_t y = 0; y < side; y++) {
        const uint8_t *row = picture + 3 * side * source_of((int64_t)y, change->down, side);
        uint8_t *to = out + y * side * step + 3 * slot;
        for (size_t x = 0; x < side; x++, to += step) {
            size_t from = source_of((int64_t)x, change->right, side);
            const uint8_t *pixel = row + 3 * (change->mirrored ? side - 1 - from : from);
            for (int c = 0; c < 3; c++) to[c] = values[pixel[c]];
        }
    }
}
