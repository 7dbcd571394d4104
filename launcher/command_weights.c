/* magister weights: what is in a file of weights, and the same as safetensors. */
#include "conf/suggest.h"
#include "launcher/commands.h"
#include "launcher/json_file.h"
#include "weights/weights.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_JSON = 256, KEY_ALL };

static const struct argp_option OPTIONS[] = {
    {"json", KEY_JSON, NULL, 0, "One JSON object instead of a table", 0},
    {"all", KEY_ALL, NULL, 0, "Tensors beside the weights too (an optimiser's), all by their full names", 0},
    {0},
};

static const char WEIGHTS_HELP[] =
    "Lists the tensors in a file of weights: safetensors, or what torch.save writes (.pth, .pt, .bin, .tar)."
    "\v  FILE               its tensors, plain values beside them, and what was not taken, and why\n"
    "  convert FILE OUT   writes its tensors to OUT as safetensors\n\n"
    "Nothing in a file is run: calls of functions that are not known, and objects of classes that are not, are told "
    "and left out. A wrapper around the weights (model_state, state_dict, module. before every name) is taken off.\n\n"
    "Examples:\n  magister weights resnet18.pth\n  magister weights checkpoint.pth --all --json\n"
    "  magister weights convert checkpoint.pth weights.safetensors";

typedef struct {
    bool json, all;
} weights_options;

static void take_option(int key, char *value, struct argp_state *state)
{
    (void)value;
    weights_options *o = ((command_line *)state->input)->self;
    if (key == KEY_JSON) o->json = true;
    if (key == KEY_ALL) o->all = true;
}

static uint64_t count_elements(const weight_file *f, uint64_t *bytes)
{
    uint64_t elements = 0;
    *bytes = 0;
    for (size_t i = 0; i < weight_file_count(f); i++) {
        elements += weight_file_at(f, i)->elements;
        *bytes += weight_file_at(f, i)->bytes;
    }
    return elements;
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

static void print_tensor(const weight_info *info)
{
    char name[256];
    text_copy_printable(name, sizeof name, info->name, strlen(info->name), false);
    printf("%-5s %12" PRIu64 "  %s (", weight_type_name(info->type), info->elements, name);
    for (int i = 0; i < info->dims; i++) printf("%s%" PRId64, i ? ", " : "", info->shape[i]);
    printf(")\n");
}

static void print_value(const char *key, const json_t *value)
{
    char text[100], name[64], *full = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
    text_copy_printable(name, sizeof name, key, strlen(key), false);
    text_copy_printable(text, sizeof text, full ? full : "?", strlen(full ? full : "?"), false);
    printf("value %s: %s\n", name, text);
    free(full);
}

static void print_table(const weight_file *f)
{
    uint64_t bytes, elements = count_elements(f, &bytes);
    const char *key, *wrapper = weight_file_wrapper(f);
    json_t *value;
    for (size_t i = 0; i < weight_file_count(f); i++) print_tensor(weight_file_at(f, i));
    json_object_foreach((json_t *)(uintptr_t)weight_file_values(f), key, value) print_value(key, value);
    for (size_t i = 0; i < weight_file_note_count(f); i++) {
        char note[1024];
        text_copy_printable(note, sizeof note, weight_file_note(f, i), strlen(weight_file_note(f, i)), false);
        printf("left out: %s\n", note);
    }
    printf("%s: %s%s%s, %zu tensor%s, %" PRIu64 " numbers, %.1f MB\n", weight_file_path(f), weight_file_format(f),
           wrapper[0] ? ", below " : "", wrapper, weight_file_count(f), weight_file_count(f) == 1 ? "" : "s", elements,
           (double)bytes * 1e-6);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *tensor_json(const weight_info *info)
{
    json_t *shape = json_array();
    for (int i = 0; i < info->dims; i++) json_array_append_new(shape, json_integer(info->shape[i]));
    return json_pack("{s:o, s:s, s:o, s:I}", "name", json_text_of(info->name), "type", weight_type_name(info->type),
                     "shape", shape, "bytes", (json_int_t)info->bytes);
}

static status print_json(const weight_file *f)
{
    status st = OK;
    uint64_t bytes, elements = count_elements(f, &bytes);
    json_t *tensors = json_array(), *notes = json_array(), *all;
    for (size_t i = 0; i < weight_file_count(f); i++) json_array_append_new(tensors, tensor_json(weight_file_at(f, i)));
    for (size_t i = 0; i < weight_file_note_count(f); i++)
        json_array_append_new(notes, json_text_of(weight_file_note(f, i)));
    all = json_pack("{s:o, s:s, s:o, s:I, s:I, s:o, s:O, s:o}", "path", json_text_of(weight_file_path(f)), "format",
                    weight_file_format(f), "wrapper", json_text_of(weight_file_wrapper(f)), "numbers",
                    (json_int_t)elements, "bytes", (json_int_t)bytes, "tensors", tensors, "values",
                    weight_file_values(f), "left_out", notes);
    if (!all) TRY(FAIL(ERR_MEMORY, "%s: no memory to describe it", weight_file_path(f)));
    if (json_dumpf(all, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(15))) TRY(FAIL(ERR_IO, "cannot write to stdout"));
    putchar('\n');
done:
    json_decref(all);
    return st;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static status list_file(const char *path, const weights_options *o)
{
    status st = OK;
    weight_file *f = NULL;
    TRY(weight_file_open(path, o->all, &f));
    if (o->json) TRY(print_json(f));
    else print_table(f);
done:
    weight_file_close(&f);
    return st;
}

static status convert(const char *path, const char *to, const weights_options *o)
{
    status st = OK;
    weight_file *f = NULL;
    TRY(weight_file_open(path, o->all, &f));
    if (!weight_file_count(f)) TRY(FAIL(ERR_INPUT, "%s: there is no tensor in it", path));
    TRY(weight_file_convert(f, to, NULL));
    for (size_t i = 0; i < weight_file_note_count(f); i++) fprintf(stderr, "left out: %s\n", weight_file_note(f, i));
    printf("%s: %zu tensors\n", to, weight_file_count(f));
done:
    weight_file_close(&f);
    return st;
}

static status wrong_words(char *const *given, size_t count)
{
    static const char *const ACTIONS[] = {"convert"};
    const char *near = suggest_word(given[0], ACTIONS, 1);
    if (!strcmp(given[0], ACTIONS[0]) && count < 3)
        return FAIL(ERR_USAGE, "an argument is missing: convert takes FILE and OUT");
    return FAIL(ERR_USAGE, "weights takes FILE, or convert FILE OUT, not %.60s and %zu more%s%s%s", given[0], count - 1,
                near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
}

status command_weights(int argc, char **argv)
{
    status st = OK;
    weights_options o = {0};
    command_line line = {OPTIONS, "FILE\nconvert FILE OUT", WEIGHTS_HELP, 1, 3, take_option, &o, {0}};
    TRY(arguments_parse(&line, argc, argv));
    char **given = line.found.at;
    bool converts = !strcmp(given[0], "convert");
    if (line.found.count == 1 && !converts) TRY(list_file(given[0], &o));
    else if (line.found.count == 3 && converts) TRY(convert(given[1], given[2], &o));
    else TRY(wrong_words(given, line.found.count));
done:
    free(line.found.at);
    return st;
}
