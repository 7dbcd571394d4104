/* Checks of several keys against each other, on the recipe itself and on every variant as its steps will see it. */
#include "conf/recipe_parts.h"
#include "conf/run.h"
#include "conf/stream_rules.h"
#include "conf/suggest.h"

#include <stdarg.h>
#include <string.h>

typedef struct {
    const recipe *whole; /* for stages and names of sets */
    const recipe *r;     /* the recipe, or one variant's view of it */
    const variant *v;    /* NULL for the recipe itself */
    problems *p;
} checker;

static bool is_stage(const recipe *r, const char *stage)
{
    for (size_t i = 0; i < recipe_list_count(r, "stages"); i++)
        if (!strcmp(recipe_list_text(r, "stages", i), stage)) return true;
    return false;
}

static bool is(const recipe *r, const char *key, const char *text)
{
    const char *has = recipe_text(r, key);
    return has && !strcmp(has, text);
}

static bool overrides(const checker *c, const char *key)
{
    return c->v->overrides[option_index(option_find(key))].set;
}

/* Tells that `key` and `other` (may be NULL) do not go together. Silent when one of them could not even be read, and
 * for a variant that has both from its section, where it was told before. */
static void conflict(checker *c, const char *key, const char *other, const char *message, ...)
    __attribute__((format(printf, 4, 5)));
static void conflict(checker *c, const char *key, const char *other, const char *message, ...)
{
    const value *a = recipe_value(c->r, key), *b = other ? recipe_value(c->r, other) : a;
    if (a->wrong || b->wrong) return;
    if (c->v && !overrides(c, key) && !(other && overrides(c, other))) return;
    char text[400];
    va_list arguments;
    va_start(arguments, message);
    vsnprintf(text, sizeof text, message, arguments);
    va_end(arguments);
    problem_add(c->p, a->given || !b->given ? a->from : b->from, "%s", text);
}

/* ---- stages, data ------------------------------------------------------------------------------------------------ */

static void check_stages(checker *c)
{
    static const char *const ORDER[] = {"generate", "stream", "teacher", "predict", "student", "evaluate"};
    size_t at = 0, count = recipe_list_count(c->r, "stages");
    if (!count) conflict(c, "stages", NULL, "stages is empty: nothing to do");
    for (size_t i = 0; i < count; i++) {
        size_t turn = 0;
        while (strcmp(ORDER[turn], recipe_list_text(c->r, "stages", i))) turn++;
        if (turn < at)
            conflict(c, "stages", NULL,
                     "stages has %s after %s: their order is generate, stream, teacher, predict, student, evaluate",
                     ORDER[turn], ORDER[at]);
        else at = turn;
    }
}

/* Predicting needs a trained teacher, except for baselines, which only count. */
static void check_teacher_stage(checker *c)
{
    bool predicts = is_stage(c->whole, "predict"), trains = is_stage(c->whole, "teacher");
    if (predicts && !trains && is(c->r, "teacher.model", "encoder"))
        conflict(c, "stages", "teacher.model",
                 "stages has predict without teacher: an encoder has to be trained first");
}

static void check_overlap(checker *c)
{
    static const char *const NEEDED[] = {"predict", "student"};
    if (recipe_int(c->r, "launch.overlap") == 0) return;
    for (size_t i = 0; i < 2; i++)
        if (!is_stage(c->r, NEEDED[i]))
            conflict(c, "launch.overlap", "stages",
                     "launch.overlap lets a teacher predict while a student trains, and stages has no %s: add it, or "
                     "set launch.overlap to 0",
                     NEEDED[i]);
    if (is(c->r, "launch.slurm.jobs", "stages"))
        conflict(
            c, "launch.overlap", "launch.slurm.jobs",
            "launch.overlap runs two stages together, and launch.slurm.jobs stages gives each a job of its own: say "
            "launch.slurm.jobs one, or set launch.overlap to 0");
}

/* What the stage generate makes is single signs. */
static bool generates_signs(const recipe *r)
{
    return is_stage(r, "generate") && is(r, "generate.world", "signs");
}

/* Sets of single clips: one class each, no order among them. */
static bool has_single_clips(const checker *c)
{
    const recipe *r = c->r;
    return generates_signs(c->whole) || is(r, "data.format", "wlasl") || is(r, "data.format", "folder");
}

