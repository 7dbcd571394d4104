#include "rank/event_store.h"

#include "base/clock.h"
#include "base/hash.h"
#include "distill/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char NAME[] = "stream";
static const double COMMIT_EVERY = 10; /* seconds: what a stream without end may lose when it is cut off */

struct event_store {
    store *store;
    int64_t set;
    set_info info;
    double committed; /* monotonic_seconds */
};

static status name_set(const char *where, const char *model, size_t width, char *path, size_t size, set_info *info)
{
    const char *colon = strrchr(where, ':'), *name = colon ? colon + 1 : NAME;
    int length = colon ? (int)(colon - where) : (int)strlen(where);
    *info = (set_info){.encoding = ENCODE_DENSE, .features = FEATURES_F32, .feature_width = (int64_t)width};
    if (!*name || !length || (size_t)length >= size || strlen(name) >= sizeof info->name)
        return FAIL(ERR_USAGE, "--store is STORE or STORE:NAME, not %.80s", where);
    snprintf(path, size, "%.*s", length, where);
    snprintf(info->name, sizeof info->name, "%s", name);
    snprintf(info->role, sizeof info->role, "backbone");
    return hash_file(model, info->model_hash);
}

status event_store_open(const char *where, const char *model, size_t width, event_store **out)
{
    status st = OK;
    char path[4096];
    event_store *s = calloc(1, sizeof *s);
    if (!s) TRY(FAIL(ERR_MEMORY, "no memory for a store of events"));
    TRY(name_set(where, model, width, path, sizeof path, &s->info));
    TRY(store_open(path, STORE_WRITE, &s->store));
    TRY(store_begin_set(s->store, &s->info, &s->set));
    s->committed = monotonic_seconds();
    *out = s;
    s = NULL;
done:
    event_store_close(&s);
    return st;
}

void event_store_close(event_store **s)
{
    if (!*s) return;
    store_close(&(*s)->store);
    free(*s);
    *s = NULL;
}

status event_store_put(event_store *s, const char *video, size_t layer, size_t number, const event *e,
                       const float *features)
{
    char *uid = event_uid(video, layer, number);
    if (!uid) return FAIL(ERR_MEMORY, "no memory for the name of an event");
    status st = store_put_event(s->store, s->set, uid, video, e->start, e->end, features);
    free(uid);
    if (st != OK || monotonic_seconds() - s->committed < COMMIT_EVERY) return st;
    s->committed = monotonic_seconds();
    return store_commit(s->store);
}

status event_store_end(event_store *s)
{
    status st = OK;
    set_info info = {0};
    TRY(store_find_set(s->store, s->info.name, s->info.seed, &info, &s->set));
    TRY(store_complete_set(s->store, s->set, info.count));
    TRY(store_commit(s->store));
done:
    return st;
}
