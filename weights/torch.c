/* torch - the two forms of file that torch.save writes.
 *
 * Zip, since PyTorch 1.6: NAME/data.pkl is the pickle, NAME/data/KEY the bytes of the storage KEY, NAME/byteorder says
 * "little". Legacy: five pickles in a row (a magic number, the protocol, facts about the system, the values, the list
 * of storages' keys), then for each of these keys 8 bytes, how many elements, and the elements. Source: the format's
 * description in PyTorch's torch/serialization.py and its notes on serialization.
 */
#include "weights/tree.h"
#include "weights/zip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- zip --------------------------------------------------------------------------------------------------------- */

typedef struct {
    const byte_file *file;
    zip_directory directory;
    const char *pickle; /* the entry's name */
    int prefix;         /* bytes of it before "data.pkl" */
} archive;

static status find_pickle(archive *a)
{
    for (size_t i = 0; i < a->directory.count; i++) {
        const char *name = a->directory.at[i].name, *slash = strchr(name, '/'), *last = slash ? slash + 1 : name;
        if (strcmp(last, "data.pkl")) continue;
        if (a->pickle) return FAIL(ERR_INPUT, "%s: has both %.200s and %.200s", a->file->path, a->pickle, name);
        a->pickle = name;
        a->prefix = (int)(last - name);
    }
    if (a->pickle) return OK;
    return FAIL(ERR_INPUT, "%s: is a zip archive without data.pkl, so not written by torch.save", a->file->path);
}

/* The entry of this name below the archive's folder; NULL when there is none. */
static const zip_entry *find_entry(const archive *a, const char *folder, const char *name)
{
    char full[1024];
    int length = snprintf(full, sizeof full, "%.*s%s%s", a->prefix, a->pickle, folder, name);
    return length < (int)sizeof full ? zip_find(&a->directory, full) : NULL;
}

static status check_byte_order(const archive *a)
{
    char text[8] = "";
    stored_bytes place;
    const zip_entry *e = find_entry(a, "", "byteorder");
    if (!e) return OK;
    status st = zip_locate(a->file, e, &place);
    if (st == OK && place.bytes < sizeof text) st = stored_read(a->file, &place, 0, place.bytes, text);
    if (st != OK || !strcmp(text, "little")) return st;
    return FAIL(ERR_INPUT, "%s: its numbers are big endian: save it on another machine", a->file->path);
}

static status load_pickle(const archive *a, pickle_input *in)
{
    status st = OK;
    stored_bytes place;
    TRY(zip_locate(a->file, zip_find(&a->directory, a->pickle), &place));
    if (place.bytes > PICKLE_BYTES_MOST)
        TRY(FAIL(ERR_INPUT, "%s: %.200s is longer than 64 MiB", a->file->path, a->pickle));
    in->bytes = malloc((size_t)place.bytes + 1);
    if (!in->bytes) TRY(FAIL(ERR_MEMORY, "%s: no memory to read %.200s", a->file->path, a->pickle));
    TRY(stored_read(a->file, &place, 0, place.bytes, in->bytes));
    in->count = (size_t)place.bytes;
    in->most = place.bytes;
    in->base = place.at;
done:
    return st;
}

/* Whether `bytes` are enough for the storage's elements. */
static status check_storage(const byte_file *f, const pickle_storage *storage, uint64_t bytes)
{
    if (storage->element_bytes && storage->elements <= bytes / storage->element_bytes) return OK;
    return FAIL(ERR_INPUT, "%s: storage '%.100s' has %llu bytes, too few for its %llu elements", f->path, storage->key,
                (unsigned long long)bytes, (unsigned long long)storage->elements);
}

static status locate_entry(void *self, const pickle_storage *storage, stored_bytes *out)
{
    const archive *a = self;
    const zip_entry *e = find_entry(a, "data/", storage->key);
    if (!e)
        return FAIL(ERR_INPUT, "%s: there is no %.*sdata/%.100s, where a tensor should be", a->file->path, a->prefix,
                    a->pickle, storage->key);
    status st = zip_locate(a->file, e, out);
    return st == OK ? check_storage(a->file, storage, out->bytes) : st;
}

status torch_zip_read(weight_file *f, bool all)
{
    status st = OK;
    archive a = {.file = &f->bytes};
    pickle_input in = {.file = &f->bytes};
    pickle_result pickle = {0};
    f->format = "torch.save (zip)";
    TRY(zip_directory_read(&f->bytes, f->memory, &a.directory));
    TRY(find_pickle(&a));
    TRY(check_byte_order(&a));
    TRY(load_pickle(&a, &in));
    TRY(pickle_read(&in, f->memory, &pickle));
    TRY(tree_take(f, &pickle, all, locate_entry, &a));
done:
    pickle_result_free(&pickle);
    free(in.bytes);
    free(a.directory.at);
    return st;
}

/* ---- legacy ------------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *key;
    stored_bytes place;
} legacy_place;

typedef struct {
    const byte_file *file;
    legacy_place *at; /* (count), by key; owned */
    size_t count;
} legacy_places;

static int by_storage_key(const void *a, const void *b)
{
    return strcmp((*(pickle_storage *const *)a)->key, (*(pickle_storage *const *)b)->key);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const legacy_place *)a)->key, ((const legacy_place *)b)->key);
}