static void check_single_clips(checker *c)
{
    static const char *const HISTORIES[] = {"teacher", "predict"};
    const recipe *r = c->r;
    const char *format = generates_signs(c->whole) ? "wlasl" : recipe_text(r, "data.format");
    for (size_t i = 0; i < 2; i++)
        if (is_stage(r, HISTORIES[i]))
            conflict(c, "data.format", "stages",
                     "data.format %s holds single clips: there are no sentences that a teacher could read as history. "
                     "Take %s out of stages, or give sentences (data.format boston104, phoenix)",
                     format, HISTORIES[i]);
    if (!recipe_is_null(r, "data.eval"))
        conflict(c, "data.eval", "data.format",
                 "data.format %s has its parts in one place: name its splits in data.splits instead of data.eval",
                 format);
    if (recipe_list_count(r, "data.splits") != 3)
        conflict(c, "data.splits", NULL,
                 "data.splits has %zu names; it must have three: to learn from, to choose on, to score on",
                 recipe_list_count(r, "data.splits"));
    if (is(r, "data.format", "folder") && recipe_bool(r, "data.use_range"))
        conflict(c, "data.use_range", "data.format",
                 "data.use_range needs annotations, which data.format folder has not");
    if (is(r, "data.format", "folder") && recipe_bool(r, "data.use_box"))
        conflict(c, "data.use_box", "data.format", "data.use_box needs annotations, which data.format folder has not");
}

static void check_data(checker *c)
{
    const recipe *r = c->r;
    if (has_single_clips(c)) check_single_clips(c);
    bool generates = is_stage(r, "generate"), student = is_stage(r, "student");
    bool learns = student || is_stage(r, "teacher") || is_stage(r, "predict") || is_stage(r, "stream");
    if (generates || !learns) return;
    if (recipe_is_null(r, "data.train"))
        conflict(c, "data.train", "stages", "data.train is missing: give it, or put generate first in stages");
}

static void check_stream(checker *c)
{
    stream_fault faults[STREAM_FAULTS_MOST];
    size_t count = stream_faults(c->r, recipe_int(c->r, "launch.ranks"), faults);
    for (size_t i = 0; i < count; i++) conflict(c, faults[i].key, faults[i].other, "%s", faults[i].text);
    if (is(c->r, "precision", "bfloat16"))
        conflict(c, "precision", "stages",
                 "precision is bfloat16, and the stage stream learns in float32 or tfloat32: say one of them");
    if (is_stage(c->r, "generate") && !generates_signs(c->r) && is(c->r, "generate.film", "tracks"))
        conflict(c, "generate.film", "stages",
                 "generate.film is tracks, and the stage stream watches videos: say generate.film: video");
    bool annotations = is_stage(c->r, "teacher") || is_stage(c->r, "predict") || is_stage(c->r, "student");
    if (annotations && !is_stage(c->r, "generate") && recipe_is_null(c->r, "data.videos"))
        conflict(c, "data.videos", "stages",
                 "data.videos is missing: the stage stream watches them, as data.train are the annotations of other "
                 "stages");
}

static void check_generate(checker *c)
{
    int64_t size = recipe_int(c->r, "generate.size"), fps = recipe_int(c->r, "generate.render_fps");
    if (size % 2)
        conflict(c, "generate.size", NULL, "generate.size %lld is odd: videos have even sides", (long long)size);
    if (generates_signs(c->r) && recipe_list_count(c->r, "generate.clips") != 3)
        conflict(c, "generate.clips", NULL,
                 "generate.clips has %zu numbers; it must have three: of train, val and test",
                 recipe_list_count(c->r, "generate.clips"));
    if (30 % fps)
        conflict(c, "generate.render_fps", NULL,
                 "generate.render_fps %lld does not divide 30, the rate of the annotations", (long long)fps);
}

static void check_name(checker *c)
{
    const char *name = recipe_text(c->r, "name");
    if (name[0] == '.' || name[0] == '-' || strchr(name, '/'))
        conflict(c, "name", NULL, "name is also a directory's: it cannot begin with . or - nor hold /");
}

/* ---- models ------------------------------------------------------------------------------------------------------ */

static void check_heads(checker *c, const char *section)
{
    char width[32], heads[32];
    snprintf(width, sizeof width, "%s.width", section);
    snprintf(heads, sizeof heads, "%s.heads", section);
    int64_t w = recipe_int(c->r, width), h = recipe_int(c->r, heads);
    if (w % h) conflict(c, heads, width, "%s %lld does not divide %s %lld", heads, (long long)h, width, (long long)w);
}

