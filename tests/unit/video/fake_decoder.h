/* fake_decoder - stands in for decoder.h where the decoder itself is not what is tested: files are told by their names,
 * pictures by file and time, and a test may hold a decoding back until it lets it go.
 *
 * "N" is file number N, "N-part" replaces every second frame, "none" cannot be opened, "dead" can be opened and not
 * decoded.
 */
#ifndef MAGISTER_TESTS_FAKE_DECODER_H
#define MAGISTER_TESTS_FAKE_DECODER_H

#include "video/decoder.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct video {
    char path[32];
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int open, open_peak, opened; /* files now, at most, ever */
    int started, finished;       /* clips */
    int highest;                 /* file number that was begun */
    int backwards;               /* a clip waits until that of the next file has begun, up to this one; 0: none does */
    bool held;                   /* no clip ends before this is taken back */
    const uint8_t *live[64];     /* pictures of clips that were begun and not returned */
    int live_count, live_peak;
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static inline uint8_t fake_value(const char *path, double seconds)
{
    return (uint8_t)(atoi(path) * 31 + (int)(seconds * 10) + 1);
}

static inline void fake_reset(void)
{
    fake.open_peak = fake.opened = fake.started = fake.finished = fake.highest = fake.backwards = 0;
    fake.live_count = fake.live_peak = 0;
    fake.held = false;
}

static inline void fake_hold(bool hold)
{
    pthread_mutex_lock(&fake.lock);
    fake.held = hold;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.lock);
}

static inline void fake_wait_started(int count)
{
    pthread_mutex_lock(&fake.lock);
    while (fake.started < count) pthread_cond_wait(&fake.changed, &fake.lock);
    pthread_mutex_unlock(&fake.lock);
}

static inline void fake_wait_finished(int count)
{
    pthread_mutex_lock(&fake.lock);
    while (fake.finished < count) pthread_cond_wait(&fake.changed, &fake.lock);
    pthread_mutex_unlock(&fake.lock);
}

static inline void fake_forget(const uint8_t *pictures)
{
    pthread_mutex_lock(&fake.lock);
    for (int i = 0; i < fake.live_count; i++)
        if (fake.live[i] == pictures) fake.live[i] = fake.live[--fake.live_count];
    pthread_mutex_unlock(&fake.lock);
}

status video_open(const char *path, const video_options *options, video **out)
{
    (void)options;
    if (!strcmp(path, "none")) return FAIL(ERR_MISSING, "none: cannot open");
    video *v = calloc(1, sizeof *v);
    snprintf(v->path, sizeof v->path, "%s", path);
    pthread_mutex_lock(&fake.lock);
    fake.opened++;
    if (++fake.open > fake.open_peak) fake.open_peak = fake.open;
    pthread_mutex_unlock(&fake.lock);
    *out = v;
    return OK;
}

const video_info *video_about(const video *v)
{
    static const video_info about = {.frames = 1};
    (void)v;
    return &about;
}

double video_frame_time(const video *v, int64_t index)
{
    (void)v, (void)index;
    return 0;
}

int64_t video_frame_at(const video *v, double seconds)
{
    (void)v, (void)seconds;
    return 0;
}

void video_close(video **v)
{
    if (!*v) return;
    pthread_mutex_lock(&fake.lock);
    fake.open--;
    pthread_mutex_unlock(&fake.lock);
    free(*v);
    *v = NULL;
}

static void begin(int number, const uint8_t *out)
{
    pthread_mutex_lock(&fake.lock);
    fake.started++;
    if (number > fake.highest) fake.highest = number;
    fake.live[fake.live_count++] = out;
    if (fake.live_count > fake.live_peak) fake.live_peak = fake.live_count;
    pthread_cond_broadcast(&fake.changed);
    while (fake.held || (number < fake.backwards && fake.highest <= number))
        pthread_cond_wait(&fake.changed, &fake.lock);
    pthread_mutex_unlock(&fake.lock);
}

static void end(void)
{
    pthread_mutex_lock(&fake.lock);
    fake.finished++;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.lock);
}

status video_frames(video *v, const int64_t *index, size_t count, const picture_format *format, uint8_t *out,
                    video_account *account)
{
    (void)v, (void)index, (void)count, (void)format, (void)out, (void)account;
    return FAIL(ERR_INTERNAL, "frames by number are not what is tested");
}

status video_frames_by_time(video *v, const double *seconds, size_t count, const picture_format *format, uint8_t *out,
                            video_account *account)
{
    size_t bytes = picture_bytes(format, NULL);
    begin(atoi(v->path), out);
    *account = (video_account){.asked = count};
    bool dead = !strcmp(v->path, "dead"), part = strstr(v->path, "part") != NULL;
    for (size_t i = 0; i < count; i++) {
        bool replaced = part && i % 2;
        memset(out + i * bytes, fake_value(v->path, seconds[replaced ? i - 1 : i]), bytes);
        account->decoded += !replaced;
    }
    if (part) snprintf(account->reason, sizeof account->reason, "frame 1 is damaged");
    end();
    return dead ? FAIL(ERR_INPUT, "dead: nothing to decode") : OK;
}

#endif
