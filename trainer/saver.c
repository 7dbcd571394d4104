#include "trainer/saver.h"

#include "base/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_BYTES = 4096, PLACE_BYTES = 128 };

struct saver {
    const char *directory;
    size_t keep;
    checkpoint_image *image;
    bool started; /* there is a thread to be joined */
    pthread_t thread;
    atomic_bool ended;
    /* Written by the thread before `ended`, or before it is joined. */
    status outcome;
    char message[MESSAGE_BYTES], place[PLACE_BYTES];
};

status saver_new(const char *directory, size_t keep, saver **out)
{
    status st = OK;
    saver *s = calloc(1, sizeof *s);
    if (!s) TRY(FAIL(ERR_MEMORY, "no memory to save checkpoints"));
    s->directory = directory;
    s->keep = keep;
    TRY(checkpoint_image_new(&s->image));
    *out = s;
    s = NULL;
done:
    free(s);
    return st;
}

static void *run(void *self)
{
    saver *s = self;
    s->outcome = checkpoint_write(s->directory, s->image);
    if (s->outcome == OK) s->outcome = checkpoint_prune(s->directory, s->keep);
    snprintf(s->message, sizeof s->message, "%s", fail_message());
    snprintf(s->place, sizeof s->place, "%s", fail_place());
    atomic_store(&s->ended, true);
    return NULL;
}

/* No signal is for this thread. Without one (the system gives none) the save is done here and now. */
static void start_thread(saver *s)
{
    sigset_t all, before;
    sigfillset(&all);
    atomic_store(&s->ended, false);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    s->started = pthread_create(&s->thread, NULL, run, s) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (s->started) return;
    run(s);
    fail_clear();
}

/* The thread's failure becomes this thread's, with its place ("checkpoint.c:123"). */
static status take_failure(saver *s)
{
    status st = s->outcome;
    char *colon = strrchr(s->place, ':');
    int line = colon ? atoi(colon + 1) : 0;
    if (st == OK) return OK;
    if (colon) *colon = '\0';
    s->outcome = OK;
    return fail_at(s->place, line, st, "%s", s->message);
}

status saver_failure(saver *s)
{
    if (s->started && !atomic_load(&s->ended)) return OK;
    return saver_wait(s);
}

status saver_wait(saver *s)
{
    if (s->started) pthread_join(s->thread, NULL);
    s->started = false;
    return take_failure(s);
}

status saver_start(saver *s, const checkpoint_parts *parts, const train_state *state)
{
    status st = OK;
    TRY(saver_wait(s));
    TRY(checkpoint_take(s->image, parts, state));
    start_thread(s);
done:
    return st;
}

void saver_free(saver **at)
{
    if (!at || !*at) return;
    saver *s = *at;
    if (s->started) pthread_join(s->thread, NULL);
    if (s->outcome != OK) log_warn("%s", s->message);
    checkpoint_image_free(&s->image);
    free(s);
    *at = NULL;
}
