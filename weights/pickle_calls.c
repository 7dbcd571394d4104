/* pickle_calls - the functions and classes that are known, in one table, and what a call of each means. None is called:
 * the values that it would give are made here. What is not in the table is opaque.
 */
#include "weights/pickle_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum {
    GIVES_DICT,      /* an empty dictionary, or one of the pairs in its argument */
    GIVES_LIST,      /* of the elements of its argument */
    GIVES_TUPLE,     /* the same */
    GIVES_BYTES,     /* of a text's characters (protocol 2 has no bytes) */
    GIVES_TEXT,      /* of its arguments: "cuda:0" */
    GIVES_NUMPY,     /* a data type of NumPy */
    GIVES_NUMBER,    /* of a data type of NumPy and bytes */
    GIVES_TENSOR,    /* of storage, offset, shape, strides */
    GIVES_TENSOR_V3, /* the same, the type is said */
    GIVES_FIRST,     /* its first argument: a parameter is its tensor */
    GIVES_INNER,     /* what the function that it gets would give: tensors of a subclass, or with attributes */
    IS_STORAGE,      /* a class of storages: of elements of a type, or of bytes */
    IS_TYPE,         /* a type of elements */
    IS_CLASS,        /* a class that is named where the tensor says all */
} known_kind;

struct pickle_known {
    const char *module, *name;
    known_kind kind;
    int type; /* weight_type of IS_STORAGE and IS_TYPE; below 0: UNTYPED, UNREAD */
};

#define UNTYPED (-1)
#define UNREAD(BYTES) (-1 - (BYTES)) /* a type that is not read, and the bytes of its elements */

static const pickle_known KNOWN[] = {
    {"collections", "OrderedDict", GIVES_DICT, 0},
    {"collections", "defaultdict", GIVES_DICT, 0},
    {"collections", "Counter", GIVES_DICT, 0},
    {"builtins", "dict", GIVES_DICT, 0},
    {"__builtin__", "dict", GIVES_DICT, 0},
    {"builtins", "set", GIVES_LIST, 0},
    {"__builtin__", "set", GIVES_LIST, 0},
    {"builtins", "frozenset", GIVES_LIST, 0},
    {"__builtin__", "frozenset", GIVES_LIST, 0},
    {"torch", "Size", GIVES_TUPLE, 0},
    {"_codecs", "encode", GIVES_BYTES, 0},
    {"torch", "device", GIVES_TEXT, 0},
    {"torch.serialization", "_get_layout", GIVES_TEXT, 0},
    {"numpy", "dtype", GIVES_NUMPY, 0},
    {"numpy.core.multiarray", "scalar", GIVES_NUMBER, 0},
    {"numpy._core.multiarray", "scalar", GIVES_NUMBER, 0},
    {"torch._utils", "_rebuild_tensor", GIVES_TENSOR, 0},
    {"torch._utils", "_rebuild_tensor_v2", GIVES_TENSOR, 0},
    {"torch._utils", "_rebuild_tensor_v3", GIVES_TENSOR_V3, 0},
    {"torch._utils", "_rebuild_parameter", GIVES_FIRST, 0},
    {"torch._utils", "_rebuild_parameter_with_state", GIVES_FIRST, 0},
    {"torch._tensor", "_rebuild_from_type_v2", GIVES_INNER, 0},
    {"torch", "DoubleStorage", IS_STORAGE, WEIGHT_F64},
    {"torch", "FloatStorage", IS_STORAGE, WEIGHT_F32},
    {"torch", "HalfStorage", IS_STORAGE, WEIGHT_F16},
    {"torch", "BFloat16Storage", IS_STORAGE, WEIGHT_BF16},
    {"torch", "LongStorage", IS_STORAGE, WEIGHT_I64},
    {"torch", "IntStorage", IS_STORAGE, WEIGHT_I32},
    {"torch", "ShortStorage", IS_STORAGE, WEIGHT_I16},
    {"torch", "CharStorage", IS_STORAGE, WEIGHT_I8},
    {"torch", "ByteStorage", IS_STORAGE, WEIGHT_U8},
    {"torch", "BoolStorage", IS_STORAGE, WEIGHT_BOOL},
    {"torch", "ComplexFloatStorage", IS_STORAGE, UNREAD(8)},
    {"torch", "ComplexDoubleStorage", IS_STORAGE, UNREAD(16)},
    {"torch", "QInt8Storage", IS_STORAGE, UNREAD(1)},
    {"torch", "QUInt8Storage", IS_STORAGE, UNREAD(1)},
    {"torch", "QInt32Storage", IS_STORAGE, UNREAD(4)},
    {"torch.storage", "UntypedStorage", IS_STORAGE, UNTYPED},
    {"torch", "UntypedStorage", IS_STORAGE, UNTYPED},
    {"torch", "Tensor", IS_CLASS, 0},
    {"torch.nn.parameter", "Parameter", IS_CLASS, 0},
    {"torch.nn.parameter", "Buffer", IS_CLASS, 0},
    {"torch", "float64", IS_TYPE, WEIGHT_F64},
    {"torch", "float32", IS_TYPE, WEIGHT_F32},
    {"torch", "float16", IS_TYPE, WEIGHT_F16},
    {"torch", "bfloat16", IS_TYPE, WEIGHT_BF16},
    {"torch", "int64", IS_TYPE, WEIGHT_I64},
    {"torch", "int32", IS_TYPE, WEIGHT_I32},
    {"torch", "int16", IS_TYPE, WEIGHT_I16},
    {"torch", "int8", IS_TYPE, WEIGHT_I8},
    {"torch", "uint8", IS_TYPE, WEIGHT_U8},
    {"torch", "bool", IS_TYPE, WEIGHT_BOOL},
};

