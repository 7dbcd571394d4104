#include "rank/overlap.h"

#include "base/log.h"
#include "data/dataset.h"
#include "rank/letters.h"
#include "rank/step_recipe.h"
#include "student/student.h"
#include "teacher/teacher.h"

#include <stdlib.h>

/* ---- the teacher ------------------------------------------------------------------------------------------------- */

/* What the learner asks for. The uids are the data's. */
typedef struct {
    dataset data;
    const char **uids; /* (count) */
    size_t count;
} demand;

static status demand_open(const rank_arguments *a, demand *d)
{
    status st = OK;
    recipe *r = NULL;
    TRY(step_recipe(a->run, &a->learner, &r));
    TRY(dataset_open(r, &d->data));
    TRY(student_asks(r, a->run, &d->data, &d->uids, &d->count));
done:
    recipe_free(&r);
    return st;
}

status predict_for_learner(comm *c, const recipe *r, const rank_arguments *a, const prediction_sink *sink)
{
    status st = OK;
    demand d = {0};
    if (!a->learner.section) return teacher_predict(c, r, a->run, &a->step, NULL);
    TRY(comm_agree(c, demand_open(a, &d)));
    const predict_learner learner = {.asks = d.uids, .count = d.count, .sink = sink};
    TRY(teacher_predict(c, r, a->run, &a->step, &learner));
done:
    free(d.uids);
    dataset_free(&d.data);
    return st;
}

static status teach(letters *l, const recipe *r, const rank_arguments *a)
{
    status st = OK;
    const prediction_sink sink = letters_sink(l);
    TRY(predict_for_learner(l->role, r, a, &sink));
    if (comm_rank(l->role) == 0) st = letters_complete(l);
    TRY(comm_agree(l->role, st));
    log_info("the predictions are complete; waiting for the student to end");
done:
    return st;
}

/* ---- the student ------------------------------------------------------------------------------------------------- */

static status learn(letters *l, const rank_arguments *a)
{
    status st = OK;
    recipe *r = NULL;
    const prediction_source source = letters_source(l);
    TRY(comm_agree(l->role, step_recipe(a->run, &a->learner, &r)));
    TRY(student_train(l->role, r, a->run, &a->learner, &source));
done:
    recipe_free(&r);
    return st;
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

status overlap_run(comm *world, const recipe *r, const rank_arguments *a)
{
    status st = OK;
    comm *role = NULL;
    int students = comm_size(world) - a->teachers;
    bool teaches = comm_rank(world) >= students;
    letters l = {.world = world,
                 .others = teaches ? "the student" : "the teacher",
                 .first = teaches ? 0 : students,
                 .count = teaches ? students : a->teachers};

    TRY(comm_split(world, teaches, &role));
    l.role = role;
    log_info("this rank is one of the %d of %s", comm_size(role), teaches ? "the teacher" : "the student");
    st = teaches ? teach(&l, r, a) : learn(&l, a);
    letters_end(&l, st);
    TRY(st);
    TRY(letters_await_end(&l, teaches));
done:
    letters_free(&l);
    comm_close(&role);
    return st;
}
