/* kitchen_grammar - inside this room: the process that the recipes of the made-up kitchen are drawn from.
 *
 * A dish is a sequence of phases ('/'), a phase a set of chains ('|'), a chain a sequence of steps (blanks), a step an
 * action "verb_noun". '?' before the first step of a chain makes the chain optional, before another step that step; '+'
 * after a step: it may be repeated. '$' is the dish's variant, one of `variants`, the same all through a recipe: what
 * was taken first is put in later. The chains of a phase are interleaved: after a step the cook goes on with its chain
 * (STAY) or turns to another unfinished one, the i-th in writing with weight 1 / (i + 1). Any step may be left out
 * (OMIT). Between two steps a chore may come in, which changes nothing.
 *
 * So a recipe is a path through a hidden Markov process whose state is (dish, variant, phase, steps done of each chain,
 * last chain), and the probability of the next action given all earlier ones is had exactly by the forward recursion
 * (Rabiner 1989): belief'(t) = sum over s of belief(s) P(action, t | s), normalised.
 */
#ifndef MAGISTER_DATA_KITCHEN_GRAMMAR_H
#define MAGISTER_DATA_KITCHEN_GRAMMAR_H

#include "base/rng.h"
#include "base/status.h"
#include "data/annotations.h"

#include <stddef.h>
#include <stdint.h>

/* Fixed, before any model was trained on the world, so that the best guess is right about as often as people are when
 * they know the dish: a little more than every second time. */
#define STEP_REPEAT 0.3  /* of a step with '+', again and again */
#define STEP_SKIP 0.5    /* of an optional step or chain */
#define STEP_OMIT 0.12   /* of any other step */
#define CHAIN_STAY 0.7   /* goes on with the same chain while it is unfinished */
#define CHORE_SHARE 0.10 /* of a chore between two steps */
#define RAREST 1e-5      /* ways on that are rarer are left out, for drawing as well as for predicting */

typedef struct {
    const char *name, *variants; /* variants separated by blanks */
    int weight;                  /* how often it is cooked, relative to the others; variants equally often */
    const char *phases;
} dish;

typedef struct {
    const char *action;
    int weight;
} chore;

extern const dish KITCHEN_DISHES[];
extern const size_t KITCHEN_DISH_COUNT;
extern const chore KITCHEN_CHORES[];
extern const size_t KITCHEN_CHORE_COUNT;

typedef struct grammar grammar;

status grammar_new(grammar **out);
void grammar_free(grammar **g);

/* Action classes with their verbs and nouns, numbered in the order the dishes name them. Borrowed. */
const class_list *grammar_classes(const grammar *g);

/* Draws a recipe: its actions into `actions` (room), returns how many; what does not fit is left out. */
size_t grammar_draw(const grammar *g, rng *r, int64_t *actions, size_t room);

/* What is known of the hidden state after some actions. */
typedef struct belief belief;

status belief_new(const grammar *g, belief **out);
void belief_free(belief **b);
void belief_start(belief *b); /* before the first action */

/* probabilities: (action_count) of the next action, given that the recipe goes on. */
void belief_predict(const belief *b, double *probabilities);

/* Takes in an action. Errors: ERR_INTERNAL when the grammar cannot come by it. */
status belief_observe(belief *b, int64_t action);

#endif