const pickle_known *pickle_known_find(const char *module, const char *name)
{
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        if (!strcmp(KNOWN[i].name, name) && !strcmp(KNOWN[i].module, module)) return &KNOWN[i];
    return NULL;
}

const char *pickle_known_name(const pickle_known *known)
{
    return known->name;
}

/* ---- arguments --------------------------------------------------------------------------------------------------- */

/* The i-th argument, or NULL. */
static const pickle_value *argument(const pickle_value *arguments, size_t i)
{
    return i < arguments->items.count ? arguments->items.at[i] : NULL;
}

static const pickle_value *argument_of(const pickle_value *arguments, size_t i, pickle_kind kind)
{
    const pickle_value *value = argument(arguments, i);
    return value && value->kind == kind ? value : NULL;
}

/* A call of a known function with arguments of a form that is not known. */
static pickle_value *not_understood(pickle_machine *m, const pickle_known *known)
{
    char full[128];
    snprintf(full, sizeof full, "%s.%s", known->module, known->name);
    pickle_unknown *unknown = pickle_unknown_of(m, full);
    unknown->calls++;
    return pickle_new_opaque(m, unknown);
}

/* ---- plain values ------------------------------------------------------------------------------------------------ */

/* The elements of the argument `from`, appended to `to`; pairs as keys and values. */
static status append_elements(pickle_machine *m, pickle_value *to, const pickle_value *from, bool *understood)
{
    status st = OK;
    for (size_t i = 0; st == OK && *understood && i < from->items.count; i++) {
        pickle_value *each = from->items.at[i];
        bool pair = (each->kind == PICKLE_TUPLE || each->kind == PICKLE_LIST) && each->items.count == 2;
        if (to->kind != PICKLE_DICT || from->kind == PICKLE_DICT) {
            st = pickle_append(m, to, each);
        } else if (!pair) {
            *understood = false;
        } else {
            pickle_value *key = each->items.at[0], *value = each->items.at[1];
            st = pickle_append(m, to, key);
            if (st == OK) st = pickle_append(m, to, value);
        }
    }
    return st;
}

static bool holds_elements(const pickle_value *value)
{
    return value && (value->kind == PICKLE_LIST || value->kind == PICKLE_TUPLE || value->kind == PICKLE_DICT);
}

static status give_elements(pickle_machine *m, const pickle_known *known, pickle_kind kind,
                            const pickle_value *arguments, pickle_value **out)
{
    const pickle_value *from = argument(arguments, 0);
    bool understood = !from || kind == PICKLE_DICT || holds_elements(from); /* a defaultdict's is what makes values */
    pickle_value *to = understood ? pickle_new(m, kind) : not_understood(m, known);
    status st = OK;
    if (!to) return pickle_out_of_room(m);
    if (understood && holds_elements(from)) st = append_elements(m, to, from, &understood);
    *out = understood ? to : not_understood(m, known);
    return st == OK && !*out ? pickle_out_of_room(m) : st;
}

