#include "tensor/load.h"

#include "tensor/expected.h"

#include "tensor/private.h"
#include "weights/names.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOLD_MOST = 8 }; /* names of each kind in a message */

typedef struct {
    module *m;
    const load_options *options;
    tensor_file *file;    /* borrowed */
    weight_file *weights; /* of the file */
    size_t count;
    weight_source *sources; /* (count): of parameter i; info NULL: it stays as it is */
    tensor **read;          /* (count) */
    FILE *problems;
    char *text;
    size_t text_size;
} loading;

/* ---- names ------------------------------------------------------------------------------------------------------- */

static bool is_skipped(const loading *l, const char *name)
{
    for (const char *const *skip = l->options->skip; skip && *skip; skip++)
        if (weight_name_is_below(name, *skip)) return true;
    return false;
}

/* The parameter's name as the file has it; NULL when it is none of those that are loaded. */
static const char *name_inside(const module *m, const char *into, size_t i)
{
    const char *name = module_parameter_name(m, i);
    if (!into || !into[0]) return name;
    return weight_name_is_below(name, into) && name[strlen(into)] ? name + strlen(into) + 1 : NULL;
}

static bool is_used(const loading *l, const weight_info *info)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->sources[i].info == info) return true;
    return false;
}

/* ---- problems ---------------------------------------------------------------------------------------------------- */

static void tell(loading *l, size_t count, const char *kind, const char *what)
{
    if (count == 0) fprintf(l->problems, "%s%s: ", ftell(l->problems) ? "; " : "", kind);
    if (count < TOLD_MOST) fprintf(l->problems, "%s%s", count ? ", " : "", what);
}

static void tell_rest(loading *l, size_t count)
{
    if (count > TOLD_MOST) fprintf(l->problems, " and %zu more", count - TOLD_MOST);
}

