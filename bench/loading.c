/* bench_loading: clips as the published Sign2Text takes them, five of 32 pictures of 224 x 224 a batch, read three
 * batches ahead by threads, cut, changed and normalised; for bench/loading.
 *
 *   bench_loading make FILE WIDTH HEIGHT FRAMES    a video of moving colours, H.264
 *   bench_loading read THREADS BATCHES FILE ...    prints clips a second, and MB: at the start, and at most
 */
#include "base/clock.h"
#include "tensor/pictures.h"
#include "trainer/stats.h"
#include "video/encoder.h"
#include "video/loader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 5, FRAMES = 32, AHEAD = 2, MEMORY = 64000000 };

static const transform_options LOOK = {.size = 224,
                                       .short_side = {224, 224},
                                       .area = {0.08, 1},
                                       .proportions = {0.75, 1.3333},
                                       .crops = 1,
                                       .augment = {.count = 2, .magnitude = 9, .deviation = 0.5, .probability = 0.5},
                                       .mean = {0, 0, 0},
                                       .std = {1, 1, 1}};

static status make(const char *path, int width, int height, int frames)
{
    status st = OK;
    encoder_file *e = NULL;
    const encode_options options = {.width = width, .height = height, .fps = 25, .quality = 28, .keyframe = 50};
    size_t bytes = (size_t)width * (size_t)height * 3;
    uint8_t *picture = malloc(bytes);
    if (!picture) TRY(FAIL(ERR_MEMORY, "no memory for a picture"));
    TRY(encoder_open(path, &options, &e));
    for (int f = 0; f < frames; f++) {
        for (size_t i = 0; i < bytes; i++)
            picture[i] = (uint8_t)((i / 3 % (size_t)width + (size_t)(3 * f)) / 2 + i % 3 * 40);
        TRY(encoder_add(e, picture));
    }
    TRY(encoder_finish(e));
done:
    encoder_close(&e);
    free(picture);
    return st;
}

static status ask(loader *l, char **files, size_t count, size_t clip)
{
    const clip_request request = {
        .path = files[clip % count], .frames = {.count = FRAMES}, .look = {.random = true, .key = clip}};
    return loader_ask(l, &request);
}

/* A batch as bytes, and as the numbers that a model reads. */
static status take(loader *l, uint8_t *bytes)
{
    status st = OK;
    scope *sc = scope_open();
    for (size_t i = 0; i < BATCH; i++) {
        loaded_clip clip;
        TRY(loader_take(l, &clip));
        if (clip.account.decoded < clip.account.asked)
            TRY(FAIL(ERR_INPUT, "a clip is broken: %s", clip.account.reason));
        memcpy(bytes + i * transform_bytes(&LOOK, FRAMES), clip.pictures, transform_bytes(&LOOK, FRAMES));
        loader_return(l, &clip);
    }
    TRY(t_check(
        t_pictures(t_from_bytes(T_U8, bytes, SHAPE(BATCH * FRAMES, LOOK.size, LOOK.size, 3)), LOOK.mean, LOOK.std)));
done:
    scope_close(&sc);
    return st;
}

static status read_clips(int threads, size_t batches, char **files, size_t count)
{
    status st = OK;
    loader *l = NULL;
    double start_mb, begun;
    uint8_t *bytes = NULL;
    TRY(t_start(&(t_options){.device = "cpu", .threads = 1, .deterministic = true}));
    start_mb = rss_peak_mb();
    bytes = malloc(BATCH * transform_bytes(&LOOK, FRAMES));
    if (!bytes) TRY(FAIL(ERR_MEMORY, "no memory for a batch"));
    TRY(loader_open(&(loader_options){.threads = threads, .memory = MEMORY, .timeout = 60, .transform = &LOOK}, &l));
    begun = monotonic_seconds();
    for (size_t clip = 0; clip < AHEAD * BATCH; clip++) TRY(ask(l, files, count, clip));
    for (size_t batch = 0; batch < batches; batch++) {
        for (size_t i = 0; i < BATCH; i++) TRY(ask(l, files, count, (batch + AHEAD) * BATCH + i));
        TRY(take(l, bytes));
    }
    printf("%.2f %.0f %.0f\n", (double)(batches * BATCH) / (monotonic_seconds() - begun), start_mb, rss_peak_mb());
done:
    if (l) loader_close(&l);
    free(bytes);
    return st;
}

int main(int argc, char **argv)
{
    status st = OK;
    if (argc == 6 && !strcmp(argv[1], "make")) st = make(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
    else if (argc > 4 && !strcmp(argv[1], "read"))
        st = read_clips(atoi(argv[2]), (size_t)atoi(argv[3]), argv + 4, (size_t)argc - 4);
    else st = FAIL(ERR_USAGE, "bench_loading make FILE WIDTH HEIGHT FRAMES | read THREADS BATCHES FILE ...");
    if (st != OK) fprintf(stderr, "bench_loading: %s\n", fail_message());
    return status_exit_code(st);
}
