#include "student/training.h"

#include "base/log.h"
#include "distill/losses.h"
#include "student/feature_cache.h"
#include "student/frame_labels.h"
#include "student/student.h"

#include <stdlib.h>
#include <string.h>

enum { PREDICT_BATCH = 64, TOP = 5 };

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

/* Where the tracks are: new strings, *eval NULL when the same; `hash` tells cached features from others. */
static status tracks_paths(const recipe *r, const char *run, char **path, char **eval, char hash[HASH_TEXT])
{
    if (!strcmp(recipe_text(r, "student.input"), "cache")) return feature_cache_open(r, run, path, hash);
    const char *given = recipe_text(r, "data.tracks");
    if (!given) return FAIL(ERR_CONFIG, "data.tracks is not given: name the features the student is to see");
    *path = strdup(given);
    if (!*path) return FAIL(ERR_MEMORY, "no memory for the path of tracks");
    return dataset_eval_tracks(r, eval);
}

static status open_tracks(const recipe *r, const char *run, student *s)
{
    status st = OK;
    double fps = recipe_real(r, "data.fps");
    clip_options options;
    clip_options_read(r, &options);

    TRY(tracks_paths(r, run, &s->tracks_path, &s->eval_path, s->cache_hash));
    const char *path = s->tracks_path, *eval_path = s->eval_path;
    TRY(tracks_open(path, &s->tracks));
    if (eval_path) TRY(tracks_open(eval_path, &s->eval_tracks));
    if (eval_path && tracks_width(s->eval_tracks) != tracks_width(s->tracks))
        TRY(FAIL(ERR_INPUT, "%s has %zu numbers a frame and %s %zu: both must hold the same features", path,
                 tracks_width(s->tracks), eval_path, tracks_width(s->eval_tracks)));
    TRY(clip_source_open(&options, s->tracks, path, fps, &s->clips));
    TRY(clip_source_open(&options, eval_path ? s->eval_tracks : s->tracks, eval_path ? eval_path : path, fps,
                         &s->eval_clips));
done:
    return st;
}

/* Where clips lie in time, without their pictures. */
static status open_places(const recipe *r, student *s)
{
    status st = OK;
    clip_options options;
    clip_options_read(r, &options);
    TRY(clip_source_open(&options, NULL, NULL, 0, &s->clips));
    TRY(clip_source_open(&options, NULL, NULL, 0, &s->eval_clips));
done:
    return st;
}

