#include "base/hash.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>
#include <zlib.h>

void hash_bytes(const void *bytes, size_t count, char out[HASH_TEXT])
{
    XXH128_hash_t hash = XXH3_128bits(bytes, count);
    snprintf(out, HASH_TEXT, "%016llx%016llx", (unsigned long long)hash.high64, (unsigned long long)hash.low64);
}

status hash_file(const char *path, char out[HASH_TEXT])
{
    status st = OK;
    char *bytes = NULL;
    size_t count = 0;
    TRY(file_read(path, SIZE_MAX, &bytes, &count));
    hash_bytes(bytes, count, out);
done:
    free(bytes);
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
