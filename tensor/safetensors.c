/* safetensors - named tensors in a file.
 *
 * Layout: eight bytes little endian N; N bytes of JSON, {"name": {"dtype", "shape", "data_offsets": [begin, end)},
 * "__metadata__": {string: string}}; then the data, to the end of the file, without holes or overlaps. Source: the
 * format's description in huggingface/safetensors.
 *
 * Nothing in a file is believed: the header is bounded by the file's size, every size is computed without overflow and
 * compared, and data are read (not mapped, so that a file cut short meanwhile is an error and no signal).
 */
#include "base/direct.h"
#include "base/file.h"
#include "tensor/image.h"
#include "tensor/module.h"
#include "tensor/private.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LENGTH_BYTES = 8, HEADER_MOST = 100 * 1024 * 1024, ALIGNMENT = 8 };

static const char *const DTYPES[] = {
    [T_F32] = "F32", [T_F64] = "F64", [T_F16] = "F16", [T_BF16] = "BF16",
    [T_I32] = "I32", [T_I64] = "I64", [T_U8] = "U8",   [T_BOOL] = "BOOL",
};
enum { DTYPE_COUNT = sizeof DTYPES / sizeof *DTYPES };

typedef struct {
    const char *name; /* borrowed from the header */
    t_type type;
    int dims;
    int64_t shape[T_DIM_MAX];
    uint64_t begin, end; /* bytes, from the start of the data */
} entry;

struct tensor_file {
    char *path;
    int fd;
    const char *bytes; /* the whole file, borrowed; NULL: it is read */
    json_t *header;
    uint64_t data_start, data_bytes;
    entry *at; /* (count), by name */
    size_t count;
};

/* ---- header ------------------------------------------------------------------------------------------------------ */

/* Of a file in memory all places are looked up in a header that was held against its size. */
static status read_at(const tensor_file *f, void *out, size_t bytes, uint64_t offset)
{
    if (f->bytes) memcpy(out, f->bytes + offset, bytes);
    if (f->bytes) return OK;
    for (char *to = out; bytes;) {
        ssize_t got = pread(f->fd, to, bytes, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return FAIL(ERR_IO, "%s: cannot read: %s", f->path, strerror(errno));
        if (got == 0)
            return FAIL(ERR_INPUT, "%s: ends at byte %llu, in the middle", f->path, (unsigned long long)offset);
        to += got;
        offset += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return OK;
}

static status read_header(tensor_file *f, uint64_t file_bytes)
{
    status st = OK;
    unsigned char length_bytes[LENGTH_BYTES];
    uint64_t length = 0;
    char *text = NULL;
    json_error_t error;

    if (file_bytes < LENGTH_BYTES)
        TRY(FAIL(ERR_INPUT, "%s: has %d bytes at least, and there are %llu", f->path, LENGTH_BYTES,
                 (unsigned long long)file_bytes));
    TRY(read_at(f, length_bytes, sizeof length_bytes, 0));
    for (int i = LENGTH_BYTES - 1; i >= 0; i--) length = length << 8 | length_bytes[i];
    if (length > HEADER_MOST || length > file_bytes - LENGTH_BYTES)
        TRY(FAIL(ERR_INPUT, "%s: byte 0: a header of %llu bytes does not fit (file %llu, limit %d)", f->path,
                 (unsigned long long)length, (unsigned long long)file_bytes, HEADER_MOST));
    text = malloc(length + 1);
    if (!text) TRY(FAIL(ERR_MEMORY, "%s: no memory for its header", f->path));
    TRY(read_at(f, text, length, LENGTH_BYTES));
    f->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!f->header) TRY(FAIL(ERR_INPUT, "%s: byte %d: %s", f->path, LENGTH_BYTES + error.position, error.text));
    if (!json_is_object(f->header)) TRY(FAIL(ERR_INPUT, "%s: byte %d: no JSON object", f->path, LENGTH_BYTES));
    f->data_start = LENGTH_BYTES + length;
    f->data_bytes = file_bytes - f->data_start;
done:
    free(text);
    return st;
}

static status check_metadata(const tensor_file *f, const json_t *metadata)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata)) return FAIL(ERR_INPUT, "%s: __metadata__ is no object", f->path);
    json_object_foreach((json_t *)metadata, key, value) if (!json_is_string(value)) return FAIL(
        ERR_INPUT, "%s: metadata '%.200s' is no string", f->path, key);
    return OK;
}

