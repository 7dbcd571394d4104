#include "student/training.h"

#include "base/log.h"
#include "distill/losses.h"
#include "student/frame_labels.h"
#include "student/scoring.h"
#include "student/student.h"

#include <stdlib.h>
#include <string.h>

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static void read_loss(const recipe *r, student *s)
{
    s->loss.class_weight = recipe_real(r, "student.loss.classification");
    s->loss.feature_weight = recipe_real(r, "student.loss.feature");
    s->loss.past_weight = recipe_real(r, "student.loss.past");
    s->loss.label_smoothing = recipe_real(r, "student.loss.label_smoothing");
    s->loss.logits_weight = recipe_real(r, "student.distill.weight");
    s->loss.temperature = recipe_real(r, "student.distill.temperature");
    s->loss.features_weight = recipe_real(r, "student.distill.features_weight");
    s->loss.batchmean = !strcmp(recipe_text(r, "student.distill.reduction"), "batchmean");
    s->loss.cosine = !strcmp(recipe_text(r, "student.distill.features"), "cosine");
}

static status check_list(student *s, const clip_source *clips, const segment_list *list)
{
    status st = OK;
    for (size_t i = 0; i < list->count; i++) {
        TRY(clip_check(clips, &list->at[i]));
        s->early += !clip_is_possible(clips, &list->at[i]);
    }
done:
    return st;
}

/* Copies the training part, and the development part behind it when that is learned from; then their share is kept. */
static status choose_learned(const recipe *r, student *s)
{
    const segment_list *train = &s->data->train, *development = &s->data->development;
    s->score = !recipe_bool(r, "student.learn_development");
    size_t more = s->score ? 0 : development->count;
    s->learned.at = calloc(train->count + more, sizeof *s->learned.at);
    if (!s->learned.at) return FAIL(ERR_MEMORY, "no memory for %zu segments", train->count + more);
    memcpy(s->learned.at, train->at, train->count * sizeof *train->at);
    memcpy(s->learned.at + train->count, development->at, more * sizeof *development->at);
    s->learned.count = train->count + more;
    segments_sort(&s->learned);
    double share = recipe_real(r, "student.labels");
    return share < 1 ? dataset_share(r, share, &s->learned) : OK;
}

/* Of a sorted list. */
static size_t count_sequences(const segment_list *list)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) count += !i || strcmp(list->at[i].sequence, list->at[i - 1].sequence) != 0;
    return count;
}

/* Those of `learned` with something to see. */
static status choose_samples(student *s)
{
    status st = OK;
    const segment_list *learned = &s->learned;
    s->samples = calloc(learned->count, sizeof *s->samples);
    if (!s->samples) TRY(FAIL(ERR_MEMORY, "no memory for %zu segments", learned->count));
    for (size_t i = 0; i < learned->count; i++) {
        if (!clip_is_possible(&s->sight.clips, &learned->at[i])) continue;
        TRY(clip_check(&s->sight.clips, &learned->at[i]));
        s->samples[s->count++] = learned->at[i];
    }
    s->dropped = learned->count - s->count;
done:
    return st;
}

static status check_samples(student *s)
{
    status st = OK;
    const segment_list *learned = &s->learned;
    TRY(check_list(s, &s->sight.clips, &s->data->development));
    TRY(check_list(s, &s->sight.eval_clips, &s->data->eval));
    log_info("student: %zu training segments of %zu videos; %zu dropped that start within tau_a of their video's "
             "beginning; of %zu in "
             "development and eval only the first frame is seen",
             s->count, count_sequences(learned), s->dropped, s->early);
    if (!s->count)
        TRY(FAIL(ERR_INPUT,
                 "no training segment of %zu videos starts late enough to be anticipated: lower data.tau_a, or raise "
                 "student.labels",
                 count_sequences(learned)));
done:
    return st;
}

/* Labels of the sub-clips of every sample. With `recognise` a past feature stands for the sub-clip seen last, with
 * `anticipate` for the one that comes next (avt.h): position t has the label of sub-clip t - 1 or t. */
