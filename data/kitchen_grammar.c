/* The dishes are parsed into programs (one for each variant) and these into an automaton: states with edges that carry
 * an action and a probability, so that drawing and the forward recursion are plain walks over edges. */
#include "data/kitchen_grammar.h"

#include "base/arena.h"
#include "data/classes.h"
#include "data/names.h"

#include <stdlib.h>
#include <string.h>

enum { PHASES = 16, CHAINS = 4, STEPS = 8, VARIANT_BYTES = 32, NAME_BYTES = 64 };
enum { THE_END = -1, NOT_MADE = -1 };

typedef struct {
    int64_t action;
    double skip, repeat; /* probabilities */
} step;

typedef struct {
    step steps[STEPS];
    size_t count;
    double skip;
} chain;

typedef struct {
    chain chains[CHAINS];
    size_t count;
} phase;

typedef struct {
    phase phases[PHASES];
    size_t count;
    double prior;
} program;

/* A place in a program: what was done of its phase, and in which chain last. Steps that were left
 * out count as done. */
typedef struct {
    size_t phase, chain;
    size_t done[CHAINS];
} place;
enum { PLACES = PHASES * CHAINS * (STEPS + 1) * (STEPS + 1) * (STEPS + 1) * (STEPS + 1) };

typedef struct {
    double p;
    int64_t action; /* THE_END: the recipe is over */
    size_t target;
} edge;

typedef struct {
    edge *edges;
    size_t count, room;
    size_t program;
    place at;
    bool start;
} state;

struct grammar {
    class_list classes;
    name_table action_ids, verb_ids, noun_ids;
    program *programs;
    size_t *starts; /* (program_count) states before the first step */
    size_t program_count, program_room;
    state *states;
    size_t state_count, state_room;
    int32_t *state_of; /* (PLACES) NOT_MADE or the state; while the states of one program are made */
    int64_t chores[8];
};

/* ---- classes ----------------------------------------------------------------------------------------------------- */

static status add_name(grammar *g, name_table *ids, const char ***names, size_t *count, const char *text, size_t bytes,
                       int64_t *id)
{
    status st = OK;
    size_t kept = 0;
    const char *name = arena_copy(g->classes.strings, text, bytes);
    if (!name) TRY(FAIL(ERR_MEMORY, "no memory for the kitchen's names"));
    TRY(names_add(ids, name, *count, &kept));
    if (kept == *count) (*names)[(*count)++] = name;
    *id = (int64_t)kept;
done:
    return st;
}

enum { NAMES_MOST = 512 };

static status add_action(grammar *g, const char *name, int64_t *id)
{
    status st = OK;
    class_list *c = &g->classes;
    size_t kept = 0, verb_bytes = strcspn(name, "_");
    CHECK(c->action_count < NAMES_MOST && name[verb_bytes]);
    const char *copy = arena_copy(c->strings, name, strlen(name));
    if (!copy) TRY(FAIL(ERR_MEMORY, "no memory for the kitchen's names"));
    TRY(names_add(&g->action_ids, copy, c->action_count, &kept));
    *id = (int64_t)kept;
    if (kept < c->action_count) goto done;
    action_class *action = &c->actions[c->action_count++];
    *action = (action_class){.name = copy, .text = action_text(c->strings, copy, NAME_PARTS)};
    if (!action->text) TRY(FAIL(ERR_MEMORY, "no memory for the kitchen's names"));
    const char *noun = copy + verb_bytes + 1;
    TRY(add_name(g, &g->verb_ids, &c->verbs, &c->verb_count, copy, verb_bytes, &action->verb));
    TRY(add_name(g, &g->noun_ids, &c->nouns, &c->noun_count, noun, strlen(noun), &action->noun));
done:
    return st;
}

static status start_classes(grammar *g)
{
    class_list *c = &g->classes;
    c->strings = arena_new();
    c->actions = arena_alloc(c->strings, NAMES_MOST * sizeof *c->actions);
    c->verbs = arena_alloc(c->strings, NAMES_MOST * sizeof *c->verbs);
    c->nouns = arena_alloc(c->strings, NAMES_MOST * sizeof *c->nouns);
    return c->actions && c->verbs && c->nouns ? OK : FAIL(ERR_MEMORY, "no memory for the kitchen's names");
}

/* ---- programs ---------------------------------------------------------------------------------------------------- */

