#include "conf/recipe.h"

#include "base/file.h"
#include "conf/recipe_parts.h"
#include "conf/run.h"

#include <stdlib.h>
#include <string.h>

static size_t option_count(void)
{
    size_t count;
    options_all(&count);
    return count;
}

size_t option_index(const option *o)
{
    size_t count;
    return (size_t)(o - options_all(&count));
}

recipe *recipe_new(const char *path)
{
    recipe *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->strings = arena_new();
    r->values = arena_alloc(r->strings, option_count() * sizeof *r->values);
    r->mistake = arena_alloc(r->strings, MISTAKE_MAX);
    r->file = (place){.source = arena_copy(r->strings, path, strlen(path))};
    if (!r->values || !r->mistake || !r->file.source) recipe_free(&r);
    return r;
}

void recipe_free(recipe **r)
{
    if (!*r) return;
    arena_free(&(*r)->strings);
    free(*r);
    *r = NULL;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static status standard_parse(recipe *r, problems *p, const option *o, value *out)
{
    status st = OK;
    node plain = {.kind = NODE_SCALAR, .at = r->file, .text = o->standard, .plain = true}, *at = &plain;
    if (option_is_list(o)) TRY(tree_parse(r->strings, p, r->file, o->standard, strlen(o->standard), &at));
    CHECK(at);
    value standard = {0};
    TRY(value_parse(r->strings, p, o, at, &standard));
    standard.from = out->wrong ? out->from : r->file;
    standard.given = out->given;
    standard.wrong = out->wrong;
    *out = standard;
done:
    return st;
}

status recipe_resolve(recipe *r, problems *p)
{
    status st = OK;
    size_t count;
    const option *all = options_all(&count);
    for (size_t i = 0; i < count; i++)
        if (!r->values[i].set) TRY(standard_parse(r, p, &all[i], &r->values[i]));
    for (size_t i = 0; i < count; i++) {
        value *v = &r->values[i];
        if (v->given || !all[i].inherits) continue;
        const option *from = option_find(all[i].inherits);
        CHECK(from);
        *v = r->values[option_index(from)];
        v->given = v->wrong = false;
    }
done:
    return st;
}

/* `*readable` says that there is a tree, right or wrong: of a file that is none, no more is worth telling. */
static status take_file(recipe *r, problems *p, const char *path, bool *readable)
{
    status st = OK;
    char *bytes = NULL;
    size_t count;
    node *root;
    st = file_read(path, TREE_BYTES_MAX, &bytes, &count);
    if (st == ERR_INPUT) st = ERR_CONFIG; /* too large: the message says so */
    if (st != OK) goto done;
    TRY(tree_parse(r->strings, p, r->file, bytes, count, &root));
    *readable = root != NULL;
    if (root) TRY(recipe_take(r, p, root));
    else if (!p->count) problem_add(p, r->file, "an empty recipe");
done:
    free(bytes);
    return st;
}

/* Turns "a.b=TEXT" into the entry `a.b: TEXT` of a mapping. */
static status take_override(recipe *r, problems *p, place at, const char *text)
{
    status st = OK;
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) {
        problem_add(p, at, "\"%.80s\" is not of the form key=value", text);
        goto done;
    }
    node *tree, null = {.kind = NODE_SCALAR, .text = "", .plain = true, .at = at};
    size_t before = p->count;
    TRY(tree_parse(r->strings, p, at, equals + 1, strlen(equals + 1), &tree));
    if (p->count > before) goto done;
    if (!tree) tree = &null;
    tree->key = arena_copy(r->strings, text, (size_t)(equals - text));
    tree->key_at = at;
    if (!tree->key) TRY(FAIL(ERR_MEMORY, "no memory for a recipe's overrides"));
    TRY(recipe_take(r, p, &(node){.kind = NODE_MAP, .at = at, .first = tree}));
done:
    return st;
}

