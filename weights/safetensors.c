/* safetensors - nothing in a file is believed: the header is bounded by the file's size, every size is computed without
 * overflow and compared.
 */
#include "weights/safetensors.h"

#include "weights/entries.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, HEADER_MOST = 100 * 1024 * 1024, ALIGNMENT = 8 };

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static status read_header(const byte_file *f, json_t **out, uint64_t *data_start)
{
    status st = OK;
    unsigned char length_bytes[LENGTH_BYTES];
    char *text = NULL;
    json_error_t error;

    if (f->count < LENGTH_BYTES)
        TRY(FAIL(ERR_INPUT, "%s: has %d bytes at least, and there are %llu", f->path, LENGTH_BYTES,
                 (unsigned long long)f->count));
    TRY(bytes_read(f, 0, length_bytes, sizeof length_bytes));
    uint64_t length = bytes_number(length_bytes, sizeof length_bytes);
    if (length > HEADER_MOST || length > f->count - LENGTH_BYTES)
        TRY(FAIL(ERR_INPUT, "%s: byte 0: a header of %llu bytes does not fit (file %llu, limit %d)", f->path,
                 (unsigned long long)length, (unsigned long long)f->count, HEADER_MOST));
    text = malloc(length + 1);
    if (!text) TRY(FAIL(ERR_MEMORY, "%s: no memory for its header", f->path));
    TRY(bytes_read(f, LENGTH_BYTES, text, length));
    *out = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!*out) TRY(FAIL(ERR_INPUT, "%s: byte %d: %s", f->path, LENGTH_BYTES + error.position, error.text));
    if (!json_is_object(*out)) TRY(FAIL(ERR_INPUT, "%s: byte %d: no JSON object", f->path, LENGTH_BYTES));
    *data_start = LENGTH_BYTES + length;
done:
    free(text);
    return st;
}

static status take_metadata(weight_file *f, json_t *metadata)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata)) return FAIL(ERR_INPUT, "%s: __metadata__ is no object", f->bytes.path);
    json_object_foreach(metadata, key, value) if (!json_is_string(value)) return FAIL(
        ERR_INPUT, "%s: metadata '%.200s' is no string", f->bytes.path, key);
    if (json_object_update(f->values, metadata))
        return FAIL(ERR_MEMORY, "%s: no memory for its metadata", f->bytes.path);
    return OK;
}

static bool parse_type(const json_t *value, weight_type *type)
{
    for (int i = 0; json_is_string(value) && i < WEIGHT_TYPES; i++)
        if (!strcmp(json_string_value(value), weight_type_name((weight_type)i))) return *type = (weight_type)i, true;
    return false;
}

static bool parse_shape(const json_t *value, weight_info *info)
{
    if (!json_is_array(value) || json_array_size(value) > WEIGHT_DIMS_MOST) return false;
    info->dims = (int)json_array_size(value);
    for (int i = 0; i < info->dims; i++) {
        const json_t *size = json_array_get(value, (size_t)i);
        if (!json_is_integer(size) || json_integer_value(size) < 0) return false;
        info->shape[i] = json_integer_value(size);
    }
    return weight_info_count(info);
}

static bool parse_offsets(const json_t *value, uint64_t *begin_out, uint64_t *end_out)
{
    const json_t *begin = json_array_get(value, 0), *end = json_array_get(value, 1);
    if (json_array_size(value) != 2 || !json_is_integer(begin) || !json_is_integer(end)) return false;
    if (json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin)) return false;
    *begin_out = (uint64_t)json_integer_value(begin);
    *end_out = (uint64_t)json_integer_value(end);
    return true;
}

static void set_strides(weight_entry *e)
{
    int64_t stride = 1;
    for (int i = e->info.dims - 1; i >= 0; i--) {
        e->stride[i] = stride;
        if (e->info.elements) stride *= e->info.shape[i]; /* else nothing is read, and sizes may be of any size */
    }
}

static status parse_entry(const weight_file *f, const json_t *value, uint64_t data_start, weight_entry *e)
{
    const char *path = f->bytes.path;
    uint64_t begin = 0, end = 0, data_bytes = f->bytes.count - data_start;
    const json_t *type = json_object_get(value, "dtype");
    if (!parse_type(type, &e->info.type))
        return FAIL(ERR_INPUT,
                    "%s: tensor '%.200s': type '%.20s' is not one of F32 F64 F16 BF16 I32 I64 U8 BOOL I8 I16", path,
                    e->info.name, json_is_string(type) ? json_string_value(type) : "");
    if (!parse_shape(json_object_get(value, "shape"), &e->info))
        return FAIL(ERR_INPUT, "%s: tensor '%.200s': its shape is not up to %d sizes >= 0", path, e->info.name,
                    WEIGHT_DIMS_MOST);
    if (!parse_offsets(json_object_get(value, "data_offsets"), &begin, &end))
        return FAIL(ERR_INPUT, "%s: tensor '%.200s': its data_offsets are not [begin, end)", path, e->info.name);
    if (e->info.bytes != end - begin)
        return FAIL(ERR_INPUT, "%s: tensor '%.200s': byte %llu: its shape does not fill its %llu bytes", path,
                    e->info.name, (unsigned long long)(data_start + begin), (unsigned long long)(end - begin));
    if (end > data_bytes)
        return FAIL(ERR_INPUT, "%s: tensor '%.200s': its data end at byte %llu and the file at %llu", path,
                    e->info.name, (unsigned long long)(data_start + end), (unsigned long long)f->bytes.count);
    e->storage = (stored_bytes){.at = data_start + begin, .packed = end - begin, .bytes = end - begin};
    set_strides(e);
    return OK;
}

