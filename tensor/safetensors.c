/* safetensors - files of weights as tensors: read by the weights room, in any of its formats, and written here.
 */
#include "weights/safetensors.h"
#include "base/direct.h"
#include "base/file.h"
#include "tensor/image.h"
#include "tensor/module.h"
#include "tensor/private.h"

#include <stdlib.h>
#include <string.h>

_Static_assert((int)T_F32 == (int)WEIGHT_F32 && (int)T_F64 == (int)WEIGHT_F64 && (int)T_F16 == (int)WEIGHT_F16 &&
                   (int)T_BF16 == (int)WEIGHT_BF16 && (int)T_I32 == (int)WEIGHT_I32 && (int)T_I64 == (int)WEIGHT_I64 &&
                   (int)T_U8 == (int)WEIGHT_U8 && (int)T_BOOL == (int)WEIGHT_BOOL,
               "types of weights begin with those of tensors");
_Static_assert((int)T_DIM_MAX == (int)WEIGHT_DIMS_MOST, "tensors have as many dimensions as weights");

/* ---- reading ----------------------------------------------------------------------------------------------------- */

struct tensor_file {
    weight_file *weights;
};

/* The file at `path`, or its bytes, where they are given. */
static status open_any(const char *path, const void *bytes, size_t count, tensor_file **out)
{
    status st = OK;
    tensor_file *f = calloc(1, sizeof *f);
    if (!f) TRY(FAIL(ERR_MEMORY, "%s: no memory to open it", path));
    TRY(bytes ? weight_file_open_bytes(path, bytes, count, false, &f->weights)
              : weight_file_open(path, false, &f->weights));
    *out = f;
    f = NULL;
done:
    tensor_file_close(&f);
    return st;
}

status tensor_file_open(const char *path, tensor_file **out)
{
    return open_any(path, NULL, 0, out);
}

status tensor_file_open_bytes(const char *path, const void *bytes, size_t count, tensor_file **out)
{
    return open_any(path, bytes ? bytes : "", count, out);
}

void tensor_file_close(tensor_file **file)
{
    if (!file || !*file) return;
    weight_file_close(&(*file)->weights);
    free(*file);
    *file = NULL;
}

const char *tensor_file_path(const tensor_file *file)
{
    return weight_file_path(file->weights);
}

size_t tensor_file_bytes(const tensor_file *file)
{
    return (size_t)weight_file_size(file->weights);
}

status tensor_file_read(const tensor_file *file, void *to)
{
    return weight_file_read_whole(file->weights, to);
}

size_t tensor_file_count(const tensor_file *file)
{
    return file ? weight_file_count(file->weights) : 0;
}

const char *tensor_file_name(const tensor_file *file, size_t i)
{
    return i < tensor_file_count(file) ? weight_file_at(file->weights, i)->name : NULL;
}

const char *tensor_file_metadata(const tensor_file *file, const char *key)
{
    return file ? json_string_value(json_object_get(weight_file_values(file->weights), key)) : NULL;
}

weight_file *tensor_file_weights(tensor_file *file)
{
    return file->weights;
}

static tensor *read_tensor(weight_file *f, const weight_info *info)
{
    tensor *x = NULL;
    void *data = NULL;
    status st = OK;
    if ((int)info->type > (int)T_BOOL)
        TRY(FAIL(ERR_INPUT, "%s: '%.200s' has the type %s, with which nothing is computed here", weight_file_path(f),
                 info->name, weight_type_name(info->type)));
    const void *at_hand = weight_file_at_hand(f, info);
    if (at_hand) return t_from_bytes((t_type)info->type, at_hand, info->shape, info->dims);
    data = malloc(info->bytes ? (size_t)info->bytes : 1);
    if (!data) TRY(FAIL(ERR_MEMORY, "%s: no memory for tensor '%.200s'", weight_file_path(f), info->name));
    TRY(weight_file_read(f, info, data));
    x = t_from_bytes((t_type)info->type, data, info->shape, info->dims);
done:
    if (st != OK) sticky_fail(st);
    free(data);
    return x;
}

tensor *tensor_file_get(tensor_file *file, const char *name)
{
    if (!file || sticky_waiting()) return NULL;
    const weight_info *info = weight_file_find(file->weights, name);
    if (info) return read_tensor(file->weights, info);
    sticky_fail(FAIL(ERR_INPUT, "%s: there is no tensor '%.200s'", weight_file_path(file->weights), name));
    return NULL;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void describe(tensor *const *tensors, const char *const *names, size_t count, weight_info *infos,
                     const weight_info **list)
{
    for (size_t i = 0; i < count; i++) {
        const tensor *x = tensors[i];
        infos[i] = (weight_info){.name = names[i], .type = (weight_type)t_type_of(x), .dims = t_dims(x)};
        for (int d = 0; d < infos[i].dims; d++) infos[i].shape[d] = t_size(x, d);
        infos[i].bytes = (uint64_t)t_count(x) * type_bytes(t_type_of(x));
        list[i] = &infos[i];
    }
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
    char *head = NULL;
    size_t start = 0;
    uint64_t data_bytes = 0, *begins = calloc(count + 1, sizeof *begins);
    weight_info *infos = calloc(count + 1, sizeof *infos);
    const weight_info **list = calloc(count + 1, sizeof *list);

    out->count = 0;
    if (!begins || !infos || !list) TRY(FAIL(ERR_MEMORY, "%s: no memory to write it", name));
    for (size_t i = 0; i < count; i++)
        if (!tensors[i]) TRY(t_check(tensors[i]));
    describe(tensors, names, count, infos, list);
    TRY(safetensors_head(name, list, count, metadata, begins, &head, &start, &data_bytes));
    TRY(image_grow(out, name, start + data_bytes));
    memcpy(out->at, head, start);
    for (size_t i = 0; i < count; i++) TRY(t_to_bytes(tensors[i], out->at + start + begins[i], infos[i].bytes));
    out->count = start + data_bytes;
done:
    free(head);
    free(list);
    free(infos);
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
