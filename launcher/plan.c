#include "launcher/plan.h"

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
    if (kind == PLAN_RANKS) return run_step_name(&step, fresh->name, sizeof fresh->name);
    snprintf(fresh->name, sizeof fresh->name, "%s", step.section);
    return OK;
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

static status add_section(plan *p, const recipe *r, const char *section)
{
    status st = OK;
    const char *owner = strcmp(section, "student") ? "teacher" : "student";
    size_t variants = recipe_variant_count(r, owner);
    for (size_t i = 0; i <= variants; i++) { /* the section's own comes first */
        const char *variant = i ? recipe_variant_name(r, owner, i - 1) : NULL;
        TRY(add_variant(p, r, section, owner, variant));
    }
done:
    return st;
}

status plan_make(const recipe *r, plan *out)
{
    status st = OK;
    plan p = {0};
    static const char *const SECTIONS[] = {"teacher", "predict", "student"};
    bool films = !strcmp(recipe_text(r, "generate.film"), "video");
    if (has_stage(r, "generate")) TRY(add_one(&p, r, films ? PLAN_RANKS : PLAN_GENERATE, "generate"));
    if (has_stage(r, "teacher")) TRY(add_section(&p, r, "pretrain")); /* no stage of its own: the teacher asks for it */
    for (size_t i = 0; i < 3; i++)
        if (has_stage(r, SECTIONS[i])) TRY(add_section(&p, r, SECTIONS[i]));
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
