#include "student/scoring.h"

#include "base/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PREDICT_BATCH = 64, PREDICT_BYTES = 16 << 20, TOP = 5 };

/* ---- prediction -------------------------------------------------------------------------------------------------- */

/* Segments whose pictures go through the model at once. */
static size_t batch_of(const student *s)
{
    if (s->sight.kind != SIGHT_CLIPS) return PREDICT_BATCH;
    size_t fit = PREDICT_BYTES / (clip_input_bytes(&s->sight.pictures) * sight_views(&s->sight));
    return fit < 1 ? 1 : fit < PREDICT_BATCH ? fit : PREDICT_BATCH;
}

tensor *student_mean_of_views(tensor *logits, size_t count, size_t views)
{
    if (views == 1) return logits;
    tensor *each = t_reshape(t_softmax(logits, 1), SHAPE((int64_t)count, (int64_t)views, t_size(logits, 1)));
    return t_log(t_mean(each, 1, false));
}

static status predict_batch(student *s, clip_source *clips, const segment *at, size_t count, float *out)
{
    status st = OK;
    const segment *each[PREDICT_BATCH];
    tensor *seen = NULL;
    scope *sc = scope_open();

    for (size_t i = 0; i < count; i++) each[i] = &at[i];
    TRY(sight_take(&s->sight, clips, each, NULL, count, &seen));
    video_output output = student_model_forward(&s->model, seen, false, false);
    tensor *logits = student_mean_of_views(output.logits, count, sight_views(&s->sight));
    TRY(t_to_f32(logits, out, count * s->data->classes.action_count));
done:
    scope_close(&sc);
    return st;
}

static status predict_all(student *s, clip_source *clips, const segment *at, size_t count, bool stops, float *out)
{
    status st = OK;
    size_t most = batch_of(s);
    for (size_t i = 0; sight_is_read(&s->sight) && i < count; i++) {
        const segment *of = &at[i];
        TRY(sight_ask(&s->sight, &of, NULL, 1));
    }
    for (size_t i = 0; i < count; i += most) {
        size_t batch = count - i < most ? count - i : most;
        if (stops && trainer_stop_requested()) TRY(FAIL(ERR_RETRY, "stopped while it predicted"));
        TRY(predict_batch(s, clips, at + i, batch, out + i * s->data->classes.action_count));
    }
done:
    return st;
}

status student_predict(student *s, clip_source *clips, const segment *at, size_t count, float *out)
{
    return predict_all(s, clips, at, count, false, out);
}

status student_predict_or_stop(student *s, clip_source *clips, const segment *at, size_t count, float *out)
{
    return predict_all(s, clips, at, count, true, out);
}

/* ---- score ------------------------------------------------------------------------------------------------------- */

/* Classes that rank before `label`; ties go to the lower class. */
static size_t rank_of(const float *logits, size_t classes, size_t label)
{
    size_t before = 0;
    for (size_t c = 0; c < classes; c++)
        before += logits[c] > logits[label] || (logits[c] == logits[label] && c < label);
    return before;
}

int64_t count_right(const float *logits, const int64_t *labels, size_t count, size_t classes)
{
    int64_t right = 0;
    for (size_t i = 0; i < count; i++)
        right += labels[i] >= 0 && rank_of(logits + i * classes, classes, (size_t)labels[i]) < 1;
    return right;
}

static double cross_entropy(const float *logits, size_t classes, size_t label)
{
    double most = -INFINITY, sum = 0;
    for (size_t c = 0; c < classes; c++) most = fmax(most, logits[c]);
    for (size_t c = 0; c < classes; c++) sum += exp(logits[c] - most);
    return log(sum) + most - logits[label];
}

typedef struct {
    int64_t labelled, right, among_top; /* of the development part */
    int64_t learned, learned_right;     /* in training */
} score_counts;

static status count_part(student *s, const segment *at, size_t count, score_counts *counts, double *loss)
{
    status st = OK;
    size_t classes = s->data->classes.action_count;
    float *logits = calloc(count * classes + 1, sizeof *logits);
    if (!logits) TRY(FAIL(ERR_MEMORY, "no memory for the predictions of %zu segments", count));
    TRY(student_predict(s, &s->sight.clips, at, count, logits));
    for (size_t i = 0; i < count; i++) {
        if (at[i].action < 0) continue;
        const float *row = logits + i * classes;
        size_t rank = rank_of(row, classes, (size_t)at[i].action);
        counts->labelled++;
        counts->right += rank < 1;
        counts->among_top += rank < TOP;
        *loss += cross_entropy(row, classes, (size_t)at[i].action);
    }
done:
    free(logits);
    return st;
}

static double percent(int64_t part, int64_t of)
{
    return 100 * (double)part / (of ? (double)of : 1);
}

/* Each rank scores its share of the development part. */
status student_score(void *self, comm *c, train_score *out)
{
    status st = OK;
    student *s = self;
    const segment_list *list = &s->data->development;
    size_t ranks = (size_t)comm_size(c), rank = (size_t)comm_rank(c);
    size_t first = list->count * rank / ranks, end = list->count * (rank + 1) / ranks;
    score_counts counts = {.learned = s->learned_from.seen, .learned_right = s->learned_from.right};
    double loss = 0;

    TRY(comm_agree(c, count_part(s, list->at + first, end - first, &counts, &loss)));
    TRY(comm_sum_i64(c, &counts.labelled, sizeof counts / sizeof counts.labelled));
    TRY(comm_sum_f64(c, &loss, 1));
    memset(&s->learned_from, 0, sizeof s->learned_from);
    out->metric = percent(counts.right, counts.labelled);
    out->loss = counts.labelled ? loss / (double)counts.labelled : NAN;
    out->top5 = percent(counts.among_top, counts.labelled);
    out->samples = (double)counts.labelled;
    if (counts.learned) out->learned = percent(counts.learned_right, counts.learned);
    log_info("development: top-1 %.2f %%, top-5 %.2f %% of %lld, loss %.4f", out->metric, out->top5,
             (long long)counts.labelled, out->loss);
done:
    return st;
}