static bool parse_type(const json_t *value, t_type *type)
{
    for (size_t i = 0; json_is_string(value) && i < DTYPE_COUNT; i++)
        if (!strcmp(json_string_value(value), DTYPES[i])) return *type = (t_type)i, true;
    return false;
}

/* Elements of the shape, or false when it is none. */
static bool parse_shape(const json_t *value, entry *e, uint64_t *elements)
{
    if (!json_is_array(value) || json_array_size(value) > T_DIM_MAX) return false;
    *elements = 1;
    e->dims = (int)json_array_size(value);
    for (int i = 0; i < e->dims; i++) {
        const json_t *size = json_array_get(value, (size_t)i);
        if (!json_is_integer(size) || json_integer_value(size) < 0) return false;
        e->shape[i] = json_integer_value(size);
        if (__builtin_mul_overflow(*elements, (uint64_t)e->shape[i], elements)) return false;
    }
    return true;
}

static bool parse_offsets(const json_t *value, entry *e)
{
    const json_t *begin = json_array_get(value, 0), *end = json_array_get(value, 1);
    if (json_array_size(value) != 2 || !json_is_integer(begin) || !json_is_integer(end)) return false;
    if (json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin)) return false;
    e->begin = (uint64_t)json_integer_value(begin);
    e->end = (uint64_t)json_integer_value(end);
    return true;
}

static status parse_entry(const tensor_file *f, const json_t *value, entry *e)
{
    uint64_t elements = 0, bytes = 0;
    const json_t *type = json_object_get(value, "dtype");
    if (!parse_type(type, &e->type))
        return FAIL(ERR_INPUT, "%s: tensor '%.200s': type '%.20s' is not one of F32 F64 F16 BF16 I32 I64 U8 BOOL",
                    f->path, e->name, json_is_string(type) ? json_string_value(type) : "");
    if (!parse_shape(json_object_get(value, "shape"), e, &elements))
        return FAIL(ERR_INPUT, "%s: tensor '%.200s': its shape is not up to %d sizes >= 0", f->path, e->name,
                    T_DIM_MAX);
    if (!parse_offsets(json_object_get(value, "data_offsets"), e))
        return FAIL(ERR_INPUT, "%s: tensor '%.200s': its data_offsets are not [begin, end)", f->path, e->name);
    if (__builtin_mul_overflow(elements, (uint64_t)type_bytes(e->type), &bytes) || bytes != e->end - e->begin)
        return FAIL(ERR_INPUT, "%s: tensor '%.200s': byte %llu: its shape does not fill its %llu bytes", f->path,
                    e->name, (unsigned long long)(f->data_start + e->begin), (unsigned long long)(e->end - e->begin));
    if (e->end > f->data_bytes)
        return FAIL(ERR_INPUT, "%s: tensor '%.200s': its data end at byte %llu and the file at %llu", f->path, e->name,
                    (unsigned long long)(f->data_start + e->end), (unsigned long long)(f->data_start + f->data_bytes));
    return OK;
}

static status parse_entries(tensor_file *f)
{
    const char *name;
    json_t *value;
    f->at = calloc(json_object_size(f->header) + 1, sizeof *f->at);
    if (!f->at) return FAIL(ERR_MEMORY, "%s: no memory for its table", f->path);
    json_object_foreach(f->header, name, value)
    {
        status st = OK;
        if (!strcmp(name, "__metadata__")) {
            st = check_metadata(f, value);
        } else {
            f->at[f->count].name = name;
            st = parse_entry(f, value, &f->at[f->count++]);
        }
        if (st != OK) return st;
    }
    return OK;
}

