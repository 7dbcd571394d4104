#include "conf/recipe_parts.h"
#include "conf/suggest.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    recipe *recipe;
    problems *problems;
    bool sweep; /* what is read are lists of values, below `sweep` */
} reader;

static bool is_section(const char *key)
{
    size_t count, length = strlen(key);
    const option *all = options_all(&count);
    for (size_t i = 0; i < count; i++)
        if (!strncmp(all[i].key, key, length) && all[i].key[length] == '.') return true;
    return false;
}

static bool is_variants(const char *key)
{
    return !strcmp(key, "teacher.variants") || !strcmp(key, "student.variants");
}

static bool is_sweep(const char *key)
{
    return !strncmp(key, "sweep", 5) && (!key[5] || key[5] == '.');
}

/* "student.variants.plain.distill.loss" is "student.distill.loss" of the variant plain. */
static target target_of(const char *full)
{
    target t = {0};
    const char *sections[] = {"teacher", "student"};
    snprintf(t.key, sizeof t.key, "%s", full);
    for (size_t i = 0; i < 2; i++) {
        char start[32];
        int length = snprintf(start, sizeof start, "%s.variants.", sections[i]);
        if (strncmp(full, start, (size_t)length)) continue;
        size_t name = strcspn(full + length, ".");
        const char *rest = full + length + name;
        snprintf(t.section, sizeof t.section, "%s", sections[i]);
        snprintf(t.name, sizeof t.name, "%.*s", (int)name, full + length);
        snprintf(t.key, sizeof t.key, "%s%s", sections[i], rest);
    }
    return t;
}

static const char *name_fault(const recipe *r, const char *section, const char *name)
{
    /* other sets, and the other entries of metrics.json */
    static const char *const TAKEN[] = {"teacher",     "student",   "majority",    "bigram",     "trigram",
                                        "ceiling",     "run",       "recipe_hash", "throughput", "time_to_first_step_s",
                                        "rss_peak_mb", "world_size"};
    size_t length = strlen(name);
    if (!length || length > VARIANT_NAME_MAX) return "is empty or longer than 40 characters";
    if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != length) return "may hold a-z, 0-9 and _ only";
    for (size_t i = 0; i < sizeof TAKEN / sizeof TAKEN[0]; i++)
        if (!strcmp(name, TAKEN[i])) return "is taken: another prediction set or entry of metrics.json has it";
    for (size_t i = 0; i < r->variant_count; i++)
        if (!strcmp(name, r->variants[i].name) && strcmp(section, r->variants[i].section))
            return "is the name of a variant of the other section too";
    return NULL;
}

/* The variant of that name, made when it is new; NULL in `*out` when the name is wrong. */
static status variant_take(reader *in, const target *t, place at, variant **out)
{
    recipe *r = in->recipe;
    *out = NULL;
    for (size_t i = 0; i < r->variant_count; i++)
        if (!strcmp(r->variants[i].name, t->name) && !strcmp(r->variants[i].section, t->section))
            *out = &r->variants[i];
    if (*out) return OK;
    const char *fault = name_fault(r, t->section, t->name);
    if (!fault && r->variant_count == VARIANTS_MAX) fault = "is one variant too many";
    if (fault) {
        problem_add(in->problems, at, "%s.variants: the name \"%.60s\" %s", t->section, t->name, fault);
        return OK;
    }
    size_t count;
    options_all(&count);
    variant fresh = {.section = t->section[0] == 't' ? "teacher" : "student",
                     .name = arena_copy(r->strings, t->name, strlen(t->name)),
                     .from = at,
                     .overrides = arena_alloc(r->strings, count * sizeof(value))};
    if (!fresh.name || !fresh.overrides) return FAIL(ERR_MEMORY, "no memory for a recipe's variants");
    *out = &r->variants[r->variant_count++];
    **out = fresh;
    return OK;
}

void tell_twice(problems *p, const char *full, place at, place first)
{
    if (first.line) problem_add(p, at, "%s is given twice, first in line %zu", full, first.line);
    else problem_add(p, at, "%s is given twice, first by %s", full, first.source);
}

static status option_take(reader *in, const char *full, const target *t, const option *o, const node *n)
{
    status st = OK;
    value *to = &in->recipe->values[option_index(o)], fresh = {0};
    if (t->section[0]) {
        variant *v;
        TRY(variant_take(in, t, n->key_at, &v));
        if (!v) goto done;
        to = &v->overrides[option_index(o)];
        if (!strcmp(o->key, "teacher.baselines")) {
            problem_add(in->problems, n->key_at, "%s: baselines belong to the section, not to a variant", full);
            goto done;
        }
    }
    bool from_arguments = n->key_at.order > 0;
    if (to->given && (to->from.order > 0 || !from_arguments)) {
        tell_twice(in->problems, full, n->key_at, to->from);
        goto done;
    }
    TRY(value_parse(in->recipe->strings, in->problems, o, n, &fresh));
    fresh.given = true;
    fresh.wrong = !fresh.set;
    fresh.from = n->at;
    *to = fresh;
done:
    return st;
}

