/* zip - read from the end, as the format wants it: the end record, where needed the zip64 one before it, the central
 * directory, and for each entry that is used its own header, behind which its data begin. Every size and place is
 * compared with the file's before it is used. Source: PKWARE's APPNOTE.
 */
#include "weights/zip.h"

#include <stdlib.h>
#include <string.h>

enum {
    END_BYTES = 22,
    COMMENT_MOST = 65535,
    LOCATOR_BYTES = 20,
    END64_BYTES = 56,
    CENTRAL_BYTES = 46,
    LOCAL_BYTES = 30
};
enum { ENTRIES_MOST = 1 << 20, DIRECTORY_MOST = 256 << 20, DEFLATE_MOST = 1032 /* deflate's largest gain */ };
static const uint64_t END_MARK = 0x06054b50, LOCATOR_MARK = 0x07064b50, END64_MARK = 0x06064b50;
static const uint64_t CENTRAL_MARK = 0x02014b50, LOCAL_MARK = 0x04034b50;

typedef struct {
    uint64_t at, bytes, entries;
} central_place;

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static status read_end64(const byte_file *f, uint64_t end_at, central_place *out)
{
    unsigned char record[END64_BYTES];
    if (end_at < LOCATOR_BYTES) return OK;
    status st = bytes_read(f, end_at - LOCATOR_BYTES, record, LOCATOR_BYTES);
    if (st != OK || bytes_number(record, 4) != LOCATOR_MARK) return st;
    uint64_t at = bytes_number(record + 8, 8);
    if (at > end_at || end_at - at < END64_BYTES)
        return FAIL(ERR_INPUT, "%s: byte %llu: its zip64 record is said to lie at byte %llu", f->path,
                    (unsigned long long)(end_at - LOCATOR_BYTES), (unsigned long long)at);
    st = bytes_read(f, at, record, END64_BYTES);
    if (st != OK) return st;
    if (bytes_number(record, 4) != END64_MARK)
        return FAIL(ERR_INPUT, "%s: byte %llu: is no zip64 record", f->path, (unsigned long long)at);
    *out = (central_place){.entries = bytes_number(record + 32, 8),
                           .bytes = bytes_number(record + 40, 8),
                           .at = bytes_number(record + 48, 8)};
    return OK;
}

/* The last place where an end record and its comment fill the file to its end. */
static status find_end(const byte_file *f, uint64_t *end_at, central_place *out)
{
    status st = OK;
    uint64_t most = END_BYTES + COMMENT_MOST, size = f->count < most ? f->count : most;
    unsigned char *tail = malloc((size_t)size + 1);
    if (!tail) TRY(FAIL(ERR_MEMORY, "%s: no memory to read its end", f->path));
    TRY(bytes_read(f, f->count - size, tail, (size_t)size));
    for (uint64_t i = size < END_BYTES ? 0 : size - END_BYTES + 1; i-- > 0;) {
        const unsigned char *at = tail + i;
        if (bytes_number(at, 4) != END_MARK || bytes_number(at + 20, 2) != size - i - END_BYTES) continue;
        *end_at = f->count - size + i;
        *out = (central_place){bytes_number(at + 16, 4), bytes_number(at + 12, 4), bytes_number(at + 10, 2)};
        goto done;
    }
    TRY(FAIL(ERR_INPUT, "%s: is a zip archive without an end: it was cut off", f->path));
done:
    free(tail);
    return st;
}

static status find_central(const byte_file *f, central_place *out)
{
    status st = OK;
    uint64_t end_at = 0;
    TRY(find_end(f, &end_at, out));
    TRY(read_end64(f, end_at, out));
    if (out->at > end_at || out->bytes > end_at - out->at || out->bytes > DIRECTORY_MOST ||
        out->entries > ENTRIES_MOST || out->entries * CENTRAL_BYTES > out->bytes)
        TRY(FAIL(ERR_INPUT, "%s: byte %llu: a directory of %llu entries in %llu bytes at byte %llu cannot be", f->path,
                 (unsigned long long)end_at, (unsigned long long)out->entries, (unsigned long long)out->bytes,
                 (unsigned long long)out->at));
done:
    return st;
}

/* ---- the directory ----------------------------------------------------------------------------------------------- */

/* Sizes and places that do not fit into 32 bits lie in an extra field, in this order. */
static bool take_zip64(const unsigned char *extra, size_t size, zip_entry *e)
{
    uint64_t *wide[] = {&e->bytes, &e->packed, &e->header_at};
    bool needed = e->bytes == UINT32_MAX || e->packed == UINT32_MAX || e->header_at == UINT32_MAX;
    while (needed && size >= 4) {
        size_t id = (size_t)bytes_number(extra, 2), length = (size_t)bytes_number(extra + 2, 2);
        if (length > size - 4) return false;
        const unsigned char *at = extra + 4, *end = at + length;
        for (int i = 0; id == 1 && i < 3; i++) {
            if (*wide[i] != UINT32_MAX) continue;
            if (end - at < 8) return false;
            *wide[i] = bytes_number(at, 8);
            at += 8;
        }
        if (id == 1) return true;
        extra += 4 + length;
        size -= 4 + length;
    }
    return !needed;
}

