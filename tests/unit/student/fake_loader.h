/* fake_loader - a loader (video/loader.h) that decodes nothing: pictures are made from the file's name and the time,
 * and one video may be called broken. Linked in place of the real one. */
#ifndef MAGISTER_TESTS_STUDENT_FAKE_LOADER_H
#define MAGISTER_TESTS_STUDENT_FAKE_LOADER_H

#include "base/hash.h"
#include "video/loader.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *fake_broken; /* name of the video that is; NULL: none */

typedef struct fake_clip {
    struct fake_clip *next;
    char *name;
    double *seconds;
    size_t count;
} fake_clip;

struct loader {
    loader_options options;
    fake_clip *first, **last;
    loader_stats stats;
};

status loader_open(const loader_options *options, loader **out)
{
    *out = calloc(1, sizeof **out);
    (*out)->options = *options;
    (*out)->last = &(*out)->first;
    return OK;
}

status loader_ask(loader *l, const clip_request *clip)
{
    fake_clip *fresh = calloc(1, sizeof *fresh);
    fresh->name = strdup(clip->name);
    fresh->seconds = malloc(clip->frames.count * sizeof *fresh->seconds);
    memcpy(fresh->seconds, clip->frames.seconds, clip->frames.count * sizeof *fresh->seconds);
    fresh->count = clip->frames.count;
    *l->last = fresh;
    l->last = &fresh->next;
    return OK;
}

/* A colour for every half second of a video, darker to the right, and its own noise. */
static void fake_picture(const char *name, double seconds, size_t side, uint8_t *out)
{
    uint64_t key = 0;
    for (const char *c = name; *c; c++) key = key * 131 + (unsigned char)*c;
    uint64_t colour = hash_mix(key, (uint64_t)floor(seconds * 2 + 1e-6));
    for (size_t i = 0; i < side * side * 3; i++) {
        uint64_t value = (colour >> (i % 3 * 8) & 127) + hash_mix(colour, i) % 64 + 64 - i / 3 % side * 64 / side;
        out[i] = (uint8_t)(value < 256 ? value : 255);
    }
}

static void fake_free(fake_clip *clip)
{
    free(clip->name);
    free(clip->seconds);
    free(clip);
}

status loader_take(loader *l, loaded_clip *out)
{
    fake_clip *clip = l->first;
    size_t side = (size_t)l->options.format.width;
    if (!clip) return FAIL(ERR_INTERNAL, "nothing was asked for");
    bool broken = fake_broken && !strcmp(fake_broken, clip->name);
    l->first = clip->next;
    if (!l->first) l->last = &l->first;
    *out = (loaded_clip){.count = clip->count, .account = {.asked = clip->count, .decoded = clip->count}};
    out->pictures = malloc(clip->count * side * side * 3);
    for (size_t i = 0; i < clip->count; i++)
        fake_picture(clip->name, clip->seconds[i], side, out->pictures + i * side * side * 3);
    if (broken) {
        out->account.decoded--;
        strcpy(out->account.reason, "a made-up reason");
    }
    l->stats.clips++;
    if (broken) l->stats.broken++;
    fake_free(clip);
    return OK;
}

void loader_return(loader *l, loaded_clip *clip)
{
    (void)l;
    free(clip->pictures);
    *clip = (loaded_clip){0};
}

void loader_stats_read(loader *l, loader_stats *out)
{
    *out = l->stats;
}

void loader_close(loader **l)
{
    if (!*l) return;
    for (fake_clip *clip = (*l)->first, *next; clip; clip = next) {
        next = clip->next;
        fake_free(clip);
    }
    free(*l);
    *l = NULL;
}

#endif
