/* pickle - the machine. Its operations are a table: what each does, and how many bytes of length or number follow it.
 */
#include "weights/pickle_machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WEIGHT_MOST = 8 << 20, STACK_MOST = 4 << 20, MEMO_MOST = 4 << 20 };
enum { STOP = '.' };

/* ---- failures and room ------------------------------------------------------------------------------------------- */

status pickle_fail(const pickle_machine *m, const char *what)
{
    return FAIL(ERR_INPUT, "%s: byte %" PRIu64 ": %s", m->in->file->path, m->in->base + m->op_at, what);
}

status pickle_out_of_room(const pickle_machine *m)
{
    if (m->weight >= WEIGHT_MOST) return pickle_fail(m, "describes more than 8 million values");
    return FAIL(ERR_MEMORY, "%s: no memory for the values it describes", m->in->file->path);
}

pickle_value *pickle_new(pickle_machine *m, pickle_kind kind)
{
    pickle_value *fresh = m->weight < WEIGHT_MOST ? arena_alloc(m->memory, sizeof *fresh) : NULL;
    if (!fresh) return NULL;
    m->weight++;
    fresh->kind = kind;
    return fresh;
}

pickle_value *pickle_new_text(pickle_machine *m, pickle_kind kind, const void *at, size_t length)
{
    pickle_value *fresh = pickle_new(m, kind);
    if (!fresh) return NULL;
    fresh->text.at = arena_copy(m->memory, at, length);
    fresh->text.length = length;
    return fresh->text.at ? fresh : NULL;
}

pickle_unknown *pickle_unknown_of(pickle_machine *m, const char *name)
{
    pickle_result *out = m->out;
    for (size_t i = 0; i < out->unknown_count; i++)
        if (!strcmp(out->unknown[i].name, name)) return &out->unknown[i];
    if (out->unknown_count == PICKLE_UNKNOWN_MOST) return &out->unknown[PICKLE_UNKNOWN_MOST - 1];
    bool last = out->unknown_count == PICKLE_UNKNOWN_MOST - 1;
    const char *kept = last ? NULL : arena_copy(m->memory, name, strlen(name));
    pickle_unknown *fresh = &out->unknown[out->unknown_count++];
    fresh->name = kept ? kept : "further ones";
    return fresh;
}

pickle_value *pickle_new_opaque(pickle_machine *m, pickle_unknown *unknown)
{
    pickle_value *fresh = pickle_new(m, PICKLE_OPAQUE);
    if (fresh) fresh->unknown = unknown;
    return fresh;
}

/* Room for one more of `size` bytes in an array of `count`. */
static bool grow(void *array, size_t count, size_t *room, size_t size, size_t most)
{
    void **at = array;
    if (count < *room) return true;
    size_t wanted = *room ? 2 * *room : 256;
    if (wanted > most) wanted = most;
    void *grown = count < wanted ? realloc(*at, wanted * size) : NULL;
    if (!grown) return false;
    *at = grown;
    *room = wanted;
    return true;
}

static status push(pickle_machine *m, pickle_value *value)
{
    if (!value) return pickle_out_of_room(m);
    if (!grow(&m->stack, m->stack_count, &m->stack_room, sizeof(pickle_value *), STACK_MOST))
        return pickle_fail(m, "the stack is too high");
    m->stack[m->stack_count++] = value;
    return OK;
}

/* Values above the newest mark. */
static size_t floor_of(const pickle_machine *m)
{
    return m->mark_count ? m->marks[m->mark_count - 1] : 0;
}

static status pop(pickle_machine *m, pickle_value **out)
{
    if (m->stack_count <= floor_of(m)) return pickle_fail(m, "takes a value from an empty stack");
    *out = m->stack[--m->stack_count];
    return OK;
}

static status top(const pickle_machine *m, pickle_value **out)
{
    if (m->stack_count <= floor_of(m)) return pickle_fail(m, "looks at a value of an empty stack");
    *out = m->stack[m->stack_count - 1];
    return OK;
}

/* Takes the newest mark and the values above it; they are at `*at` until the next push. */
static status pop_marked(pickle_machine *m, pickle_value ***at, size_t *count)
{
    if (!m->mark_count) return pickle_fail(m, "there is no mark");
    size_t floor = m->marks[--m->mark_count];
    *at = m->stack ? m->stack + floor : NULL; /* nothing was pushed yet */
    *count = m->stack_count - floor;
    m->stack_count = floor;
    return OK;
}