/* Characters up to U+00FF, which is all that "latin1" has, as bytes. */
static bool text_to_bytes(const pickle_value *text, char *out, size_t *count)
{
    const unsigned char *at = (const unsigned char *)text->text.at, *end = at + text->text.length;
    *count = 0;
    while (at < end) {
        unsigned c = *at++;
        if (c >= 0x80) {
            if ((c != 0xc2 && c != 0xc3) || at == end || (*at & 0xc0) != 0x80) return false;
            c = (c & 3) << 6 | (*at++ & 0x3f);
        }
        out[(*count)++] = (char)c;
    }
    return true;
}

static pickle_value *give_bytes(pickle_machine *m, const pickle_known *known, const pickle_value *arguments)
{
    const pickle_value *text = argument_of(arguments, 0, PICKLE_TEXT), *code = argument_of(arguments, 1, PICKLE_TEXT);
    bool latin = code && (!strcmp(code->text.at, "latin1") || !strcmp(code->text.at, "latin-1"));
    if (!text || !latin) return not_understood(m, known);
    pickle_value *bytes = pickle_new_text(m, PICKLE_BYTES, text->text.at, text->text.length);
    if (!bytes) return NULL;
    char *to = (char *)(uintptr_t)bytes->text.at; /* fresh, not shorter than what comes there, and ours */
    if (!text_to_bytes(text, to, &bytes->text.length)) return not_understood(m, known);
    to[bytes->text.length] = '\0';
    return bytes;
}

static pickle_value *give_text(pickle_machine *m, const pickle_known *known, const pickle_value *arguments)
{
    char text[96];
    const pickle_value *name = argument_of(arguments, 0, PICKLE_TEXT), *index = argument_of(arguments, 1, PICKLE_INT);
    if (!name || name->text.length > 64) return not_understood(m, known);
    if (index) snprintf(text, sizeof text, "%s:%lld", name->text.at, (long long)index->whole);
    else snprintf(text, sizeof text, "%s", name->text.at);
    return pickle_new_text(m, PICKLE_TEXT, text, strlen(text));
}

/* ---- numbers of NumPy -------------------------------------------------------------------------------------------- */

static pickle_value *give_numpy(pickle_machine *m, const pickle_known *known, const pickle_value *arguments)
{
    const pickle_value *name = argument_of(arguments, 0, PICKLE_TEXT);
    if (!name) return not_understood(m, known);
    return pickle_new_text(m, PICKLE_NUMPY, name->text.at, name->text.length);
}

/* The number that `bytes` hold as `type` ("f8"). */
static bool decode_number(const pickle_value *type, const pickle_value *bytes, pickle_value *out)
{
    const char *name = type->text.at;
    size_t size = bytes->text.length;
    if (strlen(name) != 2 || name[1] != (char)('0' + size) || size > 8 || (size & (size - 1)) || !size) return false;
    uint64_t number = bytes_number(bytes->text.at, size);
    unsigned shift = 64 - 8 * (unsigned)size;
    out->kind = PICKLE_INT;
    out->whole = (int64_t)number;
    if (name[0] == 'i') {
        out->whole = (int64_t)(number << shift) >> shift;
    } else if (name[0] == 'b') {
        out->kind = PICKLE_BOOL;
        out->truth = number != 0;
    } else if (name[0] == 'f' && size >= 4) {
        float narrow;
        memcpy(&narrow, bytes->text.at, sizeof narrow);
        out->kind = PICKLE_REAL;
        if (size == 4) out->real = (double)narrow;
        else memcpy(&out->real, bytes->text.at, sizeof out->real);
    } else if (name[0] != 'u' || number > INT64_MAX) {
        return false;
    }
    return true;
}

static pickle_value *give_number(pickle_machine *m, const pickle_known *known, const pickle_value *arguments)
{
    const pickle_value *type = argument_of(arguments, 0, PICKLE_NUMPY), *bytes = argument(arguments, 1);
    bool held = bytes && (bytes->kind == PICKLE_BYTES || bytes->kind == PICKLE_TEXT);
    pickle_value number = {0};
    if (!type || !held || !decode_number(type, bytes, &number)) return not_understood(m, known);
    pickle_value *out = pickle_new(m, number.kind);
    if (out) *out = number;
    return out;
}

/* ---- storages ---------------------------------------------------------------------------------------------------- */

static status keep_storage(pickle_machine *m, pickle_storage *storage)
{
    pickle_result *out = m->out;
    if (out->storage_count == out->storage_room) {
        size_t room = out->storage_room ? 2 * out->storage_room : 256;
        pickle_storage **grown = realloc(out->storages, room * sizeof(pickle_storage *));
        if (!grown) return FAIL(ERR_MEMORY, "%s: no memory for its storages", m->in->file->path);
        out->storages = grown;
        out->storage_room = room;
    }
    out->storages[out->storage_count++] = storage;
    return OK;
}

