/* The order in which a training asks for its samples. */
#include "trainer/training.h"

#include <stdlib.h>
#include <string.h>

status order_new(const train_task *task, const train_options *o, size_t **lengths, sampler **out)
{
    status st = OK;
    size_t count = task->sample_count;
    if (task->sample_length && !*lengths) {
        *lengths = calloc(count ? count : 1, sizeof **lengths);
        if (!*lengths) TRY(FAIL(ERR_MEMORY, "no memory for the lengths of %zu samples", count));
        for (size_t i = 0; i < count; i++) (*lengths)[i] = task->sample_length(task->self, i);
    }
    TRY(sampler_new(count, (size_t)o->batch, o->seed, *lengths, out));
done:
    return st;
}

status trainer_order(const train_task *task, const train_options *options, int64_t epoch, size_t *out)
{
    status st = OK;
    size_t *lengths = NULL, count = 0;
    sampler *order = NULL;
    TRY(order_new(task, options, &lengths, &order));
    sampler_begin(order, epoch);
    const size_t *samples = sampler_range(order, 0, sampler_batches(order), &count);
    CHECK(count == task->sample_count);
    memcpy(out, samples, count * sizeof *out);
done:
    sampler_free(&order);
    free(lengths);
    return st;
}
