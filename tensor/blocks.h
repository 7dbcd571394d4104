/* blocks - large pieces of memory that are used again instead of going back to the system.
 *
 * A video model's activations are tens to hundreds of megabytes each, and the same sizes come and go in every step.
 * malloc maps such memory anew each time, and the kernel clears it page by page (docs/SPEED.md).
 * Blocks that are given back wait here for the next one of their size, in huge pages where the system has them.
 *
 * Invariant: what waits and what is in use together are never more than the most that was in use at once, so a process
 * grows no larger than it would by returning everything. Any thread may call; every call is safe beside others.
 */
#ifndef MAGISTER_TENSOR_BLOCKS_H
#define MAGISTER_TENSOR_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

enum { BLOCK_LEAST = 32 << 20 }; /* bytes: below this malloc keeps what is freed (start.cpp) */

/* A block of at least `bytes`, of unknown content, aligned to 2 MiB. NULL when there is no memory. */
void *block_take(size_t bytes);

/* Gives a block back. False, and nothing is done, where `at` is not a block that is in use. */
bool block_give(void *at);

#endif
