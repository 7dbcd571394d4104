/* Members of a sweep, their names, and the sweep as YAML. */
#include "conf/recipe_parts.h"
#include "conf/run.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_SHOWN_MAX = 24 };

size_t sweep_count(const recipe *r)
{
    size_t count = r->swept_count > 0;
    for (size_t k = 0; k < r->swept_count; k++) count *= r->sweep[k].count;
    return count;
}

size_t sweep_key_count(const recipe *r)
{
    return r->swept_count;
}

const char *sweep_key(const recipe *r, size_t k)
{
    return r->sweep[k].key;
}

bool sweep_has(const recipe *r, const char *key)
{
    for (size_t k = 0; k < r->swept_count; k++)
        if (!r->sweep[k].variant && !strcmp(r->sweep[k].key, key)) return true;
    return false;
}

/* The last key changes fastest. */
static const value *value_of(const recipe *r, size_t i, size_t k)
{
    size_t stride = 1;
    for (size_t behind = k + 1; behind < r->swept_count; behind++) stride *= r->sweep[behind].count;
    return &r->sweep[k].values[i / stride % r->sweep[k].count];
}

/* ---- members ----------------------------------------------------------------------------------------------------- */

static status variants_copy(const recipe *from, recipe *to)
{
    status st = OK;
    size_t count;
    options_all(&count);
    for (size_t v = 0; v < from->variant_count; v++, to->variant_count++) {
        const variant *old = &from->variants[v];
        variant *fresh = &to->variants[v];
        *fresh = (variant){.section = old->section,
                           .name = arena_copy(to->strings, old->name, strlen(old->name)),
                           .from = to->file,
                           .overrides = arena_alloc(to->strings, count * sizeof(value))};
        if (!fresh->name || !fresh->overrides) TRY(FAIL(ERR_MEMORY, "no memory for a member's recipe"));
        for (size_t o = 0; o < count; o++)
            if (old->overrides[o].given) TRY(value_copy(to->strings, &old->overrides[o], &fresh->overrides[o]));
    }
done:
    return st;
}

static status values_put(const recipe *r, size_t i, recipe *member)
{
    status st = OK;
    for (size_t k = 0; k < r->swept_count; k++) {
        const swept *s = &r->sweep[k];
        size_t o = option_index(s->option);
        const variant *v = s->variant ? recipe_variant(member, s->section, s->variant) : NULL;
        CHECK(v || !s->variant);
        TRY(value_copy(member->strings, value_of(r, i, k), v ? &v->overrides[o] : &member->values[o]));
    }
done:
    return st;
}

status member_make(const recipe *r, size_t i, recipe **out)
{
    status st = OK;
    size_t count;
    options_all(&count);
    recipe *member = recipe_new(r->file.source);
    if (!member) TRY(FAIL(ERR_MEMORY, "no memory for a member's recipe"));
    problems p = {.strings = member->strings};
    for (size_t o = 0; o < count; o++) TRY(value_copy(member->strings, &r->values[o], &member->values[o]));
    TRY(variants_copy(r, member));
    TRY(values_put(r, i, member));
    TRY(recipe_resolve(member, &p)); /* what inherits a swept value inherits the member's */
    *out = member;
    member = NULL;
done:
    recipe_free(&member);
    return st;
}