static status label_past(student *s)
{
    status st = OK;
    size_t length = clip_length(&s->sight.clips.options), frames = (size_t)s->sight.clips.options.subclip;
    size_t lag = s->sight.clips.options.recognise ? 1 : 0;
    frame_labels labels = {0};
    double *moments = calloc(length * frames, sizeof *moments);

    s->past = calloc(s->count * length, sizeof *s->past);
    if (!moments || !s->past) TRY(FAIL(ERR_MEMORY, "no memory for the labels of %zu clips", s->count));
    TRY(frame_labels_open(s->learned.at, s->learned.count, &labels));
    for (size_t i = 0; i < s->count; i++) {
        clip_places(&s->sight.clips, &s->samples[i], NULL, moments);
        for (size_t m = 0; m < length * frames; m++) moments[m] /= s->sight.clips.track_fps;
        for (size_t t = 0; t < length; t++) {
            size_t shown = t < lag ? 0 : t - lag;
            int64_t label = subclip_label(&labels, s->samples[i].sequence, moments + shown * frames, frames);
            s->past[i * length + t] = label < 0 ? T_IGNORE : label;
        }
    }
done:
    frame_labels_free(&labels);
    free(moments);
    return st;
}

/* One normalisation, of the training part, for both sources. What sees pictures has a norm of its own. */
static status normalise_clips(student *s)
{
    if (s->sight.kind != SIGHT_TRACKS) return OK;
    status st = clip_normalise(&s->sight.clips, s->samples, s->count);
    return st == OK ? clip_copy_normalisation(&s->sight.clips, &s->sight.eval_clips) : st;
}

static status make_network(const recipe *r, student *s)
{
    status st = OK;
    const class_list *classes = &s->data->classes;
    if (s->sight.kind == SIGHT_CLIPS) return student_model_of_clips(r, classes->action_count, &s->model);
    TRY(student_model_of_features(r, classes, sight_inputs(&s->sight), (int64_t)clip_length(&s->sight.clips.options),
                                  &s->model));
    if (s->sight.kind == SIGHT_FRAMES)
        TRY(frame_input_make_network(&s->sight.frames, r, student_model_module(&s->model)));
done:
    return st;
}

/* Of the student's features to the teacher's, where their widths differ. */
static status make_projector(student *s)
{
    module *root = student_model_module(&s->model);
    int64_t width = student_model_feature_width(&s->model), wanted = s->targets ? targets_feature_width(s->targets) : 0;
    if (!wanted || wanted == width) return OK;
    s->projector = nn_linear(root, "projector", width, wanted, true, (t_init){INIT_NORMAL, 0.01});
    return t_check(module_parameter_at(root, 0));
}

static status make_model(const recipe *r, student *s)
{
    status st = OK;
    TRY(make_network(r, s));
    TRY(make_projector(s));
    int64_t projected = s->projector ? targets_feature_width(s->targets) : 0;
    if (s->sight.kind == SIGHT_CLIPS) TRY(model_card_make(r, &s->data->classes, projected, &s->card));
done:
    return st;
}

static const char *role_of(const recipe *r, const student *s)
{
    const char *role = recipe_text(r, "student.role");
    if (strcmp(role, "auto")) return role;
    bool shuffled = s->targets && recipe_bool(r, "student.distill.shuffle");
    return s->sight.clips.options.blind || shuffled ? "control" : "student";
}

static bool is_avt(const recipe *r)
{
    return !strcmp(recipe_text(r, "student.model"), "avt");
}

static status open_student(comm *c, const recipe *r, const char *run, const dataset *data,
                           const prediction_source *from, student *out)
{
    status st = OK;
    student s = {.data = data};

    read_loss(r, &s);
    s.ahead = recipe_int(r, "video.ahead");
    TRY(sight_open(c, r, run, data, &s.sight));
    TRY(choose_learned(r, &s));
    TRY(choose_samples(&s));
    TRY(check_samples(&s));
    TRY(normalise_clips(&s));
    if (s.loss.past_weight > 0 && is_avt(r)) TRY(label_past(&s));
    TRY(targets_open(r, run, &data->classes, s.samples, s.count, from, &s.targets));
    s.role = role_of(r, &s);
    if (s.loss.class_weight <= 0 && !s.targets)
        TRY(FAIL(ERR_CONFIG,
                 "student.loss.classification is 0 and nothing is distilled: the student would learn no action"));
    TRY(make_model(r, &s));
    *out = s;
    s = (student){0};
done:
    student_free(&s);
    return st;
}

status student_open(const recipe *r, const char *run, const dataset *data, const prediction_source *from, student *out)
{
    return open_student(NULL, r, run, data, from, out);
}

