#include "weights/tree.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 1024, DEPTH_MOST = 64, VISITS_MOST = 2 << 20 };

typedef struct {
    weight_file *f;
    storage_locator locate;
    void *self;
    char name[NAME_MOST]; /* of the value at hand */
    size_t length;
    int depth;
    size_t visits; /* a value that is in many places is visited as often */
} walk;

/* ---- names ------------------------------------------------------------------------------------------------------- */

static status name_push(walk *w, const char *part, size_t length)
{
    if (memchr(part, 0, length)) return FAIL(ERR_INPUT, "%s: a key in '%.200s' holds a NUL", w->f->bytes.path, w->name);
    if (length + 2 > NAME_MOST - w->length)
        return FAIL(ERR_INPUT, "%s: a name is longer than %d bytes: '%.200s...'", w->f->bytes.path, NAME_MOST, w->name);
    if (w->length) w->name[w->length++] = '.';
    memcpy(w->name + w->length, part, length);
    w->length += length;
    w->name[w->length] = '\0';
    return OK;
}

static void name_pop(walk *w, size_t length)
{
    w->length = length;
    w->name[length] = '\0';
}

/* A dictionary's key as text; what has none is "?". */
static const char *key_text(const pickle_value *key, char *room, size_t size, size_t *length)
{
    if (key->kind == PICKLE_TEXT) return *length = key->text.length, key->text.at;
    snprintf(room, size, "?");
    if (key->kind == PICKLE_INT) snprintf(room, size, "%" PRId64, key->whole);
    if (key->kind == PICKLE_BOOL) snprintf(room, size, "%s", key->truth ? "True" : "False");
    if (key->kind == PICKLE_NONE) snprintf(room, size, "None");
    *length = strlen(room);
    return room;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static status take_tensor(walk *w, const pickle_tensor *tensor)
{
    weight_file *f = w->f;
    weight_entry *e = entries_add(&f->entries);
    if (!e) return FAIL(ERR_MEMORY, "%s: no memory for its table", f->bytes.path);
    *e = tensor->entry;
    e->info.name = w->length ? arena_copy(f->memory, w->name, w->length) : "tensor"; /* alone in its file */
    if (!e->info.name) return FAIL(ERR_MEMORY, "%s: no memory for its table", f->bytes.path);
    return e->info.elements ? w->locate(w->self, tensor->storage, &e->storage) : OK;
}

static status take_value(walk *w, const pickle_value *value, json_t **out);

/* The value under a key of `w->name`. */
static status take_below(walk *w, const char *key, size_t key_length, const pickle_value *value, json_t **out)
{
    size_t length = w->length;
    *out = NULL;
    status st = name_push(w, key, key_length);
    if (st == OK) st = take_value(w, value, out);
    name_pop(w, length);
    return st;
}

static status take_list(walk *w, const pickle_value *list, json_t **out)
{
    status st = OK;
    json_t *values = json_array(), *each = NULL;
    size_t plain = 0;
    for (size_t i = 0; i < list->items.count; i++) {
        char key[24];
        snprintf(key, sizeof key, "%zu", i);
        TRY(take_below(w, key, strlen(key), list->items.at[i], &each));
        plain += each != NULL;
        if (json_array_append_new(values, each ? each : json_null()))
            TRY(FAIL(ERR_MEMORY, "%s: no memory for its values", w->f->bytes.path));
    }
    if (plain || !list->items.count) *out = json_incref(values);
done:
    json_decref(values);
    return st;
}

static status take_dict(walk *w, const pickle_value *dict, json_t **out)
{
    status st = OK;
    json_t *values = json_object(), *each = NULL;
    for (size_t i = 0; i + 1 < dict->items.count; i += 2) {
        char room[32];
        size_t length = 0;
        const char *key = key_text(dict->items.at[i], room, sizeof room, &length);
        TRY(take_below(w, key, length, dict->items.at[i + 1], &each));
        if (each) (void)json_object_set_new(values, key, each); /* a key that is no UTF-8 has no place there */
    }
    if (json_object_size(values) || !dict->items.count) *out = json_incref(values);
done:
    json_decref(values);
    return st;
}

static status take_items(walk *w, const pickle_value *value, json_t **out)
{
    if (++w->depth > DEPTH_MOST)
        return FAIL(ERR_INPUT, "%s: '%.200s' lies deeper than %d values in each other", w->f->bytes.path, w->name,
                    DEPTH_MOST);
    status st = value->kind == PICKLE_DICT ? take_dict(w, value, out) : take_list(w, value, out);
    w->depth--;
    return st;
}

static void take_unknown(walk *w, pickle_unknown *unknown)
{
    if (!unknown->where) unknown->where = arena_copy(w->f->memory, w->name, w->length);
}

/* `*out`: the plain value, new; NULL for tensors and what holds nothing else. */
static status take_value(walk *w, const pickle_value *value, json_t **out)
{
    if (++w->visits > VISITS_MOST) return FAIL(ERR_INPUT, "%s: names more than 2 million values", w->f->bytes.path);
    switch (value->kind) {
    case PICKLE_BOOL: *out = json_boolean(value->truth); break;
    case PICKLE_INT: *out = json_integer(value->whole); break;
    case PICKLE_REAL: *out = isfinite(value->real) ? json_real(value->real) : json_null(); break;
    case PICKLE_TEXT: *out = json_stringn(value->text.at, value->text.length); break;
    case PICKLE_LIST:
    case PICKLE_TUPLE:
    case PICKLE_DICT: return take_items(w, value, out);
    case PICKLE_TENSOR: return take_tensor(w, value->tensor);
    case PICKLE_OPAQUE: take_unknown(w, value->unknown); break;
    case PICKLE_NONE:
    case PICKLE_BYTES:
    case PICKLE_KNOWN:
    case PICKLE_NUMPY:
    case PICKLE_STORAGE: break;
    }
    if (!*out) *out = json_null();
    return OK;
}

/* ---- wrappers ---------------------------------------------------------------------------------------------------- */

/* Dictionaries that hold weights beside other things, the surest first; and what parallel and compiled modules put
 * before every name. */
static const char *const WRAPPERS[] = {"state_dict", "model_state_dict", "model_state", "model", "net", "network"};
static const char *const PREFIXES[] = {"module.", "_orig_mod."};

static bool begins(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

static size_t count_below(const weight_file *f, const char *prefix)
{
    size_t count = 0;
    for (size_t i = 0; i < f->entries.count; i++) count += begins(f->entries.at[i].info.name, prefix);
    return count;
}

/* The last value of this key, as in Python; NULL when there is none. */
static const pickle_value *dict_get(const pickle_value *dict, const char *key)
{
    for (size_t i = dict->items.count / 2; i-- > 0;) {
        const pickle_value *each = dict->items.at[2 * i];
        if (each->kind == PICKLE_TEXT && !strcmp(each->text.at, key)) return dict->items.at[2 * i + 1];
    }
    return NULL;
}

/* Goes into the first wrapper of `dict` that holds tensors: its name is added to `prefix` (NAME_MOST). */
static const pickle_value *unwrap(const weight_file *f, const pickle_value *dict, char *prefix)
{
    for (size_t i = 0; dict && dict->kind == PICKLE_DICT && i < sizeof WRAPPERS / sizeof *WRAPPERS; i++) {
        char longer[NAME_MOST];
        const pickle_value *inside = dict_get(dict, WRAPPERS[i]);
        if (!inside || inside->kind != PICKLE_DICT ||
            snprintf(longer, sizeof longer, "%s%s.", prefix, WRAPPERS[i]) >= NAME_MOST || !count_below(f, longer))
            continue;
        memcpy(prefix, longer, strlen(longer) + 1);
        return inside;
    }
    return NULL;
}

/* Adds what every name below `prefix` begins with. */
static bool add_prefix(const weight_file *f, char *prefix)
{
    size_t below = count_below(f, prefix);
    for (size_t i = 0; below && i < sizeof PREFIXES / sizeof *PREFIXES; i++) {
        char longer[NAME_MOST];
        if (snprintf(longer, sizeof longer, "%s%s", prefix, PREFIXES[i]) >= NAME_MOST ||
            count_below(f, longer) != below)
            continue;
        memcpy(prefix, longer, strlen(longer) + 1);
        return true;
    }
    return false;
}

static status take_off(weight_file *f, const char *prefix)
{
    size_t kept = 0, length = strlen(prefix), all = f->entries.count;
    for (size_t i = 0; i < all; i++) {
        weight_entry e = f->entries.at[i];
        if (!begins(e.info.name, prefix)) continue;
        e.info.name += length;
        f->entries.at[kept++] = e;
    }
    f->entries.count = kept;
    f->wrapper = arena_copy(f->memory, prefix, length ? length - 1 : 0);
    if (!f->wrapper) return FAIL(ERR_MEMORY, "%s: no memory for its table", f->bytes.path);
    if (kept == all) return OK;
    return weight_file_add_note(f, "%zu tensors outside of '%s'", all - kept, f->wrapper);
}

static status find_wrapper(weight_file *f, const pickle_value *root)
{
    char prefix[NAME_MOST] = "";
    for (const pickle_value *at = root; at && (at = unwrap(f, at, prefix));) {}
    while (add_prefix(f, prefix)) {}
    return take_off(f, prefix);
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* What was found of an unknown name, in words. */
static void describe(const pickle_unknown *u, char *out, size_t size)
{
    if (u->calls) snprintf(out, size, "%zu call%s, not made", u->calls, plural(u->calls));
    else if (u->tensors) snprintf(out, size, "%zu tensor%s, not read", u->tensors, plural(u->tensors));
    else if (u->objects) snprintf(out, size, "%zu object%s, not read", u->objects, plural(u->objects));
    else snprintf(out, size, "named, not looked up");
}

static status note_unknown(weight_file *f, const pickle_unknown *u)
{
    char found[64];
    if (!(u->calls | u->objects | u->tensors | u->named)) return OK; /* a type of which there is no tensor */
    describe(u, found, sizeof found);
    if (!u->where || !u->where[0]) return weight_file_add_note(f, "%s: %s", u->name, found);
    return weight_file_add_note(f, "%s: %s, at '%.300s'", u->name, found, u->where);
}

static status check_root(const weight_file *f, const pickle_value *root)
{
    char found[64];
    if (root->kind != PICKLE_OPAQUE) return OK;
    describe(root->unknown, found, sizeof found);
    return FAIL(ERR_INPUT, "%s: holds no dictionary of tensors but %.200s (%s): save model.state_dict() instead",
                f->bytes.path, root->unknown->name, found);
}

status tree_take(weight_file *f, pickle_result *pickle, bool all, storage_locator locate, void *self)
{
    status st = OK;
    walk w = {.f = f, .locate = locate, .self = self};
    json_t *values = NULL;
    TRY(check_root(f, pickle->root));
    TRY(take_value(&w, pickle->root, &values));
    if (json_is_object(values) && json_object_update(f->values, values))
        TRY(FAIL(ERR_MEMORY, "%s: no memory for its values", f->bytes.path));
    if (!all) TRY(find_wrapper(f, pickle->root));
    for (size_t i = 0; i < pickle->unknown_count; i++) TRY(note_unknown(f, &pickle->unknown[i]));
done:
    json_decref(values);
    return st;
}
