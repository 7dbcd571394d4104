#include "weights/entries.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD_BYTES = 32 };

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* PyTorch's magic number, as a pickle has it: a LONG1 of ten bytes. */
static const unsigned char LEGACY_MAGIC[] = {0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

static bool is_legacy(const unsigned char *head, size_t count)
{
    return head[0] == 0x80 && memmem(head, count, LEGACY_MAGIC, sizeof LEGACY_MAGIC);
}

/* safetensors begin with a length of under 2^32: bytes 4 to 7 are 0. In zip archives and pickles they are not. */
static bool begins_with_length(const unsigned char *head)
{
    return !(head[4] | head[5] | head[6] | head[7]);
}

static status read_any(weight_file *f, bool all)
{
    unsigned char head[HEAD_BYTES] = {0};
    size_t count = f->bytes.count < sizeof head ? (size_t)f->bytes.count : sizeof head;
    status st = bytes_read(&f->bytes, 0, head, count);
    if (st != OK) return st;
    if (!memcmp(head, "PK\3\4", 4) && !begins_with_length(head)) return torch_zip_read(f, all);
    if (is_legacy(head, count)) return torch_legacy_read(f, all);
    if (head[0] == 0x80 && head[1] <= 5 && !begins_with_length(head))
        return FAIL(ERR_INPUT, "%s: is a pickle, but none that torch.save wrote", f->bytes.path);
    return safetensors_read(f);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const weight_entry *)a)->info.name, ((const weight_entry *)b)->info.name);
}

static status sort_entries(weight_file *f)
{
    if (f->entries.count) qsort(f->entries.at, f->entries.count, sizeof *f->entries.at, by_name);
    for (size_t i = 1; i < f->entries.count; i++)
        if (!strcmp(f->entries.at[i - 1].info.name, f->entries.at[i].info.name))
            return FAIL(ERR_INPUT, "%s: two tensors are called '%.200s'", f->bytes.path, f->entries.at[i].info.name);
    return OK;
}

static status file_new(const char *path, weight_file **out)
{
    weight_file *f = calloc(1, sizeof *f);
    *out = f;
    if (f) {
        f->bytes.fd = -1;
        f->wrapper = "";
        f->values = json_object();
        f->memory = arena_new();
    }
    return f && f->values && f->memory ? OK : FAIL(ERR_MEMORY, "%s: no memory to open it", path);
}

/* The file at `path`, or the bytes that it has, where they are given. */
static status open_any(const char *path, const void *bytes, size_t count, bool all, weight_file **out)
{
    status st = OK;
    weight_file *f = NULL;
    TRY(file_new(path, &f));
    TRY(bytes ? bytes_open_memory(path, bytes, count, &f->bytes) : bytes_open(path, &f->bytes));
    TRY(read_any(f, all));
    TRY(sort_entries(f));
    *out = f;
    f = NULL;
done:
    weight_file_close(&f);
    return st;
}

status weight_file_open(const char *path, bool all, weight_file **out)
{
    return open_any(path, NULL, 0, all, out);
}

status weight_file_open_bytes(const char *path, const void *bytes, size_t count, bool all, weight_file **out)
{
    return open_any(path, bytes ? bytes : "", count, all, out);
}

void weight_file_close(weight_file **file)
{
    weight_file *f = file ? *file : NULL;
    if (!f) return;
    bytes_close(&f->bytes);
    json_decref(f->values);
    free(f->entries.at);
    free(f->notes);
    arena_free(&f->memory);
    free(f);
    *file = NULL;
}

/* ---- what is there ----------------------------------------------------------------------------------------------- */

size_t weight_file_count(const weight_file *file)
{
    return file ? file->entries.count : 0;
}

const weight_info *weight_file_at(const weight_file *file, size_t i)
{
    return i < weight_file_count(file) ? &file->entries.at[i].info : NULL;
}

const weight_info *weight_file_find(const weight_file *file, const char *name)
{
    const weight_entry wanted = {.info.name = name};
    if (!weight_file_count(file)) return NULL;
    const weight_entry *found = bsearch(&wanted, file->entries.at, file->entries.count, sizeof wanted, by_name);
    return found ? &found->info : NULL;
}

/* `info` is the first member of its entry. */
static const weight_entry *entry_of(const weight_info *info)
{
    return (const weight_entry *)(const void *)info;
}

status weight_file_read(weight_file *file, const weight_info *info, void *out)
{
    return entry_read(&file->bytes, entry_of(info), out);
}

const void *weight_file_at_hand(const weight_file *file, const weight_info *info)
{
    const weight_entry *e = entry_of(info);
    bool whole = file->bytes.memory && e->info.elements && !e->storage.deflated && !e->storage.crc;
    if (!whole || !entry_is_contiguous(e)) return NULL;
    return file->bytes.memory + e->storage.at + e->start * weight_type_bytes(info->type);
}

uint64_t weight_file_size(const weight_file *file)
{
    return file->bytes.count;
}

status weight_file_read_whole(const weight_file *file, void *out)
{
    return bytes_read(&file->bytes, 0, out, (size_t)file->bytes.count);
}

const char *weight_file_path(const weight_file *file)
{
    return file->bytes.path;
}

const char *weight_file_format(const weight_file *file)
{
    return file->format;
}

const char *weight_file_wrapper(const weight_file *file)
{
    return file->wrapper;
}

const json_t *weight_file_values(const weight_file *file)
{
    return file->values;
}

size_t weight_file_note_count(const weight_file *file)
{
    return file->note_count;
}

const char *weight_file_note(const weight_file *file, size_t i)
{
    return i < file->note_count ? file->notes[i] : NULL;
}