/* One step of the text at `at` (bytes), added to the last chain of `p`. */
static status parse_step(grammar *g, program *p, const char *at, size_t bytes, const char *variant)
{
    status st = OK;
    char name[NAME_BYTES];
    size_t used = 0;
    phase *in = &p->phases[p->count - 1];
    chain *to = &in->chains[in->count - 1];
    bool optional = at[0] == '?', repeats = at[bytes - 1] == '+';
    CHECK(to->count < STEPS && bytes + strlen(variant) < sizeof name);
    for (size_t i = optional; i < bytes - repeats; i++) {
        if (at[i] != '$') name[used++] = at[i];
        else used = (size_t)(stpcpy(name + used, variant) - name);
    }
    name[used] = '\0';
    if (optional && !to->count) to->skip = STEP_SKIP;
    step *made = &to->steps[to->count];
    *made = (step){.skip = optional && to->count ? STEP_SKIP : STEP_OMIT, .repeat = repeats ? STEP_REPEAT : 0};
    TRY(add_action(g, name, &made->action));
    to->count++;
done:
    return st;
}

static status parse_program(grammar *g, const dish *d, const char *variant, program *p)
{
    status st = OK;
    p->count = p->phases[0].count = 1;
    for (const char *at = d->phases; *at;) {
        size_t bytes = strcspn(at, " /|");
        if (bytes) TRY(parse_step(g, p, at, bytes, variant));
        at += bytes;
        if (*at == '/') {
            CHECK(p->count < PHASES);
            p->phases[p->count++].count = 1;
        } else if (*at == '|') {
            CHECK(p->phases[p->count - 1].count < CHAINS);
            p->phases[p->count - 1].count++;
        }
        at += *at != '\0';
    }
done:
    return st;
}

static status add_program(grammar *g, const dish *d, const char *variant, double prior)
{
    status st = OK;
    if (g->program_count == g->program_room) {
        size_t room = g->program_room ? g->program_room * 2 : 32;
        program *larger = realloc(g->programs, room * sizeof *larger);
        if (!larger) TRY(FAIL(ERR_MEMORY, "no memory for the kitchen's dishes"));
        g->programs = larger;
        g->program_room = room;
    }
    program *made = &g->programs[g->program_count++];
    memset(made, 0, sizeof *made);
    made->prior = prior;
    TRY(parse_program(g, d, variant, made));
done:
    return st;
}

static size_t count_words(const char *text)
{
    size_t count = 0;
    for (; *text; text += strspn(text, " ")) {
        count++;
        text += strcspn(text, " ");
    }
    return count;
}

static status add_dishes(grammar *g)
{
    status st = OK;
    int weights = 0;
    for (size_t i = 0; i < KITCHEN_DISH_COUNT; i++) weights += KITCHEN_DISHES[i].weight;
    for (size_t i = 0; i < KITCHEN_DISH_COUNT; i++) {
        const dish *d = &KITCHEN_DISHES[i];
        double prior = (double)d->weight / weights / (double)count_words(d->variants);
        for (const char *at = d->variants; *at; at += strspn(at, " ")) {
            char variant[VARIANT_BYTES];
            size_t bytes = strcspn(at, " ");
            CHECK(bytes < sizeof variant);
            memcpy(variant, at, bytes);
            variant[bytes] = '\0';
            TRY(add_program(g, d, variant, prior));
            at += bytes;
        }
    }
    CHECK(KITCHEN_CHORE_COUNT <= sizeof g->chores / sizeof g->chores[0]);
    for (size_t i = 0; i < KITCHEN_CHORE_COUNT; i++) TRY(add_action(g, KITCHEN_CHORES[i].action, &g->chores[i]));
done:
    return st;
}

/* ---- the automaton ----------------------------------------------------------------------------------------------- */

static status add_state(grammar *g, size_t program_number, place at, bool start)
{
    if (g->state_count == g->state_room) {
        size_t room = g->state_room ? g->state_room * 2 : 1024;
        state *larger = realloc(g->states, room * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "no memory for the kitchen's states");
        g->states = larger;
        g->state_room = room;
    }
    g->states[g->state_count++] = (state){.program = program_number, .at = at, .start = start};
    return OK;
}

/* The state of a place, made when it is new. */
static status state_at(grammar *g, size_t program_number, const place *at, size_t *out)
{
    status st = OK;
    size_t code = at->phase * CHAINS + at->chain;
    for (size_t i = 0; i < CHAINS; i++) code = code * (STEPS + 1) + at->done[i];
    if (g->state_of[code] == NOT_MADE) {
        g->state_of[code] = (int32_t)g->state_count;
        TRY(add_state(g, program_number, *at, false));
    }
    *out = (size_t)g->state_of[code];
done:
    return st;
}

/* Adds to the edge that is there already for the same action and target. */
static status add_edge(grammar *g, size_t from, double p, int64_t action, size_t target)
{
    state *s = &g->states[from];
    for (size_t i = 0; i < s->count; i++) {
        if (s->edges[i].action != action || s->edges[i].target != target) continue;
        s->edges[i].p += p;
        return OK;
    }
    if (s->count == s->room) {
        size_t room = s->room ? s->room * 2 : 8;
        edge *larger = realloc(s->edges, room * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "no memory for the kitchen's states");
        s->edges = larger;
        s->room = room;
    }
    s->edges[s->count++] = (edge){p, action, target};
    return OK;
}