static status take_overrides(recipe *r, problems *p, char *const *overrides, size_t count)
{
    status st = OK;
    for (size_t i = 0; i < count; i++) {
        char source[48];
        int length = snprintf(source, sizeof source, "command line, override %zu", i + 1);
        place at = {.source = arena_copy(r->strings, source, (size_t)length), .order = (int)i + 1};
        if (!at.source) TRY(FAIL(ERR_MEMORY, "no memory for a recipe's overrides"));
        TRY(take_override(r, p, at, overrides[i]));
    }
done:
    return st;
}

status recipe_read(const char *path, char *const *overrides, size_t count, recipe **out)
{
    status st = OK;
    bool readable = false;
    recipe *r = recipe_new(path ? path : "recipe");
    if (!r) TRY(FAIL(ERR_MEMORY, "no memory to read a recipe"));
    problems p = {.strings = r->strings};
    if (path) TRY(take_file(r, &p, path, &readable));
    else readable = true;
    TRY(take_overrides(r, &p, overrides, count));
    TRY(recipe_resolve(r, &p));
    if (readable) TRY(sweep_count(r) ? sweep_check(r, &p) : recipe_check(r, &p));
    TRY(problems_end(&p));
    *out = r;
    r = NULL;
done:
    recipe_free(&r);
    return st;
}

