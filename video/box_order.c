#include "video/box_order.h"

#include <string.h>

enum { SHORT_HEAD = 8, LONG_HEAD = 16, BOXES_MOST = 64 };

static uint64_t big_endian(const uint8_t *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) value = value << 8 | at[i];
    return value;
}

static bool is_one_of(const uint8_t *name, const char *names)
{
    for (; *names; names += 4)
        if (!memcmp(name, names, 4)) return true;
    return false;
}

/* Whether the head is of a box that may stand before the index, and the way behind it is known. */
static bool pass_box(box_order *b, size_t head)
{
    uint64_t size = head == LONG_HEAD ? big_endian(b->head + SHORT_HEAD, 8) : big_endian(b->head, 4);
    if (!is_one_of(b->head + 4, "ftypstypfreeskipwideuuidpdin") || size < head || ++b->boxes > BOXES_MOST) return false;
    b->skip = size - head;
    b->have = 0;
    return true;
}

bool box_order_is_late(box_order *b, const uint8_t *bytes, size_t count)
{
    while (count > 0 && !b->known) {
        if (b->skip) {
            size_t passed = b->skip < count ? (size_t)b->skip : count;
            b->skip -= passed;
            bytes += passed;
            count -= passed;
            continue;
        }
        b->head[b->have++] = *bytes++;
        count--;
        if (b->have < SHORT_HEAD) continue;
        size_t head = big_endian(b->head, 4) == 1 ? LONG_HEAD : SHORT_HEAD;
        if (b->have < head) continue;
        if (is_one_of(b->head + 4, "mdat")) return b->known = true;
        b->known = !pass_box(b, head);
    }
    return false;
}