static int by_place(const void *a, const void *b)
{
    const stored_bytes *x = &((const weight_entry *)a)->storage, *y = &((const weight_entry *)b)->storage;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

/* Every byte of the data belongs to exactly one tensor. */
static status check_layout(weight_file *f, uint64_t data_start)
{
    uint64_t covered = data_start;
    qsort(f->entries.at, f->entries.count, sizeof *f->entries.at, by_place);
    for (size_t i = 0; i < f->entries.count; i++) {
        const weight_entry *e = &f->entries.at[i];
        if (e->storage.at != covered)
            return FAIL(ERR_INPUT, "%s: tensor '%.200s': byte %llu: %s", f->bytes.path, e->info.name,
                        (unsigned long long)e->storage.at,
                        e->storage.at < covered ? "overlaps the tensor before" : "leaves a hole before it");
        covered = e->storage.at + e->storage.bytes;
    }
    if (covered != f->bytes.count)
        return FAIL(ERR_INPUT, "%s: byte %llu: %llu bytes belong to no tensor", f->bytes.path,
                    (unsigned long long)covered, (unsigned long long)(f->bytes.count - covered));
    return OK;
}

static status take_entry(weight_file *f, const char *name, const json_t *value, uint64_t data_start)
{
    weight_entry *e = entries_add(&f->entries);
    if (e) e->info.name = arena_copy(f->memory, name, strlen(name));
    if (!e || !e->info.name) return FAIL(ERR_MEMORY, "%s: no memory for its table", f->bytes.path);
    return parse_entry(f, value, data_start, e);
}

status safetensors_read(weight_file *f)
{
    status st = OK;
    json_t *header = NULL, *value;
    const char *name;
    uint64_t data_start = 0;
    f->format = "safetensors";
    TRY(read_header(&f->bytes, &header, &data_start));
    json_object_foreach(header, name, value)
        TRY(!strcmp(name, "__metadata__") ? take_metadata(f, value) : take_entry(f, name, value, data_start));
    TRY(check_layout(f, data_start));
done:
    json_decref(header);
    return st;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static json_t *entry_json(const weight_info *info, uint64_t begin)
{
    json_t *shape = json_array();
    for (int i = 0; i < info->dims; i++) json_array_append_new(shape, json_integer(info->shape[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", weight_type_name(info->type), "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)(begin + info->bytes));
}

static status add_metadata(json_t *header, const char *path, const char *const *metadata)
{
    if (!metadata || !metadata[0]) return OK;
    json_t *pairs = json_object();
    if (json_object_set_new(header, "__metadata__", pairs))
        return FAIL(ERR_MEMORY, "%s: no memory for its header", path);
    for (; metadata[0]; metadata += 2)
        if (json_object_set_new(pairs, metadata[0], json_string(metadata[1])))
            return FAIL(ERR_INPUT, "%s: metadata '%.200s' is no UTF-8", path, metadata[0]);
    return OK;
}

static status add_entries(json_t *header, const char *path, const weight_info *const *infos, size_t count,
                          uint64_t *begins, uint64_t *data_bytes)
{
    *data_bytes = 0;
    for (size_t size = ALIGNMENT; size; size /= 2)
        for (size_t i = 0; i < count; i++) {
            const weight_info *info = infos[i];
            if (weight_type_bytes(info->type) != size) continue;
            if (json_object_get(header, info->name))
                return FAIL(ERR_INTERNAL, "%s: two tensors '%s'", path, info->name);
            begins[i] = *data_bytes;
            if (json_object_set_new(header, info->name, entry_json(info, begins[i])))
                return FAIL(ERR_INPUT, "%s: the name '%.200s' is no UTF-8", path, info->name);
            *data_bytes += info->bytes;
        }
    return OK;
}

static status pad_head(const char *path, const char *header, char **head, size_t *head_bytes)
{
    size_t length = strlen(header), padded = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    char *to = malloc(LENGTH_BYTES + padded);
    if (!to) return FAIL(ERR_MEMORY, "%s: no memory for its header", path);
    for (size_t i = 0; i < LENGTH_BYTES; i++) to[i] = (char)((uint64_t)padded >> 8 * i & 0xff);
    memcpy(to + LENGTH_BYTES, header, length);
    memset(to + LENGTH_BYTES + length, ' ', padded - length);
    *head = to;
    *head_bytes = LENGTH_BYTES + padded;
    return OK;
}

status safetensors_head(const char *path, const weight_info *const *infos, size_t count, const char *const *metadata,
                        uint64_t *begins, char **head, size_t *head_bytes, uint64_t *data_bytes)
{
    status st = OK;
    json_t *header = json_object();
    char *text = NULL;
    TRY(add_metadata(header, path, metadata));
    TRY(add_entries(header, path, infos, count, begins, data_bytes));
    text = json_dumps(header, JSON_COMPACT | JSON_PRESERVE_ORDER);
    if (!text) TRY(FAIL(ERR_MEMORY, "%s: no memory for its header", path));
    TRY(pad_head(path, text, head, head_bytes));
done:
    free(text);
    json_decref(header);
    return st;
}
