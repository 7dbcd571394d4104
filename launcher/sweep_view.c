#include "launcher/sweep_view.h"

#include "conf/run.h"
#include "launcher/sweep_dir.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

status sweep_members_read(const json_t *sweep, const char *directory, slurm_memory *memory, run_views *out)
{
    status st = OK;
    size_t count = json_array_size(json_object_get(sweep, "members"));
    char **runs = calloc(count + 1, sizeof *runs);
    if (!runs) TRY(FAIL(ERR_MEMORY, "no memory to look at the members of %s", directory));
    for (size_t i = 0; i < count; i++) {
        const json_t *member = json_array_get(json_object_get(sweep, "members"), i);
        runs[i] = run_path(directory, json_string_value(json_object_get(member, "name")));
        if (!runs[i]) TRY(FAIL(ERR_MEMORY, "no memory to look at the members of %s", directory));
    }
    TRY(run_views_of_members(directory, runs, count, memory, out));
done:
    for (size_t i = 0; runs && i < count; i++) free(runs[i]);
    free(runs);
    return st;
}

void sweep_counts_write(const size_t counts[RUN_CONDITIONS], char *out, size_t size)
{
    static const run_condition ORDER[] = {VIEW_DONE,    VIEW_FAILED, VIEW_DIED,    VIEW_RUNNING, VIEW_STARTING,
                                          VIEW_PENDING, VIEW_SILENT, VIEW_STOPPED, VIEW_UNKNOWN, VIEW_WAITING};
    size_t all = 0, used;
    for (size_t c = 0; c < RUN_CONDITIONS; c++) all += counts[c];
    used = (size_t)snprintf(out, size, "%zu member%s", all, all == 1 ? "" : "s");
    for (size_t i = 0; i < sizeof ORDER / sizeof ORDER[0]; i++) {
        if (!counts[ORDER[i]] || used >= size) continue;
        used += (size_t)snprintf(out + used, size - used, ", %zu %s", counts[ORDER[i]], run_condition_name(ORDER[i]));
    }
}

static run_condition condition_of(const size_t counts[RUN_CONDITIONS])
{
    static const run_condition ORDER[] = {VIEW_RUNNING, VIEW_STARTING, VIEW_PENDING, VIEW_SILENT, VIEW_DIED,
                                          VIEW_FAILED,  VIEW_STOPPED,  VIEW_UNKNOWN, VIEW_WAITING};
    for (size_t i = 0; i < sizeof ORDER / sizeof ORDER[0]; i++)
        if (counts[ORDER[i]]) return ORDER[i];
    return VIEW_DONE;
}

static void conclude(run_view *view, const run_views *members)
{
    size_t counts[RUN_CONDITIONS] = {0};
    for (size_t i = 0; i < members->count; i++) counts[members->at[i].condition]++;
    view->members = members->count;
    view->condition = condition_of(counts);
    sweep_counts_write(counts, view->note, sizeof view->note);
    view->progresses = true;
    view->progress = (run_progress){.done = (int64_t)counts[VIEW_DONE],
                                    .total = (int64_t)members->count,
                                    .epoch = -1,
                                    .unit = "members",
                                    .loss = NAN,
                                    .samples_per_s = NAN,
                                    .seconds_left = NAN,
                                    .best_metric = NAN};
}

status sweep_look(run_view *view, slurm_memory *memory, run_views *members)
{
    json_t *sweep = NULL;
    *members = (run_views){0};
    status st = sweep_dir_read(view->run, &sweep);
    if (st == OK) {
        st = sweep_members_read(sweep, view->run, memory, members);
        if (st == OK) conclude(view, members);
    } else if (st != ERR_MEMORY) {
        if (st != ERR_MISSING) snprintf(view->note, sizeof view->note, "%s", fail_message());
        fail_clear();
        st = OK;
    }
    json_decref(sweep);
    return st;
}
