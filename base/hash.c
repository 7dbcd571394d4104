#include "base/hash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zlib.h>

enum { PIECE = 1 << 18 }; /* bytes of a file read at once */

static void write_hash(XXH128_hash_t hash, char out[HASH_TEXT])
{
    snprintf(out, HASH_TEXT, "%016llx%016llx", (unsigned long long)hash.high64, (unsigned long long)hash.low64);
}

void hash_bytes(const void *bytes, size_t count, char out[HASH_TEXT])
{
    write_hash(XXH3_128bits(bytes, count), out);
}

uint64_t hash_of_name(const char *name)
{
    char text[HASH_TEXT];
    hash_bytes(name, strlen(name), text);
    text[(HASH_TEXT - 1) / 2] = '\0';
    return strtoull(text, NULL, 16);
}

static status hash_stream(FILE *file, const char *path, XXH3_state_t *state, char *piece, char out[HASH_TEXT])
{
    size_t count;
    XXH3_128bits_reset(state);
    while ((count = fread(piece, 1, PIECE, file)) > 0) XXH3_128bits_update(state, piece, count);
    if (ferror(file)) return FAIL(ERR_IO, "%s: cannot read: %s", path, strerror(errno));
    write_hash(XXH3_128bits_digest(state), out);
    return OK;
}

status hash_file(const char *path, char out[HASH_TEXT])
{
    status st = OK;
    char *piece = NULL;
    XXH3_state_t *state = NULL;
    FILE *file = fopen(path, "rbe");
    if (!file) TRY(FAIL(ERR_MISSING, "%s: cannot open: %s", path, strerror(errno)));
    piece = malloc(PIECE);
    state = XXH3_createState();
    if (!piece || !state) TRY(FAIL(ERR_MEMORY, "%s: no memory to read it", path));
    TRY(hash_stream(file, path, state, piece, out));
done:
    XXH3_freeState(state);
    free(piece);
    if (file) fclose(file);
    return st;
}

uint32_t crc32_bytes(const void *bytes, size_t count)
{
    return (uint32_t)crc32_z(0, bytes, count);
}

static uint64_t finalise(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t hash_mix(uint64_t key, uint64_t counter)
{
    return finalise(finalise(key + 0x9e3779b97f4a7c15u) ^ (counter + 0xd1b54a32d192ed03u));
}
