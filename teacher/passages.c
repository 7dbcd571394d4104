#include "teacher/passages.h"

#include "teacher/masking.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const corpus *from;
    const passage_options *o;
    passages p;
    id_list ids, places; /* of all actions */
    size_t count, room;  /* actions */
    size_t train_room;   /* of p.train_words */
    int64_t *held;       /* (held_count) actions of the passage that is being filled */
    size_t held_count, held_tokens, held_room;
} maker;

/* ---- actions ------------------------------------------------------------------------------------------------------
 */

/* Tokens that an action may have: with the marks they fill a passage. */
static size_t action_most(const maker *m)
{
    size_t marks = 1 + (m->from->end >= 0);
    return m->o->length - marks;
}

static status add_action(maker *m)
{
    if (m->count + 2 >= m->room || !m->p.text.first) {
        size_t larger = m->room * 2 + 1024;
        size_t *first = realloc(m->p.text.first, larger * sizeof *first);
        if (!first) return FAIL(ERR_MEMORY, "no memory for %zu actions", m->count);
        if (!m->room) first[0] = 0;
        m->p.text.first = first;
        m->room = larger;
    }
    m->p.text.first[++m->count] = m->ids.count;
    return OK;
}

static int64_t place_of(const maker *m, size_t k, size_t length, size_t verb, bool two_parts)
{
    const corpus *c = m->from;
    bool known = (two_parts || c->glosses) && verb <= c->verb_most && length - verb <= c->noun_most;
    if (!known) return (int64_t)(corpus_place_count(c) + k % action_most(m));
    return (int64_t)(k < verb ? k : c->verb_most + (k - verb));
}

/* Appends the tokens of an action, as several actions where it is too long for a passage. */
static status encode(maker *m, const char *text, size_t *made)
{
    status st = OK;
    size_t verb = 0, start = m->ids.count, most = action_most(m);
    *made = 0;
    TRY(corpus_encode(m->from, text, &m->ids, &verb));
    size_t end = m->ids.count, length = end - start;
    for (size_t k = 0; k < length; k++) TRY(id_list_add(&m->places, place_of(m, k, length, verb, verb < length)));
    for (size_t at = start; at < end; ++*made) {
        m->ids.count = end - at < most ? end : at + most;
        TRY(add_action(m));
        at = m->ids.count;
    }
done:
    return st;
}

/* ---- passages -----------------------------------------------------------------------------------------------------
 */

static size_t count_words(const maker *m)
{
    size_t words = 0;
    for (size_t i = 0; i < m->held_count; i++) {
        size_t a = (size_t)m->held[i];
        for (size_t n = m->p.text.first[a]; n < m->p.text.first[a + 1]; n++)
            words += masking_is_word(m->from->words, m->ids.at[n]);
    }
    return words;
}

static status note_words(maker *m, size_t words)
{
    passages *p = &m->p;
    if (p->train.count == m->train_room) {
        size_t larger = m->train_room * 2 + 256;
        size_t *more = realloc(p->train_words, larger * sizeof *more);
        if (!more) return FAIL(ERR_MEMORY, "no memory for %zu passages", p->train.count);
        p->train_words = more;
        m->train_room = larger;
    }
    p->train_words[p->train.count] = words;
    return OK;
}

static status end_passage(maker *m, bool development)
{
    status st = OK;
    size_t words = count_words(m);
    m->p.dropped += m->held_count && !words;
    if (words && !development) TRY(note_words(m, words));
    if (words) TRY(examples_add_unlabelled(development ? &m->p.development : &m->p.train, m->held, m->held_count));
    m->held_count = m->held_tokens = 0;
done:
    return st;
}

static status hold(maker *m, size_t action, bool development)
{
    status st = OK;
    size_t tokens = m->p.text.first[action + 1] - m->p.text.first[action], between = m->from->between_count;
    bool full = m->held_count && (m->held_tokens + between + tokens > action_most(m) || m->held_count == m->o->actions);
    if (full) TRY(end_passage(m, development));
    if (m->held_count == m->held_room) {
        size_t larger = m->held_room * 2 + 16;
        int64_t *held = realloc(m->held, larger * sizeof *held);
        if (!held) TRY(FAIL(ERR_MEMORY, "no memory for a passage of %zu actions", larger));
        m->held = held;
        m->held_room = larger;
    }
    m->held_tokens += tokens + (m->held_count ? between : 0);
    m->held[m->held_count++] = (int64_t)action;
done:
    return st;
}

static status add_text(maker *m, size_t t)
{
    status st = OK;
    const text_list *texts = &m->from->texts;
    bool development = texts->development[t];
    for (size_t a = texts->first[t]; a < texts->first[t + 1]; a++) {
        size_t first = m->count, made = 0;
        TRY(encode(m, texts->actions[a], &made));
        for (size_t i = 0; i < made; i++) TRY(hold(m, first + i, development));
    }
    TRY(end_passage(m, development));
done:
    return st;
}

/* What the teacher's corpus says of marks and places, with the actions of the texts. */
static void adopt(maker *m)
{
    corpus *c = &m->p.text;
    size_t *first = c->first;
    *c = *m->from;
    c->first = first;
    first[m->count + 1] = m->ids.count; /* the unknown action, which texts do not have */
    c->action_count = m->count + 1;
    c->ids = m->ids.at;
    c->places = m->places.at;
    c->second = NULL;
    m->ids = m->places = (id_list){0};
}

status passages_make(const corpus *from, const passage_options *options, passages *out)
{
    status st = OK;
    maker m = {.from = from, .o = options};
    for (size_t t = 0; t < from->texts.count; t++) TRY(add_text(&m, t));
    if (!m.p.train.count)
        TRY(FAIL(ERR_INPUT, "teacher.pretrain.corpus: none of its %zu texts has a known word to learn from",
                 from->texts.count));
    adopt(&m);
    *out = m.p;
    m.p = (passages){0};
done:
    id_list_free(&m.ids);
    id_list_free(&m.places);
    free(m.held);
    passages_free(&m.p);
    return st;
}

void passages_free(passages *p)
{
    if (!p) return;
    free(p->text.first);
    free(p->text.ids);
    free(p->text.places);
    free(p->train_words);
    examples_free(&p->train);
    examples_free(&p->development);
    *p = (passages){0};
}
