#include "stream/feed.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const size_t NO_VIDEO = SIZE_MAX;
/* Seconds: that live input is waited for in a turn, so that stops are heard; and, where all of it is late, each. */
static const double PATIENCE = 1, GLANCE = 0.01;

typedef struct {
    size_t video;
    bool begins, ended;
    int64_t next, given;
    frame_stream *input;
    uint8_t *pictures; /* (most, height, width, 3) frames that wait; `count` of them */
    int64_t *numbers;
    size_t count;
    double missed; /* live: since when nothing has come; 0: it is not waited for */
    bool late;
    int64_t stalls;
} slot;

struct feed {
    frame_stream_options input;
    feed_listener listener;
    size_t streams, most, picture_bytes;
    slot *slots; /* (streams) */
};

status feed_new(const frame_stream_options *input, size_t streams, size_t most, const feed_listener *listener,
                feed **out)
{
    status st = OK;
    feed *f = calloc(1, sizeof *f);
    if (!f) TRY(FAIL(ERR_MEMORY, "no memory for streams"));
    *f = (feed){.input = *input, .listener = *listener, .most = most};
    f->picture_bytes = (size_t)input->format.width * (size_t)input->format.height * 3;
    f->slots = calloc(streams, sizeof *f->slots);
    if (!f->slots) TRY(FAIL(ERR_MEMORY, "no memory for %zu streams", streams));
    for (; f->streams < streams; f->streams++) {
        slot *s = &f->slots[f->streams];
        s->video = NO_VIDEO;
        s->pictures = malloc(most * f->picture_bytes);
        s->numbers = malloc(most * sizeof *s->numbers);
        if (!s->pictures || !s->numbers) TRY(FAIL(ERR_MEMORY, "no memory for turns of %zu frames", most));
    }
    *out = f;
    f = NULL;
done:
    feed_free(&f);
    return st;
}

void feed_free(feed **f)
{
    if (!*f) return;
    for (size_t s = 0; (*f)->slots && s < (*f)->streams; s++) {
        frame_stream_close(&(*f)->slots[s].input);
        free((*f)->slots[s].pictures);
        free((*f)->slots[s].numbers);
    }
    free((*f)->slots);
    free(*f);
    *f = NULL;
}

bool feed_is_free(const feed *f, size_t stream)
{
    return f->slots[stream].video == NO_VIDEO;
}

size_t feed_busy(const feed *f)
{
    size_t count = 0;
    for (size_t s = 0; s < f->streams; s++) count += !feed_is_free(f, s);
    return count;
}

void feed_place(const feed *f, size_t stream, size_t *which, int64_t *next)
{
    *which = f->slots[stream].video;
    *next = f->slots[stream].next;
}

void feed_leave(feed *f, size_t stream)
{
    slot *s = &f->slots[stream];
    frame_stream_close(&s->input);
    s->video = NO_VIDEO;
    s->count = 0;
}

static status end(feed *f, size_t stream, const char *failure)
{
    slot *s = &f->slots[stream];
    feed_end said = {.stream = stream,
                     .video = s->video,
                     .frames = s->given,
                     .next = s->next,
                     .stalls = s->stalls,
                     .failure = failure};
    if (s->input) {
        frame_stream_account_read(s->input, &said.account);
        said.seconds = said.account.seconds;
    }
    status st = f->listener.end(f->listener.self, &said);
    feed_leave(f, stream);
    return st;
}

/* A failure that is the video's own: it ends the video and nothing else. */
static bool is_videos_own(status st)
{
    return st == ERR_MISSING || st == ERR_INPUT || st == ERR_IO;
}

static status give_up(feed *f, size_t stream)
{
    char why[512];
    strncpy(why, fail_message(), sizeof why - 1);
    why[sizeof why - 1] = '\0';
    fail_clear();
    return end(f, stream, why);
}

status feed_give(feed *f, size_t stream, size_t which, int64_t first)
{
    status st = OK;
    slot *s = &f->slots[stream];
    frame_stream_options input = f->input;
    input.first = first;
    s->video = which;
    s->next = first;
    s->given = 0;
    s->begins = first == 0;
    s->ended = s->late = false;
    s->missed = 0;
    s->stalls = 0;
    if (s->begins) st = f->listener.begin(f->listener.self, stream, which);
    if (st == OK) st = frame_stream_open(f->listener.path(f->listener.self, which), &input, &s->input);
    return is_videos_own(st) ? give_up(f, stream) : st;
}

