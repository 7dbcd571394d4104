#include "launcher/plan.h"

#include "base/hash.h"
#include "launcher/generated.h"

#include <stdlib.h>
#include <string.h>

static bool has_stage(const recipe *r, const char *stage)
{
    for (size_t i = 0; i < recipe_list_count(r, "stages"); i++)
        if (!strcmp(recipe_list_text(r, "stages", i), stage)) return true;
    return false;
}

static status append(plan *p, const recipe *view, plan_kind kind, run_step step)
{
    plan_step *larger = realloc(p->at, (p->count + 1) * sizeof *larger);
    if (!larger) return FAIL(ERR_MEMORY, "no memory for a plan of %zu steps", p->count + 1);
    p->at = larger;
    plan_step *fresh = &p->at[p->count++];
    *fresh = (plan_step){.kind = kind, .step = step};
    recipe_hash(view, fresh->hash);
    if (kind != PLAN_RANKS) snprintf(fresh->name, sizeof fresh->name, "%s", step.section);
    status st = kind == PLAN_RANKS ? run_step_name(&step, fresh->name, sizeof fresh->name) : OK;
    snprintf(fresh->logs, sizeof fresh->logs, "%s", fresh->name);
    return st;
}

static status add_one(plan *p, const recipe *r, plan_kind kind, const char *section)
{
    status st = OK;
    recipe *view = NULL;
    int64_t seed = recipe_int(r, "seed");
    TRY(recipe_for_step(r, section, NULL, seed, &view));
    TRY(append(p, view, kind, (run_step){.section = section, .seed = seed}));
done:
    recipe_free(&view);
    return st;
}

/* Whether the recipe of a step has something to train. Baselines are only counted, and not every teacher is pretrained.
 */
static bool has_work(const recipe *view, const char *section)
{
    if (!strcmp(section, "pretrain")) return run_pretrains(view);
    return strcmp(section, "teacher") != 0 || !strcmp(recipe_text(view, "teacher.model"), "encoder");
}

/* One teacher's or student's steps of a section: one for every seed it has. */
static status add_variant(plan *p, const recipe *r, const char *section, const char *owner, const char *variant)
{
    status st = OK;
    recipe *base = NULL, *view = NULL;
    const char *seeds_key = strcmp(owner, "student") ? "teacher.seeds" : "student.seeds";
    int64_t seed = recipe_int(r, "seed");
    TRY(recipe_for_step(r, section, variant, seed, &base));
    size_t seeds = recipe_list_count(base, seeds_key);
    for (size_t i = 0; i < (seeds ? seeds : 1) && has_work(base, section); i++) {
        if (seeds) seed = recipe_list_int(base, seeds_key, i);
        TRY(recipe_for_step(r, section, variant, seed, &view));
        TRY(append(p, view, PLAN_RANKS, (run_step){section, variant, seed, seeds > 1}));
        recipe_free(&view);
    }
done:
    recipe_free(&view);
    recipe_free(&base);
    return st;
}

/* Teachers' steps of a section. */
static status add_section(plan *p, const recipe *r, const char *section)
{
    status st = OK;
    size_t variants = recipe_variant_count(r, "teacher");
    for (size_t i = 0; i <= variants; i++) { /* the section's own comes first */
        const char *variant = i ? recipe_variant_name(r, "teacher", i - 1) : NULL;
        TRY(add_variant(p, r, section, "teacher", variant));
    }
done:
    return st;
}

/* ---- students ---------------------------------------------------------------------------------------------------- */

/* Student 0 is the section's own, the others are its variants. */
static const char *student_variant(const recipe *r, size_t i)
{
    return i ? recipe_variant_name(r, "student", i - 1) : NULL;
}

static const char *student_name(const recipe *r, size_t i)
{
    return i ? student_variant(r, i) : "student";
}

/* The name of the student whose features student `i` sees: into `out` (size), "" for none. */
static status backbone_of(const recipe *r, size_t i, char *out, size_t size)
{
    status st = OK;
    recipe *view = NULL;
    out[0] = '\0';
    TRY(recipe_for_step(r, "student", student_variant(r, i), recipe_int(r, "seed"), &view));
    if (strcmp(recipe_text(view, "student.input"), "cache")) goto done;
    snprintf(out, size, "%s", recipe_text(view, "student.backbone"));
done:
    recipe_free(&view);
    return st;
}

enum { NAME_BYTES = 96 };

/* Whether others see the features of student `i`. */
static status is_backbone(const recipe *r, size_t i, bool *out)
{
    status st = OK;
    char name[NAME_BYTES];
    *out = false;
    for (size_t other = 0; other <= recipe_variant_count(r, "student") && !*out; other++) {
        TRY(backbone_of(r, other, name, sizeof name));
        *out = !strcmp(name, student_name(r, i));
    }
done:
    return st;
}