static bool list_grow(pickle_machine *m, pickle_value *list)
{
    uint32_t room = list->items.room ? 2 * list->items.room : 4;
    pickle_value **grown = arena_alloc(m->memory, room * sizeof *grown);
    if (!grown) return false;
    if (list->items.count) memcpy(grown, list->items.at, list->items.count * sizeof *grown);
    list->items.at = grown;
    list->items.room = room;
    return true;
}

status pickle_append(pickle_machine *m, pickle_value *list, pickle_value *item)
{
    if (m->weight >= WEIGHT_MOST) return pickle_out_of_room(m);
    if (list->items.count == list->items.room && !list_grow(m, list)) return pickle_out_of_room(m);
    list->items.at[list->items.count++] = item;
    m->weight++;
    return OK;
}

/* ---- operations: values ------------------------------------------------------------------------------------------ */

static status op_none(pickle_machine *m, unsigned kind)
{
    return push(m, pickle_new(m, (pickle_kind)kind)); /* also the empty list, tuple and dictionary */
}

static status op_bool(pickle_machine *m, unsigned truth)
{
    pickle_value *value = pickle_new(m, PICKLE_BOOL);
    if (value) value->truth = truth;
    return push(m, value);
}

static status push_int(pickle_machine *m, int64_t number)
{
    pickle_value *value = pickle_new(m, PICKLE_INT);
    if (value) value->whole = number;
    return push(m, value);
}

static status op_int(pickle_machine *m, unsigned size)
{
    uint64_t number = 0;
    status st = pickle_take_number(m, size, &number);
    if (st != OK) return st;
    return push_int(m, size == 4 ? (int32_t)(uint32_t)number : (int64_t)number);
}

/* A number of any length, two's complement. What does not fit into 64 bits is opaque. */
static status op_long(pickle_machine *m, unsigned size)
{
    status st = OK;
    uint64_t length = 0;
    const unsigned char *at = NULL;
    TRY(pickle_take_number(m, size, &length));
    TRY(pickle_take(m, length, &at));
    if (length > 8) {
        pickle_unknown *large = pickle_unknown_of(m, "int of more than 64 bits");
        large->objects++;
        TRY(push(m, pickle_new_opaque(m, large)));
    } else {
        uint64_t number = bytes_number(at, (size_t)length);
        if (length && length < 8 && at[length - 1] & 0x80) number |= UINT64_MAX << 8 * length;
        TRY(push_int(m, (int64_t)number));
    }
done:
    return st;
}

static status op_real(pickle_machine *m, unsigned unused)
{
    (void)unused;
    const unsigned char *at;
    unsigned char turned[8];
    status st = pickle_take(m, 8, &at);
    if (st != OK) return st;
    for (int i = 0; i < 8; i++) turned[i] = at[7 - i]; /* big endian */
    pickle_value *value = pickle_new(m, PICKLE_REAL);
    if (value) memcpy(&value->real, turned, 8);
    return push(m, value);
}

static status push_bytes(pickle_machine *m, pickle_kind kind, unsigned size)
{
    uint64_t length = 0;
    const unsigned char *at = NULL;
    status st = pickle_take_number(m, size, &length);
    if (st == OK) st = pickle_take(m, length, &at);
    return st == OK ? push(m, pickle_new_text(m, kind, at, (size_t)length)) : st;
}

static status op_text(pickle_machine *m, unsigned size)
{
    return push_bytes(m, PICKLE_TEXT, size);
}

static status op_bytes(pickle_machine *m, unsigned size)
{
    return push_bytes(m, PICKLE_BYTES, size);
}

/* ---- operations: lists ------------------------------------------------------------------------------------------- */

static status append_all(pickle_machine *m, pickle_value *list, pickle_value **at, size_t count)
{
    status st = OK;
    for (size_t i = 0; st == OK && i < count; i++) st = pickle_append(m, list, at[i]);
    return st;
}

static status collect(pickle_machine *m, pickle_kind kind, pickle_value **at, size_t count)
{
    pickle_value *list = pickle_new(m, kind);
    if (!list) return pickle_out_of_room(m);
    if (kind == PICKLE_DICT && count % 2) return pickle_fail(m, "a key has no value");
    status st = append_all(m, list, at, count);
    return st == OK ? push(m, list) : st;
}

