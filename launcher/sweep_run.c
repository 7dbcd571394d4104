#include "launcher/sweep_run.h"

#include "base/log.h"
#include "conf/run.h"
#include "conf/sweep.h"
#include "launcher/ranks.h"
#include "launcher/run_recipe.h"
#include "launcher/run_view.h"
#include "launcher/sweep_dir.h"
#include "launcher/sweep_table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- one member -------------------------------------------------------------------------------------------------- */

/* Whether the run was made by this recipe, or one that gives the same results. */
static status is_of_recipe(const char *run, const recipe *member, bool *same)
{
    status st = OK;
    recipe *old = NULL;
    char before[33], now[33], *path = run_path(run, "recipe.yaml");
    *same = false;
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to read the recipe of %s", run));
    TRY(recipe_read(path, NULL, 0, &old));
    recipe_hash(old, before);
    recipe_hash(member, now);
    *same = !strcmp(before, now);
done:
    recipe_free(&old);
    free(path);
    return st;
}

typedef enum { TURN_RUN, TURN_DONE, TURN_ELSEWHERE } turn;

/* What there is to do for a member when a sweep goes on. */
static status member_turn(recipe *member, turn *out)
{
    status st = OK;
    slurm_memory memory = {0};
    run_views look = {0};
    bool same;
    char *directory = NULL;
    *out = TURN_RUN;
    TRY(run_prepare(member, &directory));
    TRY(run_views_read(&directory, 1, &memory, &look));
    if (look.at[0].condition == VIEW_RUNNING) *out = TURN_ELSEWHERE;
    if (look.at[0].condition != VIEW_DONE) goto done;
    TRY(is_of_recipe(directory, member, &same));
    if (same) *out = TURN_DONE; /* of another recipe: its steps are compared one by one */
done:
    run_views_free(&look);
    slurm_memory_free(&memory);
    free(directory);
    return st;
}

static status member_run(const recipe *r, size_t i, run_mode mode)
{
    static const char *const NOTES[] = {
        [TURN_RUN] = "", [TURN_DONE] = ": done before", [TURN_ELSEWHERE] = ": another magister runs it"};
    status st = OK;
    recipe *member = NULL;
    char name[SWEEP_NAME_MAX];
    turn what = TURN_RUN;
    sweep_member_name(r, i, name);
    if (stop_requested()) TRY(FAIL(ERR_RETRY, "stopped before %s; --resume goes on with it", name));
    TRY(sweep_member(r, i, &member));
    if (mode == RUN_RESUME) TRY(member_turn(member, &what));
    log_info("member %zu/%zu: %s%s", i + 1, sweep_count(r), name, NOTES[what]);
    if (what == TURN_RUN) TRY(run_recipe(member, mode, NULL, false));
done:
    recipe_free(&member);
    return st;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

typedef struct {
    size_t failed;
    status first;
    char name[SWEEP_NAME_MAX], message[512]; /* of the first; one line */
} outcome;

/* Notes how a member ended. A failure is told here and forgotten, so that the next member goes on; only a stop is left.
 */
static status take_result(outcome *o, const recipe *r, size_t i, status st)
{
    char name[SWEEP_NAME_MAX];
    if (st == OK || st == ERR_RETRY) return st;
    sweep_member_name(r, i, name);
    log_error("%s failed: %s", name, fail_message());
    if (!o->failed++) {
        o->first = st;
        snprintf(o->name, sizeof o->name, "%s", name);
        snprintf(o->message, sizeof o->message, "%.*s", (int)strcspn(fail_message(), "\n"), fail_message());
    }
    fail_clear();
    return OK;
}

status sweep_run(const recipe *r, run_mode mode)
{
    status st = OK, stopped = OK;
    outcome o = {0};
    int lock = -1;
    size_t count = sweep_count(r);
    char *directory = run_directory(r);
    if (!directory) TRY(FAIL(ERR_MEMORY, "no memory to start a sweep"));
    TRY(sweep_dir_open(directory, r, mode, &lock));
    log_info("%s: a sweep of %zu members in %s", recipe_text(r, "name"), count, directory);
    for (size_t i = 0; i < count && stopped == OK; i++)
        stopped = take_result(&o, r, i, member_run(r, i, mode == RUN_RESUME ? mode : RUN_NEW));
    st = sweep_table_show(directory, stdout);
    TRY(stopped); /* its message is the one that is waiting */
    TRY(st);
    if (o.failed) TRY(FAIL(o.first, "%zu of %zu members failed, first %s: %s", o.failed, count, o.name, o.message));
done:
    if (lock >= 0) close(lock);
    free(directory);
    return st;
}

/* ---- one alone --------------------------------------------------------------------------------------------------- */

static status parse_number(const recipe *r, const char *said, size_t *out)
{
    bool array = !strcmp(said, "array");
    const char *text = array ? getenv("SLURM_ARRAY_TASK_ID") : said;
    if (!text) return FAIL(ERR_USAGE, "--member array: SLURM_ARRAY_TASK_ID is not set: this is no job of an array");
    size_t digits = strspn(text, "0123456789");
    if (!digits || text[digits] || digits > 9)
        return FAIL(ERR_USAGE, "%s is a member's number, from 0 on, not %.40s",
                    array ? "SLURM_ARRAY_TASK_ID" : "--member", text);
    *out = (size_t)strtoul(text, NULL, 10);
    if (*out >= sweep_count(r))
        return FAIL(ERR_USAGE, "there is no member %zu: the sweep has %zu, from 0 on", *out, sweep_count(r));
    return OK;
}

status sweep_run_member(const recipe *r, const char *number, run_mode mode)
{
    status st = OK;
    recipe *member = NULL;
    int lock = -1;
    size_t i = 0;
    char *directory = run_directory(r);
    if (!directory) TRY(FAIL(ERR_MEMORY, "no memory to start a member"));
    TRY(parse_number(r, number, &i));
    TRY(sweep_member(r, i, &member));
    TRY(sweep_dir_open(directory, r, RUN_RESUME, &lock));
    TRY(run_recipe(member, mode, NULL, true));
done:
    if (lock >= 0) close(lock);
    recipe_free(&member);
    free(directory);
    return st;
}
