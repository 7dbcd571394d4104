/* predict - everything a run's store gets from the teacher's side: labels, the teacher's predictions, the baselines',
 * and the grammar's where the data was generated. */
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "teacher/baselines.h"
#include "teacher/ceiling.h"
#include "teacher/model.h"
#include "teacher/predict_set.h"
#include "teacher/steps.h"
#include "teacher/teacher.h"
#include "trainer/shared_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const bool ALL_LISTS[LIST_COUNT] = {true, true, true}, EVAL_LIST[LIST_COUNT] = {false, false, true};

typedef struct {
    comm *c;
    const recipe *r;
    const run_step *step;
    const char *run;
    const predict_learner *learner; /* of the teacher's own set */
    predict_learner other;          /* of other sets: it is told of life alone */
    dataset data;
    history_options history;
    histories asked[LIST_COUNT];
    store *s; /* rank 0 alone */
} predicting;

/* ---- labels -------------------------------------------------------------------------------------------------------
 */

static status put_many_shot(store *s, const recipe *r, const char *key, const char *kind)
{
    status st = OK;
    int64_t *ids = NULL;
    size_t count = 0;
    const char *path = recipe_text(r, key);
    if (!path) goto done;
    TRY(ids_read(path, &ids, &count));
    TRY(store_put_many_shot(s, kind, ids, count));
done:
    free(ids);
    return st;
}

static status put_labels(predicting *p)
{
    status st = OK;
    TRY(store_put_classes(p->s, &p->data.classes));
    for (list_name l = 0; l < LIST_COUNT; l++)
        TRY(store_put_segments(p->s, list_text(l), list_of(&p->data, l),
                               l == LIST_EVAL ? (const char *const *)p->data.eval_group : NULL));
    TRY(put_many_shot(p->s, p->r, "data.many_shot_verbs", "verb"));
    TRY(put_many_shot(p->s, p->r, "data.many_shot_nouns", "noun"));
    TRY(store_commit(p->s));
done:
    return st;
}

/* ---- sets ---------------------------------------------------------------------------------------------------------
 */

static set_info new_info(const predicting *p, const char *name, const char *role)
{
    set_info info = {.seed = p->step->seed, .classes = (int64_t)p->data.classes.action_count};
    snprintf(info.name, sizeof info.name, "%s", name);
    snprintf(info.role, sizeof info.role, "%s", role);
    recipe_hash(p->r, info.recipe_hash);
    info.encoding = strcmp(recipe_text(p->r, "predict.encoding"), "dense") ? ENCODE_TOPK : ENCODE_DENSE;
    info.k = recipe_int(p->r, "predict.k");
    return info;
}

static void ask_features(set_info *info, const recipe *r, int64_t width)
{
    const char *kind = recipe_text(r, "predict.features");
    info->features = !strcmp(kind, "none") ? FEATURES_NONE : strcmp(kind, "float16") ? FEATURES_F32 : FEATURES_F16;
    info->feature_width = info->features == FEATURES_NONE ? 0 : width;
}

/* ---- the encoder --------------------------------------------------------------------------------------------------
 */

typedef struct {
    teacher_model model;
    const predicting *p;
    example_list examples[LIST_COUNT];
} encoder_predictor;

static status predict_with_encoder(void *self, list_name which, const size_t *queries, size_t count, float *logits,
                                   float *features)
{
    encoder_predictor *e = self;
    return teacher_model_predict(&e->model, &e->p->asked[which], &e->examples[which], queries, count, logits, features);
}