static int by_offset(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

/* Every byte of the data belongs to exactly one tensor. */
static status check_layout(tensor_file *f)
{
    uint64_t covered = 0;
    qsort(f->at, f->count, sizeof *f->at, by_offset);
    for (size_t i = 0; i < f->count; i++) {
        if (f->at[i].begin != covered)
            return FAIL(ERR_INPUT, "%s: tensor '%.200s': byte %llu: %s", f->path, f->at[i].name,
                        (unsigned long long)(f->data_start + f->at[i].begin),
                        f->at[i].begin < covered ? "overlaps the tensor before" : "leaves a hole before it");
        covered = f->at[i].end;
    }
    if (covered != f->data_bytes)
        return FAIL(ERR_INPUT, "%s: byte %llu: %llu bytes belong to no tensor", f->path,
                    (unsigned long long)(f->data_start + covered), (unsigned long long)(f->data_bytes - covered));
    qsort(f->at, f->count, sizeof *f->at, by_name);
    return OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static status file_new(const char *path, tensor_file **out)
{
    tensor_file *f = calloc(1, sizeof *f);
    if (f) f->path = strdup(path);
    if (f) f->fd = -1;
    *out = f;
    return f && f->path ? OK : FAIL(ERR_MEMORY, "%s: no memory to open it", path);
}

static status parse(tensor_file *f, uint64_t file_bytes)
{
    status st = OK;
    TRY(read_header(f, file_bytes));
    TRY(parse_entries(f));
    TRY(check_layout(f));
done:
    return st;
}

status tensor_file_open(const char *path, tensor_file **out)
{
    status st = OK;
    struct stat info;
    tensor_file *f = NULL;
    TRY(file_new(path, &f));
    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0) TRY(FAIL(ERR_MISSING, "%s: cannot open: %s", path, strerror(errno)));
    if (fstat(f->fd, &info)) TRY(FAIL(ERR_IO, "%s: cannot read: %s", path, strerror(errno)));
    if (!S_ISREG(info.st_mode)) TRY(FAIL(ERR_INPUT, "%s: is no file", path));
    TRY(parse(f, (uint64_t)info.st_size));
    *out = f;
    f = NULL;
done:
    tensor_file_close(&f);
    return st;
}

status tensor_file_open_bytes(const char *path, const void *bytes, size_t count, tensor_file **out)
{
    status st = OK;
    tensor_file *f = NULL;
    TRY(file_new(path, &f));
    f->bytes = bytes;
    TRY(parse(f, count));
    *out = f;
    f = NULL;
done:
    tensor_file_close(&f);
    return st;
}

void tensor_file_close(tensor_file **file)
{
    tensor_file *f = file ? *file : NULL;
    if (!f) return;
    if (f->fd >= 0) close(f->fd);
    json_decref(f->header);
    free(f->at);
    free(f->path);
    free(f);
    *file = NULL;
}

const char *tensor_file_path(const tensor_file *file)
{
    return file->path;
}

size_t tensor_file_bytes(const tensor_file *file)
{
    return (size_t)(file->data_start + file->data_bytes);
}

status tensor_file_read(const tensor_file *file, void *to)
{
    return read_at(file, to, tensor_file_bytes(file), 0);
}

size_t tensor_file_count(const tensor_file *file)
{
    return file ? file->count : 0;
}

const char *tensor_file_name(const tensor_file *file, size_t i)
{
    return i < tensor_file_count(file) ? file->at[i].name : NULL;
}

const char *tensor_file_metadata(const tensor_file *file, const char *key)
{
    return file ? json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key)) : NULL;
}

static tensor *read_entry(const tensor_file *f, const entry *e)
{
    size_t bytes = (size_t)(e->end - e->begin);
    tensor *x = NULL;
    if (f->bytes) return t_from_bytes(e->type, f->bytes + f->data_start + e->begin, e->shape, e->dims);
    void *data = malloc(bytes ? bytes : 1);
    status st = data ? read_at(f, data, bytes, f->data_start + e->begin)
                     : FAIL(ERR_MEMORY, "%s: no memory for tensor '%.200s'", f->path, e->name);
    if (st == OK) x = t_from_bytes(e->type, data, e->shape, e->dims);
    else sticky_fail(st);
    free(data);
    return x;
}

tensor *tensor_file_get(tensor_file *file, const char *name)
{
    entry wanted = {.name = name};
    if (!file || sticky_waiting()) return NULL;
    const entry *found = bsearch(&wanted, file->at, file->count, sizeof *file->at, by_name);
    if (found) return read_entry(file, found);
    sticky_fail(FAIL(ERR_INPUT, "%s: there is no tensor '%.200s'", file->path, name));
    return NULL;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static size_t bytes_of(const tensor *x)
{
    return (size_t)t_count(x) * type_bytes(t_type_of(x));
}

static json_t *entry_json(const tensor *x, uint64_t begin)
{
    json_t *shape = json_array();
    for (int i = 0; i < t_dims(x); i++) json_array_append_new(shape, json_integer(t_size(x, i)));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", DTYPES[t_type_of(x)], "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)(begin + bytes_of(x)));
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