static status op_collect(pickle_machine *m, unsigned kind)
{
    pickle_value **at = NULL;
    size_t count = 0;
    status st = pop_marked(m, &at, &count);
    return st == OK ? collect(m, (pickle_kind)kind, at, count) : st;
}

static status op_tuple(pickle_machine *m, unsigned count)
{
    if (m->stack_count - floor_of(m) < count) return pickle_fail(m, "takes a value from an empty stack");
    m->stack_count -= count;
    return collect(m, PICKLE_TUPLE, m->stack + m->stack_count, count);
}

/* Puts values into the list or dictionary under them; an opaque value takes them without effect. */
static status put_into(pickle_machine *m, pickle_kind kind, pickle_value **at, size_t count)
{
    pickle_value *into = NULL;
    status st = top(m, &into);
    if (st != OK || into->kind == PICKLE_OPAQUE) return st;
    if (into->kind != kind) return pickle_fail(m, kind == PICKLE_DICT ? "is no dictionary" : "is no list");
    if (kind == PICKLE_DICT && count % 2) return pickle_fail(m, "a key has no value");
    return append_all(m, into, at, count);
}

static status op_put_marked(pickle_machine *m, unsigned kind)
{
    pickle_value **at = NULL;
    size_t count = 0;
    status st = pop_marked(m, &at, &count);
    return st == OK ? put_into(m, (pickle_kind)kind, at, count) : st;
}

static status op_put_one(pickle_machine *m, unsigned kind)
{
    size_t count = kind == PICKLE_DICT ? 2 : 1;
    if (m->stack_count - floor_of(m) < count) return pickle_fail(m, "takes a value from an empty stack");
    m->stack_count -= count;
    return put_into(m, (pickle_kind)kind, m->stack + m->stack_count, count);
}

/* ---- operations: stack and memory -------------------------------------------------------------------------------- */

static status op_mark(pickle_machine *m, unsigned unused)
{
    (void)unused;
    if (!grow(&m->marks, m->mark_count, &m->mark_room, sizeof *m->marks, STACK_MOST))
        return pickle_fail(m, "there are too many marks");
    m->marks[m->mark_count++] = m->stack_count;
    return OK;
}

static status op_pop(pickle_machine *m, unsigned unused)
{
    (void)unused;
    pickle_value *gone, **at;
    size_t count;
    bool is_mark = m->mark_count && m->stack_count == floor_of(m);
    return is_mark ? pop_marked(m, &at, &count) : pop(m, &gone);
}

static status op_pop_marked(pickle_machine *m, unsigned unused)
{
    (void)unused;
    pickle_value **at;
    size_t count;
    return pop_marked(m, &at, &count);
}

static status op_again(pickle_machine *m, unsigned unused)
{
    (void)unused;
    pickle_value *value = NULL;
    status st = top(m, &value);
    return st == OK ? push(m, value) : st;
}

static status remember(pickle_machine *m, uint64_t index)
{
    pickle_value *value = NULL;
    status st = top(m, &value);
    if (st != OK) return st;
    if (index >= MEMO_MOST) return pickle_fail(m, "remembers more than 4 million values");
    while (index >= m->memo_count) {
        if (!grow(&m->memo, m->memo_count, &m->memo_room, sizeof(pickle_value *), MEMO_MOST))
            return FAIL(ERR_MEMORY, "%s: no memory for the values it describes", m->in->file->path);
        m->memo[m->memo_count++] = NULL;
    }
    m->memo[index] = value;
    return OK;
}

static status op_put(pickle_machine *m, unsigned size)
{
    uint64_t index = 0;
    status st = pickle_take_number(m, size, &index);
    return st == OK ? remember(m, index) : st;
}

static status op_memoize(pickle_machine *m, unsigned unused)
{
    (void)unused;
    return remember(m, m->memo_count);
}

static status op_get(pickle_machine *m, unsigned size)
{
    uint64_t index = 0;
    status st = pickle_take_number(m, size, &index);
    if (st != OK) return st;
    if (index >= m->memo_count || !m->memo[index]) return pickle_fail(m, "asks for a value that was not remembered");
    return push(m, m->memo[index]);
}

/* ---- operations: names and calls --------------------------------------------------------------------------------- */