/* `*weights`, the caller's: the path of what it has learned. */
static status open_encoder(encoder_predictor *e, const predicting *p, set_info *info, char **weights)
{
    status st = OK;
    char *directory = NULL, *words = NULL;
    bool text = strcmp(recipe_text(p->r, "teacher.input"), "tokens") != 0;

    TRY(teacher_step_directory(p->run, p->step, &directory));
    words = path_join(directory, TEACHER_WORDS);
    *weights = path_join(directory, TEACHER_WEIGHTS);
    if (!words || !*weights) TRY(FAIL(ERR_MEMORY, "no memory for a path"));
    if (!file_exists(*weights)) TRY(FAIL(ERR_MISSING, "%s is not there: train the teacher first", *weights));
    TRY(teacher_model_open(p->r, &p->data, text ? words : NULL, &e->model));
    TRY(teacher_words_check(directory, e->model.text.vocabulary_hash));
    memcpy(info->vocabulary_hash, e->model.text.vocabulary_hash, sizeof info->vocabulary_hash);
    ask_features(info, p->r, e->model.width);
    e->p = p;
    for (list_name l = 0; l < LIST_COUNT; l++)
        TRY(examples_add(&e->examples[l], &p->asked[l], list_of(&p->data, l), p->data.classes.action_count, false));
done:
    free(directory);
    free(words);
    return st;
}

/* Collective. */
static status load_encoder(comm *c, const char *weights, teacher_model *m, char hash[HASH_TEXT])
{
    status st = OK;
    shared_file file = {0};
    TRY(shared_file_open(c, weights, &file));
    st = module_load_file(encoder_module(m->net), file.tensors);
    if (st == OK) st = shared_file_hash(&file, hash);
    TRY(comm_agree(c, st));
done:
    shared_file_close(&file);
    return st;
}

static status put_encoder(predicting *p)
{
    status st = OK;
    encoder_predictor e = {0};
    set_info info = new_info(p, run_set_name(p->step), "teacher");
    predictor who = {&e, predict_with_encoder};
    char *weights = NULL;

    TRY(comm_agree(p->c, open_encoder(&e, p, &info, &weights)));
    TRY(load_encoder(p->c, weights, &e.model, info.model_hash));
    TRY(predict_set(p->c, p->s, &info, &p->data, ALL_LISTS, &who, p->learner));
done:
    for (list_name l = 0; l < LIST_COUNT; l++) examples_free(&e.examples[l]);
    teacher_model_close(&e.model);
    free(weights);
    return st;
}

/* ---- baselines ----------------------------------------------------------------------------------------------------
 */

typedef struct {
    baseline *counts;
    const predicting *p;
    size_t classes;
} baseline_predictor;

static status predict_with_baseline(void *self, list_name which, const size_t *queries, size_t count, float *logits,
                                    float *features)
{
    const baseline_predictor *b = self;
    (void)features;
    for (size_t i = 0; i < count; i++) {
        size_t length = 0;
        const int64_t *history = history_of_query(&b->p->asked[which], queries[i], &length);
        baseline_predict(b->counts, history, length, logits + i * b->classes);
    }
    return OK;
}

/* Counts what the teacher learns from: train, and the development part where the recipe says so. */
static status fit_baseline(const predicting *p, size_t order, baseline **out)
{
    status st = OK;
    histories h = {0};
    const dataset *d = &p->data;
    bool all = recipe_bool(p->r, "teacher.learn_development");
    const segment_list *lists[] = {&d->train, &d->development};
    segment_list joined = {.count = d->train.count + (all ? d->development.count : 0)};
    int64_t *targets = calloc(joined.count, sizeof *targets);

    joined.at = calloc(joined.count, sizeof *joined.at);
    if (!targets || !joined.at) TRY(FAIL(ERR_MEMORY, "no memory to count %zu segments", joined.count));
    for (size_t l = 0, n = 0; l < 1 + (size_t)all; l++)
        for (size_t i = 0; i < lists[l]->count; i++, n++) {
            joined.at[n] = lists[l]->at[i];
            targets[n] = joined.at[n].action;
        }
    const segment_list *only = &joined;
    TRY(histories_build(&only, 1, 0, &p->history, &h));
    TRY(baseline_fit(order, d->classes.action_count, &h, targets, out));
done:
    histories_free(&h);
    free(joined.at);
    free(targets);
    return st;
}