/* The entry at `at`, of which `left` bytes remain; `*used` are its. */
static bool parse_central(const unsigned char *at, size_t left, arena *memory, zip_entry *e, size_t *used)
{
    if (left < CENTRAL_BYTES || bytes_number(at, 4) != CENTRAL_MARK) return false;
    size_t name = (size_t)bytes_number(at + 28, 2), extra = (size_t)bytes_number(at + 30, 2);
    *used = CENTRAL_BYTES + name + extra + (size_t)bytes_number(at + 32, 2);
    if (*used > left || memchr(at + CENTRAL_BYTES, 0, name)) return false;
    *e = (zip_entry){.name = arena_copy(memory, (const char *)at + CENTRAL_BYTES, name),
                     .flags = (unsigned)bytes_number(at + 8, 2),
                     .method = (unsigned)bytes_number(at + 10, 2),
                     .crc = (uint32_t)bytes_number(at + 16, 4),
                     .packed = bytes_number(at + 20, 4),
                     .bytes = bytes_number(at + 24, 4),
                     .header_at = bytes_number(at + 42, 4)};
    return e->name && take_zip64(at + CENTRAL_BYTES + name, extra, e);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const zip_entry *)a)->name, ((const zip_entry *)b)->name);
}

static status check_names(const byte_file *f, const zip_directory *d)
{
    for (size_t i = 1; i < d->count; i++)
        if (!strcmp(d->at[i - 1].name, d->at[i].name))
            return FAIL(ERR_INPUT, "%s: two of its entries are called '%.200s'", f->path, d->at[i].name);
    return OK;
}

status zip_directory_read(const byte_file *f, arena *memory, zip_directory *out)
{
    status st = OK;
    central_place place = {0};
    unsigned char *bytes = NULL;
    *out = (zip_directory){0};
    TRY(find_central(f, &place));
    bytes = malloc((size_t)place.bytes + 1);
    out->at = calloc((size_t)place.entries + 1, sizeof *out->at);
    if (!bytes || !out->at) TRY(FAIL(ERR_MEMORY, "%s: no memory for its directory", f->path));
    TRY(bytes_read(f, place.at, bytes, (size_t)place.bytes));
    for (size_t at = 0, used = 0; out->count < place.entries; out->count++, at += used)
        if (!parse_central(bytes + at, (size_t)place.bytes - at, memory, &out->at[out->count], &used))
            TRY(FAIL(ERR_INPUT, "%s: byte %llu: is no entry of a zip directory", f->path,
                     (unsigned long long)(place.at + at)));
    qsort(out->at, out->count, sizeof *out->at, by_name);
    TRY(check_names(f, out));
done:
    free(bytes);
    return st;
}

const zip_entry *zip_find(const zip_directory *directory, const char *name)
{
    const zip_entry wanted = {.name = name};
    return directory->count ? bsearch(&wanted, directory->at, directory->count, sizeof wanted, by_name) : NULL;
}

/* ---- one entry --------------------------------------------------------------------------------------------------- */

static status check_packing(const byte_file *f, const zip_entry *e)
{
    bool stored = e->method == 0, deflated = e->method == 8;
    if (e->flags & 1) return FAIL(ERR_INPUT, "%s: '%.200s' is encrypted", f->path, e->name);
    if (!stored && !deflated)
        return FAIL(ERR_INPUT, "%s: '%.200s' is packed by method %u: stored and deflated entries are read", f->path,
                    e->name, e->method);
    if (stored ? e->packed != e->bytes : e->bytes / DEFLATE_MOST > e->packed)
        return FAIL(ERR_INPUT, "%s: '%.200s' cannot have %llu bytes in %llu", f->path, e->name,
                    (unsigned long long)e->bytes, (unsigned long long)e->packed);
    return OK;
}

status zip_locate(const byte_file *f, const zip_entry *e, stored_bytes *out)
{
    status st = OK;
    unsigned char header[LOCAL_BYTES] = {0};
    TRY(check_packing(f, e));
    if (e->header_at > f->count || f->count - e->header_at < LOCAL_BYTES)
        TRY(FAIL(ERR_INPUT, "%s: '%.200s' is said to lie at byte %llu of %llu", f->path, e->name,
                 (unsigned long long)e->header_at, (unsigned long long)f->count));
    TRY(bytes_read(f, e->header_at, header, sizeof header));
    if (bytes_number(header, 4) != LOCAL_MARK)
        TRY(FAIL(ERR_INPUT, "%s: byte %llu: '%.200s' does not begin here", f->path, (unsigned long long)e->header_at,
                 e->name));
    uint64_t at = e->header_at + LOCAL_BYTES + bytes_number(header + 26, 2) + bytes_number(header + 28, 2);
    if (at > f->count || e->packed > f->count - at)
        TRY(FAIL(ERR_INPUT, "%s: '%.200s' has %llu bytes at byte %llu, and the file ends at %llu", f->path, e->name,
                 (unsigned long long)e->packed, (unsigned long long)at, (unsigned long long)f->count));
    *out = (stored_bytes){at, e->packed, e->bytes, e->method == 8, e->crc};
done:
    return st;
}
