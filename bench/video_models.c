/* bench_video_models MODEL BATCH FRAMES SIDE WIDTH LAYERS STEPS THREADS RECOMPUTE [DEVICE PRECISION] - training steps
 * of a video model on clips that are in the device's memory already: bytes, forward, cross entropy, backward, clipping
 * to norm 1, AdamW. WIDTH and LAYERS 0: as published. DEVICE: cpu or cuda; PRECISION: float32, tfloat32 or bfloat16.
 * Prints the median of the steps' seconds without the first, the first, the largest resident memory in MB, and the
 * median of the steps' processor seconds, which a busy machine disturbs less.
 */
#include "base/clock.h"
#include "student/video_model.h"
#include "tensor/optim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { CLASSES = 10, NUMBERS = 10, ARGUMENTS = NUMBERS + 2 };

typedef struct {
    int64_t batch, frames, side, width, layers, steps, threads, recompute;
    bool bfloat16;
} shape;

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static status model_of(const char *name, const shape *s, video_model **out)
{
    video_model_options options;
    status st = video_model_defaults(name, CLASSES, &options);
    if (st != OK) return st;
    options.frames = s->frames;
    options.side = s->side;
    options.recompute = s->recompute;
    if (s->layers) options.layers = options.backbone_layers = s->layers;
    if (s->width) options.width = options.backbone_width = s->width;
    t_seed(0);
    return video_model_new(name, &options, out);
}

/* (B, T, 3, side, side), as a decoder lays it */
static tensor *random_clips(const shape *s)
{
    size_t count = (size_t)(s->batch * s->frames * s->side * s->side * VIDEO_CHANNELS);
    unsigned char *bytes = malloc(count);
    if (!bytes) return NULL;
    unsigned state = 1;
    for (size_t i = 0; i < count; i++) bytes[i] = (unsigned char)((state = state * 1664525u + 1013904223u) >> 24);
    tensor *x = t_from_bytes(T_U8, bytes, SHAPE(s->batch, s->frames, s->side, s->side, VIDEO_CHANNELS));
    free(bytes);
    return t_permute(x, SHAPE(0, 1, 4, 2, 3));
}

static status step(video_model *m, optim *opt, const shape *s, tensor *clips)
{
    status st = OK;
    scope *sc = scope_open();
    module *root = video_model_module(m);
    uint64_t *keys = calloc((size_t)s->batch, sizeof *keys);
    int64_t *labels = calloc((size_t)s->batch, sizeof *labels);
    float loss = 0;

    if (!keys || !labels) TRY(FAIL(ERR_MEMORY, "no memory for %lld labels", (long long)s->batch));
    for (int64_t i = 0; i < s->batch; i++) keys[i] = (uint64_t)i, labels[i] = i % CLASSES;
    module_zero_grad(root);
    if (s->bfloat16) autocast_begin(T_BF16);
    dropout_begin(keys, (size_t)s->batch);
    batch_norm_begin(1);
    tensor *logits = video_model_forward(m, clips, false, false).logits;
    tensor *x = t_cross_entropy(logits, t_from_i64(labels, SHAPE(s->batch)), NULL, 0, T_MEAN);
    batch_norm_end();
    dropout_end();
    if (s->bfloat16) autocast_end();
    TRY(t_backward(x));
    TRY(grad_clip(root, 1, NULL));
    TRY(optim_step(opt));
    TRY(t_item_f32(x, &loss));
done:
    free(keys);
    free(labels);
    scope_close(&sc);
    return st;
}

/* User's and system's, of all threads. */
static double processor_seconds(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1e-6;
}

static status measure(const char *name, const shape *s)
{
    status st = OK;
    video_model *m = NULL;
    optim *opt = NULL;
    struct rusage before, usage;
    scope *sc = scope_open();
    double *seconds = calloc((size_t)s->steps, sizeof *seconds), *busy = calloc((size_t)s->steps, sizeof *busy);
    const adamw_options adamw = {
        .lr = 1e-4, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 1e-4, .decay_bias = true};

    if (!seconds || !busy || s->steps < 2) TRY(FAIL(ERR_USAGE, "two steps at least"));
    TRY(model_of(name, s, &m));
    TRY(optim_adamw(video_model_module(m), &adamw, &opt));
    tensor *clips = random_clips(s);
    TRY(t_check(clips));
    for (int64_t i = 0; i < s->steps; i++) {
        double begun = monotonic_seconds();
        getrusage(RUSAGE_SELF, &before);
        TRY(step(m, opt, s, clips));
        seconds[i] = monotonic_seconds() - begun;
        getrusage(RUSAGE_SELF, &usage);
        busy[i] = processor_seconds(&usage) - processor_seconds(&before);
    }
    double first = seconds[0];
    qsort(seconds + 1, (size_t)s->steps - 1, sizeof *seconds, by_size);
    qsort(busy + 1, (size_t)s->steps - 1, sizeof *busy, by_size);
    int64_t middle = 1 + (s->steps - 1) / 2;
    printf("%.4f %.4f %.0f %.4f\n", seconds[middle], first, (double)usage.ru_maxrss * 1024 / 1e6, busy[middle]);
done:
    free(seconds);
    free(busy);
    optim_free(&opt);
    video_model_free(&m);
    scope_close(&sc);
    return st;
}

int main(int count, char **words)
{
    bool device_said = count == ARGUMENTS;
    if (count != NUMBERS && !device_said) {
        fprintf(stderr, "usage: bench_video_models MODEL BATCH FRAMES SIDE WIDTH LAYERS STEPS THREADS RECOMPUTE "
                        "[cpu|cuda float32|tfloat32|bfloat16]\n");
        return 64;
    }
    int64_t at[NUMBERS] = {0};
    for (int i = 2; i < NUMBERS; i++) at[i] = atoll(words[i]);
    const shape s = {
        at[2], at[3], at[4], at[5], at[6], at[7], at[8], at[9], device_said && !strcmp(words[NUMBERS + 1], "bfloat16")};
    const t_options options = {.device = device_said ? words[NUMBERS] : "cpu",
                               .threads = (int)s.threads,
                               .deterministic = true,
                               .tfloat32 = device_said && !strcmp(words[NUMBERS + 1], "tfloat32")};
    status st = t_start(&options);
    if (st == OK) st = measure(words[1], &s);
    if (st != OK) fprintf(stderr, "%s\n", fail_message());
    return st == OK ? 0 : 1;
}
