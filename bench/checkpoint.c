/* bench_checkpoint STEPS EVERY DIR - trains a stack of linear layers with 8.4 million parameters (a checkpoint of 101
 * MB) for STEPS steps of some tens of ms, in DIR (made, and removed), on as many ranks as there are, and prints the
 * seconds that took on rank 0. A checkpoint is saved every EVERY steps; 0: never.
 */
#include "base/file.h"
#include "base/log.h"
#include "trainer/trainer.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LAYERS = 8, WIDTH = 1024, BATCH = 32, SAMPLES = 4096 };

typedef struct {
    module *model, *layers[LAYERS];
} stack;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static status open(stack *s)
{
    const t_init normal = {INIT_NORMAL, 0.03};
    t_seed(0);
    *s = (stack){.model = module_new()};
    for (int l = 0; l < LAYERS; l++) {
        char name[16];
        snprintf(name, sizeof name, "layer%d", l);
        s->layers[l] = nn_linear(s->model, name, WIDTH, WIDTH, true, normal);
    }
    return t_check(module_find(s->model, "layer0.weight"));
}

/* The mean square of what comes out, for inputs that depend on the sample. */
static status loss(void *self, const train_slice *slice, tensor **out)
{
    const stack *s = self;
    size_t count = slice->count * WIDTH;
    float *values = malloc((count + 1) * sizeof *values);
    if (!values) return FAIL(ERR_MEMORY, "no memory for a batch");
    for (size_t i = 0; i < count; i++) values[i] = (float)((slice->samples[i / WIDTH] * 31 + i) % 17) / 17 - 0.5f;
    tensor *x = t_from_f32(values, SHAPE((int64_t)slice->count, WIDTH));
    free(values);
    for (int l = 0; l < LAYERS; l++) x = t_relu(nn_linear_forward(s->layers[l], x));
    *out = t_scale(t_sum_all(t_pow(x, 2)), 1.0 / (double)(slice->step_count * WIDTH));
    return OK;
}

static status bench(comm *c, int64_t steps, int64_t every, const char *folder)
{
    status st = OK;
    stack s = {0};
    train_result result;
    const train_options options = {.epochs = 1000,
                                   .max_steps = steps,
                                   .batch = BATCH,
                                   .accumulate = 1,
                                   .clip = 1,
                                   .checkpoint_steps = every,
                                   .checkpoint_minutes = 1e6,
                                   .optimizer = "adamw",
                                   .schedule = "constant",
                                   .lr = 1e-4,
                                   .beta1 = 0.9,
                                   .beta2 = 0.999,
                                   .eps = 1e-8};
    TRY(open(&s));
    const train_task task = {.self = &s, .model = s.model, .sample_count = SAMPLES, .loss = loss};
    TRY(comm_barrier(c));
    double start = now();
    TRY(trainer_run(c, &task, &options, folder, &result));
    if (comm_rank(c) == 0) printf("%.3f %.1f\n", now() - start, result.step_ms_p50);
done:
    module_free(&s.model);
    return st;
}

int main(int count, char **arguments)
{
    status st = OK;
    comm *c = NULL;
    const char *ranks = getenv("OMPI_COMM_WORLD_SIZE");
    if (count != 4) return 64;
    log_threshold(LOG_WARN);
    TRY(t_start(&(t_options){.device = "cpu", .threads = 1, .deterministic = true}));
    TRY(comm_open(ranks ? atoi(ranks) : 1, 120, &c));
    if (comm_rank(c) == 0) TRY(directory_make(arguments[3]));
    TRY(bench(c, atoll(arguments[1]), atoll(arguments[2]), arguments[3]));
    if (comm_rank(c) == 0) TRY(directory_remove(arguments[3]));
done:
    if (st != OK) fprintf(stderr, "%s\n", fail_message());
    comm_close(&c);
    return status_exit_code(st);
}
