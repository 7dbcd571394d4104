#include "teacher/examples.h"

#include <stdlib.h>
#include <string.h>

static size_t grown(size_t room, size_t needed)
{
    size_t larger = room + room / 2 + 64;
    return larger > needed ? larger : needed;
}

static status grow(void *at, size_t count, size_t size)
{
    void **pointer = at;
    void *larger = realloc(*pointer, count * size);
    if (!larger) return FAIL(ERR_MEMORY, "no memory for %zu examples", count);
    *pointer = larger;
    return OK;
}

static status make_room(example_list *e, size_t examples, size_t actions)
{
    status st = OK;
    size_t used = e->count ? e->first[e->count] : 0;
    if (e->count + examples > e->room || !e->first) {
        size_t room = grown(e->room, e->count + examples);
        TRY(grow(&e->first, room + 1, sizeof *e->first));
        TRY(grow(&e->action, room, sizeof *e->action));
        TRY(grow(&e->verb, room, sizeof *e->verb));
        TRY(grow(&e->noun, room, sizeof *e->noun));
        TRY(grow(&e->query, room, sizeof *e->query));
        e->room = room;
        if (!e->count) e->first[0] = 0;
    }
    if (used + actions > e->action_room || !e->actions) {
        size_t room = grown(e->action_room, used + actions);
        TRY(grow(&e->actions, room, sizeof *e->actions));
        e->action_room = room;
    }
done:
    return st;
}

static void add_one(example_list *e, const int64_t *actions, size_t length, const segment *target, bool labelled)
{
    size_t i = e->count++;
    if (length) memcpy(e->actions + e->first[i], actions, length * sizeof *actions);
    e->first[i + 1] = e->first[i] + length;
    e->action[i] = labelled ? target->action : NO_LABEL;
    e->verb[i] = labelled && target->verb >= 0 ? target->verb : NO_LABEL;
    e->noun[i] = labelled && target->noun >= 0 ? target->noun : NO_LABEL;
}

status examples_add(example_list *e, const histories *h, const segment_list *list, size_t class_count,
                    bool labelled_only)
{
    status st = OK;
    TRY(make_room(e, h->history_count, h->action_first[h->history_count]));
    for (size_t i = 0; i < h->history_count; i++) {
        const segment *target = &list->at[h->query_of[i]];
        bool labelled = target->action >= 0 && (size_t)target->action < class_count;
        if (labelled_only && !labelled) continue;
        size_t length = 0;
        const int64_t *actions = history_at(h, i, &length);
        e->query[e->count] = h->query_of[i];
        add_one(e, actions, length, target, labelled);
    }
done:
    return st;
}

status examples_add_unlabelled(example_list *e, const int64_t *actions, size_t length)
{
    status st = OK;
    TRY(make_room(e, 1, length));
    e->query[e->count] = 0;
    add_one(e, actions, length, NULL, false);
done:
    return st;
}

void examples_free(example_list *e)
{
    if (!e) return;
    free(e->first);
    free(e->actions);
    free(e->action);
    free(e->verb);
    free(e->noun);
    free(e->query);
    *e = (example_list){0};
}