status student_open_shared(comm *c, const recipe *r, const char *run, const dataset *data,
                           const prediction_source *from, student *out)
{
    return open_student(c, r, run, data, from, out);
}

void student_free(student *s)
{
    if (!s) return;
    targets_close(&s->targets);
    student_model_free(&s->model);
    model_card_free(&s->card);
    sight_free(&s->sight);
    free(s->learned.at);
    free(s->samples);
    free(s->past);
    *s = (student){0};
}

/* ---- loss -------------------------------------------------------------------------------------------------------- */

/* New array of the slice's segments; NULL when out of memory. */
static const segment **segments_of(const student *s, const train_slice *slice)
{
    const segment **at = calloc(slice->count + 1, sizeof *at);
    if (!at) FAIL(ERR_MEMORY, "no memory for %zu clips", slice->count);
    for (size_t i = 0; at && i < slice->count; i++) at[i] = &s->samples[slice->samples[i]];
    return at;
}

static status sample_clips(student *s, const train_slice *slice, tensor **out)
{
    status st = OK;
    const segment **at = segments_of(s, slice);
    if (!at) TRY(ERR_MEMORY);
    TRY(sight_take(&s->sight, &s->sight.clips, at, slice->keys, slice->count, out));
done:
    free(at);
    return st;
}

static tensor *sample_labels(const student *s, const train_slice *slice)
{
    int64_t *labels = calloc(slice->count + 1, sizeof *labels);
    if (!labels) return NULL;
    for (size_t i = 0; i < slice->count; i++) {
        int64_t action = s->samples[slice->samples[i]].action;
        labels[i] = action < 0 ? T_IGNORE : action;
    }
    tensor *out = t_from_i64(labels, SHAPE((int64_t)slice->count));
    free(labels);
    return out;
}

static tensor *past_labels(const student *s, const train_slice *slice)
{
    size_t length = clip_length(&s->sight.clips.options);
    int64_t *labels = calloc(slice->count * length + 1, sizeof *labels);
    if (!labels) return NULL;
    for (size_t i = 0; i < slice->count; i++)
        memcpy(labels + i * length, s->past + slice->samples[i] * length, length * sizeof *labels);
    tensor *out = t_from_i64(labels, SHAPE((int64_t)slice->count, (int64_t)length));
    free(labels);
    return out;
}

/* Samples of the step that have a label: what the classification loss is meant over. */
static double labelled(const student *s, const train_slice *slice)
{
    size_t count = 0;
    for (size_t i = 0; i < slice->step_count; i++) count += s->samples[slice->step_samples[i]].action >= 0;
    return count ? (double)count : 1;
}

static tensor *label_loss(const student *s, const train_slice *slice, const video_output *out)
{
    double step = (double)slice->step_count;
    tensor *classes = class_loss(out->logits, sample_labels(s, slice), s->loss.label_smoothing, labelled(s, slice));
    tensor *loss = t_scale(classes, s->loss.class_weight);
    if (!out->avt.x) return loss;
    if (s->past)
        loss = t_add(loss, t_scale(avt_past_loss(&out->avt, past_labels(s, slice), step), s->loss.past_weight));
    if (s->loss.feature_weight > 0 && clip_length(&s->sight.clips.options) > 1)
        loss = t_add(loss, t_scale(avt_feature_loss(&out->avt, step), s->loss.feature_weight));
    return loss;
}

static tensor *logits_loss(const student *s, const target_batch *t, const video_output *out, double step)
{
    kd_reduction reduction = s->loss.batchmean ? KD_BATCHMEAN : KD_PUBLISHED;
    if (!t->classes) return kd_kl(out->logits, t->logits, t->present, s->loss.temperature, reduction, step);
    return kd_topk_kl(out->logits, t->classes, t->logits, t->present, s->loss.temperature, reduction, step);
}

static tensor *features_loss(const student *s, const target_batch *t, const video_output *out, double step)
{
    tensor *future = s->projector ? nn_linear_forward(s->projector, out->feature) : out->feature;
    if (s->loss.cosine) return kd_feature_cosine(future, t->features, t->present, step);
    return kd_feature_mse(future, t->features, t->present, step);
}

