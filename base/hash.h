/* hash - fingerprints of bytes, and the one mixing function random numbers are made of.
 *
 * Fingerprints are XXH3 (libxxhash), 128 bits, written as 32 hex digits; they tell files and models apart, they are no
 * protection against an adversary. Check sums of records are zlib's CRC-32.
 */
#ifndef MAGISTER_BASE_HASH_H
#define MAGISTER_BASE_HASH_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { HASH_TEXT = 33 }; /* 32 hex digits and NUL */

void hash_bytes(const void *bytes, size_t count, char out[HASH_TEXT]);

/* The first half of that text as a number: what a name counts as where a number is wanted. */
uint64_t hash_of_name(const char *name);

/* A file of any size, read in pieces; the same as hash_bytes of all of it. Errors: ERR_MISSING, ERR_IO, ERR_MEMORY name
 * the path. */
status hash_file(const char *path, char out[HASH_TEXT]);

uint32_t crc32_bytes(const void *bytes, size_t count);

/* 64 well-mixed bits of (key, counter); the finaliser of SplitMix64 applied twice. */
uint64_t hash_mix(uint64_t key, uint64_t counter);

#endif
