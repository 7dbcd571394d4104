/* state - parameters and optimiser state, read back in place: everything is read and checked before anything changes.
 */
#include "tensor/expected.h"
#include "tensor/image.h"
#include "tensor/module.h"
#include "tensor/private.h"
#include "weights/weights.h"

#include <stdlib.h>
#include <string.h>

static status check_kind(const tensor_file *file, const char *path, const char *kind)
{
    const char *found = tensor_file_metadata(file, "kind");
    if (!kind || (found && !strcmp(found, kind))) return OK;
    return FAIL(ERR_INPUT, "%s: holds the state of '%.40s', wanted is '%s'", path, found ? found : "?", kind);
}

static status check_fit(const tensor *x, const tensor *wanted, const char *path, const char *name)
{
    bool fits = t_type_of(x) == t_type_of(wanted) && t_dims(x) == t_dims(wanted);
    for (int i = 0; fits && i < t_dims(x); i++) fits = t_size(x, i) == t_size(wanted, i);
    return fits ? OK : FAIL(ERR_INPUT, "%s: tensor '%s' has another shape or type than here", path, name);
}

static bool is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(name, names[i])) return true;
    return false;
}

/* As many names, and each of ours read: then an unknown one is left over exactly when the counts differ. */
static status check_unknown(const tensor_file *file, const char *path, const char *const *names, size_t count)
{
    if (tensor_file_count(file) == count) return OK;
    for (size_t i = 0; i < tensor_file_count(file); i++)
        if (!is_among(tensor_file_name(file, i), names, count))
            return FAIL(ERR_INPUT, "%s: tensor '%.200s' is unknown here", path, tensor_file_name(file, i));
    return OK;
}

status state_load(tensor_file *file, const char *kind, tensor *const *tensors, const char *const *names, size_t count)
{
    status st = OK;
    const char *path = tensor_file_path(file);
    scope *sc = scope_open();
    tensor **read = calloc(count + 1, sizeof *read);

    if (!read) TRY(FAIL(ERR_MEMORY, "%s: no memory to read it", path));
    TRY(check_kind(file, path, kind));
    for (size_t i = 0; i < count; i++) {
        read[i] = tensor_file_get(file, names[i]);
        TRY(t_check(read[i]));
        TRY(check_fit(read[i], tensors[i], path, names[i]));
    }
    TRY(check_unknown(file, path, names, count));
    for (size_t i = 0; i < count; i++) TRY(t_assign(tensors[i], read[i]));
done:
    scope_close(&sc);
    free(read);
    return st;
}

/* ---- modules ----------------------------------------------------------------------------------------------------- */

typedef struct {
    tensor **tensors;
    const char **names;
    size_t count;
} parameter_list;

static status list_parameters(const module *m, parameter_list *list)
{
    list->count = module_parameter_count(m);
    list->tensors = calloc(list->count + 1, sizeof *list->tensors);
    list->names = calloc(list->count + 1, sizeof *list->names);
    if (!list->tensors || !list->names) return FAIL(ERR_MEMORY, "no memory for %zu parameters", list->count);
    for (size_t i = 0; i < list->count; i++) {
        list->tensors[i] = module_parameter_at(m, i);
        list->names[i] = module_parameter_name(m, i);
    }
    return OK;
}

static void list_free(parameter_list *list)
{
    free(list->tensors);
    free(list->names);
}

status module_save(const module *m, const char *path, const char *const *metadata)
{
    status st = OK;
    parameter_list list = {0};
    TRY(list_parameters(m, &list));
    TRY(tensor_file_write(path, list.tensors, list.names, list.count, metadata));
done:
    list_free(&list);
    return st;
}

status module_image(const module *m, const char *name, file_image *out)
{
    status st = OK;
    parameter_list list = {0};
    TRY(list_parameters(m, &list));
    TRY(tensor_file_image(name, list.tensors, list.names, list.count, NULL, out));
done:
    list_free(&list);
    return st;
}

/* Into a tensor that holds nothing yet: its numbers go where they stay, and to nowhere else. */
static status read_in_place(tensor_file *file, tensor *to, const char *name)
{
    status st = OK;
    weight_file *weights = tensor_file_weights(file);
    const weight_info *info = weight_file_find(weights, name);
    float *numbers =
        info && info->type == WEIGHT_F32 && info->elements == (uint64_t)t_count(to) ? t_data_f32(to) : NULL;
    scope *sc = scope_open();
    if (numbers) TRY(weight_file_read(weights, info, numbers));
    if (numbers) goto done;
    tensor *x = tensor_file_get(file, name);
    TRY(t_check(x));
    TRY(check_fit(x, to, tensor_file_path(file), name));
    TRY(t_assign(to, x));
done:
    scope_close(&sc);
    return st;
}

static status fill(const parameter_list *list, tensor_file *file)
{
    status st = OK;
    for (size_t i = 0; i < list->count; i++) TRY(read_in_place(file, list->tensors[i], list->names[i]));
    TRY(check_unknown(file, tensor_file_path(file), list->names, list->count));
done:
    return st;
}

status module_load_file(module *m, tensor_file *file)
{
    status st = OK;
    parameter_list list = {0};
    TRY(list_parameters(m, &list));
    if (is_expected_of(file)) TRY(fill(&list, file));
    else TRY(state_load(file, NULL, list.tensors, list.names, list.count));
done:
    list_free(&list);
    return st;
}

status module_load(module *m, const char *path)
{
    status st = OK;
    tensor_file *file = NULL;
    TRY(tensor_file_open(path, &file));
    TRY(module_load_file(m, file));
done:
    tensor_file_close(&file);
    return st;
}
