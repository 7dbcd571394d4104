#include "rank/letters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LETTER_SET = 'S', LETTER_RECORDS = 'R', LETTER_LIFE = 'L', LETTER_COMPLETE = 'C', LETTER_END = 'E' };
enum { WORDS_BYTES = MAIL_BYTES - 256, FLUSH_SECONDS = 2 };

/* How a role ended. */
typedef struct {
    int32_t code;
    char place[64], words[WORDS_BYTES];
} ending;

void letters_free(letters *l)
{
    free(l->kept);
    l->kept = NULL;
}

static status post(letters *l, char kind, const void *body, size_t bytes)
{
    status st = OK;
    unsigned char *letter = malloc(1 + bytes);
    if (!letter) TRY(FAIL(ERR_MEMORY, "no memory for a letter of %zu bytes", bytes));
    letter[0] = (unsigned char)kind;
    if (bytes) memcpy(letter + 1, body, bytes);
    TRY(comm_post(l->world, l->first, l->count, letter, 1 + bytes));
done:
    free(letter);
    return st;
}

/* ---- ends -------------------------------------------------------------------------------------------------------- */

/* The failure of the others, as this thread's. What they were asked to do is no failure of theirs. */
static status failure_of(const letters *l, const unsigned char *body, size_t bytes)
{
    ending end;
    if (bytes != sizeof end) return FAIL(ERR_INTERNAL, "%s ended with a letter of %zu bytes", l->others, bytes);
    memcpy(&end, body, sizeof end);
    end.place[sizeof end.place - 1] = end.words[sizeof end.words - 1] = '\0';
    if (end.code == OK) return OK;
    char *colon = strrchr(end.place, ':');
    int line = colon ? atoi(colon + 1) : 0;
    if (colon) *colon = '\0';
    status code = end.code > OK && end.code <= ERR_INTERNAL ? (status)end.code : ERR_INTERNAL;
    if (code == ERR_RETRY) fail_at(end.place, line, code, "%s", end.words);
    else fail_at(end.place, line, code, "%s failed: %s", l->others, end.words);
    comm_names_rank(l->role);
    comm_names_rank(l->world);
    return code;
}

void letters_end(letters *l, status how)
{
    ending end = {.code = (int32_t)how};
    if (comm_rank(l->role)) return;
    snprintf(end.place, sizeof end.place, "%s", fail_place());
    bool named = comm_size(l->role) > 1; /* by the agreement of its ranks */
    if (named) snprintf(end.words, sizeof end.words, "%s", fail_message());
    else
        snprintf(end.words, sizeof end.words, "rank %d (%s): %s", comm_rank(l->world), comm_host(l->world),
                 fail_message());
    (void)post(l, LETTER_END, &end, sizeof end); /* where mail is broken there is nobody to tell */
    (void)comm_flush(l->world, FLUSH_SECONDS);
}

/* Takes a letter: *kind is 0 when there is none. `body` is borrowed until the next one. */
static status take(letters *l, bool wait, bool patient, char *kind, const unsigned char **body, size_t *bytes)
{
    status st = OK;
    void *letter = NULL;
    size_t length = 0;
    int from;
    *kind = 0;
    if (wait) TRY(comm_await(l->world, l->others, patient, &letter, &length, &from));
    else TRY(comm_take(l->world, &letter, &length, &from));
    if (!letter) goto done;
    free(l->kept);
    l->kept = letter;
    *kind = (char)l->kept[0];
    *body = l->kept + 1;
    *bytes = length - 1;
    if (*kind == LETTER_END) {
        TRY(failure_of(l, *body, *bytes));
        l->ended = true;
    }
done:
    return st;
}

status letters_await_end(letters *l, bool patient)
{
    status st = OK;
    char kind;
    const unsigned char *body;
    size_t bytes;
    while (!l->ended) TRY(take(l, true, patient, &kind, &body, &bytes));
done:
    return st;
}

/* ---- the teacher's side ------------------------------------------------------------------------------------------ */

static status post_records(letters *l)
{
    status st = l->used ? post(l, LETTER_RECORDS, l->fresh, l->used) : OK;
    l->used = 0;
    return st;
}

static status tell_set(void *self, const set_info *info)
{
    return post(self, LETTER_SET, info, sizeof *info);
}

/* Records are gathered into letters that leave at once. */
static status tell_record(void *self, const void *packed, size_t bytes)
{
    status st = OK;
    letters *l = self;
    unsigned char *alone = NULL;
    size_t needed = sizeof bytes + bytes, room = sizeof l->fresh - 1;
    if (l->used + needed > room) TRY(post_records(l));
    if (needed > room) {
        alone = malloc(needed);
        if (!alone) TRY(FAIL(ERR_MEMORY, "no memory for a record of %zu bytes", bytes));
    }
    unsigned char *to = alone ? alone : l->fresh + l->used;
    memcpy(to, &bytes, sizeof bytes);
    memcpy(to + sizeof bytes, packed, bytes);
    if (alone) TRY(post(l, LETTER_RECORDS, alone, needed));
    else l->used += needed;
done:
    free(alone);
    return st;
}

static status tell_life(void *self)
{
    status st = OK;
    letters *l = self;
    char kind;
    const unsigned char *body;
    size_t bytes;
    TRY(l->used ? post_records(l) : post(l, LETTER_LIFE, NULL, 0));
    do TRY(take(l, false, false, &kind, &body, &bytes)); /* the student may have ended */
    while (kind);
done:
    return st;
}

prediction_sink letters_sink(letters *l)
{
    return (prediction_sink){.self = l, .begin = tell_set, .record = tell_record, .alive = tell_life};
}

status letters_complete(letters *l)
{
    status st = post_records(l);
    return st == OK ? post(l, LETTER_COMPLETE, NULL, 0) : st;
}

/* ---- the student's side ------------------------------------------------------------------------------------------ */

static status next(void *self, bool wait, prediction_news *out)
{
    status st = OK;
    letters *l = self;
    char kind;
    const unsigned char *body = NULL;
    size_t bytes = 0;
    *out = (prediction_news){.kind = NEWS_NONE};
    do TRY(take(l, wait, false, &kind, &body, &bytes));
    while (kind == LETTER_LIFE && !wait);
    if (kind == LETTER_SET) {
        if (bytes != sizeof out->info) TRY(FAIL(ERR_INTERNAL, "%s told of a set in %zu bytes", l->others, bytes));
        memcpy(&out->info, body, sizeof out->info);
        out->kind = NEWS_SET;
    } else if (kind == LETTER_RECORDS) {
        *out = (prediction_news){.kind = NEWS_RECORDS, .records = body, .bytes = bytes};
    } else if (kind == LETTER_COMPLETE) {
        out->kind = NEWS_COMPLETE;
    } else if (kind == LETTER_END) {
        TRY(FAIL(ERR_INTERNAL, "%s ended before its predictions were complete", l->others));
    }
done:
    return st;
}

prediction_source letters_source(letters *l)
{
    return (prediction_source){.self = l, .next = next};
}
