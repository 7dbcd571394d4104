#include "launcher/inputs.h"

#include "weights/weights.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MOST = 3000 };

typedef struct {
    const recipe *view; /* as the step sees it */
    const char *run;
    char text[TEXT_MOST]; /* a line for each that is missing */
    size_t used, count;
} search;

static bool is(const recipe *r, const char *key, const char *text)
{
    const char *has = recipe_text(r, key);
    return has && !strcmp(has, text);
}

static bool is_made_here(const search *s, const char *path)
{
    size_t length = strlen(s->run);
    return !strncmp(path, s->run, length) && path[length] == '/';
}

static void tell(search *s, const char *line)
{
    if (strstr(s->text, line)) return; /* another step needs it too */
    s->count++;
    if (s->used + strlen(line) + 1 > sizeof s->text) return;
    s->used += (size_t)snprintf(s->text + s->used, sizeof s->text - s->used, "%s", line);
}

static void look_for(search *s, const char *key, const char *path)
{
    char line[TEXT_MOST / 2];
    if (!path || is_made_here(s, path) || !access(path, F_OK)) return;
    snprintf(line, sizeof line, "\n%s: %.1000s: %s", key, path, strerror(errno));
    tell(s, line);
}

static void look_for_key(search *s, const char *key)
{
    look_for(s, key, recipe_text(s->view, key));
}

/* ---- what each kind of step reads -------------------------------------------------------------------------------- */

static void look_for_annotations(search *s)
{
    static const char *const KEYS[] = {"data.train",          "data.eval",   "data.actions",
                                       "data.glossary",       "data.broken", "data.many_shot_verbs",
                                       "data.many_shot_nouns"};
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) look_for_key(s, KEYS[i]);
}

static void look_for_corpus(search *s)
{
    for (size_t i = 0; i < recipe_list_count(s->view, "teacher.pretrain.corpus"); i++)
        look_for(s, "teacher.pretrain.corpus", recipe_list_text(s->view, "teacher.pretrain.corpus", i));
}

static void look_for_texts(search *s)
{
    look_for_key(s, "teacher.init");
    if (is(s->view, "teacher.input", "tokens")) return;
    look_for_key(s, "teacher.extra_text");
    if (is(s->view, "teacher.vocabulary", "wordpiece")) look_for_key(s, "teacher.vocabulary_file");
}

/* The store of another run, in STORE:NAME. */
static void look_for_teacher(search *s)
{
    const char *from = recipe_text(s->view, "student.distill.from"), *colon = from ? strrchr(from, ':') : NULL;
    if (!colon || (is(s->view, "student.distill.loss", "none") && is(s->view, "student.distill.features", "none")))
        return;
    char *store = strndup(from, (size_t)(colon - from));
    look_for(s, "student.distill.from", store);
    free(store);
}

static void look_for_pictures(search *s)
{
    look_for_key(s, "student.init");
    if (is(s->view, "student.input", "tracks")) {
        look_for_key(s, "data.tracks");
        look_for_key(s, "data.eval_tracks");
    } else {
        look_for_key(s, "data.videos");
        bool decodes = is(s->view, "student.input", "clips") || is(s->view, "student.input", "stream");
        if (!decodes) look_for_key(s, "video.cache");
    }
}

/* "-" is standard input. */
static void look_for_stream(search *s)
{
    if (!is(s->view, "data.train", "-")) look_for_key(s, "data.train");
    look_for_key(s, "data.eval");
    look_for_key(s, "data.videos");
    look_for_key(s, "stream.init");
}

/* What its file says of itself (docs/formats.md): found out here, before hours of other steps. */
static status check_learner(const char *path)
{
    status st = OK;
    weight_file *file = NULL;
    TRY(weight_file_open(path, false, &file));
    const char *kind = json_string_value(json_object_get(weight_file_values(file), "kind"));
    if (!kind || strcmp(kind, "streaming learner"))
        TRY(FAIL(ERR_INPUT,
                 "student.stream: %s: is no streaming learner's model: name the model.safetensors of a step stream, or "
                 "its folder",
                 path));
done:
    weight_file_close(&file);
    return st;
}

static status look_for_learner(search *s)
{
    status st = OK;
    char *path = NULL;
    if (recipe_is_null(s->view, "student.stream")) goto done;
    path = run_learner_model(s->view, s->run);
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to look for a streaming learner"));
    look_for(s, "student.stream", path);
    if (!access(path, F_OK)) TRY(check_learner(path));
done:
    free(path);
    return st;
}

static void look_for_all(search *s, const char *section)
{
    if (!strcmp(section, "generate")) return;
    if (!strcmp(section, "stream")) {
        look_for_stream(s);
        return;
    }
    look_for_annotations(s);
    if (!strcmp(section, "pretrain")) look_for_corpus(s);
    if (!strcmp(section, "pretrain") || !strcmp(section, "teacher")) look_for_texts(s);
    if (run_section_is_students(section)) look_for_pictures(s);
    if (!strcmp(section, "student")) look_for_teacher(s);
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

status inputs_check(const recipe *r, const plan *p, const bool *done, const char *only, const char *run)
{
    status st = OK;
    recipe *view = NULL;
    search s = {.run = run};
    for (size_t i = 0; i < p->count; i++) {
        const run_step *step = &p->at[i].step;
        bool over = done[i] && !plan_looks_itself(&p->at[i]);
        if (p->at[i].kind != PLAN_RANKS || over || (only && strcmp(plan_stage(&p->at[i]), only))) continue;
        TRY(recipe_for_step(r, step->section, step->variant, step->seed, &view));
        s.view = view;
        look_for_all(&s, step->section);
        if (!strcmp(step->section, "features")) TRY(look_for_learner(&s));
        recipe_free(&view);
    }
    if (s.count)
        TRY(FAIL(ERR_MISSING, "%zu of the recipe's inputs %s missing; set the key%s in the recipe or as KEY=PATH:%s",
                 s.count, s.count == 1 ? "is" : "are", s.count == 1 ? "" : "s", s.text));
done:
    recipe_free(&view);
    return st;
}