/* Adds what is learned from the teacher to `*loss`. */
static status add_distillation(const student *s, const train_slice *slice, const video_output *out, tensor **loss)
{
    target_batch batch;
    double step = (double)slice->step_count;
    /* those of the whole step: all ranks wait for the teacher together, and none for another that waits */
    status st = targets_await(s->targets, slice->step_samples, slice->step_count);
    if (st == OK) st = targets_batch(s->targets, slice->samples, slice->count, &batch);
    if (st != OK) return st;
    if (batch.logits) *loss = t_add(*loss, t_scale(logits_loss(s, &batch, out, step), s->loss.logits_weight));
    if (batch.features) *loss = t_add(*loss, t_scale(features_loss(s, &batch, out, step), s->loss.features_weight));
    return OK;
}

/* How often the slice's clips were told rightly: a model of clips costs so much that reading its logits does not. */
static status note_right(student *s, const train_slice *slice, tensor *logits)
{
    status st = OK;
    size_t classes = s->data->classes.action_count;
    float *numbers = calloc(slice->count * classes + 1, sizeof *numbers);
    int64_t *labels = calloc(slice->count + 1, sizeof *labels);
    if (!numbers || !labels) TRY(FAIL(ERR_MEMORY, "no memory for the logits of %zu clips", slice->count));
    for (size_t i = 0; i < slice->count; i++) {
        labels[i] = s->samples[slice->samples[i]].action;
        s->learned_from.seen += labels[i] >= 0;
    }
    TRY(t_to_f32(logits, numbers, slice->count * classes));
    s->learned_from.right += count_right(numbers, labels, slice->count, classes);
done:
    free(numbers);
    free(labels);
    return st;
}

static status loss_of(void *self, const train_slice *slice, tensor **out)
{
    status st = OK;
    student *s = self;
    tensor *seen = NULL;

    TRY(sample_clips(s, slice, &seen));
    video_output output = student_model_forward(&s->model, seen, s->past != NULL, false);
    tensor *loss = label_loss(s, slice, &output);
    if (s->targets) TRY(add_distillation(s, slice, &output, &loss));
    TRY(t_check(loss));
    if (s->sight.kind == SIGHT_CLIPS) TRY(note_right(s, slice, output.logits));
    *out = loss;
done:
    return st;
}

/* Clips of a coming slice are decoded meanwhile. */
static status announce(void *self, const train_slice *slice)
{
    status st = OK;
    student *s = self;
    const segment **at = segments_of(s, slice);
    if (!at) TRY(ERR_MEMORY);
    TRY(sight_ask(&s->sight, at, slice->keys, slice->count));
done:
    free(at);
    return st;
}

/* ---- the table -----------------------------------------------------------------------------------------------------
 */

static size_t sample_length(void *self, size_t sample)
{
    (void)sample;
    const student *s = self;
    return clip_length(&s->sight.clips.options) * (size_t)s->sight.clips.options.subclip;
}

train_task student_task(student *s)
{
    return (train_task){
        .self = s,
        .model = student_model_module(&s->model),
        .sample_count = s->count,
        .loss = loss_of,
        .announce = sight_is_read(&s->sight) ? announce : NULL,
        .announce_ahead = s->ahead,
        .evaluate = s->score ? student_score : NULL,
        .sample_length = sample_length,
        .metadata = s->card.settings ? s->card.pairs : NULL,
        .metric_name = s->score ? "development top-1 %" : NULL,
    };
}

/* ---- what it will ask the teacher for ---------------------------------------------------------------------------- */

status student_asks(const recipe *r, const char *run, const dataset *data, const char ***uids, size_t *count)
{
    status st = OK;
    student s = {.data = data};
    train_options options;
    size_t *order = NULL, *source = NULL;
    const char **asked = NULL;
    TRY(train_options_read(r, "student", &options));
    TRY(sight_open_places(NULL, r, run, &s.sight));
    TRY(choose_learned(r, &s));
    TRY(choose_samples(&s));
    order = calloc(s.count + 1, sizeof *order);
    asked = calloc(s.count + 1, sizeof *asked);
    if (!order || !asked) TRY(FAIL(ERR_MEMORY, "no memory for the order of %zu samples", s.count));
    const train_task task = {.self = &s, .sample_count = s.count, .sample_length = sample_length};
    if (s.count) TRY(trainer_order(&task, &options, 0, order)); /* without samples the student says what is wrong */
    TRY(targets_sources(r, s.count, &source));
    for (size_t i = 0; i < s.count; i++) asked[i] = s.samples[source[order[i]]].uid;
    *uids = asked;
    *count = s.count;
    asked = NULL;
done:
    free(order);
    free(source);
    free(asked);
    student_free(&s);
    return st;
}