static status put_baseline(predicting *p, const char *model, const char *set, const char *role,
                           const predict_learner *learner)
{
    status st = OK;
    size_t order = 0;
    baseline_predictor b = {.p = p, .classes = p->data.classes.action_count};
    set_info info = new_info(p, set, role);
    predictor who = {&b, predict_with_baseline};

    status mine = baseline_known(model, &order) ? fit_baseline(p, order, &b.counts)
                                                : FAIL(ERR_INTERNAL, "no baseline is called %s", model);
    if (mine == OK) baseline_hash(b.counts, info.model_hash);
    TRY(comm_agree(p->c, mine));
    TRY(predict_set(p->c, p->s, &info, &p->data, ALL_LISTS, &who, learner));
done:
    baseline_free(&b.counts);
    return st;
}

static status put_baselines(predicting *p)
{
    status st = OK;
    for (size_t i = 0; i < recipe_list_count(p->r, "teacher.baselines"); i++) {
        const char *name = recipe_list_text(p->r, "teacher.baselines", i);
        TRY(put_baseline(p, name, name, "baseline", &p->other));
    }
done:
    return st;
}

/* ---- the grammar of generated data --------------------------------------------------------------------------------
 */

typedef struct {
    ceiling rows;
    size_t classes;
} ceiling_predictor;

static status predict_with_grammar(void *self, list_name which, const size_t *queries, size_t count, float *logits,
                                   float *features)
{
    const ceiling_predictor *g = self;
    (void)which;
    (void)features;
    for (size_t i = 0; i < count; i++)
        memcpy(logits + i * g->classes, g->rows.logits + queries[i] * g->classes, g->classes * sizeof *logits);
    return OK;
}

static status put_grammar(predicting *p)
{
    status st = OK;
    bool found = false;
    ceiling_predictor g = {.classes = p->data.classes.action_count};
    set_info info = new_info(p, "grammar", "control");
    predictor who = {&g, predict_with_grammar};

    status mine = ceiling_read(recipe_text(p->r, "data.train"), &p->data.eval, g.classes, &found, &g.rows);
    if (mine == OK && found)
        hash_bytes(g.rows.logits, g.rows.count * g.classes * sizeof *g.rows.logits, info.model_hash);
    TRY(comm_agree(p->c, mine));
    if (found) TRY(predict_set(p->c, p->s, &info, &p->data, EVAL_LIST, &who, &p->other));
done:
    ceiling_free(&g.rows);
    return st;
}

/* ---- the step -----------------------------------------------------------------------------------------------------
 */

static status open_all(predicting *p)
{
    status st = OK;
    char *path = NULL;
    TRY(dataset_open(p->r, &p->data));
    TRY(history_options_read(p->r, &p->history));
    for (list_name l = 0; l < LIST_COUNT; l++) TRY(histories_of(&p->data, &p->history, l, &p->asked[l]));
    if (comm_rank(p->c)) goto done;
    path = run_path(p->run, "store.sqlite");
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for a path"));
    TRY(store_open(path, STORE_WRITE, &p->s));
    TRY(put_labels(p));
    if (p->data.unlabelled)
        log_warn("%zu segments have no known class: they are read in histories and count as missed",
                 p->data.unlabelled);
done:
    free(path);
    return st;
}

static bool is_first_seed(const predicting *p)
{
    return !p->step->several_seeds || p->step->seed == recipe_list_int(p->r, "teacher.seeds", 0);
}

status teacher_predict(comm *c, const recipe *r, const char *run, const run_step *step, const predict_learner *learner)
{
    status st = OK;
    predicting p = {.c = c, .r = r, .step = step, .run = run, .learner = learner};
    const char *model = recipe_text(r, "teacher.model");

    if (learner) p.other.sink = learner->sink;
    TRY(comm_agree(c, open_all(&p)));
    if (!strcmp(model, "encoder")) TRY(put_encoder(&p));
    else TRY(put_baseline(&p, model, run_set_name(step), "teacher", learner));
    if (step->variant || !is_first_seed(&p)) goto done; /* baselines and grammar are the same for all of them */
    TRY(put_baselines(&p));
    TRY(put_grammar(&p));
done:
    store_close(&p.s);
    for (list_name l = 0; l < LIST_COUNT; l++) histories_free(&p.asked[l]);
    dataset_free(&p.data);
    return st;
}