status recipe_set(recipe *r, const char *key, const char *text)
{
    status st = OK;
    const option *o = option_find(key);
    problems p = {.strings = r->strings};
    node as_written = {
        .kind = NODE_SCALAR, .at = r->file, .text = text ? text : "", .plain = !text || (o && option_is_number(o))};
    CHECK(o && !option_is_list(o) && o->type != OPTION_BOOL);
    TRY(value_parse(r->strings, &p, o, &as_written, &r->values[option_index(o)]));
    r->values[option_index(o)].given = true;
    TRY(problems_end(&p));
done:
    return st;
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static void note_mistake(const recipe *r, const char *key, const char *what)
{
    if (!r->mistake[0]) snprintf(r->mistake, MISTAKE_MAX, "the program asked the recipe for %.80s, %s", key, what);
}

const value *recipe_value(const recipe *r, const char *key)
{
    return &r->values[option_index(option_find(key))];
}

/* The value when the key exists and has one of two types; otherwise NULL, and the mistake is noted. */
static const value *typed_value(const recipe *r, const char *key, bool text, bool list, option_type number)
{
    const option *o = option_find(key);
    if (!o) {
        note_mistake(r, key, "which the option table does not have");
        return NULL;
    }
    bool is_text = !option_is_number(o) && o->type != OPTION_BOOL;
    option_type type = o->type == OPTION_SIZES ? OPTION_INTS : o->type;
    bool fits = text ? is_text && option_is_list(o) == list : type == number;
    if (!fits) note_mistake(r, key, "as another type than the option table says");
    return fits ? recipe_value(r, key) : NULL;
}

static const item *single_item(const value *v)
{
    static const item none = {0};
    return v && !v->null && v->count ? v->at : &none;
}

static const item *list_item(const recipe *r, const char *key, const value *v, size_t i)
{
    static const item none = {.text = ""};
    if (v && i >= v->count) note_mistake(r, key, "beyond the end of its list");
    return v && i < v->count ? &v->at[i] : &none;
}

const char *recipe_text(const recipe *r, const char *key)
{
    return single_item(typed_value(r, key, true, false, 0))->text;
}

bool recipe_bool(const recipe *r, const char *key)
{
    return single_item(typed_value(r, key, false, false, OPTION_BOOL))->whole != 0;
}

int64_t recipe_int(const recipe *r, const char *key)
{
    return single_item(typed_value(r, key, false, false, OPTION_INT))->whole;
}

double recipe_real(const recipe *r, const char *key)
{
    return single_item(typed_value(r, key, false, false, OPTION_REAL))->real;
}

size_t recipe_list_count(const recipe *r, const char *key)
{
    const option *o = option_find(key);
    if (o && option_is_list(o)) return recipe_value(r, key)->count;
    note_mistake(r, key, "as a list, which the option table does not say");
    return 0;
}

const char *recipe_list_text(const recipe *r, const char *key, size_t i)
{
    return list_item(r, key, typed_value(r, key, true, true, 0), i)->text;
}

double recipe_list_real(const recipe *r, const char *key, size_t i)
{
    const option *o = option_find(key);
    option_type type = o && o->type == OPTION_REALS ? OPTION_REALS : OPTION_INTS;
    return list_item(r, key, typed_value(r, key, false, true, type), i)->real;
}

int64_t recipe_list_int(const recipe *r, const char *key, size_t i)
{
    return list_item(r, key, typed_value(r, key, false, true, OPTION_INTS), i)->whole;
}

static const value *any_value(const recipe *r, const char *key)
{
    static const value none = {.null = true};
    if (option_find(key)) return recipe_value(r, key);
    note_mistake(r, key, "which the option table does not have");
    return &none;
}

bool recipe_is_null(const recipe *r, const char *key)
{
    return any_value(r, key)->null;
}

bool recipe_is_given(const recipe *r, const char *key)
{
    return any_value(r, key)->given;
}

status recipe_mistakes(const recipe *r)
{
    return r->mistake[0] ? FAIL(ERR_INTERNAL, "%s", r->mistake) : OK;
}

/* ---- variants and steps ------------------------------------------------------------------------------------------ */

static const variant *variant_at(const recipe *r, const char *section, size_t i)
{
    for (size_t v = 0; v < r->variant_count; v++)
        if (!strcmp(r->variants[v].section, section) && i-- == 0) return &r->variants[v];
    return NULL;
}

size_t recipe_variant_count(const recipe *r, const char *section)
{
    size_t count = 0;
    while (variant_at(r, section, count)) count++;
    return count;
}

const char *recipe_variant_name(const recipe *r, const char *section, size_t i)
{
    const variant *v = variant_at(r, section, i);
    return v ? v->name : NULL;
}

const variant *recipe_variant(const recipe *r, const char *section, const char *name)
{
    for (size_t v = 0; v < r->variant_count; v++)
        if (!strcmp(r->variants[v].section, section) && !strcmp(r->variants[v].name, name)) return &r->variants[v];
    return NULL;
}

status value_copy(arena *strings, const value *from, value *to)
{
    *to = *from;
    to->from.source = arena_copy(strings, from->from.source, strlen(from->from.source));
    to->at = arena_alloc(strings, (from->count + 1) * sizeof *to->at);
    if (!to->at || !to->from.source) return FAIL(ERR_MEMORY, "no memory for a copy of a recipe");
    for (size_t i = 0; i < from->count; i++) {
        to->at[i] = from->at[i];
        to->at[i].text = arena_copy(strings, from->at[i].text, strlen(from->at[i].text));
        if (!to->at[i].text) return FAIL(ERR_MEMORY, "no memory for a copy of a recipe");
    }
    return OK;
}

static status seed_set(recipe *r, int64_t seed)
{
    char text[32];
    value *v = &r->values[option_index(option_find("seed"))];
    snprintf(text, sizeof text, "%lld", (long long)seed);
    v->at[0] = (item){arena_copy(r->strings, text, strlen(text)), seed, (double)seed};
    return v->at[0].text ? OK : FAIL(ERR_MEMORY, "no memory for a step's recipe");
}

status recipe_for_step(const recipe *r, const char *section, const char *name, int64_t seed, recipe **out)
{
    status st = OK;
    recipe *step = NULL;
    /* "predict", "cache" and "features" have no variants of their own: they predict with a teacher, and see with a
     * student, or for one */
    const char *owner = run_section_is_students(section) ? "student" : "teacher";
    const variant *v = name ? recipe_variant(r, owner, name) : NULL;
    if (name && !v) TRY(FAIL(ERR_CONFIG, "%s: %s.variants has no %s", r->file.source, owner, name));
    step = recipe_new(r->file.source);
    if (!step) TRY(FAIL(ERR_MEMORY, "no memory for a step's recipe"));
    step->step_section = arena_copy(step->strings, section, strlen(section));
    for (size_t i = 0; i < option_count(); i++) {
        const value *from = v && v->overrides[i].set ? &v->overrides[i] : &r->values[i];
        TRY(value_copy(step->strings, from, &step->values[i]));
    }
    TRY(seed_set(step, seed));
    *out = step;
    step = NULL;
done:
    recipe_free(&step);
    return st;
}
