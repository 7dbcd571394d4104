#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 * 1024 };

typedef struct block {
    struct block *next;
    size_t used, size; /* bytes of `data` */
    alignas(max_align_t) unsigned char data[];
} block;

struct arena {
    block *newest;
};

arena *arena_new(void)
{
    return calloc(1, sizeof(arena));
}

static block *block_new(size_t bytes)
{
    size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    if (size > SIZE_MAX - sizeof(block)) return NULL;
    block *fresh = calloc(1, sizeof *fresh + size);
    if (fresh) fresh->size = size;
    return fresh;
}

void *arena_alloc(arena *from, size_t bytes)
{
    const size_t align = alignof(max_align_t);
    if (!from || bytes > SIZE_MAX - align) return NULL;
    bytes = (bytes + align - 1) / align * align;
    block *at = from->newest;
    if (!at || at->size - at->used < bytes) {
        at = block_new(bytes);
        if (!at) return NULL;
        at->next = from->newest;
        from->newest = at;
    }
    void *out = at->data + at->used;
    at->used += bytes;
    return out;
}

char *arena_copy(arena *from, const char *text, size_t length)
{
    if (length == SIZE_MAX) return NULL;
    char *copy = arena_alloc(from, length + 1);
    if (copy && length) memcpy(copy, text, length);
    return copy;
}

void arena_free(arena **at)
{
    if (!*at) return;
    for (block *each = (*at)->newest, *next; each; each = next) {
        next = each->next;
        free(each);
    }
    free(*at);
    *at = NULL;
}