static status push_name(pickle_machine *m, const char *module, const char *name)
{
    char full[2 * PICKLE_NAME_MOST + 2];
    const pickle_known *known = pickle_known_find(module, name);
    pickle_value *value;
    if (known) {
        value = pickle_new(m, PICKLE_KNOWN);
        if (value) value->known = known;
        return push(m, value);
    }
    snprintf(full, sizeof full, "%s.%s", module, name);
    pickle_unknown *unknown = pickle_unknown_of(m, full);
    unknown->named++;
    return push(m, pickle_new_opaque(m, unknown));
}

static status op_global(pickle_machine *m, unsigned unused)
{
    (void)unused;
    char module[PICKLE_NAME_MOST], name[PICKLE_NAME_MOST];
    status st = pickle_take_line(m, module);
    if (st == OK) st = pickle_take_line(m, name);
    return st == OK ? push_name(m, module, name) : st;
}

static status op_stack_global(pickle_machine *m, unsigned unused)
{
    (void)unused;
    status st = OK;
    pickle_value *name = NULL, *module = NULL;
    TRY(pop(m, &name));
    TRY(pop(m, &module));
    if (name->kind != PICKLE_TEXT || module->kind != PICKLE_TEXT || name->text.length >= PICKLE_NAME_MOST ||
        module->text.length >= PICKLE_NAME_MOST)
        TRY(pickle_fail(m, "the name of a function or class is none"));
    TRY(push_name(m, module->text.at, name->text.at));
done:
    return st;
}

/* A call (REDUCE) or a new object (NEWOBJ) of `what`. */
static status call(pickle_machine *m, const pickle_value *what, const pickle_value *arguments, bool object)
{
    status st = OK;
    pickle_value *result = NULL;
    if (arguments->kind != PICKLE_TUPLE && arguments->kind != PICKLE_OPAQUE)
        TRY(pickle_fail(m, "the arguments of a call are no tuple"));
    if (what->kind == PICKLE_KNOWN && arguments->kind == PICKLE_TUPLE) {
        TRY(pickle_call(m, what->known, arguments, &result));
    } else if (what->kind == PICKLE_OPAQUE || what->kind == PICKLE_KNOWN) {
        pickle_unknown *unknown =
            what->kind == PICKLE_OPAQUE ? what->unknown : pickle_unknown_of(m, pickle_known_name(what->known));
        *(object ? &unknown->objects : &unknown->calls) += 1;
        result = pickle_new_opaque(m, unknown);
    } else {
        TRY(pickle_fail(m, "calls what is no function"));
    }
    TRY(push(m, result));
done:
    return st;
}

static status op_call(pickle_machine *m, unsigned object)
{
    pickle_value *arguments = NULL, *what = NULL;
    status st = pop(m, &arguments);
    if (st == OK) st = pop(m, &what);
    return st == OK ? call(m, what, arguments, object) : st;
}

static status op_new_with_names(pickle_machine *m, unsigned unused)
{
    (void)unused;
    pickle_value *names = NULL;
    status st = pop(m, &names);
    if (st == OK && names->kind == PICKLE_DICT && names->items.count)
        return pickle_fail(m, "makes an object with named arguments, which torch.save does not write");
    return st == OK ? op_call(m, true) : st;
}

/* Sets the state of an object. Of the values that are built here none has one that matters (the dictionary of a
 * module's weights has its version numbers there), but for NumPy's types: their order of bytes. */
static status op_build(pickle_machine *m, unsigned unused)
{
    (void)unused;
    pickle_value *state = NULL, *object = NULL;
    status st = pop(m, &state);
    if (st == OK) st = top(m, &object);
    if (st != OK || object->kind != PICKLE_NUMPY) return st;
    const pickle_value *order = state->kind == PICKLE_TUPLE && state->items.count > 1 ? state->items.at[1] : NULL;
    if (!order || order->kind != PICKLE_TEXT || !strcmp(order->text.at, ">")) object->text.at = "";
    return OK;
}

static status op_persistent(pickle_machine *m, unsigned unused)
{
    (void)unused;
    pickle_value *id = NULL, *storage = NULL;
    status st = pop(m, &id);
    if (st == OK) st = pickle_storage_of(m, id, &storage);
    return st == OK ? push(m, storage) : st;
}

/* ---- the machine ------------------------------------------------------------------------------------------------- */