static status walk_phase(grammar *g, size_t from, double p, place at, size_t except);

static const phase *phase_at(const grammar *g, size_t from, const place *at)
{
    return &g->programs[g->states[from].program].phases[at->phase];
}

/* Edges of weight p to what follows when the cook turns to the chain `chain`. */
static status walk_chain(grammar *g, size_t from, double p, place at, size_t number)
{
    status st = OK;
    size_t target = 0;
    const chain *in = &phase_at(g, from, &at)->chains[number];
    at.chain = number;
    if (at.done[number] == 0 && in->skip > 0) {
        place skipped = at;
        skipped.done[number] = in->count;
        TRY(walk_phase(g, from, p * in->skip, skipped, CHAINS));
        p *= 1 - in->skip;
    }
    while (at.done[number] < in->count && p >= RAREST) {
        const step *next = &in->steps[at.done[number]++];
        TRY(state_at(g, g->states[from].program, &at, &target));
        TRY(add_edge(g, from, p * (1 - next->skip), next->action, target));
        p *= next->skip;
    }
    TRY(walk_phase(g, from, p, at, CHAINS));
done:
    return st;
}

/* The same when the cook looks for another chain than `except` (CHAINS: any) that is unfinished; without one the next
 * phase begins. */
static status walk_phase(grammar *g, size_t from, double p, place at, size_t except)
{
    status st = OK;
    double weights = 0;
    if (p < RAREST) return OK;
    if (at.phase == g->programs[g->states[from].program].count) return add_edge(g, from, p, THE_END, 0);
    const phase *now = phase_at(g, from, &at);
    for (size_t i = 0; i < now->count; i++)
        if (i != except && at.done[i] < now->chains[i].count) weights += 1 / (double)(i + 1);
    if (weights == 0 && except < CHAINS) return walk_chain(g, from, p, at, except);
    if (weights == 0) return walk_phase(g, from, p, (place){.phase = at.phase + 1}, CHAINS);
    for (size_t i = 0; i < now->count; i++)
        if (i != except && at.done[i] < now->chains[i].count)
            TRY(walk_chain(g, from, p / (double)(i + 1) / weights, at, i));
done:
    return st;
}

static status add_chores(grammar *g, size_t from)
{
    status st = OK;
    double weights = 0;
    for (size_t i = 0; i < KITCHEN_CHORE_COUNT; i++) weights += KITCHEN_CHORES[i].weight;
    for (size_t i = 0; i < KITCHEN_CHORE_COUNT; i++)
        TRY(add_edge(g, from, CHORE_SHARE * KITCHEN_CHORES[i].weight / weights, g->chores[i], from));
done:
    return st;
}

static status add_edges(grammar *g, size_t from)
{
    status st = OK;
    place at = g->states[from].at;
    if (g->states[from].start) return walk_phase(g, from, 1, at, CHAINS);
    const chain *in = &phase_at(g, from, &at)->chains[at.chain];
    const step *last = &in->steps[at.done[at.chain] - 1];
    double rest = (1 - CHORE_SHARE) * (1 - last->repeat);
    double stay = at.done[at.chain] < in->count ? CHAIN_STAY : 0;
    TRY(add_chores(g, from));
    if (last->repeat > 0) TRY(add_edge(g, from, (1 - CHORE_SHARE) * last->repeat, last->action, from));
    if (stay > 0) TRY(walk_chain(g, from, rest * stay, at, at.chain));
    TRY(walk_phase(g, from, rest * (1 - stay), at, stay > 0 ? at.chain : CHAINS));
done:
    return st;
}

static void scale_edges(state *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->count; i++) sum += s->edges[i].p;
    for (size_t i = 0; i < s->count; i++) s->edges[i].p /= sum;
}

static status make_states(grammar *g)
{
    status st = OK;
    g->state_of = malloc(PLACES * sizeof *g->state_of);
    g->starts = calloc(g->program_count, sizeof *g->starts);
    if (!g->state_of || !g->starts) TRY(FAIL(ERR_MEMORY, "no memory for the kitchen's states"));
    for (size_t number = 0; number < g->program_count; number++) {
        for (size_t i = 0; i < PLACES; i++) g->state_of[i] = NOT_MADE;
        g->starts[number] = g->state_count;
        TRY(add_state(g, number, (place){0}, true));
        for (size_t i = g->starts[number]; i < g->state_count; i++) { /* which makes more states */
            TRY(add_edges(g, i));
            scale_edges(&g->states[i]);
        }
    }
done:
    free(g->state_of);
    g->state_of = NULL;
    return st;
}