static size_t print_shape(char *out, size_t size, const int64_t *shape, int dims)
{
    size_t used = (size_t)snprintf(out, size, "(");
    for (int i = 0; i < dims && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%" PRId64, i ? ", " : "", shape[i]);
    return used < size ? used + (size_t)snprintf(out + used, size - used, ")") : size;
}

/* ---- shapes ------------------------------------------------------------------------------------------------------ */

/* The shape that the source has in our form; false when it has no such form. */
static bool shape_of(const weight_source *s, int64_t rows_wanted, int64_t *shape)
{
    const weight_info *info = s->info;
    memcpy(shape, info->shape, sizeof info->shape);
    if (s->transposed) {
        if (info->dims != 2) return false;
        shape[0] = info->shape[1];
        shape[1] = info->shape[0];
    }
    if (s->part && (info->dims < 1 || shape[0] % 3)) return false;
    if (s->part) shape[0] /= 3;
    if (s->first_rows && info->dims && shape[0] > rows_wanted) shape[0] = rows_wanted;
    return true;
}

static bool fits(const weight_source *s, const tensor *wanted)
{
    int64_t shape[WEIGHT_DIMS_MOST];
    if (s->info->dims != t_dims(wanted) || !shape_of(s, t_size(wanted, 0), shape)) return false;
    for (int i = 0; i < s->info->dims; i++)
        if (shape[i] != t_size(wanted, i)) return false;
    return true;
}

static void tell_shape(loading *l, size_t count, size_t i)
{
    char text[512], theirs[128], ours[128];
    int64_t shape[T_DIM_MAX];
    const char *name = module_parameter_name(l->m, i), *last = strrchr(name, '.');
    const tensor *x = module_parameter_at(l->m, i);
    const weight_info *info = l->sources[i].info;
    for (int d = 0; d < t_dims(x); d++) shape[d] = t_size(x, d);
    print_shape(ours, sizeof ours, shape, t_dims(x));
    print_shape(theirs, sizeof theirs, info->shape, info->dims);
    bool positions = !strcmp(last ? last + 1 : name, "pos_embed");
    snprintf(text, sizeof text, "%.160s %s, here %s%s", info->name, theirs, ours,
             positions ? " (positions of pictures or patches of another size, which are not resized)" : "");
    tell(l, count, "of another shape", text);
}

/* ---- before it is made ------------------------------------------------------------------------------------------- */

static _Thread_local tensor_file *expected;

void module_expect(tensor_file *file)
{
    expected = file;
}

bool is_for_use(void)
{
    return expected;
}

bool is_expected_of(const tensor_file *file)
{
    return expected == file;
}

bool is_expected(const char *name, const int64_t *shape, int dims)
{
    char theirs[128], ours[128];
    if (!expected) return true;
    const weight_info *info = weight_file_find(tensor_file_weights(expected), name);
    if (info && info->dims == dims && !memcmp(info->shape, shape, (size_t)dims * sizeof *shape)) return true;
    print_shape(ours, sizeof ours, shape, dims);
    if (info) print_shape(theirs, sizeof theirs, info->shape, info->dims);
    sticky_fail(info ? FAIL(ERR_INPUT, "%.160s is to be %s, and there it is %s", name, ours, theirs)
                     : FAIL(ERR_INPUT, "%.160s %s is not there", name, ours));
    return false;
}

/* ---- checks ------------------------------------------------------------------------------------------------------ */

/* Finds the source of every parameter. */
static status find_sources(loading *l)
{
    size_t missing = 0, below = 0;
    for (size_t i = 0; i < l->count; i++) {
        const char *name = name_inside(l->m, l->options->into, i);
        if (!name) continue;
        below++;
        if (weight_source_find(l->weights, name, &l->sources[i])) continue;
        if (!is_skipped(l, module_parameter_name(l->m, i))) tell(l, missing++, "missing", name);
    }
    tell_rest(l, missing);
    if (below) return OK;
    return FAIL(ERR_CONFIG, "nothing in this model is called '%.200s'", l->options->into ? l->options->into : "");
}

static void check_left_over(loading *l)
{
    size_t over = 0;
    for (size_t i = 0; i < weight_file_count(l->weights); i++) {
        const weight_info *info = weight_file_at(l->weights, i);
        if (is_used(l, info) || weight_name_is_idle(info->name) || is_skipped(l, info->name)) continue;
        tell(l, over++, "left over", info->name);
    }
    tell_rest(l, over);
}

static void check_shapes(loading *l)
{
    size_t wrong = 0;
    for (size_t i = 0; i < l->count; i++) {
        weight_source *s = &l->sources[i];
        if (!s->info || fits(s, module_parameter_at(l->m, i))) continue;
        bool skipped = is_skipped(l, module_parameter_name(l->m, i)) || is_skipped(l, s->info->name);
        if (skipped) *s = (weight_source){0};
        else tell_shape(l, wrong++, i);
    }
    tell_rest(l, wrong);
}

static status check_all(loading *l)
{
    status st = OK;
    l->problems = open_memstream(&l->text, &l->text_size);
    if (!l->problems) TRY(FAIL(ERR_MEMORY, "no memory to compare weights"));
    TRY(find_sources(l));
    check_left_over(l);
    check_shapes(l);
    bool wrong = ftell(l->problems) > 0;
    fclose(l->problems);
    l->problems = NULL;
    if (wrong) TRY(FAIL(ERR_INPUT, "%s does not fit: %s", weight_file_path(l->weights), l->text));
done:
    if (l->problems) fclose(l->problems);
    l->problems = NULL;
    return st;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static tensor *read_source(loading *l, const weight_source *s, int64_t rows)
{
    tensor *x = tensor_file_get(l->file, s->info->name);
    if (s->transposed) x = t_transpose(x, 0, 1);
    int64_t third = t_size(x, 0) / 3;
    if (s->part) x = t_narrow(x, 0, (s->part - 1) * third, third);
    if (s->first_rows) x = t_narrow(x, 0, 0, rows);
    return x;
}

static status read_and_assign(loading *l, load_result *out)
{
    status st = OK;
    load_result result = {0};
    for (size_t i = 0; i < l->count; i++) {
        if (!l->sources[i].info) continue;
        l->read[i] = read_source(l, &l->sources[i], t_size(module_parameter_at(l->m, i), 0));
        TRY(t_check(l->read[i]));
    }
    for (size_t i = 0; i < l->count; i++) {
        if (l->read[i]) TRY(t_assign(module_parameter_at(l->m, i), l->read[i]));
        result.loaded += l->read[i] != NULL;
        result.kept += !l->read[i] && name_inside(l->m, l->options->into, i);
    }
    for (size_t i = 0; i < weight_file_count(l->weights); i++) {
        const weight_info *info = weight_file_at(l->weights, i);
        result.left += !is_used(l, info) && !weight_name_is_idle(info->name);
    }
    if (out) *out = result;
done:
    return st;
}

status module_load_weights_file(module *m, tensor_file *file, const load_options *options, load_result *out)
{
    status st = OK;
    static const load_options none = {0};
    scope *sc = scope_open();
    loading l = {.m = m,
                 .options = options ? options : &none,
                 .file = file,
                 .weights = tensor_file_weights(file),
                 .count = module_parameter_count(m)};
    l.sources = calloc(l.count + 1, sizeof *l.sources);
    l.read = calloc(l.count + 1, sizeof(tensor *));
    if (!l.sources || !l.read) TRY(FAIL(ERR_MEMORY, "%s: no memory to load it", tensor_file_path(file)));
    TRY(check_all(&l));
    TRY(read_and_assign(&l, out));
done:
    scope_close(&sc);
    free(l.text);
    free(l.read);
    free(l.sources);
    return st;
}

status module_load_weights(module *m, const char *path, const load_options *options, load_result *out)
{
    tensor_file *file = NULL;
    status st = tensor_file_open(path, &file);
    if (st == OK) st = module_load_weights_file(m, file, options, out);
    tensor_file_close(&file);
    return st;
}

size_t module_count_found(const module *m, tensor_file *file, const char *into)
{
    weight_source source;
    size_t found = 0;
    for (size_t i = 0; i < module_parameter_count(m); i++) {
        const char *name = name_inside(m, into, i);
        found += name && weight_source_find(tensor_file_weights(file), name, &source);
    }
    return found;
}