/* The step that makes the features of student `i`, with the model of its first seed. */
static status add_cache(plan *p, const recipe *r, size_t i)
{
    status st = OK;
    recipe *base = NULL, *view = NULL;
    const char *variant = student_variant(r, i);
    int64_t seed = recipe_int(r, "seed");
    TRY(recipe_for_step(r, "cache", variant, seed, &base));
    if (recipe_list_count(base, "student.seeds")) seed = recipe_list_int(base, "student.seeds", 0);
    TRY(recipe_for_step(r, "cache", variant, seed, &view));
    TRY(append(p, view, PLAN_RANKS, (run_step){.section = "cache", .variant = variant, .seed = seed}));
done:
    recipe_free(&view);
    recipe_free(&base);
    return st;
}

/* The steps from `first` on depend on the step of that name before them as well. */
static void depend_on(plan *p, size_t first, const char *name)
{
    char both[80];
    for (size_t i = 0; i < first; i++) {
        if (strcmp(p->at[i].name, name)) continue;
        for (size_t s = first; s < p->count; s++) {
            int length = snprintf(both, sizeof both, "%s %s", p->at[s].hash, p->at[i].hash);
            hash_bytes(both, (size_t)length, p->at[s].hash);
        }
    }
}

/* What is told of the streaming learner whose features student `i` sees (run_learner_id). */
static status learner_of(const recipe *r, size_t i, char out[RUN_LEARNER_BYTES])
{
    status st = OK;
    recipe *view = NULL;
    TRY(recipe_for_step(r, "student", student_variant(r, i), recipe_int(r, "seed"), &view));
    run_learner_id(view, out);
done:
    recipe_free(&view);
    return st;
}

/* The step that has the learner of student `i` watch the videos, and its name: the first student that sees what this
 * learner knows has it made; "" for a student that sees something else. */
static status add_features(plan *p, const recipe *r, size_t i, char *name, size_t size)
{
    status st = OK;
    recipe *view = NULL;
    char mine[RUN_LEARNER_BYTES], other[RUN_LEARNER_BYTES] = "";
    size_t first = 0;
    name[0] = '\0';
    TRY(learner_of(r, i, mine));
    if (!mine[0]) goto done;
    for (;; first++) {
        TRY(learner_of(r, first, other));
        if (!strcmp(mine, other)) break;
    }
    const run_step step = {"features", student_variant(r, first), recipe_int(r, "seed"), false};
    TRY(run_step_name(&step, name, size));
    if (first < i) goto done;
    TRY(recipe_for_step(r, step.section, step.variant, step.seed, &view));
    TRY(append(p, view, PLAN_RANKS, step));
    if (recipe_is_null(view, "student.stream")) depend_on(p, p->count - 1, "stream");
done:
    recipe_free(&view);
    return st;
}

static status add_students(plan *p, const recipe *r)
{
    status st = OK;
    size_t count = recipe_variant_count(r, "student") + 1;
    char backbone[NAME_BYTES], features[NAME_BYTES + 16];
    bool gives = false;
    for (size_t i = 0; i < count; i++) {
        TRY(is_backbone(r, i, &gives));
        if (!gives) continue;
        TRY(add_variant(p, r, "student", "student", student_variant(r, i)));
        TRY(add_cache(p, r, i));
    }
    for (size_t i = 0; i < count; i++) {
        TRY(is_backbone(r, i, &gives));
        if (gives) continue;
        TRY(add_features(p, r, i, features, sizeof features));
        size_t first = p->count;
        TRY(backbone_of(r, i, backbone, sizeof backbone));
        if (backbone[0]) snprintf(features, sizeof features, "cache.%s", backbone);
        TRY(add_variant(p, r, "student", "student", student_variant(r, i)));
        if (features[0]) depend_on(p, first, features);
    }
done:
    return st;
}

/* ---- learners ---------------------------------------------------------------------------------------------------- */

/* How a student step stands to the set `name` of the run. */
typedef struct {
    bool learns;        /* from it */
    bool from_baseline; /* it learns from one of those that the step predict.teacher makes as well */
    bool cached;        /* it sees features that are made in the run */
} relation;

static status relation_of(const recipe *r, const plan_step *student, const char *name, relation *out)
{
    status st = OK;
    recipe *view = NULL;
    TRY(recipe_for_step(r, "student", student->step.variant, student->step.seed, &view));
    const char *from = recipe_text(view, "student.distill.from");
    bool distils = strcmp(recipe_text(view, "student.distill.loss"), "none") ||
                   strcmp(recipe_text(view, "student.distill.features"), "none");
    *out = (relation){.learns = distils && !strcmp(from, name),
                      .cached = !strcmp(recipe_text(view, "student.input"), "cache") ||
                                !strcmp(recipe_text(view, "student.input"), "stream")};
    for (size_t i = 0; i < recipe_list_count(r, "teacher.baselines"); i++)
        if (distils && !strcmp(from, recipe_list_text(r, "teacher.baselines", i))) out->from_baseline = true;
done:
    recipe_free(&view);
    return st;
}