/* Of the class that the id names: of elements of a type, of bytes, or of what is not read. */
static void set_class(pickle_machine *m, pickle_storage *storage, const pickle_value *class)
{
    int type = class->kind == PICKLE_KNOWN ? class->known->type : UNTYPED;
    storage->typed = type >= 0;
    storage->element_bytes = type == UNTYPED ? 1 : (uint64_t)(UNTYPED - type);
    if (storage->typed) storage->element_bytes = weight_type_bytes(storage->type = (weight_type)type);
    if (class->kind == PICKLE_OPAQUE) {
        storage->unread = class->unknown;
        storage->element_bytes = 0;
    } else if (type < UNTYPED) {
        storage->unread = pickle_unknown_of(m, class->known->name);
    }
}

/* The parts of the id; false for an id of another form. */
static bool take_id(const pickle_value *id, const pickle_value **class, const pickle_value **key,
                    const pickle_value **count)
{
    if (id->kind != PICKLE_TUPLE) return false;
    const pickle_value *word = argument_of(id, 0, PICKLE_TEXT);
    *class = argument(id, 1);
    *key = argument_of(id, 2, PICKLE_TEXT);
    *count = argument_of(id, 4, PICKLE_INT);
    bool is_class = *class && ((*class)->kind == PICKLE_OPAQUE ||
                               ((*class)->kind == PICKLE_KNOWN && (*class)->known->kind == IS_STORAGE));
    return word && !strcmp(word->text.at, "storage") && is_class && *key && *count && (*count)->whole >= 0;
}

status pickle_storage_of(pickle_machine *m, const pickle_value *id, pickle_value **out)
{
    const pickle_value *class = NULL, *key = NULL, *count = NULL;
    if (!take_id(id, &class, &key, &count)) return pickle_fail(m, "refers to what is no storage of tensors");
    const pickle_value *view = argument(id, 5);
    if (view && view->kind != PICKLE_NONE)
        return pickle_fail(m, "has a storage that is a part of another, as PyTorch wrote them before 0.4: "
                              "load and save it with a PyTorch of today");
    if (strlen(key->text.at) != key->text.length || strchr(key->text.at, '/'))
        return pickle_fail(m, "the key of a storage is none");
    pickle_storage *storage = arena_alloc(m->memory, sizeof *storage);
    pickle_value *value = pickle_new(m, PICKLE_STORAGE);
    if (!storage || !value) return pickle_out_of_room(m);
    storage->key = key->text.at;
    storage->elements = (uint64_t)count->whole;
    set_class(m, storage, class);
    value->storage = storage;
    *out = value;
    return keep_storage(m, storage);
}

/* ---- tensors ----------------------------------------------------------------------------------------------------- */

/* Sizes or strides into `out`; how many they are, or -1 for what is none. */
static int take_sizes(const pickle_value *list, int64_t *out)
{
    if (!list || (list->kind != PICKLE_TUPLE && list->kind != PICKLE_LIST)) return -1;
    for (size_t i = 0; i < list->items.count; i++) {
        const pickle_value *size = list->items.at[i];
        if (size->kind != PICKLE_INT || size->whole < 0) return -1;
        if (i < WEIGHT_DIMS_MOST) out[i] = size->whole;
    }
    return list->items.count > WEIGHT_DIMS_MOST ? WEIGHT_DIMS_MOST + 1 : (int)list->items.count;
}

static pickle_value *unread_tensor(pickle_machine *m, pickle_unknown *unknown)
{
    unknown->tensors++;
    return pickle_new_opaque(m, unknown);
}

/* Whether the tensor lies in its storage, and is not larger: what is expanded (strides of 0) could be of any size. */
static status check_tensor(pickle_machine *m, const pickle_tensor *t, pickle_value **opaque)
{
    const weight_entry *e = &t->entry;
    uint64_t extent = 0, size = weight_type_bytes(e->info.type);
    uint64_t there = t->storage->typed ? t->storage->elements : t->storage->elements / size;
    if (!entry_extent(e, &extent) || e->start > there || extent > there - e->start)
        return pickle_fail(m, "a tensor reaches out of its storage");
    if (e->info.elements > there) {
        *opaque = unread_tensor(m, pickle_unknown_of(m, "expanded tensor, of more elements than are stored"));
        if (!*opaque) return pickle_out_of_room(m);
    }
    return OK;
}

