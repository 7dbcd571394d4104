#include "weights/entries.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files hold little endian numbers, which are copied");

enum { PIECE = 1 << 16 }; /* bytes of deflated data that are read, and skipped, at once */

/* ---- lists ------------------------------------------------------------------------------------------------------- */

weight_entry *entries_add(entry_list *list)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        weight_entry *grown = realloc(list->at, room * sizeof *grown);
        if (!grown) return NULL;
        list->at = grown;
        list->room = room;
    }
    weight_entry *fresh = &list->at[list->count++];
    *fresh = (weight_entry){0};
    return fresh;
}

static status add_note(weight_file *f, const char *text)
{
    if (f->note_count == f->note_room) {
        size_t room = f->note_room ? 2 * f->note_room : 16;
        const char **grown = realloc(f->notes, room * sizeof *grown);
        if (!grown) return FAIL(ERR_MEMORY, "%s: no memory for notes", f->bytes.path);
        f->notes = grown;
        f->note_room = room;
    }
    const char *kept = arena_copy(f->memory, text, strlen(text));
    if (!kept) return FAIL(ERR_MEMORY, "%s: no memory for notes", f->bytes.path);
    f->notes[f->note_count++] = kept;
    return OK;
}

status weight_file_add_note(weight_file *f, const char *text, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, text);
    vsnprintf(line, sizeof line, text, arguments);
    va_end(arguments);
    return add_note(f, line);
}

/* ---- sizes ------------------------------------------------------------------------------------------------------- */

bool weight_info_count(weight_info *info)
{
    bool empty = false, fits = true;
    info->elements = 1;
    for (int i = 0; i < info->dims; i++) {
        empty |= info->shape[i] == 0;
        fits = fits && !__builtin_mul_overflow(info->elements, (uint64_t)info->shape[i], &info->elements);
    }
    if (empty) info->elements = 0;
    else if (!fits) return false;
    return !__builtin_mul_overflow(info->elements, (uint64_t)weight_type_bytes(info->type), &info->bytes) &&
           info->bytes <= INT64_MAX;
}

bool entry_extent(const weight_entry *e, uint64_t *out)
{
    uint64_t last = 0;
    *out = 0;
    if (!e->info.elements) return true;
    for (int i = 0; i < e->info.dims; i++) {
        uint64_t reach;
        if (__builtin_mul_overflow((uint64_t)e->info.shape[i] - 1, (uint64_t)e->stride[i], &reach) ||
            __builtin_add_overflow(last, reach, &last))
            return false;
    }
    return !__builtin_add_overflow(last, 1, out);
}

bool entry_is_contiguous(const weight_entry *e)
{
    int64_t stride = 1;
    for (int i = e->info.dims - 1; i >= 0; i--) {
        if (e->info.shape[i] != 1 && e->stride[i] != stride) return false;
        stride *= e->info.shape[i];
    }
    return true;
}

/* ---- stored bytes ------------------------------------------------------------------------------------------------ */

static status inflate_failed(const byte_file *f, const stored_bytes *from, const z_stream *z)
{
    return FAIL(ERR_INPUT, "%s: byte %llu: its deflated data are damaged (%s)", f->path, (unsigned long long)from->at,
                z->msg ? z->msg : "they end too early or too late");
}

/* Inflates the next `count` bytes to `out`, or to nowhere, a piece at a time. `packed` (PIECE) is the input's room. */
static status inflate_next(const byte_file *f, const stored_bytes *from, z_stream *z, uint64_t *taken,
                           unsigned char *packed, unsigned char *out, uint64_t count)
{
    unsigned char nowhere[4096];
    while (count) {
        uint64_t room = out ? PIECE : sizeof nowhere;
        z->avail_out = (uInt)(count < room ? count : room);
        z->next_out = out ? out : nowhere;
        uInt asked = z->avail_out;
        if (!z->avail_in) {
            uint64_t left = from->packed - *taken;
            z->avail_in = (uInt)(left < PIECE ? left : PIECE);
            z->next_in = packed;
            status st = bytes_read(f, from->at + *taken, packed, z->avail_in);
            if (st != OK) return st;
            *taken += z->avail_in;
        }
        int got = inflate(z, Z_NO_FLUSH);
        uInt made = asked - z->avail_out;
        if ((got != Z_OK && got != Z_STREAM_END && got != Z_BUF_ERROR) ||
            (!made && !z->avail_in && *taken == from->packed) || (got == Z_STREAM_END && made < count))
            return inflate_failed(f, from, z);
        if (out) out += made;
        count -= made;
    }
    return OK;
}

static status read_deflated(const byte_file *f, const stored_bytes *from, uint64_t begin, uint64_t end, void *out)
{
    status st = OK;
    z_stream z = {0};
    uint64_t taken = 0;
    unsigned char *packed = malloc(PIECE);
    bool begun = packed && inflateInit2(&z, -MAX_WBITS) == Z_OK;
    if (!begun) TRY(FAIL(ERR_MEMORY, "%s: no memory to inflate its data", f->path));
    TRY(inflate_next(f, from, &z, &taken, packed, NULL, begin));
    TRY(inflate_next(f, from, &z, &taken, packed, out, end - begin));
done:
    if (begun) inflateEnd(&z);
    free(packed);
    return st;
}

status stored_read(const byte_file *f, const stored_bytes *from, uint64_t begin, uint64_t end, void *out)
{
    status st = from->deflated ? read_deflated(f, from, begin, end, out)
                               : bytes_read(f, from->at + begin, out, (size_t)(end - begin));
    if (st != OK || !from->crc || begin || end != from->bytes) return st;
    if ((uint32_t)crc32_z(0, out, (size_t)end) == from->crc) return OK;
    return FAIL(ERR_INPUT, "%s: byte %llu: the check sum of these %llu bytes is wrong: the file is damaged", f->path,
                (unsigned long long)from->at, (unsigned long long)end);
}

/* ---- elements ---------------------------------------------------------------------------------------------------- */

/* Copies what the entry addresses in `from` to `out`, row major. */
static void gather(const weight_entry *e, const char *from, char *out)
{
    const size_t size = weight_type_bytes(e->info.type);
    const int inner = e->info.dims - 1;
    int64_t index[WEIGHT_DIMS_MOST] = {0};
    for (uint64_t done = 0; done < e->info.elements; done += (uint64_t)e->info.shape[inner]) {
        const char *row = from;
        for (int i = 0; i < inner; i++) row += (size_t)(index[i] * e->stride[i]) * size;
        for (int64_t i = 0; i < e->info.shape[inner]; i++, out += size)
            memcpy(out, row + (size_t)(i * e->stride[inner]) * size, size);
        for (int i = inner - 1; i >= 0 && ++index[i] == e->info.shape[i]; i--) index[i] = 0;
    }
}

status entry_read(const byte_file *f, const weight_entry *e, void *out)
{
    status st = OK;
    const uint64_t size = weight_type_bytes(e->info.type);
    uint64_t extent = 0;
    char *all = NULL;
    if (!e->info.elements) return OK;
    if (!entry_extent(e, &extent)) TRY(FAIL(ERR_INTERNAL, "%s: '%.200s' was not checked", f->path, e->info.name));
    uint64_t begin = e->start * size, end = begin + extent * size;
    if (entry_is_contiguous(e)) return stored_read(f, &e->storage, begin, end, out);
    all = malloc((size_t)(end - begin));
    if (!all) TRY(FAIL(ERR_MEMORY, "%s: no memory to read '%.200s'", f->path, e->info.name));
    TRY(stored_read(f, &e->storage, begin, end, all));
    gather(e, all, out);
done:
    free(all);
    return st;
}
