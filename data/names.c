#include "data/names.h"

#include "base/hash.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint64_t name_hash(const char *key)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *key; key++) hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
    return hash_mix(hash, 0);
}

/* Where `key` stands, or the free place where it belongs. The table has a free place. */
static size_t place_of(const name_table *table, const char *key)
{
    size_t i = (size_t)name_hash(key) & (table->room - 1);
    while (table->keys[i] && strcmp(table->keys[i], key)) i = (i + 1) & (table->room - 1);
    return i;
}

static status grow(name_table *table)
{
    status st = OK;
    name_table larger = {.room = table->room ? table->room * 2 : 64, .count = table->count};
    larger.keys = calloc(larger.room, sizeof *larger.keys);
    larger.values = calloc(larger.room, sizeof *larger.values);
    if (!larger.keys || !larger.values) TRY(FAIL(ERR_MEMORY, "no memory for %zu names", larger.room));
    for (size_t i = 0; i < table->room; i++) {
        if (!table->keys[i]) continue;
        size_t to = place_of(&larger, table->keys[i]);
        larger.keys[to] = table->keys[i];
        larger.values[to] = table->values[i];
    }
    names_free(table);
    *table = larger;
    larger = (name_table){0};
done:
    names_free(&larger);
    return st;
}

status names_add(name_table *table, const char *key, size_t value, size_t *kept)
{
    status st = OK;
    if (table->count * 2 >= table->room) TRY(grow(table));
    size_t at = place_of(table, key);
    if (!table->keys[at]) {
        table->keys[at] = key;
        table->values[at] = value;
        table->count++;
    }
    *kept = table->values[at];
done:
    return st;
}

bool names_find(const name_table *table, const char *key, size_t *value)
{
    if (!table->room) return false;
    size_t at = place_of(table, key);
    if (!table->keys[at]) return false;
    *value = table->values[at];
    return true;
}

void names_free(name_table *table)
{
    free(table->keys);
    free(table->values);
    *table = (name_table){0};
}