/* Frames until `most` are there, or all. */
static status fill(feed *f, size_t stream, size_t most)
{
    status st = OK;
    slot *s = &f->slots[stream];
    while (s->count < most && !s->ended) {
        size_t count = 0;
        if (f->input.live && !frame_stream_ready(s->input, 0)) break;
        st = frame_stream_next(s->input, most - s->count, s->pictures + s->count * f->picture_bytes,
                               s->numbers + s->count, &count, &s->ended);
        s->count += count;
        if (st != OK) break;
    }
    if (!is_videos_own(st)) return st;
    if (s->count) fail_clear(); /* what came before is taken first; asked again it fails again */
    else return give_up(f, stream);
    return OK;
}

/* ---- live input -------------------------------------------------------------------------------------------------- */

/* Whether there is something to be had of a stream; waits so long for it. What changes is noted. */
static bool look(feed *f, size_t stream, double seconds)
{
    slot *s = &f->slots[stream];
    bool there = s->count || frame_stream_ready(s->input, seconds > 0 ? seconds : 0);
    double now = monotonic_seconds(), longest = fmax(PATIENCE, 2 * f->input.snippet);
    if (!there && s->missed == 0) s->missed = now - fmax(seconds, 0);
    if (!there && !s->late && now - s->missed >= longest - GLANCE) {
        s->late = true;
        if (!s->stalls++ && f->listener.late) f->listener.late(f->listener.self, s->video, false, now - s->missed);
    }
    if (!there) return false;
    if (s->late && s->stalls == 1 && f->listener.late)
        f->listener.late(f->listener.self, s->video, true, now - s->missed);
    s->late = false;
    s->missed = 0;
    return true;
}

/* Looks at all streams; `*any`: one has something. False when one is waited for. */
static bool look_at_all(feed *f, double until, bool *any)
{
    bool all = true;
    for (size_t i = 0; i < f->streams; i++) {
        if (feed_is_free(f, i)) continue;
        bool there = look(f, i, f->slots[i].late ? 0 : until - monotonic_seconds());
        *any = *any || there;
        all = all && (there || f->slots[i].late);
    }
    return all;
}

/* Waits for live input; whether a turn can be taken. */
static bool wait_for_live(feed *f)
{
    double until = monotonic_seconds() + PATIENCE;
    bool any = false, all = look_at_all(f, until, &any);
    while (all && !any && monotonic_seconds() < until)
        for (size_t i = 0; i < f->streams && !any; i++) any = !feed_is_free(f, i) && look(f, i, GLANCE);
    return all && any;
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* Ends what is over; whether any was. */
static status end_over(feed *f, bool *any)
{
    status st = OK;
    *any = false;
    for (size_t s = 0; s < f->streams; s++) {
        if (feed_is_free(f, s) || f->slots[s].count || !f->slots[s].ended) continue;
        *any = true;
        TRY(end(f, s, NULL));
    }
done:
    return st;
}

status feed_turn(feed *f, size_t most, stream_frames *frames, size_t *count)
{
    status st = OK;
    bool any = false;
    size_t least = 0, busy = feed_busy(f);
    *count = 0;
    memset(frames, 0, f->streams * sizeof *frames);
    if (most > f->most) most = f->most;
    if (f->input.live && busy && !wait_for_live(f)) goto done;
    for (size_t s = 0; s < f->streams; s++)
        if (!feed_is_free(f, s)) TRY(fill(f, s, most));
    TRY(end_over(f, &any));
    if (any || feed_busy(f) < busy) goto done;
    for (size_t s = 0; s < f->streams; s++)
        if (f->slots[s].count && (!least || f->slots[s].count < least)) least = f->slots[s].count;
    if (least > most) least = most;
    for (size_t s = 0; s < f->streams; s++)
        if (f->slots[s].count)
            frames[s] = (stream_frames){f->slots[s].pictures, f->slots[s].numbers, least, f->slots[s].begins};
    *count = least;
done:
    return st;
}

void feed_took(feed *f, size_t count)
{
    for (size_t i = 0; i < f->streams; i++) {
        slot *s = &f->slots[i];
        if (!s->count) continue;
        s->next = s->numbers[count - 1] + 1;
        s->given += (int64_t)count;
        s->begins = false;
        s->count -= count;
        memmove(s->pictures, s->pictures + count * f->picture_bytes, s->count * f->picture_bytes);
        memmove(s->numbers, s->numbers + count, s->count * sizeof *s->numbers);
    }
}
