/* magister sweep */
#include "base/file.h"
#include "conf/run.h"
#include "conf/sweep.h"
#include "launcher/commands.h"
#include "launcher/sweep_dir.h"
#include "launcher/sweep_table.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_SORT = 's', KEY_SCORES = 'm', KEY_CSV = 'c', KEY_JSON = 'j' };

static const struct argp_option OPTIONS[] = {
    {"sort", KEY_SORT, "COLUMN", 0, "Order of the rows: a score, best first; a swept key; member or state", 0},
    {"scores", KEY_SCORES, "NAME,...", 0, "Which scores: SET.SCORE, as student.top1, or student.verb.top5", 0},
    {"csv", KEY_CSV, NULL, 0, "Print comma-separated values", 0},
    {"json", KEY_JSON, NULL, 0, "Print JSON", 0},
    {0},
};

static const char HELP[] =
    "Shows all members of a sweep in one table: values, state, scores; those that failed with their exit code and the "
    "first line of what they said."
    "\vA sweep is a recipe with lists of values under `sweep` (magister recipe help sweep); magister run runs it. It "
    "is "
    "named by its directory or by its recipe.\n\nScores are percent on split eval, of actions unless the name says "
    "verb or noun; teacher and student, top1 and top5, without --scores. A star marks the best one. Where `seed` is "
    "swept, a second table has means and deviations over the seeds that are done.\n\nExamples:\n"
    "  magister sweep runs/lr\n  magister sweep conf/sweep.yaml --sort student.top1\n"
    "  magister sweep runs/lr --scores student.top1,student_plain.top1 --csv";

typedef struct {
    const char *sort, *scores;
    bool csv, json;
} options;

static void take_option(int key, char *value, struct argp_state *state)
{
    options *o = ((command_line *)state->input)->self;
    if (key == KEY_SORT) o->sort = value;
    if (key == KEY_SCORES) o->scores = value;
    if (key == KEY_CSV) o->csv = true;
    if (key == KEY_JSON) o->json = true;
    if (o->csv && o->json) argp_error(state, "say one of --csv and --json");
}

/* What a recipe says of its members, begun or not, and where they are. */
static status read_recipe(const words *found, json_t **sweep, char **directory)
{
    status st = OK;
    recipe *r = NULL;
    TRY(recipe_read(found->at[0], found->at + 1, found->count - 1, &r));
    if (!sweep_count(r))
        TRY(FAIL(ERR_USAGE, "%s: is no sweep: it has no values under sweep (magister recipe help sweep)",
                 found->at[0]));
    *directory = run_directory(r);
    if (!*directory) TRY(FAIL(ERR_MEMORY, "no memory to look for a sweep"));
    TRY(sweep_dir_look(*directory, r, sweep));
done:
    recipe_free(&r);
    return st;
}

static status read_directory(const words *found, json_t **sweep, char **directory)
{
    if (found->count > 1) return FAIL(ERR_USAGE, "one argument too many: %s", found->at[1]);
    *directory = strdup(found->at[0]);
    if (!*directory) return FAIL(ERR_MEMORY, "no memory to look for a sweep");
    return sweep_dir_read(*directory, sweep);
}

status command_sweep(int argc, char **argv)
{
    status st = OK;
    options o = {0};
    json_t *sweep = NULL;
    char *directory = NULL;
    sweep_table *table = NULL;
    command_line line = {OPTIONS, "DIR|RECIPE [key=value ...]", HELP, 1, 0, take_option, &o, {0}};
    TRY(arguments_parse(&line, argc, argv));
    bool there = directory_exists(line.found.at[0]);
    TRY(there ? read_directory(&line.found, &sweep, &directory) : read_recipe(&line.found, &sweep, &directory));
    TRY(sweep_table_make(sweep, directory, o.scores, &table));
    if (o.sort) TRY(sweep_table_sort(table, o.sort));
    if (o.csv) sweep_table_csv(table, stdout);
    else if (o.json) TRY(sweep_table_json(table, stdout));
    else sweep_table_print(table, stdout);
done:
    sweep_table_free(&table);
    json_decref(sweep);
    free(directory);
    free(line.found.at);
    return st;
}
