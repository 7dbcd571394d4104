#include "teacher/multi_task.h"

#include "base/log.h"

#include <stdlib.h>

static const char *const NAMES[TASK_COUNT] = {"action", "verb", "noun"};

struct multi_task {
    multi_task_options o;
    const int64_t *labels[TASK_COUNT]; /* (examples) borrowed */
    float *class_weight[TASK_COUNT];   /* (classes); NULL: all 1 */
    tensor *weights[TASK_COUNT];       /* the same, kept */
};

static void weigh(const int64_t *labels, size_t count, float *weight, int64_t classes, size_t *empty)
{
    size_t labelled = 0;
    for (size_t i = 0; i < count; i++) {
        if (labels[i] < 0) continue;
        weight[labels[i]] += 1;
        labelled++;
    }
    for (int64_t c = 0; c < classes; c++) {
        *empty += weight[c] == 0;
        if (weight[c] > 0) weight[c] = (float)((double)labelled / ((double)classes * (double)weight[c]));
    }
}

static status make_weights(multi_task *m, int task, size_t count)
{
    int64_t classes = m->o.classes[task];
    size_t empty = 0;
    m->class_weight[task] = calloc((size_t)classes, sizeof *m->class_weight[task]);
    if (!m->class_weight[task])
        return FAIL(ERR_MEMORY, "no memory for the weights of %lld classes", (long long)classes);
    weigh(m->labels[task], count, m->class_weight[task], classes, &empty);
    m->weights[task] = t_keep(t_from_f32(m->class_weight[task], SHAPE(classes)));
    if (empty)
        log_warn("class weights: %zu of %lld %s classes have no training example and get weight 0", empty,
                 (long long)classes, NAMES[task]);
    return t_check(m->weights[task]);
}

status multi_task_new(const multi_task_options *options, const example_list *e, multi_task **out)
{
    status st = OK;
    scope *sc = scope_open();
    multi_task *m = calloc(1, sizeof *m);
    double all = 0;

    if (!m) TRY(FAIL(ERR_MEMORY, "no memory for a loss"));
    m->o = *options;
    m->labels[TASK_ACTION] = e->action;
    m->labels[TASK_VERB] = e->verb;
    m->labels[TASK_NOUN] = e->noun;
    for (int t = 0; t < TASK_COUNT; t++) {
        if (!m->o.classes[t]) m->o.weight[t] = 0;
        all += m->o.weight[t];
        if (m->o.class_weights && m->o.weight[t] > 0) TRY(make_weights(m, t, e->count));
    }
    if (all == 0)
        TRY(FAIL(ERR_CONFIG, "teacher.multi_task: the weights of action, verb and noun are all 0: nothing to learn"));
    *out = m;
    m = NULL;
done:
    multi_task_free(&m);
    scope_close(&sc);
    return st;
}

void multi_task_free(multi_task **at)
{
    multi_task *m = at ? *at : NULL;
    if (!m) return;
    for (int t = 0; t < TASK_COUNT; t++) {
        free(m->class_weight[t]);
        t_free(&m->weights[t]);
    }
    free(m);
    *at = NULL;
}

/* What the step's mean divides by: the weights of its labels. */
static double normaliser(const multi_task *m, int task, const size_t *step, size_t step_count)
{
    double sum = 0;
    for (size_t i = 0; i < step_count; i++) {
        int64_t label = m->labels[task][step[i]];
        if (label >= 0) sum += m->class_weight[task] ? (double)m->class_weight[task][label] : 1;
    }
    return sum;
}

static tensor *label_tensor(const multi_task *m, int task, const size_t *samples, size_t count)
{
    int64_t *labels = calloc(count, sizeof *labels);
    if (!labels) return NULL;
    for (size_t i = 0; i < count; i++) {
        int64_t label = m->labels[task][samples[i]];
        labels[i] = label >= 0 ? label : T_IGNORE;
    }
    tensor *made = t_from_i64(labels, SHAPE((int64_t)count));
    free(labels);
    return made;
}

status multi_task_loss(multi_task *m, const encoder_output *logits, const size_t *samples, size_t count,
                       const size_t *step, size_t step_count, tensor **out)
{
    status st = OK;
    tensor *const read[TASK_COUNT] = {logits->action, logits->verb, logits->noun};
    tensor *sum = NULL;
    for (int t = 0; t < TASK_COUNT; t++) {
        double divisor = m->o.weight[t] > 0 ? normaliser(m, t, step, step_count) : 0;
        if (divisor == 0) continue;
        tensor *labels = label_tensor(m, t, samples, count);
        if (!labels) TRY(FAIL(ERR_MEMORY, "no memory for the labels of %zu examples", count));
        tensor *part = t_cross_entropy(read[t], labels, m->weights[t], m->o.label_smoothing, T_SUM);
        part = t_scale(part, m->o.weight[t] / divisor);
        sum = sum ? t_add(sum, part) : part;
    }
    if (!sum) sum = t_scale(t_sum_all(logits->action), 0); /* a step without any label: no gradient, but a loss */
    TRY(t_check(sum));
    *out = sum;
done:
    return st;
}
