#include "stream/buffer.h"

#include <stdlib.h>
#include <string.h>

status buffer_new(distance_mode distance, size_t room, event_buffer *out)
{
    *out = (event_buffer){.distance = distance, .room = room};
    out->items = calloc(room, sizeof *out->items);
    out->values = calloc(room, sizeof *out->values);
    return out->items && out->values ? OK : FAIL(ERR_MEMORY, "no memory for an event of %zu inputs", room);
}

void buffer_free(event_buffer *b)
{
    free(b->items);
    free(b->values);
    *b = (event_buffer){0};
}

void buffer_reset(event_buffer *b)
{
    b->count = 0;
    b->seen = 0;
}

static bool is_more_surprising(const event_buffer *b, double value, double than)
{
    return b->distance == DISTANCE_SIMILARITY ? value < than : value > than;
}

static size_t least_surprising(const event_buffer *b)
{
    size_t least = 0;
    for (size_t i = 1; i < b->count; i++)
        if (is_more_surprising(b, b->values[least], b->values[i])) least = i;
    return least;
}

static void take_out(event_buffer *b, size_t i)
{
    b->count--;
    memmove(b->items + i, b->items + i + 1, (b->count - i) * sizeof *b->items);
    memmove(b->values + i, b->values + i + 1, (b->count - i) * sizeof *b->values);
}

void buffer_add(event_buffer *b, size_t item, double value)
{
    b->seen++;
    if (b->count == b->room) {
        size_t least = least_surprising(b);
        if (!is_more_surprising(b, value, b->values[least])) return;
        take_out(b, least);
    }
    b->items[b->count] = item;
    b->values[b->count++] = value;
}