static void check_batches(checker *c, const char *section)
{
    char batch[48], micro[48];
    snprintf(batch, sizeof batch, "%s.train.batch", section);
    snprintf(micro, sizeof micro, "%s.train.micro_batch", section);
    int64_t b = recipe_int(c->r, batch), m = recipe_int(c->r, micro);
    if (m > b) conflict(c, micro, batch, "%s %lld is larger than %s %lld", micro, (long long)m, batch, (long long)b);
}

static void check_pretrain(checker *c)
{
    const recipe *r = c->r;
    bool json = false;
    for (size_t i = 0; i < recipe_list_count(r, "teacher.pretrain.corpus"); i++) {
        const char *path = recipe_list_text(r, "teacher.pretrain.corpus", i);
        size_t length = strlen(path);
        json = json || (length > 6 && !strcmp(path + length - 6, ".jsonl"));
    }
    check_batches(c, "teacher.pretrain");
    if (json && recipe_is_null(r, "teacher.pretrain.field"))
        conflict(c, "teacher.pretrain.field", "teacher.pretrain.corpus",
                 "teacher.pretrain.corpus has JSON lines: name the key of their text in teacher.pretrain.field");
    if (run_pretrains(r) && is(r, "teacher.input", "tokens"))
        conflict(c, "teacher.input", "teacher.pretrain.corpus",
                 "teacher.input tokens reads no words: pretraining needs teacher.input text");
}

static void check_teacher(checker *c)
{
    const recipe *r = c->r;
    check_teacher_stage(c);
    if (!is(r, "teacher.model", "encoder")) return;
    check_heads(c, "teacher");
    check_batches(c, "teacher");
    check_pretrain(c);
    if (is(r, "teacher.vocabulary", "wordpiece") && is(r, "teacher.input", "text") &&
        recipe_is_null(r, "teacher.vocabulary_file"))
        conflict(c, "teacher.vocabulary", "teacher.vocabulary_file",
                 "teacher.vocabulary wordpiece needs its pieces: give teacher.vocabulary_file");
    double sum = recipe_real(r, "teacher.multi_task.action") + recipe_real(r, "teacher.multi_task.verb") +
                 recipe_real(r, "teacher.multi_task.noun");
    if (sum <= 0)
        conflict(c, "teacher.multi_task.action", NULL, "teacher.multi_task has weights of 0 only: nothing to learn");
}

static void check_history(checker *c)
{
    bool untimed = is(c->r, "data.format", "phoenix") || is(c->r, "data.format", "lines");
    if (untimed && !is(c->r, "teacher.history_cutoff", "order"))
        conflict(c, "teacher.history_cutoff", "data.format",
                 "teacher.history_cutoff %s needs times, which data.format %s does not have",
                 recipe_text(c->r, "teacher.history_cutoff"), recipe_text(c->r, "data.format"));
}

/* ---- distillation ------------------------------------------------------------------------------------------------ */

static bool is_baseline(const recipe *r, const char *name)
{
    for (size_t i = 0; i < recipe_list_count(r, "teacher.baselines"); i++)
        if (!strcmp(recipe_list_text(r, "teacher.baselines", i), name)) return true;
    return false;
}

static bool is_teacher_set(const recipe *r, const char *name)
{
    if (!strcmp(name, "teacher") || is_baseline(r, name)) return true;
    for (size_t i = 0; i < recipe_variant_count(r, "teacher"); i++)
        if (!strcmp(recipe_variant_name(r, "teacher", i), name)) return true;
    return false;
}