static status open_frames(const recipe *r, student *s)
{
    status st = OK;
    TRY(open_places(r, s));
    TRY(frame_input_open(r, s->data, &s->frames));
    memcpy(s->cache_hash, s->frames.cache_hash, sizeof s->cache_hash);
done:
    return st;
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
        if (!clip_is_possible(&s->clips, &learned->at[i])) continue;
        TRY(clip_check(&s->clips, &learned->at[i]));
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
    TRY(check_list(s, &s->clips, &s->data->development));
    TRY(check_list(s, &s->eval_clips, &s->data->eval));
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
    size_t length = clip_length(&s->clips.options), frames = (size_t)s->clips.options.subclip;
    size_t lag = s->clips.options.recognise ? 1 : 0;
    frame_labels labels = {0};
    double *moments = calloc(length * frames, sizeof *moments);

    s->past = calloc(s->count * length, sizeof *s->past);
    if (!moments || !s->past) TRY(FAIL(ERR_MEMORY, "no memory for the labels of %zu clips", s->count));
    TRY(frame_labels_open(s->learned.at, s->learned.count, &labels));
    for (size_t i = 0; i < s->count; i++) {
        clip_places(&s->clips, &s->samples[i], NULL, moments);
        for (size_t m = 0; m < length * frames; m++) moments[m] /= s->clips.track_fps;
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

/* One normalisation, of the training part, for both sources. A CNN has a norm of its own. */
static status normalise_clips(student *s)
{
    if (s->sees_frames) return OK;
    status st = clip_normalise(&s->clips, s->samples, s->count);
    return st == OK ? clip_copy_normalisation(&s->clips, &s->eval_clips) : st;
}

/* Numbers of a sub-clip. */
static int64_t clip_width(const student *s)
{
    return s->sees_frames ? frame_input_width(&s->frames) : (int64_t)clip_inputs(&s->clips);
}

static status make_avt(const recipe *r, student *s)
{
    status st = OK;
    int64_t *verb_of = NULL, *noun_of = NULL;
    bool factored = recipe_bool(r, "student.factored");
    TRY(classes_parts(&s->data->classes, &verb_of, &noun_of));
    const avt_options options = {
        .inputs = clip_width(s),
        .encoder = recipe_int(r, "student.encoder"),
        .frames = (int64_t)clip_length(&s->clips.options),
        .width = recipe_int(r, "student.width"),
        .layers = recipe_int(r, "student.layers"),
        .heads = recipe_int(r, "student.heads"),
        .classes = (int64_t)s->data->classes.action_count,
        .dropout = recipe_real(r, "student.dropout"),
        .verbs = factored ? (int64_t)s->data->classes.verb_count : 0,
        .nouns = factored ? (int64_t)s->data->classes.noun_count : 0,
        .verb_of = verb_of,
        .noun_of = noun_of,
    };
    t_seed((uint64_t)recipe_int(r, "seed"));
    TRY(avt_new(&options, &s->model));
done:
    free(verb_of);
    free(noun_of);
    return st;
}

static status make_model(const recipe *r, student *s)
{
    status st = OK;
    TRY(make_avt(r, s));
    if (s->sees_frames) TRY(frame_input_make_network(&s->frames, r, avt_module(s->model)));
    int64_t width = avt_feature_width(s->model), wanted = s->targets ? targets_feature_width(s->targets) : 0;
    if (!wanted || wanted == width) goto done;
    s->projector = nn_linear(avt_module(s->model), "projector", width, wanted, true, (t_init){INIT_NORMAL, 0.01});
    TRY(t_check(module_parameter_at(avt_module(s->model), 0)));
done:
    return st;
}

static const char *role_of(const recipe *r, const student *s)
{
    const char *role = recipe_text(r, "student.role");
    if (strcmp(role, "auto")) return role;
    bool shuffled = s->targets && recipe_bool(r, "student.distill.shuffle");
    return s->clips.options.blind || shuffled ? "control" : "student";
}

status student_open(const recipe *r, const char *run, const dataset *data, const prediction_source *from, student *out)
{
    status st = OK;
    student s = {.data = data};

    read_loss(r, &s);
    s.sees_frames = !strcmp(recipe_text(r, "student.input"), "frames");
    TRY(s.sees_frames ? open_frames(r, &s) : open_tracks(r, run, &s));
    TRY(choose_learned(r, &s));
    TRY(choose_samples(&s));
    TRY(check_samples(&s));
    TRY(normalise_clips(&s));
    if (s.loss.past_weight > 0) TRY(label_past(&s));
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

void student_free(student *s)
{
    if (!s) return;
    targets_close(&s->targets);
    avt_free(&s->model);
    clip_source_free(&s->clips);
    clip_source_free(&s->eval_clips);
    tracks_close(&s->tracks);
    tracks_close(&s->eval_tracks);
    frame_input_free(&s->frames);
    free(s->tracks_path);
    free(s->eval_path);
    free(s->learned.at);
    free(s->samples);
    free(s->past);
    *s = (student){0};
}

/* ---- loss -------------------------------------------------------------------------------------------------------- */

/* (B, T, inputs) into `*out`. keys: (count) in training, else NULL. */
static status clips_of(student *s, clip_source *clips, const segment *const *at, size_t count, const uint64_t *keys,
                       tensor **out)
{
    status st = OK;
    if (s->sees_frames) return frame_input_take(&s->frames, keys ? FRAMES_TRAIN : FRAMES_SCORE, at, keys, count, out);
    size_t size = clip_length(&clips->options) * clip_inputs(clips);
    float *numbers = calloc(count * size, sizeof *numbers);
    if (!numbers) TRY(FAIL(ERR_MEMORY, "no memory for %zu clips", count));
    for (size_t i = 0; i < count; i++) TRY(clip_fill(clips, at[i], keys ? &keys[i] : NULL, numbers + i * size));
    *out =
        t_from_f32(numbers, SHAPE((int64_t)count, (int64_t)clip_length(&clips->options), (int64_t)clip_inputs(clips)));
done:
    free(numbers);
    return st;
}

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
    TRY(clips_of(s, &s->clips, at, slice->count, slice->keys, out));
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
    size_t length = clip_length(&s->clips.options);
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

static tensor *label_loss(const student *s, const train_slice *slice, const avt_output *out)
{
    double step = (double)slice->step_count;
    tensor *classes = avt_class_loss(out, sample_labels(s, slice), s->loss.label_smoothing, labelled(s, slice));
    tensor *loss = t_scale(classes, s->loss.class_weight);
    if (s->past) loss = t_add(loss, t_scale(avt_past_loss(out, past_labels(s, slice), step), s->loss.past_weight));
    if (s->loss.feature_weight > 0 && clip_length(&s->clips.options) > 1)
        loss = t_add(loss, t_scale(avt_feature_loss(out, step), s->loss.feature_weight));
    return loss;
}

static tensor *logits_loss(const student *s, const target_batch *t, const avt_output *out, double step)
{
    kd_reduction reduction = s->loss.batchmean ? KD_BATCHMEAN : KD_PUBLISHED;
    if (!t->classes) return kd_kl(out->logits, t->logits, t->present, s->loss.temperature, reduction, step);
    return kd_topk_kl(out->logits, t->classes, t->logits, t->present, s->loss.temperature, reduction, step);
}

static tensor *features_loss(const student *s, const target_batch *t, const avt_output *out, double step)
{
    tensor *future = s->projector ? nn_linear_forward(s->projector, out->future) : out->future;
    if (s->loss.cosine) return kd_feature_cosine(future, t->features, t->present, step);
    return kd_feature_mse(future, t->features, t->present, step);
}

/* Adds what is learned from the teacher to `*loss`. */
static status add_distillation(const student *s, const train_slice *slice, const avt_output *out, tensor **loss)
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

static status loss_of(void *self, const train_slice *slice, tensor **out)
{
    status st = OK;
    student *s = self;
    tensor *frames = NULL;

    TRY(sample_clips(s, slice, &frames));
    avt_output output = avt_forward(s->model, frames, s->past != NULL);
    tensor *loss = label_loss(s, slice, &output);
    if (s->targets) TRY(add_distillation(s, slice, &output, &loss));
    TRY(t_check(loss));
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
    TRY(frame_input_ask(&s->frames, FRAMES_TRAIN, at, slice->keys, slice->count));
done:
    free(at);
    return st;
}

/* ---- prediction and score ---------------------------------------------------------------------------------------- */

static status predict_batch(student *s, clip_source *clips, const segment *at, size_t count, float *out)
{
    status st = OK;
    const segment *each[PREDICT_BATCH];
    tensor *frames = NULL;
    scope *sc = scope_open();

    for (size_t i = 0; i < count; i++) each[i] = &at[i];
    TRY(clips_of(s, clips, each, count, NULL, &frames));
    avt_output output = avt_forward(s->model, frames, false);
    TRY(t_to_f32(output.logits, out, count * s->data->classes.action_count));
done:
    scope_close(&sc);
    return st;
}

status student_predict(student *s, clip_source *clips, const segment *at, size_t count, float *out)
{
    status st = OK;
    for (size_t i = 0; s->sees_frames && i < count; i++) {
        const segment *of = &at[i];
        TRY(frame_input_ask(&s->frames, FRAMES_SCORE, &of, NULL, 1));
    }
    for (size_t i = 0; i < count; i += PREDICT_BATCH) {
        size_t batch = count - i < PREDICT_BATCH ? count - i : PREDICT_BATCH;
        TRY(predict_batch(s, clips, at + i, batch, out + i * s->data->classes.action_count));
    }
done:
    return st;
}

/* Classes that rank before `label`; ties go to the lower class. */
static size_t rank_of(const float *logits, size_t classes, size_t label)
{
    size_t before = 0;
    for (size_t c = 0; c < classes; c++)
        before += logits[c] > logits[label] || (logits[c] == logits[label] && c < label);
    return before;
}

/* counts: labelled, right at 1, right at 5 */
static status count_right(student *s, const segment *at, size_t count, int64_t counts[3])
{
    status st = OK;
    size_t classes = s->data->classes.action_count;
    float *logits = calloc(count * classes + 1, sizeof *logits);
    if (!logits) TRY(FAIL(ERR_MEMORY, "no memory for the predictions of %zu segments", count));
    TRY(student_predict(s, &s->clips, at, count, logits));
    for (size_t i = 0; i < count; i++) {
        if (at[i].action < 0) continue;
        size_t rank = rank_of(logits + i * classes, classes, (size_t)at[i].action);
        counts[0]++;
        counts[1] += rank < 1;
        counts[2] += rank < TOP;
    }
done:
    free(logits);
    return st;
}

/* Each rank scores its share of the development part. */
static status evaluate(void *self, comm *c, train_score *out)
{
    status st = OK;
    student *s = self;
    const segment_list *list = &s->data->development;
    size_t ranks = (size_t)comm_size(c), rank = (size_t)comm_rank(c);
    size_t first = list->count * rank / ranks, end = list->count * (rank + 1) / ranks;
    int64_t counts[3] = {0};

    TRY(comm_agree(c, count_right(s, list->at + first, end - first, counts)));
    TRY(comm_sum_i64(c, counts, 3));
    double n = counts[0] ? (double)counts[0] : 1;
    out->metric = 100 * (double)counts[1] / n;
    log_info("development: top-1 %.2f %%, top-5 %.2f %% of %lld", out->metric, 100 * (double)counts[2] / n,
             (long long)counts[0]);
done:
    return st;
}

static size_t sample_length(void *self, size_t sample)
{
    (void)sample;
    const student *s = self;
    return clip_length(&s->clips.options) * (size_t)s->clips.options.subclip;
}

train_task student_task(student *s)
{
    return (train_task){
        .self = s,
        .model = avt_module(s->model),
        .sample_count = s->count,
        .loss = loss_of,
        .announce = s->sees_frames ? announce : NULL,
        .announce_ahead = s->sees_frames ? s->frames.options.ahead : 0,
        .evaluate = s->score ? evaluate : NULL,
        .sample_length = sample_length,
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
    TRY(strcmp(recipe_text(r, "student.input"), "frames") ? open_tracks(r, run, &s) : open_places(r, &s));
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
