/* The sweep of a recipe as it is read: lists of values, each checked as if it stood at its key's own place, and then
 * every member as a whole. */
#include "conf/recipe_parts.h"
#include "conf/suggest.h"

#include <string.h>

/* ---- lists of values --------------------------------------------------------------------------------------------- */

static swept *sweep_find(recipe *r, const char *full)
{
    for (size_t k = 0; k < r->swept_count; k++)
        if (!strcmp(r->sweep[k].key, full)) return &r->sweep[k];
    return NULL;
}

static const char *why_not(const target *t)
{
    if (t->section[0]) return strcmp(t->key, "teacher.baselines") ? NULL : "baselines belong to the section";
    if (!strcmp(t->key, "out")) return "every member has a directory of its own below it";
    if (!strcmp(t->key, "name")) return "members are told apart by their values";
    if (!strcmp(t->key, "stages")) return "members that do different things cannot be set side by side";
    if (!strncmp(t->key, "launch.slurm.", 13)) return "the members of an array all ask for the same";
    return NULL;
}

static void refuse_repeats(problems *p, const swept *s)
{
    for (size_t i = 0; i < s->count; i++)
        for (size_t j = 0; j < i; j++) {
            if (s->values[i].wrong || s->values[j].wrong || !value_equal(&s->values[i], &s->values[j])) continue;
            problem_add(p, s->values[i].from, "sweep.%.120s has this value twice", s->key);
            break;
        }
}

static status values_parse(recipe *r, problems *p, const node *list, swept *s)
{
    status st = OK;
    size_t i = 0;
    s->values = arena_alloc(r->strings, s->count * sizeof *s->values);
    if (!s->values) TRY(FAIL(ERR_MEMORY, "no memory for the values of a sweep"));
    for (const node *n = list->first; n; n = n->next, i++) {
        value *v = &s->values[i];
        TRY(value_parse(r->strings, p, s->option, n, v));
        v->given = true;
        v->wrong = !v->set;
        v->from = n->at;
    }
    refuse_repeats(p, s);
done:
    return st;
}

static size_t list_length(const node *list)
{
    size_t count = 0;
    for (const node *n = list->first; n; n = n->next) count++;
    return count;
}

/* A list that can be taken; otherwise the problem is told. */
static bool is_list_of_values(problems *p, const char *full, const node *n)
{
    size_t count = list_length(n);
    if (n->kind != NODE_LIST)
        problem_add(p, n->at, "sweep.%.120s is a list of values, as [a, b], not %s", full, node_kind_name(n));
    else if (!count) problem_add(p, n->at, "sweep.%.120s is empty: give the values it takes", full);
    else if (count > SWEEP_MEMBERS_MAX)
        problem_add(p, n->at, "sweep.%.120s has %zu values; at most %d are allowed", full, count, SWEEP_MEMBERS_MAX);
    else return true;
    return false;
}

static void sweep_remove(recipe *r, swept *s)
{
    if (!s) return;
    size_t behind = (size_t)(r->sweep + r->swept_count - (s + 1));
    memmove(s, s + 1, behind * sizeof *s);
    r->swept_count--;
}

status sweep_take(recipe *r, problems *p, const char *full, const target *t, const option *o, const node *n)
{
    status st = OK;
    swept *s = sweep_find(r, full), fresh = {.option = o, .from = n->key_at, .count = list_length(n)};
    bool from_arguments = n->key_at.order > 0;
    const char *fault = why_not(t);
    char named[KEY_MAX + 8];
    snprintf(named, sizeof named, "sweep.%s", full);
    if (fault) {
        problem_add(p, n->key_at, "%.120s cannot be swept: %s", full, fault);
    } else if (s && (s->from.order > 0 || !from_arguments)) {
        tell_twice(p, named, n->key_at, s->from);
    } else if (from_arguments && node_is_null(n)) {
        sweep_remove(r, s);
    } else if (!s && r->swept_count == SWEEP_KEYS_MAX) {
        problem_add(p, n->key_at, "%.120s is one key too many: at most %d are swept together", named, SWEEP_KEYS_MAX);
    } else if (is_list_of_values(p, full, n)) {
        fresh.key = arena_copy(r->strings, full, strlen(full));
        fresh.section = t->section[0] ? arena_copy(r->strings, t->section, strlen(t->section)) : NULL;
        fresh.variant = t->section[0] ? arena_copy(r->strings, t->name, strlen(t->name)) : NULL;
        if (!fresh.key || (t->section[0] && !(fresh.section && fresh.variant)))
            TRY(FAIL(ERR_MEMORY, "no memory for the keys of a sweep"));
        TRY(values_parse(r, p, n, &fresh));
        if (!s) s = &r->sweep[r->swept_count++];
        *s = fresh;
    }
done:
    return st;
}

/* ---- checks ------------------------------------------------------------------------------------------------------ */

static void check_variant(const recipe *r, problems *p, const swept *s)
{
    const char *known[VARIANTS_MAX];
    size_t count = recipe_variant_count(r, s->section);
    for (size_t i = 0; i < count; i++) known[i] = recipe_variant_name(r, s->section, i);
    const char *near = suggest_word(s->variant, known, count);
    problem_add(p, s->from, "%s.variants has no %.60s, which is to be swept%s%s%s", s->section, s->variant,
                near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
}

/* What is said on the command line must not be without effect. */
static void check_given_too(problems *p, const swept *s, const value *own)
{
    if (!own->given || !own->from.order) return;
    problem_add(p, own->from, "%.120s is swept: say sweep.%.120s=[...], or sweep.%.120s=null to sweep it no more",
                s->key, s->key, s->key);
}

static void check_keys(const recipe *r, problems *p)
{
    for (size_t k = 0; k < r->swept_count; k++) {
        const swept *s = &r->sweep[k];
        size_t o = option_index(s->option);
        const variant *v = s->variant ? recipe_variant(r, s->section, s->variant) : NULL;
        if (s->variant && !v) check_variant(r, p, s);
        else check_given_too(p, s, v ? &v->overrides[o] : &r->values[o]);
    }
}

static void check_count(const recipe *r, problems *p)
{
    size_t count = 1;
    for (size_t k = 0; k < r->swept_count; k++) {
        count *= r->sweep[k].count;
        if (count <= SWEEP_MEMBERS_MAX) continue;
        problem_add(p, r->sweep[k].from, "the sweep has more than %d members, with this key", SWEEP_MEMBERS_MAX);
        return;
    }
}

status sweep_check(const recipe *r, problems *p)
{
    status st = OK;
    recipe *member = NULL;
    size_t before = p->count;
    check_keys(r, p);
    check_count(r, p);
    if (p->count > before) goto done; /* there are no members to speak of */
    for (size_t i = 0; i < sweep_count(r) && p->count < PROBLEMS_MAX; i++) {
        TRY(member_make(r, i, &member));
        TRY(recipe_check(member, p));
        recipe_free(&member);
    }
done:
    recipe_free(&member);
    return st;
}