status sweep_member(const recipe *r, size_t i, recipe **out)
{
    status st = OK;
    char name[SWEEP_NAME_MAX], *directory = NULL, *path = NULL;
    recipe *member = NULL;
    if (i >= sweep_count(r))
        TRY(FAIL(ERR_USAGE, "there is no member %zu: the sweep has %zu, from 0 on", i, sweep_count(r)));
    TRY(member_make(r, i, &member));
    sweep_member_name(r, i, name);
    directory = run_directory(r);
    path = directory ? run_path(directory, name) : NULL;
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for a member's recipe"));
    TRY(recipe_set(member, "out", path));
    *out = member;
    member = NULL;
done:
    recipe_free(&member);
    free(path);
    free(directory);
    return st;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* The key in three lengths: its last word, with its section or variant before that, and in full. */
static void key_form(const swept *s, int form, char *out)
{
    const char *dot = strrchr(s->key, '.'), *last = dot ? dot + 1 : s->key;
    int section = (int)strcspn(s->key, ".");
    if (form == 0) snprintf(out, SWEEP_LABEL_MAX, "%s", last);
    else if (form == 2 || !dot) snprintf(out, SWEEP_LABEL_MAX, "%s", s->key);
    else if (s->variant) snprintf(out, SWEEP_LABEL_MAX, "%s.%s", s->variant, last);
    else snprintf(out, SWEEP_LABEL_MAX, "%.*s.%s", section, s->key, last);
}

void sweep_key_label(const recipe *r, size_t k, char *out)
{
    for (int form = 0; form < 3; form++) {
        char other[SWEEP_LABEL_MAX];
        bool alone = true;
        key_form(&r->sweep[k], form, out);
        for (size_t each = 0; each < r->swept_count && alone; each++) {
            key_form(&r->sweep[each], form, other);
            alone = each == k || strcmp(other, out) != 0;
        }
        if (alone) return;
    }
}

/* New string; NULL when out of memory. */
static char *value_text(const option *o, const value *v)
{
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    if (!to) return NULL;
    value_write(o, v, to);
    fclose(to);
    return text;
}

/* Appends `text` to `out` (size) as part of a file's name: what such a name should not hold becomes a dash. */
static void append_safe(char *out, size_t size, const char *text)
{
    size_t used = strlen(out), begun = used;
    for (; *text && used + 1 < size; text++) {
        bool safe = isalnum((unsigned char)*text) || *text == '.' || *text == '_' || *text == '-';
        if (*text == '+') continue; /* of 1e+20 */
        if (!safe && (used == begun || out[used - 1] == '-')) continue;
        out[used++] = safe ? *text : '-';
    }
    while (used > begun && out[used - 1] == '-') used--;
    out[used] = '\0';
}

static void append_value(char *out, size_t size, const option *o, const value *v)
{
    char *text = value_text(o, v);
    const char *slash = text && o->type == OPTION_PATH ? strrchr(text, '/') : NULL;
    size_t used = strlen(out), most = used + VALUE_SHOWN_MAX + 1;
    append_safe(out, most < size ? most : size, slash && slash[1] ? slash + 1 : text ? text : "");
    free(text);
}

void sweep_member_name(const recipe *r, size_t i, char *out)
{
    int digits = snprintf(out, SWEEP_NAME_MAX, "%zu", sweep_count(r) - 1);
    snprintf(out, SWEEP_NAME_MAX, "%0*zu", digits < 2 ? 2 : digits, i);
    for (size_t k = 0; k < r->swept_count; k++) {
        char label[SWEEP_LABEL_MAX];
        size_t used = strlen(out);
        sweep_key_label(r, k, label);
        int length = snprintf(out + used, SWEEP_NAME_MAX - used, "-%s_", label);
        if (used + (size_t)length + 2 >= SWEEP_NAME_MAX) { /* no room: the number alone tells members apart */
            out[used] = '\0';
            return;
        }
        append_value(out, SWEEP_NAME_MAX, r->sweep[k].option, value_of(r, i, k));
    }
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

void sweep_value_write(const recipe *r, size_t i, size_t k, FILE *to)
{
    value_write(r->sweep[k].option, value_of(r, i, k), to);
}

static json_t *item_json(const option *o, const item *each)
{
    switch (o->type) {
    case OPTION_INT:
    case OPTION_INTS:
    case OPTION_SIZES: return json_integer(each->whole);
    case OPTION_REAL:
    case OPTION_REALS: return json_real(each->real);
    case OPTION_BOOL: return json_boolean(each->whole);
    case OPTION_TEXT:
    case OPTION_PATH:
    case OPTION_TEXTS:
    case OPTION_CHOICE:
    case OPTION_CHOICES: break;
    }
    return json_string(each->text);
}

json_t *sweep_value_json(const recipe *r, size_t i, size_t k)
{
    const option *o = r->sweep[k].option;
    const value *v = value_of(r, i, k);
    if (v->null) return json_null();
    if (!option_is_list(o)) return item_json(o, v->at);
    json_t *list = json_array();
    for (size_t each = 0; list && each < v->count; each++)
        if (json_array_append_new(list, item_json(o, &v->at[each]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

void sweep_write(const recipe *r, FILE *to)
{
    if (r->swept_count) fputs("sweep:\n", to);
    for (size_t k = 0; k < r->swept_count; k++) {
        const swept *s = &r->sweep[k];
        fprintf(to, "  %s: [", s->key);
        for (size_t i = 0; i < s->count; i++) {
            if (i) fputs(", ", to);
            value_write(s->option, &s->values[i], to);
        }
        fputs("]\n", to);
    }
}