/* The header as text, padded so that the data begin aligned; `begins` gets each tensor's place. Larger types lie first,
 * so that every tensor is aligned for its type. */
static status make_header(const char *path, tensor *const *tensors, const char *const *names, size_t count,
                          const char *const *metadata, uint64_t *begins, uint64_t *data_bytes, char **out)
{
    status st = OK;
    json_t *header = json_object();
    TRY(add_metadata(header, path, metadata));
    *data_bytes = 0;
    for (size_t size = ALIGNMENT; size; size /= 2)
        for (size_t i = 0; i < count; i++) {
            if (type_bytes(t_type_of(tensors[i])) != size) continue;
            if (json_object_get(header, names[i])) TRY(FAIL(ERR_INTERNAL, "%s: two tensors '%s'", path, names[i]));
            begins[i] = *data_bytes;
            if (json_object_set_new(header, names[i], entry_json(tensors[i], begins[i])))
                TRY(FAIL(ERR_INPUT, "%s: the name '%.200s' is no UTF-8", path, names[i]));
            *data_bytes += bytes_of(tensors[i]);
        }
    *out = json_dumps(header, JSON_COMPACT | JSON_PRESERVE_ORDER);
    if (!*out) TRY(FAIL(ERR_MEMORY, "%s: no memory for its header", path));
done:
    json_decref(header);
    return st;
}

/* Length, header and padding; the data follow at the returned offset. */
static size_t put_header(char *file, const char *header)
{
    size_t length = strlen(header), padded = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    for (size_t i = 0; i < LENGTH_BYTES; i++) file[i] = (char)((uint64_t)padded >> 8 * i & 0xff);
    memcpy(file + LENGTH_BYTES, header, length);
    memset(file + LENGTH_BYTES + length, ' ', padded - length);
    return LENGTH_BYTES + padded;
}

static status image_grow(file_image *image, const char *name, size_t bytes)
{
    if (image->room >= bytes) return OK;
    free(image->at); /* what it holds is replaced: nothing is to be copied */
    image->room = (bytes / DIRECT_ALIGNMENT + 1) * DIRECT_ALIGNMENT;
    image->at = aligned_alloc(DIRECT_ALIGNMENT, image->room);
    if (!image->at) image->room = 0;
    return image->at ? OK : FAIL(ERR_MEMORY, "%s: no memory for its %zu bytes", name, bytes);
}

status tensor_file_image(const char *name, tensor *const *tensors, const char *const *names, size_t count,
                         const char *const *metadata, file_image *out)
{
    status st = OK;
    char *header = NULL;
    uint64_t data_bytes = 0, *begins = calloc(count + 1, sizeof *begins);

    out->count = 0;
    if (!begins) TRY(FAIL(ERR_MEMORY, "%s: no memory to write it", name));
    for (size_t i = 0; i < count; i++)
        if (!tensors[i]) TRY(t_check(tensors[i]));
    TRY(make_header(name, tensors, names, count, metadata, begins, &data_bytes, &header));
    TRY(image_grow(out, name, LENGTH_BYTES + strlen(header) + ALIGNMENT + data_bytes));
    size_t start = put_header(out->at, header);
    for (size_t i = 0; i < count; i++) TRY(t_to_bytes(tensors[i], out->at + start + begins[i], bytes_of(tensors[i])));
    out->count = start + data_bytes;
done:
    free(header);
    free(begins);
    return st;
}

void file_image_free(file_image *image)
{
    free(image->at);
    *image = (file_image){0};
}

status tensor_file_write(const char *path, tensor *const *tensors, const char *const *names, size_t count,
                         const char *const *metadata)
{
    file_image image = {0};
    status st = tensor_file_image(path, tensors, names, count, metadata, &image);
    if (st == OK) st = file_write(path, image.at, image.count);
    file_image_free(&image);
    return st;
}
