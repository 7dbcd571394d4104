/* bench_transforms: clips a second that are made ready for training, for bench/transforms.
 *
 *   bench_transforms WIDTH HEIGHT ROUNDS         clips of 32 pictures to 32 x 3 x 224 x 224 numbers, by one thread
 *   bench_transforms WIDTH HEIGHT ROUNDS parts   the same, and where the time goes
 *
 * Each clip is scaled (short side 256), cut at random, mirrored or not, changed by two operations of RandAugment, and
 * normalised; seconds are the processor's. The operations go round: clip i has numbers i and i + 5 of the fourteen, at
 * magnitude 9, so that both sides do the same work. */
#include "video/transforms.h"
#include "tensor/pictures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FRAMES = 32, SIZE = 224, SHORT_SIDE = 256, APART = 5 };

typedef struct {
    transform_options options;
    transform *transform;
    clip_pictures clip;
    uint8_t *pictures, *out;
    double cut, augmented, normalised; /* seconds */
} bench;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static status open_bench(int width, int height, bench *b)
{
    status st = OK;
    const size_t bytes = (size_t)width * (size_t)height * 3 * FRAMES;
    rng random = rng_stream(1, 1, 1);

    *b = (bench){.options = {.size = SIZE,
                             .short_side = {SHORT_SIDE, SHORT_SIDE},
                             .area = {0.08, 1},
                             .proportions = {0.75, 1.3333},
                             .crops = 1,
                             .flip = 0.5,
                             .mean = {0.485f, 0.456f, 0.406f},
                             .std = {0.229f, 0.224f, 0.225f}}};
    b->pictures = malloc(bytes);
    b->out = malloc(transform_bytes(&b->options, FRAMES));
    if (!b->pictures || !b->out) TRY(FAIL(ERR_MEMORY, "no memory for a clip of %zu bytes", bytes));
    for (size_t i = 0; i < bytes; i++) b->pictures[i] = (uint8_t)(i / 1001 % 226 + rng_below(&random, 30));
    b->clip = (clip_pictures){b->pictures, FRAMES, width, height, NULL};
    TRY(transform_open(&b->options, &b->transform));
done:
    return st;
}

static void close_bench(bench *b)
{
    transform_close(&b->transform);
    free(b->pictures);
    free(b->out);
}

static void augment(const bench *b, uint64_t number)
{
    static uint8_t copy[SIZE * SIZE * 3];
    const double amount = number / AUGMENT_KINDS % 2 ? -0.9 : 0.9;
    const augment_operation what[] = {{(augment_kind)(number % AUGMENT_KINDS), amount},
                                      {(augment_kind)((number + APART) % AUGMENT_KINDS), amount}};
    for (size_t a = 0; a < 2; a++) {
        augment_operation each = what[a];
        bool one_way = each.kind == AUGMENT_POSTERIZE || each.kind == AUGMENT_SOLARIZE;
        if (one_way) each.amount = 0.9;
        for (size_t i = 0; i < FRAMES; i++) augment_apply(&each, b->out + i * sizeof copy, SIZE, SIZE, copy);
    }
}

static status normalise(const bench *b)
{
    scope *sc = scope_open();
    tensor *bytes = t_from_bytes(T_U8, b->out, SHAPE(FRAMES, SIZE, SIZE, 3));
    status st = t_check(t_pictures(bytes, b->options.mean, b->options.std));
    scope_close(&sc);
    return st;
}

static status make_clip(bench *b, uint64_t number)
{
    status st = OK;
    clip_change change;
    double begin = seconds();
    TRY(clip_change_draw(&b->options, &b->clip, number, &change));
    TRY(clip_change_apply(b->transform, &change, &b->clip, b->out));
    double cut = seconds();
    augment(b, number);
    double augmented = seconds();
    TRY(normalise(b));
    b->cut += cut - begin;
    b->augmented += augmented - cut;
    b->normalised += seconds() - augmented;
done:
    return st;
}

/* Milliseconds a clip of every operation. */
static void print_operations(bench *b)
{
    static uint8_t copy[SIZE * SIZE * 3];
    for (augment_kind k = 0; k < AUGMENT_KINDS; k++) {
        const augment_operation what = {k, 0.9};
        double begin = seconds();
        for (size_t i = 0; i < FRAMES; i++) augment_apply(&what, b->out + i * sizeof copy, SIZE, SIZE, copy);
        printf("%-12s %7.2f\n", augment_name(k), 1000 * (seconds() - begin));
    }
}

int main(int count, char **arguments)
{
    status st = OK;
    bench b = {0};
    int width = count >= 4 ? atoi(arguments[1]) : 0, height = count >= 4 ? atoi(arguments[2]) : 0;
    long clips = count >= 4 ? AUGMENT_KINDS * 2 * strtol(arguments[3], NULL, 10) : 0;
    bool parts = count == 5 && !strcmp(arguments[4], "parts");

    if (width < 1 || height < 1 || clips < 1 || (count > 4 && !parts))
        TRY(FAIL(ERR_USAGE, "usage: bench_transforms WIDTH HEIGHT ROUNDS [parts]"));
    TRY(t_start(&(t_options){.device = "cpu", .threads = 1, .deterministic = true}));
    TRY(open_bench(width, height, &b));
    TRY(make_clip(&b, 0)); /* pages are touched once */
    b.cut = b.augmented = b.normalised = 0;
    double begin = seconds();
    for (long i = 0; i < clips; i++) TRY(make_clip(&b, (uint64_t)i));
    printf("%.3f\n", (double)clips / (seconds() - begin));
    if (!parts) goto done;
    const double each = 1000 / (double)clips;
    printf("milliseconds a clip: scaled and cut %.2f, two operations %.2f, normalised %.2f\n", each * b.cut,
           each * b.augmented, each * b.normalised);
    print_operations(&b);
done:
    close_bench(&b);
    if (st != OK) fprintf(stderr, "bench_transforms: %s\n", fail_message());
    return status_exit_code(st);
}
