/* box_order - inside this room: whether the index of an MP4 comes before its pictures.
 *
 * An MP4 is a row of boxes, each with its size and a name of four letters. Through a pipe it can only be read when the
 * index (`moov`) stands in front of the data (`mdat`). The first bytes show which it is, long before the demuxer would
 * have come to the end of the data. Anything else than an MP4 is `in order`.
 */
#ifndef MAGISTER_VIDEO_BOX_ORDER_H
#define MAGISTER_VIDEO_BOX_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t head[16]; /* of the box at hand, as far as it came */
    size_t have;      /* bytes in `head` */
    uint64_t skip;    /* bytes to the next box */
    int boxes;        /* that were passed */
    bool known;       /* there is nothing more to find out */
} box_order;

/* Takes the next bytes, in pieces of any size; a zeroed box_order begins. True when they show that data come before the
 * index. */
bool box_order_is_late(box_order *b, const uint8_t *bytes, size_t count);

#endif