static void tell_unknown(reader *in, const char *full, const target *t, place at)
{
    char near[3 * KEY_MAX], text[3 * KEY_MAX + 64];
    if (in->sweep && is_sweep(full)) {
        problem_add(in->problems, at, "sweep cannot be swept itself");
        return;
    }
    suggest_key(t->key, near, sizeof near);
    if (t->section[0]) snprintf(text, sizeof text, " (overrides of a variant are keys of %s)", t->section);
    else text[0] = '\0';
    problem_add(in->problems, at, "there is no key %.120s%s%s", full, near, text);
}

static status entry_take(reader *in, const char *prefix, const node *n);

/* Takes out the variants of a section, or the one called `name`, with what the file says of them. */
static void variants_drop(recipe *r, const char *section, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->variant_count; i++) {
        const variant *v = &r->variants[i];
        bool drop = !strcmp(v->section, section) && (!name || !strcmp(v->name, name));
        if (!drop) r->variants[kept++] = *v;
    }
    r->variant_count = kept;
}

static status section_take(reader *in, const char *full, const target *t, const node *n)
{
    status st = OK;
    bool said_null = !in->sweep && node_is_null(n) && n->key_at.order; /* on the command line: without the file's */
    if (said_null && is_variants(full)) {
        variants_drop(in->recipe, full[0] == 't' ? "teacher" : "student", NULL);
        goto done;
    }
    if (said_null && t->section[0] && !strcmp(t->key, t->section)) {
        variants_drop(in->recipe, t->section, t->name);
        goto done;
    }
    if (!in->sweep && t->section[0] && !strcmp(t->key, t->section)) { /* a variant itself, which may override nothing */
        variant *v;
        TRY(variant_take(in, t, n->key_at, &v));
        if (!v) goto done;
    }
    if (node_is_null(n)) goto done; /* "teacher:" with nothing below it */
    if (n->kind != NODE_MAP) {
        const char *of = is_variants(full) ? "named overrides" : "keys";
        problem_add(in->problems, n->at, "%.120s is a section of %s, not %s", full, of, node_kind_name(n));
        goto done;
    }
    for (const node *each = n->first; each; each = each->next) TRY(entry_take(in, full, each));
done:
    return st;
}

static status entry_take(reader *in, const char *prefix, const node *n)
{
    char full[KEY_MAX];
    int length = snprintf(full, sizeof full, "%s%s%s", prefix, prefix[0] ? "." : "", n->key);
    if (length < 0 || (size_t)length >= sizeof full) {
        problem_add(in->problems, n->key_at, "there is no key %.60s...", n->key);
        return OK;
    }
    target t = target_of(full);
    const option *o = option_find(t.key);
    if (o && in->sweep) return sweep_take(in->recipe, in->problems, full, &t, o, n);
    if (o) return option_take(in, full, &t, o, n);
    if (n->key[0] && (is_section(t.key) || is_variants(full))) return section_take(in, full, &t, n);
    tell_unknown(in, full, &t, n->key_at);
    return OK;
}

/* `sweep` with the lists of values below it, or the entry `sweep.KEY`. */
static status sweep_section_take(const reader *whole, const node *n)
{
    status st = OK;
    reader in = {whole->recipe, whole->problems, true};
    node entry = *n;
    if (n->key[5]) {
        entry.key += 6; /* behind "sweep." */
        TRY(entry_take(&in, "", &entry));
    } else if (node_is_null(n)) { /* said on the command line: without the file's */
        if (n->key_at.order) whole->recipe->swept_count = 0;
    } else if (n->kind != NODE_MAP) {
        problem_add(in.problems, n->at, "sweep is a section of keys with lists of values, not %s", node_kind_name(n));
    } else {
        for (const node *each = n->first; each; each = each->next) TRY(entry_take(&in, "", each));
    }
done:
    return st;
}

status recipe_take(recipe *r, problems *p, const node *root)
{
    status st = OK;
    reader in = {r, p, false};
    if (root->kind != NODE_MAP) {
        problem_add(p, root->at, "a recipe is a mapping of keys, not %s", node_kind_name(root));
        goto done;
    }
    for (const node *each = root->first; each; each = each->next)
        TRY(is_sweep(each->key) ? sweep_section_take(&in, each) : entry_take(&in, "", each));
done:
    return st;
}