/* One of the small pickles around the values. */
static status read_small(pickle_input *in, arena *memory, pickle_value **out)
{
    pickle_result small = {0};
    status st = pickle_read(in, memory, &small);
    *out = small.root;
    pickle_result_free(&small);
    return st;
}

static status check_system(const byte_file *f, const pickle_value *protocol, const pickle_value *system)
{
    if (protocol->kind != PICKLE_INT || protocol->whole != 1001)
        return FAIL(ERR_INPUT, "%s: is not of the one legacy protocol, 1001", f->path);
    for (size_t i = 0; system->kind == PICKLE_DICT && i + 1 < system->items.count; i += 2) {
        const pickle_value *key = system->items.at[i], *value = system->items.at[i + 1];
        if (key->kind == PICKLE_TEXT && !strcmp(key->text.at, "little_endian") &&
            !(value->kind == PICKLE_BOOL && value->truth))
            return FAIL(ERR_INPUT, "%s: its numbers are big endian: save it on another machine", f->path);
    }
    return OK;
}

static status read_head(pickle_input *in, arena *memory)
{
    status st = OK;
    pickle_value *magic = NULL, *protocol = NULL, *system = NULL;
    TRY(read_small(in, memory, &magic)); /* is what weight_file_open knew the file by */
    TRY(read_small(in, memory, &protocol));
    TRY(read_small(in, memory, &system));
    TRY(check_system(in->file, protocol, system));
done:
    return st;
}

/* The storage of this key as the values have it; `storages` are by key. */
static const pickle_storage *find_storage(const pickle_result *pickle, const char *key)
{
    pickle_storage wanted = {.key = key}, *at = &wanted, **found = NULL;
    if (pickle->storage_count) found = bsearch(&at, pickle->storages, pickle->storage_count, sizeof at, by_storage_key);
    return found ? *found : NULL;
}

/* The storage that begins at `*at`, which moves behind it. */
static status place_storage(const byte_file *f, const pickle_result *pickle, const pickle_value *key, uint64_t *at,
                            legacy_place *out)
{
    status st = OK;
    unsigned char count_bytes[8];
    const pickle_storage *storage = key->kind == PICKLE_TEXT ? find_storage(pickle, key->text.at) : NULL;
    uint64_t size = storage ? storage->element_bytes : 0;
    if (!size)
        TRY(FAIL(ERR_INPUT,
                 "%s: byte %llu: a storage that no tensor, or none that can be read, lies in: the data behind "
                 "it cannot be found",
                 f->path, (unsigned long long)*at));
    TRY(bytes_read(f, *at, count_bytes, sizeof count_bytes));
    uint64_t count = bytes_number(count_bytes, 8), begin = *at + 8;
    if (count != storage->elements || begin > f->count || count > (f->count - begin) / size)
        TRY(FAIL(ERR_INPUT, "%s: byte %llu: storage '%.100s' should have %llu elements of %llu bytes here", f->path,
                 (unsigned long long)*at, storage->key, (unsigned long long)storage->elements,
                 (unsigned long long)size));
    *out = (legacy_place){storage->key, {.at = begin, .packed = count * size, .bytes = count * size}};
    *at = begin + count * size;
done:
    return st;
}

static status place_storages(const byte_file *f, pickle_result *pickle, const pickle_value *keys, uint64_t at,
                             legacy_places *out)
{
    status st = OK;
    if (keys->kind != PICKLE_LIST) TRY(FAIL(ERR_INPUT, "%s: has no list of its storages", f->path));
    if (pickle->storage_count) qsort(pickle->storages, pickle->storage_count, sizeof *pickle->storages, by_storage_key);
    out->at = calloc(keys->items.count + (size_t)1, sizeof *out->at);
    if (!out->at) TRY(FAIL(ERR_MEMORY, "%s: no memory for its storages", f->path));
    for (; out->count < keys->items.count; out->count++)
        TRY(place_storage(f, pickle, keys->items.at[out->count], &at, &out->at[out->count]));
    qsort(out->at, out->count, sizeof *out->at, by_key);
done:
    return st;
}

static status locate_place(void *self, const pickle_storage *storage, stored_bytes *out)
{
    const legacy_places *places = self;
    const legacy_place wanted = {.key = storage->key},
                       *found =
                           places->count ? bsearch(&wanted, places->at, places->count, sizeof wanted, by_key) : NULL;
    if (!found) return FAIL(ERR_INPUT, "%s: storage '%.100s' is not in its list", places->file->path, storage->key);
    *out = found->place;
    return check_storage(places->file, storage, out->bytes);
}

status torch_legacy_read(weight_file *f, bool all)
{
    status st = OK;
    pickle_input in = {.file = &f->bytes, .most = f->bytes.count};
    pickle_result pickle = {0};
    pickle_value *keys = NULL;
    legacy_places places = {.file = &f->bytes};
    f->format = "torch.save (legacy)";
    TRY(read_head(&in, f->memory));
    TRY(pickle_read(&in, f->memory, &pickle));
    TRY(read_small(&in, f->memory, &keys));
    TRY(place_storages(&f->bytes, &pickle, keys, in.at, &places));
    TRY(tree_take(f, &pickle, all, locate_place, &places));
done:
    free(places.at);
    pickle_result_free(&pickle);
    free(in.bytes);
    return st;
}
