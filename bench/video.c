/* bench_video: clips a second of the decoder, for bench/video.
 *
 *   bench_video FRAMES WORKERS ROUNDS CLIP...     FRAMES uniform frames of each clip, "all" for every one
 *   bench_video cached CACHE WORKERS ROUNDS       the frames that a frame cache holds of each clip
 *   bench_video pictures OUT CLIP...              32 uniform frames of each clip into one file, to be compared
 *
 * A worker is a thread that opens each clip anew, gets its frames at 224 x 224 with one thread of the codec, and closes
 * it; from a cache, which is open all the time, it copies them. All workers do all clips, ROUNDS times. */
#include "video/cache.h"
#include "video/decoder.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIDE = 224, BYTES = SIDE * SIDE * 3, WORKERS_MOST = 64, CHECKED = 32 };

typedef struct {
    char **clips;
    int clip_count, rounds;
    size_t frames; /* 0: all */
    const frame_cache *cache;
    status result;
} work;

/* The pictures of one clip, new memory that the caller frees. */
static status read_clip(const char *path, size_t frames, uint8_t **out, size_t *count)
{
    status st = OK;
    const picture_format format = {SIDE, SIDE, FIT_STRETCH};
    video *v = NULL;
    video_account account;
    int64_t *index = NULL;
    TRY(video_open(path, NULL, &v));
    *count = frames ? frames : (size_t)video_about(v)->frames;
    index = calloc(*count, sizeof *index);
    *out = malloc(*count * BYTES);
    if (!index || !*out) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu frames", path, *count));
    frames_uniform(video_about(v)->frames, *count, index);
    TRY(video_frames(v, index, *count, &format, *out, &account));
    if (account.decoded < account.asked) TRY(FAIL(ERR_INPUT, "%s: %s", path, account.reason));
done:
    free(index);
    video_close(&v);
    return st;
}

static status copy_clip(const frame_cache *cache, size_t number, uint8_t **out, size_t *count)
{
    const cached_video *clip = frame_cache_video(cache, number);
    *count = clip->frames;
    *out = malloc(*count * BYTES);
    if (!*out) return FAIL(ERR_MEMORY, "%s: no memory for %zu frames", clip->name, *count);
    for (size_t i = 0; i < *count; i++) memcpy(*out + i * BYTES, frame_cache_picture(cache, clip, i, NULL), BYTES);
    return OK;
}

static status read_clips(const work *w)
{
    status st = OK;
    uint8_t *pictures = NULL;
    size_t count = 0;
    for (int i = 0; i < w->rounds * w->clip_count; i++) {
        int clip = i % w->clip_count;
        TRY(w->cache ? copy_clip(w->cache, (size_t)clip, &pictures, &count)
                     : read_clip(w->clips[clip], w->frames, &pictures, &count));
        free(pictures);
        pictures = NULL;
    }
done:
    free(pictures);
    if (st != OK) fprintf(stderr, "bench_video: %s\n", fail_message());
    return st;
}

static void *run_worker(void *at)
{
    work *w = at;
    w->result = read_clips(w);
    return NULL;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int measure(const work *each, int workers)
{
    work works[WORKERS_MOST];
    pthread_t threads[WORKERS_MOST];
    double start = seconds_now();
    for (int i = 0; i < workers; i++) {
        works[i] = *each;
        if (pthread_create(&threads[i], NULL, run_worker, &works[i])) return EXIT_FAILURE;
    }
    status worst = OK;
    for (int i = 0; i < workers; i++) {
        pthread_join(threads[i], NULL);
        if (works[i].result > worst) worst = works[i].result;
    }
    printf("%.3f\n", workers * each->rounds * each->clip_count / (seconds_now() - start));
    return status_exit_code(worst);
}

static status write_pictures(const char *path, char **clips, int clip_count)
{
    status st = OK;
    uint8_t *pictures = NULL;
    FILE *file = fopen(path, "wb");
    if (!file) TRY(FAIL(ERR_CREATE, "%s: cannot be written", path));
    for (int i = 0; i < clip_count; i++) {
        size_t count = 0;
        TRY(read_clip(clips[i], CHECKED, &pictures, &count));
        if (fwrite(pictures, BYTES, count, file) != count) TRY(FAIL(ERR_IO, "%s: cannot be written", path));
        free(pictures);
        pictures = NULL;
    }
done:
    free(pictures);
    if (file && fclose(file) && st == OK) st = FAIL(ERR_IO, "%s: cannot be written", path);
    if (st != OK) fprintf(stderr, "bench_video: %s\n", fail_message());
    return st;
}

static int measure_cache(const char *path, int workers, int rounds)
{
    frame_cache *cache = NULL;
    const cache_form form = {.uniform = CHECKED, .format = {SIDE, SIDE, FIT_STRETCH}};
    status st = frame_cache_open(path, &form, NULL, 0, &cache);
    if (st != OK) {
        fprintf(stderr, "bench_video: %s\n", fail_message());
        return status_exit_code(st);
    }
    const work each = {.cache = cache, .clip_count = (int)frame_cache_count(cache), .rounds = rounds};
    int code = measure(&each, workers);
    frame_cache_close(&cache);
    return code;
}

int main(int count, char **arguments)
{
    if (count == 5 && !strcmp(arguments[1], "cached") && atoi(arguments[3]) > 0 && atoi(arguments[3]) <= WORKERS_MOST)
        return measure_cache(arguments[2], atoi(arguments[3]), atoi(arguments[4]));
    if (count >= 4 && !strcmp(arguments[1], "pictures"))
        return status_exit_code(write_pictures(arguments[2], arguments + 3, count - 3));
    int workers = count >= 5 ? atoi(arguments[2]) : 0;
    if (workers < 1 || workers > WORKERS_MOST) {
        fprintf(stderr, "usage: bench_video FRAMES|all WORKERS ROUNDS CLIP... | cached CACHE WORKERS ROUNDS | pictures "
                        "OUT CLIP...\n");
        return status_exit_code(ERR_USAGE);
    }
    work each = {.clips = arguments + 4, .clip_count = count - 4, .rounds = atoi(arguments[3])};
    each.frames = strcmp(arguments[1], "all") ? (size_t)atoi(arguments[1]) : 0;
    return measure(&each, workers);
}
