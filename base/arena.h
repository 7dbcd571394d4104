/* arena - memory that is freed all at once: strings and small arrays of one data set or one recipe.
 *
 * Everything allocated from an arena is borrowed from it and lives until arena_free. Blocks never move.
 */
#ifndef MAGISTER_BASE_ARENA_H
#define MAGISTER_BASE_ARENA_H

#include <stddef.h>

typedef struct arena arena;

/* New, empty arena; NULL when out of memory. */
arena *arena_new(void);

/* `bytes` of zeroed memory, aligned for any type; NULL when out of memory or when `from` is NULL. */
void *arena_alloc(arena *from, size_t bytes);

/* A copy of the first `length` bytes of `text`, ended by NUL; NULL when out of memory. */
char *arena_copy(arena *from, const char *text, size_t length);

/* Frees the arena and all that came from it, and sets the pointer to NULL. */
void arena_free(arena **at);

#endif