static status op_protocol(pickle_machine *m, unsigned unused)
{
    (void)unused;
    uint64_t protocol = 0;
    status st = pickle_take_number(m, 1, &protocol);
    if (st == OK && protocol > 5) return pickle_fail(m, "is a pickle of a protocol after 5");
    return st;
}

static status op_frame(pickle_machine *m, unsigned unused)
{
    (void)unused;
    uint64_t length = 0; /* a hint for readers of streams */
    return pickle_take_number(m, 8, &length);
}

static const struct {
    status (*run)(pickle_machine *m, unsigned with);
    unsigned with;
} OPERATIONS[256] = {
    [0x80] = {op_protocol, 0},
    [0x95] = {op_frame, 0},
    ['N'] = {op_none, PICKLE_NONE},
    [0x88] = {op_bool, true},
    [0x89] = {op_bool, false},
    ['K'] = {op_int, 1},
    ['M'] = {op_int, 2},
    ['J'] = {op_int, 4},
    [0x8a] = {op_long, 1},
    [0x8b] = {op_long, 4},
    ['G'] = {op_real, 0},
    ['X'] = {op_text, 4}, /* unicode */
    [0x8c] = {op_text, 1},
    [0x8d] = {op_text, 8},
    ['T'] = {op_text, 4}, /* str of Python 2 */
    ['U'] = {op_text, 1},
    ['B'] = {op_bytes, 4},
    ['C'] = {op_bytes, 1},
    [0x8e] = {op_bytes, 8},
    [0x96] = {op_bytes, 8}, /* bytearray */
    [']'] = {op_none, PICKLE_LIST},
    [')'] = {op_none, PICKLE_TUPLE},
    ['}'] = {op_none, PICKLE_DICT},
    [0x8f] = {op_none, PICKLE_LIST}, /* set */
    ['l'] = {op_collect, PICKLE_LIST},
    ['t'] = {op_collect, PICKLE_TUPLE},
    ['d'] = {op_collect, PICKLE_DICT},
    [0x91] = {op_collect, PICKLE_LIST}, /* frozenset */
    [0x85] = {op_tuple, 1},
    [0x86] = {op_tuple, 2},
    [0x87] = {op_tuple, 3},
    ['a'] = {op_put_one, PICKLE_LIST},
    ['s'] = {op_put_one, PICKLE_DICT},
    ['e'] = {op_put_marked, PICKLE_LIST},
    [0x90] = {op_put_marked, PICKLE_LIST}, /* into a set */
    ['u'] = {op_put_marked, PICKLE_DICT},
    ['('] = {op_mark, 0},
    ['0'] = {op_pop, 0},
    ['1'] = {op_pop_marked, 0},
    ['2'] = {op_again, 0},
    ['q'] = {op_put, 1},
    ['r'] = {op_put, 4},
    [0x94] = {op_memoize, 0},
    ['h'] = {op_get, 1},
    ['j'] = {op_get, 4},
    ['c'] = {op_global, 0},
    [0x93] = {op_stack_global, 0},
    ['R'] = {op_call, false},
    [0x81] = {op_call, true},
    [0x92] = {op_new_with_names, 0},
    ['b'] = {op_build, 0},
    ['Q'] = {op_persistent, 0},
};

static status run(pickle_machine *m)
{
    status st = OK;
    const unsigned char *at = NULL;
    char what[80];
    for (;;) {
        m->op_at = m->in->at;
        TRY(pickle_take(m, 1, &at));
        unsigned op = *at;
        if (op == STOP) break;
        snprintf(what, sizeof what, "0x%02x is no operation of pickles that torch.save writes", op);
        if (!OPERATIONS[op].run) TRY(pickle_fail(m, what));
        TRY(OPERATIONS[op].run(m, OPERATIONS[op].with));
    }
    if (m->mark_count) TRY(pickle_fail(m, "ends with a mark that is left over"));
    TRY(pop(m, &m->out->root));
done:
    return st;
}

status pickle_read(pickle_input *in, arena *memory, pickle_result *out)
{
    pickle_machine m = {.in = in, .memory = memory, .out = out};
    status st = run(&m);
    free(m.stack);
    free(m.memo);
    free(m.marks);
    return st;
}

void pickle_result_free(pickle_result *result)
{
    free(result->storages);
    *result = (pickle_result){0};
}