/* Of a teacher's seeds students learn from the lowest. */
static status is_learned_from(const recipe *r, const plan_step *predict, bool *out)
{
    status st = OK;
    recipe *view = NULL;
    TRY(recipe_for_step(r, "teacher", predict->step.variant, predict->step.seed, &view));
    *out = true;
    for (size_t i = 0; i < recipe_list_count(view, "teacher.seeds"); i++)
        *out = *out && recipe_list_int(view, "teacher.seeds", i) >= predict->step.seed;
done:
    recipe_free(&view);
    return st;
}

/* The first student step that learns from what step `i` predicts; `*at` is p->count where there is none. One that sees
 * cached features does not count: which of its segments have any is not known before they are made. `*awaited`: a
 * student before it needs what step `i` makes besides. */
static status find_learner(const plan *p, const recipe *r, size_t i, size_t *at, bool *awaited)
{
    status st = OK;
    bool learned_from = false;
    relation student;
    *at = p->count;
    *awaited = false;
    TRY(is_learned_from(r, &p->at[i], &learned_from));
    for (size_t s = i + 1; learned_from && s < p->count; s++) {
        if (strcmp(p->at[s].step.section, "student")) continue;
        TRY(relation_of(r, &p->at[s], run_set_name(&p->at[i].step), &student));
        if (student.learns && !student.cached) *at = s;
        if (student.learns) break;
        *awaited = *awaited || student.from_baseline;
    }
done:
    return st;
}

/* Step `i` moves right before its learner, step `learner`, and runs with it. */
static status overlap(plan *p, size_t i, size_t learner, size_t teachers)
{
    plan_step predict = p->at[i];
    memmove(&p->at[i], &p->at[i + 1], (learner - i - 1) * sizeof *p->at);
    predict.teachers = teachers;
    p->at[learner - 1] = predict;
    return run_overlap_name(&predict.step, &predict.learner, p->at[learner - 1].logs, sizeof predict.logs);
}

static status find_learners(plan *p, const recipe *r)
{
    status st = OK;
    bool awaited = false;
    size_t learner = 0, teachers = (size_t)recipe_int(r, "launch.overlap"), overlapped = 0;
    for (size_t i = p->count; i-- > 0;) { /* from the last: those that move go behind what is still to be looked at */
        if (strcmp(p->at[i].step.section, "predict")) continue;
        TRY(find_learner(p, r, i, &learner, &awaited));
        if (learner == p->count) continue;
        p->at[i].learner = p->at[learner].step;
        if (!teachers || awaited) continue;
        TRY(overlap(p, i, learner, teachers));
        overlapped++;
    }
    if (teachers && !overlapped)
        TRY(FAIL(
            ERR_CONFIG,
            "launch.overlap is %zu, and no student of this recipe could learn while its teacher predicts: the first "
            "one that learns from a teacher of the stage predict would have to see tracks or frames; set "
            "launch.overlap to 0",
            teachers));
done:
    return st;
}

/* ---- the plan ---------------------------------------------------------------------------------------------------- */

status plan_make(const recipe *r, plan *out)
{
    status st = OK;
    plan p = {0};
    plan_kind generates = plan_is_alone(r, "generate") ? PLAN_GENERATE : PLAN_RANKS;
    if (has_stage(r, "generate")) TRY(add_one(&p, r, generates, "generate"));
    if (has_stage(r, "stream")) TRY(add_one(&p, r, PLAN_RANKS, "stream"));
    if (has_stage(r, "teacher")) TRY(add_section(&p, r, "pretrain")); /* no stage of its own: the teacher asks for it */
    if (has_stage(r, "teacher")) TRY(add_section(&p, r, "teacher"));
    if (has_stage(r, "predict")) TRY(add_section(&p, r, "predict"));
    if (has_stage(r, "student")) TRY(add_students(&p, r));
    TRY(find_learners(&p, r));
    if (has_stage(r, "evaluate")) TRY(add_one(&p, r, PLAN_EVALUATE, "evaluate"));
    *out = p;
    p = (plan){0};
done:
    plan_free(&p);
    return st;
}

void plan_free(plan *p)
{
    free(p->at);
    *p = (plan){0};
}

const char *plan_stage(const plan_step *step)
{
    const char *section = step->step.section;
    if (run_section_is_students(section)) return "student";
    return strcmp(section, "pretrain") ? section : "teacher";
}

bool plan_looks_itself(const plan_step *step)
{
    const char *section = step->step.section;
    return !strcmp(section, "cache") || !strcmp(section, "features");
}

bool plan_is_alone(const recipe *r, const char *stage)
{
    return !strcmp(stage, "evaluate") || (!strcmp(stage, "generate") && !generated_films(r));
}

void plan_print(const plan *p, FILE *to)
{
    fprintf(to, "%zu step%s:", p->count, p->count == 1 ? "" : "s");
    for (size_t i = 0; i < p->count;) {
        size_t same = 1;
        while (i + same < p->count && !strcmp(p->at[i].step.section, p->at[i + same].step.section)) same++;
        fprintf(to, "%s %s", i ? "," : "", p->at[i].step.section);
        if (same > 1) fprintf(to, " (%zu)", same);
        i += same;
    }
    fputc('\n', to);
}