static status make_tensor(pickle_machine *m, const pickle_storage *storage, weight_type type,
                          const pickle_value *arguments, pickle_value **out)
{
    status st = OK;
    const pickle_value *offset = argument_of(arguments, 1, PICKLE_INT);
    pickle_value *value = pickle_new(m, PICKLE_TENSOR), *opaque = NULL;
    pickle_tensor *t = arena_alloc(m->memory, sizeof *t);
    if (!t || !value) TRY(pickle_out_of_room(m));
    int dims = take_sizes(argument(arguments, 2), t->entry.info.shape);
    int strides = take_sizes(argument(arguments, 3), t->entry.stride);
    if (!offset || offset->whole < 0 || dims < 0 || dims != strides)
        TRY(pickle_fail(m, "a tensor has no shape, strides and offset that go together"));
    if (dims > WEIGHT_DIMS_MOST) {
        *out = unread_tensor(m, pickle_unknown_of(m, "tensor of more than 8 dimensions"));
        if (!*out) TRY(pickle_out_of_room(m));
        goto done;
    }
    t->storage = storage;
    t->entry.start = (uint64_t)offset->whole;
    t->entry.info.type = type;
    t->entry.info.dims = dims;
    if (!weight_info_count(&t->entry.info)) TRY(pickle_fail(m, "the shape of a tensor is too large"));
    TRY(check_tensor(m, t, &opaque));
    value->tensor = t;
    *out = opaque ? opaque : value;
done:
    return st;
}

static status give_tensor(pickle_machine *m, const pickle_known *known, const pickle_value *arguments,
                          pickle_value **out)
{
    const pickle_value *from = argument(arguments, 0), *type = argument(arguments, 6);
    const pickle_storage *storage = from && from->kind == PICKLE_STORAGE ? from->storage : NULL;
    bool said = known->kind == GIVES_TENSOR_V3;
    *out = NULL;
    if (storage && storage->unread) *out = unread_tensor(m, storage->unread);
    else if (said && storage && type && type->kind == PICKLE_OPAQUE) *out = unread_tensor(m, type->unknown);
    else if (!storage || (said && (!type || type->kind != PICKLE_KNOWN || type->known->kind != IS_TYPE)) ||
             said == storage->typed)
        return pickle_fail(m, "a tensor has no storage or no type");
    else return make_tensor(m, storage, said ? (weight_type)type->known->type : storage->type, arguments, out);
    return *out ? OK : pickle_out_of_room(m);
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static status give_inner(pickle_machine *m, const pickle_known *known, const pickle_value *arguments,
                         pickle_value **out)
{
    const pickle_value *function = argument_of(arguments, 0, PICKLE_KNOWN);
    const pickle_value *inner = argument_of(arguments, 2, PICKLE_TUPLE);
    bool simple = function && inner && function->known->kind != GIVES_INNER; /* one in another has no end */
    if (simple) return pickle_call(m, function->known, inner, out);
    *out = not_understood(m, known);
    return *out ? OK : pickle_out_of_room(m);
}

status pickle_call(pickle_machine *m, const pickle_known *known, const pickle_value *arguments, pickle_value **out)
{
    *out = NULL;
    switch (known->kind) {
    case GIVES_DICT: return give_elements(m, known, PICKLE_DICT, arguments, out);
    case GIVES_LIST: return give_elements(m, known, PICKLE_LIST, arguments, out);
    case GIVES_TUPLE: return give_elements(m, known, PICKLE_TUPLE, arguments, out);
    case GIVES_TENSOR:
    case GIVES_TENSOR_V3: return give_tensor(m, known, arguments, out);
    case GIVES_INNER: return give_inner(m, known, arguments, out);
    case GIVES_BYTES: *out = give_bytes(m, known, arguments); break;
    case GIVES_TEXT: *out = give_text(m, known, arguments); break;
    case GIVES_NUMPY: *out = give_numpy(m, known, arguments); break;
    case GIVES_NUMBER: *out = give_number(m, known, arguments); break;
    case GIVES_FIRST: *out = arguments->items.count ? arguments->items.at[0] : not_understood(m, known); break;
    case IS_STORAGE:
    case IS_CLASS:
    case IS_TYPE: *out = not_understood(m, known); break;
    }
    return *out ? OK : pickle_out_of_room(m);
}
