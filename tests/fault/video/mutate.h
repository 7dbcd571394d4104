/* mutate - files with bytes changed, moved, doubled, dropped and cut off, by chance. */
#ifndef MAGISTER_TESTS_VIDEO_MUTATE_H
#define MAGISTER_TESTS_VIDEO_MUTATE_H

#include "base/rng.h"

#include <string.h>

/* Changes gather in the first or last bytes, where containers keep their tables, or anywhere. */
static inline size_t mutate_place(rng *r, size_t count)
{
    size_t near = count < 2048 ? count : 2048, kind = rng_below(r, 3);
    if (kind == 0) return rng_below(r, near);
    return kind == 1 ? count - 1 - rng_below(r, near) : rng_below(r, count);
}

/* A changed copy of `bytes` (count) in `out`, which has room for as many; returns how many they are now. */
static inline size_t mutate(rng *r, const char *bytes, size_t count, char *out)
{
    memcpy(out, bytes, count);
    for (size_t changes = rng_below(r, 12) + 1; changes > 0 && count > 1; changes--) {
        size_t at = mutate_place(r, count), kind = rng_below(r, 8), length = rng_below(r, 64) + 1;
        if (length > count - at) length = count - at;
        if (kind <= 2) out[at] = (char)rng_below(r, 256);
        else if (kind == 3) memset(out + at, rng_below(r, 2) ? 0xff : 0, length);
        else if (kind == 4) memmove(out + at, out + rng_below(r, count - length + 1), length);
        else if (kind == 5) {
            memmove(out + at, out + at + length, count - at - length);
            count -= length;
        } else if (kind == 6) out[at] = (char)(out[at] ^ (1 << rng_below(r, 8)));
        else if (rng_below(r, 3) == 0) count = at + 1;
    }
    return count;
}

#endif