static void suggest_set(const recipe *r, const char *name, char *out, size_t size)
{
    const char *known[VARIANTS_MAX + 8] = {"teacher"};
    size_t count = 1;
    for (size_t i = 0; i < recipe_variant_count(r, "teacher"); i++)
        known[count++] = recipe_variant_name(r, "teacher", i);
    for (size_t i = 0; i < recipe_list_count(r, "teacher.baselines"); i++)
        known[count++] = recipe_list_text(r, "teacher.baselines", i);
    const char *near = suggest_word(name, known, count);
    snprintf(out, size, "%s%s%s", near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
}

static void check_distill_from(checker *c)
{
    const char *from = recipe_text(c->r, "student.distill.from"), *key = "student.distill.from";
    const char *colon = strrchr(from, ':');
    char near[96];
    if (colon) {
        if (colon == from || !colon[1]) conflict(c, key, NULL, "%s is NAME or STORE:NAME, not %.80s", key, from);
        return;
    }
    suggest_set(c->whole, from, near, sizeof near);
    if (!is_stage(c->whole, "predict"))
        conflict(c, key, "stages",
                 "%s is %.60s, which no stage makes: add predict to stages, or name another run's as STORE:NAME", key,
                 from);
    else if (!is_teacher_set(c->whole, from))
        conflict(c, key, NULL, "%s is %.60s, which is no teacher, teacher variant or baseline of this recipe%s", key,
                 from, near);
    else if (!is(c->r, "student.distill.features", "none") && is_baseline(c->whole, from))
        conflict(c, "student.distill.features", key,
                 "student.distill.features needs features, which the baseline %s does not have", from);
}

static void check_distill(checker *c)
{
    const recipe *r = c->r;
    bool logits = !is(r, "student.distill.loss", "none"), features = !is(r, "student.distill.features", "none");
    int64_t k = recipe_int(r, "student.distill.k"), kept = recipe_int(r, "predict.k");
    if (logits || features) check_distill_from(c);
    if (!is_stage(c->whole, "predict")) return;
    if (features && is(r, "predict.features", "none"))
        conflict(c, "student.distill.features", "predict.features",
                 "student.distill.features %s needs stored features, and predict.features is none",
                 recipe_text(r, "student.distill.features"));
    if (is(r, "student.distill.loss", "topk_kl") && is(r, "predict.encoding", "topk") && k > kept)
        conflict(c, "student.distill.k", "predict.k",
                 "student.distill.k %lld is larger than predict.k %lld, the logits that are stored", (long long)k,
                 (long long)kept);
}

/* ---- what a student sees ----------------------------------------------------------------------------------------- */

/* The input of the student of that name ("student" or a variant); NULL when there is none. */
static const char *input_of(const recipe *whole, const char *name)
{
    size_t input = option_index(option_find("student.input"));
    const char *common = recipe_text(whole, "student.input");
    for (size_t i = 0; i < whole->variant_count; i++) {
        const variant *v = &whole->variants[i];
        if (strcmp(v->section, "student") || strcmp(v->name, name)) continue;
        return v->overrides[input].set && v->overrides[input].count ? v->overrides[input].at[0].text : common;
    }
    return strcmp(name, "student") ? NULL : common;
}

static void check_backbone(checker *c)
{
    static const char key[] = "student.backbone";
    const char *name = recipe_text(c->r, key);
    if (!name) {
        conflict(c, key, "student.input",
                 "student.input cache needs student.backbone: the student with input frames that makes the features");
        return;
    }
    const char *input = input_of(c->whole, name);
    if (!input) conflict(c, key, NULL, "%s is %.60s, which is no student of this recipe", key, name);
    else if (strcmp(input, "frames"))
        conflict(c, key, "student.input",
                 "%s is %.60s, whose input is %.20s: only a student with input frames has a network to take features "
                 "from",
                 key, name, input);
}

static void check_learner(checker *c)
{
    if (!is_stage(c->whole, "stream") && recipe_is_null(c->r, "student.stream"))
        conflict(c, "student.stream", "student.input",
                 "student.input stream needs a streaming learner: put stream into stages, or name one in "
                 "student.stream");
    if (has_single_clips(c))
        conflict(c, "student.input", "data.format",
                 "student.input stream needs videos of many segments, which single clips are not: say clips");
}

static void check_input(checker *c)
{
    const recipe *r = c->r;
    bool generates = is_stage(c->whole, "generate"), tracks = is(r, "student.input", "tracks");
    if (is(r, "student.input", "cache")) check_backbone(c);
    if (is(r, "student.input", "stream")) check_learner(c);
    if (generates_signs(c->whole)) {
        if (tracks)
            conflict(c, "student.input", "generate.world",
                     "student.input is tracks, and generate.world signs makes videos only: say frames");
        return;
    }
    if (generates && tracks != is(r, "generate.film", "tracks"))
        conflict(c, "student.input", "generate.film", "student.input is %s, and generate.film %s: %s",
                 recipe_text(r, "student.input"), recipe_text(r, "generate.film"),
                 tracks ? "the stage generate makes no tracks" : "the stage generate makes no videos");
    if (generates) return;
    if (tracks && recipe_is_null(r, "data.tracks"))
        conflict(c, "data.tracks", "student.input",
                 "data.tracks is missing: the student learns from them (or from data.videos, with student.input "
                 "frames)");
    if (!tracks && recipe_is_null(r, "data.videos") && !is(r, "data.format", "folder"))
        conflict(c, "data.videos", "student.input", "data.videos is missing: student.input %s needs them",
                 recipe_text(r, "student.input"));
}

/* ---- what becomes of its frames ---------------------------------------------------------------------------------- */

static void check_count(checker *c, const char *key, size_t wanted, const char *what)
{
    size_t count = recipe_list_count(c->r, key);
    if (count != wanted) conflict(c, key, NULL, "%s has %zu numbers; it takes %zu: %s", key, count, wanted, what);
}

/* Least and most, in this order. */
static void check_pair(checker *c, const char *key)
{
    check_count(c, key, 2, "the least and the most");
    if (recipe_list_count(c->r, key) != 2) return;
    double least = recipe_list_real(c->r, key, 0), most = recipe_list_real(c->r, key, 1);
    if (least > most) conflict(c, key, NULL, "%s goes from %g down to %g: the least stands first", key, least, most);
}

static void check_short_side(checker *c)
{
    static const char key[] = "student.transform.short_side", size_key[] = "student.transform.size";
    size_t count = recipe_list_count(c->r, key);
    if (count != 1 && count != 2) {
        conflict(c, key, NULL, "%s has %zu numbers; it takes one, or the least and the most", key, count);
        return;
    }
    int64_t least = recipe_list_int(c->r, key, 0), most = recipe_list_int(c->r, key, count - 1);
    int64_t size = recipe_int(c->r, size_key);
    if (least > most)
        conflict(c, key, NULL, "%s goes from %lld down to %lld: the least stands first", key, (long long)least,
                 (long long)most);
    else if (least < size)
        conflict(c, key, size_key, "%s %lld is smaller than the square that is cut out of it (%s %lld)", key,
                 (long long)least, size_key, (long long)size);
}

static void check_transform(checker *c)
{
    if (!is(c->r, "student.transform.crop", "stretch")) check_short_side(c);
    check_pair(c, "student.transform.crop_area");
    check_pair(c, "student.transform.crop_proportions");
    check_count(c, "student.transform.mean", 3, "red, green and blue");
    check_count(c, "student.transform.std", 3, "red, green and blue");
}

static void check_clips(checker *c)
{
    const recipe *r = c->r;
    bool clips = is(r, "student.input", "clips");
    if (has_single_clips(c) && is(r, "student.task", "anticipate"))
        conflict(c, "student.task", "data.format",
                 "student.task anticipate needs what came before, which single clips do not have: say recognise");
    if (!is(r, "student.model", "avt") && !clips)
        conflict(c, "student.model", "student.input",
                 "student.model %s sees whole frames: say student.input clips, not %s", recipe_text(r, "student.model"),
                 recipe_text(r, "student.input"));
    if (clips && recipe_int(r, "student.subclip") != 1)
        conflict(c, "student.subclip", "student.input", "student.subclip is of tracks and moments: clips have frames");
    if (clips && recipe_int(r, "student.context") != 0)
        conflict(c, "student.context", "student.input",
                 "student.context is of tracks and moments: a clip is the segment");
}

static void check_student(checker *c)
{
    const recipe *r = c->r;
    if (!is_stage(c->whole, "student")) return;
    check_input(c);
    check_clips(c);
    check_transform(c);
    check_heads(c, "student");
    check_batches(c, "student");
    check_distill(c);
    bool distills = !is(r, "student.distill.loss", "none") || !is(r, "student.distill.features", "none");
    double labels = recipe_real(r, "student.loss.classification") + recipe_real(r, "student.loss.past");
    if (labels <= 0 && !distills)
        conflict(c, "student.loss.classification", "student.distill.loss",
                 "the student learns no class: weights of student.loss and distillation are off");
}

status recipe_check(const recipe *r, problems *p)
{
    status st = OK;
    recipe *view = NULL;
    checker c = {r, r, NULL, p};
    check_name(&c);
    check_stages(&c);
    check_overlap(&c);
    check_data(&c);
    check_generate(&c);
    if (is_stage(r, "stream")) check_stream(&c);
    check_teacher(&c);
    check_history(&c);
    check_student(&c);
    for (size_t i = 0; i < r->variant_count; i++) {
        const variant *v = &r->variants[i];
        TRY(recipe_for_step(r, v->section, v->name, 0, &view));
        c = (checker){r, view, v, p};
        if (v->section[0] == 't') {
            check_teacher(&c);
            check_history(&c);
        } else {
            check_student(&c);
        }
        recipe_free(&view);
    }
done:
    recipe_free(&view);
    return st;
}