status grammar_new(grammar **out)
{
    status st = OK;
    grammar *g = calloc(1, sizeof *g);
    if (!g) TRY(FAIL(ERR_MEMORY, "no memory for the kitchen"));
    TRY(start_classes(g));
    TRY(add_dishes(g));
    TRY(make_states(g));
    *out = g;
    g = NULL;
done:
    grammar_free(&g);
    return st;
}

void grammar_free(grammar **g)
{
    if (!*g) return;
    for (size_t i = 0; i < (*g)->state_count; i++) free((*g)->states[i].edges);
    free((*g)->states);
    free((*g)->programs);
    free((*g)->starts);
    names_free(&(*g)->action_ids);
    names_free(&(*g)->verb_ids);
    names_free(&(*g)->noun_ids);
    classes_free(&(*g)->classes);
    free(*g);
    *g = NULL;
}

const class_list *grammar_classes(const grammar *g)
{
    return &g->classes;
}

/* ---- drawing ----------------------------------------------------------------------------------------------------- */

static size_t draw_program(const grammar *g, rng *r)
{
    double left = rng_uniform(r);
    for (size_t i = 0; i + 1 < g->program_count; i++) {
        left -= g->programs[i].prior;
        if (left < 0) return i;
    }
    return g->program_count - 1;
}

static const edge *draw_edge(const state *s, rng *r)
{
    double left = rng_uniform(r);
    for (size_t i = 0; i + 1 < s->count; i++) {
        left -= s->edges[i].p;
        if (left < 0) return &s->edges[i];
    }
    return &s->edges[s->count - 1];
}

size_t grammar_draw(const grammar *g, rng *r, int64_t *actions, size_t room)
{
    size_t count = 0;
    const state *at = &g->states[g->starts[draw_program(g, r)]];
    while (count < room) {
        const edge *next = draw_edge(at, r);
        if (next->action == THE_END) break;
        actions[count++] = next->action;
        at = &g->states[next->target];
    }
    return count;
}

/* ---- forward recursion ------------------------------------------------------------------------------------------- */

struct belief {
    const grammar *g;
    double *now, *next; /* (state_count) */
};

status belief_new(const grammar *g, belief **out)
{
    status st = OK;
    belief *b = calloc(1, sizeof *b);
    if (!b) TRY(FAIL(ERR_MEMORY, "no memory for the kitchen's ceiling"));
    b->g = g;
    b->now = calloc(g->state_count, sizeof *b->now);
    b->next = calloc(g->state_count, sizeof *b->next);
    if (!b->now || !b->next) TRY(FAIL(ERR_MEMORY, "no memory for the kitchen's ceiling"));
    belief_start(b);
    *out = b;
    b = NULL;
done:
    belief_free(&b);
    return st;
}

void belief_free(belief **b)
{
    if (!*b) return;
    free((*b)->now);
    free((*b)->next);
    free(*b);
    *b = NULL;
}

void belief_start(belief *b)
{
    memset(b->now, 0, b->g->state_count * sizeof *b->now);
    for (size_t i = 0; i < b->g->program_count; i++) b->now[b->g->starts[i]] = b->g->programs[i].prior;
}

void belief_predict(const belief *b, double *probabilities)
{
    const grammar *g = b->g;
    double sum = 0;
    memset(probabilities, 0, g->classes.action_count * sizeof *probabilities);
    for (size_t i = 0; i < g->state_count; i++) {
        if (b->now[i] == 0) continue;
        for (size_t e = 0; e < g->states[i].count; e++) {
            const edge *next = &g->states[i].edges[e];
            if (next->action == THE_END) continue;
            probabilities[next->action] += b->now[i] * next->p;
            sum += b->now[i] * next->p;
        }
    }
    for (size_t a = 0; a < g->classes.action_count; a++) probabilities[a] /= sum;
}

status belief_observe(belief *b, int64_t action)
{
    const grammar *g = b->g;
    double sum = 0;
    memset(b->next, 0, g->state_count * sizeof *b->next);
    for (size_t i = 0; i < g->state_count; i++) {
        if (b->now[i] == 0) continue;
        for (size_t e = 0; e < g->states[i].count; e++) {
            const edge *next = &g->states[i].edges[e];
            if (next->action != action) continue;
            b->next[next->target] += b->now[i] * next->p;
            sum += b->now[i] * next->p;
        }
    }
    if (sum <= 0) return FAIL(ERR_INTERNAL, "the kitchen's grammar cannot come by action %lld here", (long long)action);
    for (size_t i = 0; i < g->state_count; i++) b->now[i] = b->next[i] / sum;
    return OK;
}
