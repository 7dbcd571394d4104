/* bench_stream SIDE FEATURES CHANNELS BUFFER FRAMES STREAMS TURN THREADS LEARN [DEVICE [PRECISION]] - a streaming
 * learner of one layer on scenes made in memory. CHANNELS: of the encoder's first convolution; the others have 2, 8 and
 * 32 times as many, as published. LEARN 1: with gradients, a step every 100 losses; 0: only watching. PRECISION:
 * float32 or tfloat32. No event ends, so the buffer fills up and stays full. Prints frames a second (all streams),
 * steps, and the largest resident memory in MB; the first step's start-up is not counted.
 */
#include "base/clock.h"
#include "stream/learner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { NUMBERS = 9, SCENE = 8, RGB = 3 };

/* Scenes of a few frames, a field of colours that changes a little from frame to frame; bench/stream_loop.py draws
 * alike. */
static void draw(uint8_t *pictures, size_t count, int64_t side, unsigned state)
{
    size_t bytes = (size_t)(side * side * RGB);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < bytes; k++) {
            bool fresh = i % SCENE == 0;
            state = state * 1664525u + 1013904223u;
            pictures[i * bytes + k] =
                fresh ? (uint8_t)(state >> 24) : (uint8_t)(pictures[(i - 1) * bytes + k] + (state >> 29));
        }
    }
}

static status watch(learner *l, uint8_t *const *films, size_t streams, size_t frames, size_t turn, size_t bytes,
                    bool learn)
{
    status st = OK;
    stream_frames *now = calloc(streams, sizeof *now);
    if (!now) TRY(FAIL(ERR_MEMORY, "no memory for %zu streams", streams));
    for (size_t at = 0; at < frames;) {
        size_t count = frames - at < turn ? frames - at : turn;
        for (size_t s = 0; s < streams; s++)
            now[s] = (stream_frames){.pictures = films[s] + at * bytes, .count = count, .begins = at == 0};
        TRY(learner_watch(l, now, learn, NULL));
        at += count;
    }
    if (learn) TRY(learner_settle(l));
done:
    free(now);
    return st;
}

static status run(const int64_t *n, const char *device, bool tfloat32)
{
    status st = OK;
    int64_t side = n[0], first = n[2];
    size_t frames = (size_t)n[4], streams = (size_t)n[5], turn = (size_t)n[6], bytes = (size_t)(side * side * RGB);
    learner *l = NULL;
    uint8_t **films = calloc(streams, sizeof *films);
    struct rusage use;
    const stream_options o = {.height = side,
                              .width = side,
                              .channels = {first, 2 * first, 8 * first, 32 * first},
                              .features = n[1],
                              .max_layers = 1,
                              .init_layers = 1,
                              .buffer_size = n[3],
                              .window = 50,
                              .demarcation = DEMARCATION_FIXED,
                              .threshold = -2, /* no event ends: the buffer is full */
                              .evolve_every = 1000000,
                              .optimize_every = 100,
                              .lr = 1e-4,
                              .alpha = 3,
                              .timescale = true,
                              .reach = true};
    const t_options options = {.device = device, .threads = (int)n[7], .deterministic = true, .tfloat32 = tfloat32};
    TRY(t_start(&options));
    if (!films) TRY(FAIL(ERR_MEMORY, "no memory for films"));
    for (size_t s = 0; s < streams; s++) {
        films[s] = malloc(frames * bytes);
        if (!films[s]) TRY(FAIL(ERR_MEMORY, "no memory for films"));
        draw(films[s], frames, side, (unsigned)s + 1);
    }
    TRY(learner_new(&o, streams, T_F32, &l));
    TRY(watch(l, films, streams, 4, 4, bytes, n[8])); /* libraries make their kernels */
    for (size_t s = 0; s < streams; s++) learner_reset(l, s);
    double began = monotonic_seconds();
    TRY(watch(l, films, streams, frames, turn, bytes, n[8]));
    double seconds = monotonic_seconds() - began;
    getrusage(RUSAGE_SELF, &use);
    printf("%.4f %lld %.0f\n", (double)(frames * streams) / seconds, (long long)learner_steps(l),
           (double)use.ru_maxrss / 1024);
done:
    for (size_t s = 0; films && s < streams; s++) free(films[s]);
    free(films);
    learner_free(&l);
    return st;
}

int main(int argc, char **argv)
{
    int64_t n[NUMBERS] = {0};
    if (argc < NUMBERS + 1) {
        fprintf(stderr,
                "bench_stream SIDE FEATURES CHANNELS BUFFER FRAMES STREAMS TURN THREADS LEARN [DEVICE [PRECISION]]\n");
        return 64;
    }
    for (int i = 0; i < NUMBERS; i++) n[i] = atoll(argv[i + 1]);
    bool tfloat32 = argc > NUMBERS + 2 && !strcmp(argv[NUMBERS + 2], "tfloat32");
    status st = run(n, argc > NUMBERS + 1 ? argv[NUMBERS + 1] : "cpu", tfloat32);
    if (st != OK) fprintf(stderr, "bench_stream: %s\n", fail_message());
    return status_exit_code(st);
}
