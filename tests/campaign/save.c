/* campaign_save TRIALS SEED DIR - kill -9 in the middle of saving, again and again in one directory: after each the
 * newest checkpoint that loads is the last whose saving had come back, or one whose marking had just been done; and
 * what loads is what was saved at that step.
 *
 * A child saves checkpoint after checkpoint as trainings do (saver.h), and says after each that it is there. It is
 * killed at a random moment. DIR/save.log gets a line a trial: number, what was going on, steps, verdict. Trials that
 * are in it are passed over, so that a campaign that was cut off goes on. Exit code 1 when a trial that is in it
 * failed.
 */
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "trainer/saver.h"

#include <glob.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LAYERS = 4, WIDTH = 128, KEEP = 2 }; /* 800 KB a checkpoint */

static const double LONGEST_MS = 120; /* until the kill */

typedef struct {
    comm *alone;
    module *model;
    optim *optimizer;
    weights *average;
    char folder[400], log[400];
    train_state state;
} campaign;

/* Every parameter holds one number, which is the step's. */
static status set_step(campaign *c, int64_t step)
{
    for (size_t i = 0; i < module_parameter_count(c->model); i++) {
        tensor *x = module_parameter_at(c->model, i);
        float *values = t_data_f32(x);
        for (int64_t k = 0; k < t_count(x); k++) values[k] = (float)step;
    }
    c->state.step = c->state.position = step;
    return weights_take(c->average);
}

static bool holds_step(const campaign *c, int64_t step)
{
    for (size_t i = 0; i < module_parameter_count(c->model); i++) {
        tensor *x = module_parameter_at(c->model, i);
        const float *values = t_data_f32(x);
        for (int64_t k = 0; k < t_count(x); k++)
            if (values[k] != (float)step) return false;
    }
    return true;
}

static checkpoint_parts parts_of(const campaign *c)
{
    return (checkpoint_parts){c->model, c->optimizer, c->average, NULL};
}

static status open(campaign *c, const char *folder)
{
    status st = OK;
    t_seed(1);
    TRY(comm_open(1, 10, &c->alone));
    c->model = module_new();
    for (int l = 0; l < LAYERS; l++) {
        char name[16];
        snprintf(name, sizeof name, "layer%d", l);
        nn_linear(c->model, name, WIDTH, WIDTH, true, (t_init){INIT_NORMAL, 1});
    }
    TRY(t_check(module_find(c->model, "layer0.weight")));
    TRY(optim_adamw(c->model, &(adamw_options){.lr = 1, .beta1 = 0.9, .beta2 = 0.9, .eps = 1e-8}, &c->optimizer));
    TRY(weights_new(c->model, &c->average));
    snprintf(c->folder, sizeof c->folder, "%s/save", folder);
    snprintf(c->log, sizeof c->log, "%s/save.log", folder);
    TRY(directory_make(c->folder));
    const train_options o = {.recipe_hash = "0123456789abcdef0123456789abcdef"};
    c->state = state_start(&o, 1);
done:
    return st;
}

static void close_campaign(campaign *c)
{
    weights_free(&c->average);
    optim_free(&c->optimizer);
    module_free(&c->model);
    comm_close(&c->alone);
}

/* ---- one trial --------------------------------------------------------------------------------------------------- */

/* The child: saves until it is killed. */
static void save_on(campaign *c, int64_t step, int told)
{
    saver *s = NULL;
    const checkpoint_parts parts = parts_of(c);
    status st = saver_new(c->folder, KEEP, &s);
    while (st == OK) {
        st = set_step(c, ++step);
        if (st == OK) st = saver_start(s, &parts, &c->state);
        if (st == OK) st = saver_wait(s);
        if (st == OK && write(told, &step, sizeof step) != sizeof step) st = ERR_IO;
    }
    fprintf(stderr, "the child failed: %s\n", fail_message());
    _exit(1);
}

static bool any(const campaign *c, const char *pattern)
{
    char path[500];
    glob_t found = {0};
    snprintf(path, sizeof path, "%s/%s", c->folder, pattern);
    bool there = glob(path, 0, NULL, &found) == 0;
    globfree(&found);
    return there;
}

/* What the kill left behind tells what it fell into. */
static const char *moment(const campaign *c)
{
    char path[500];
    glob_t found = {0};
    size_t unmarked = 0, count = 0; /* unmarked: from 1 on; the newest is `count` */
    snprintf(path, sizeof path, "%s/checkpoint-????????", c->folder);
    if (glob(path, 0, NULL, &found) == 0) count = found.gl_pathc;
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/DONE", found.gl_pathv[i]);
        if (!file_exists(path)) unmarked = i + 1;
    }
    globfree(&found);
    if (any(c, "*.unfinished")) return any(c, "*.unfinished/state.json") ? "finishing" : "writing";
    if (unmarked) return unmarked == count ? "marking" : "removing";
    return count > KEEP ? "marked" : "between";
}

/* The newest checkpoint: its step, and whether all of it is what was saved. 0: there is none. */
static status read_newest(campaign *c, int64_t *step, bool *whole)
{
    status st = OK;
    char *path = NULL;
    train_state found = {0};
    const checkpoint_parts parts = parts_of(c);
    *whole = true;
    TRY(checkpoint_newest(c->folder, &path));
    if (!path) goto done;
    TRY(checkpoint_state(path, &found));
    TRY(checkpoint_load(c->alone, path, &parts, &found));
    *whole = holds_step(c, found.step);
    TRY(weights_give(c->average));
    *whole = *whole && holds_step(c, found.step);
done:
    *step = found.step;
    free(path);
    return st;
}

static status note(const campaign *c, const char *line)
{
    FILE *to = fopen(c->log, "ae");
    bool good = to && fputs(line, to) >= 0;
    if (to && fclose(to)) good = false;
    return good ? OK : FAIL(ERR_IO, "%s: cannot be written", c->log);
}

static status trial(campaign *c, int64_t number, uint64_t seed)
{
    status st = OK;
    int ends[2], how = 0;
    int64_t before = 0, told = 0, after = 0;
    bool whole = false;
    char line[512];
    double ms = LONGEST_MS * (double)(hash_mix(seed, (uint64_t)number) >> 11) * 0x1p-53;
    TRY(read_newest(c, &before, &whole));
    if (pipe(ends)) TRY(FAIL(ERR_IO, "no pipe"));
    pid_t child = fork();
    if (child == 0) save_on(c, before, ends[1]);
    close(ends[1]);
    nanosleep(&(struct timespec){.tv_nsec = (long)(ms * 1e6)}, NULL);
    kill(child, SIGKILL);
    waitpid(child, &how, 0);
    for (int64_t step; read(ends[0], &step, sizeof step) == sizeof step;) told = step;
    close(ends[0]);
    int64_t least = told ? told : before; /* the one after it may have got its mark, but no word of it */
    const char *at = moment(c);
    status read = read_newest(c, &after, &whole);
    bool good = read == OK && whole && after >= least && after <= least + 1 && WIFSIGNALED(how);
    snprintf(line, sizeof line, "%lld %s before=%lld told=%lld after=%lld %s%s\n", (long long)number, at,
             (long long)before, (long long)told, (long long)after, good ? "good" : "FAILED ",
             good ? "" : fail_message());
    fail_clear();
    TRY(note(c, line));
done:
    return st;
}

/* ---- the campaign ------------------------------------------------------------------------------------------------ */

typedef struct {
    int64_t trials, failed, moments[6];
} summary;

static const char *const MOMENTS[6] = {"writing", "finishing", "marking", "marked", "removing", "between"};

static summary sum_up(const campaign *c, bool tell)
{
    summary s = {0};
    char line[1024], at[32];
    FILE *log = fopen(c->log, "re");
    while (log && fgets(line, sizeof line, log)) {
        if (sscanf(line, "%*d %31s", at) != 1) continue;
        s.trials++;
        if (!strstr(line, " good")) s.failed++;
        if (tell && !strstr(line, " good")) fputs(line, stdout);
        for (int m = 0; m < 6; m++) s.moments[m] += !strcmp(at, MOMENTS[m]);
    }
    if (log) fclose(log);
    return s;
}

int main(int count, char **arguments)
{
    status st = OK;
    campaign c = {0};
    if (count != 4) return 64;
    int64_t trials = atoll(arguments[1]);
    log_threshold(LOG_ERROR);
    TRY(t_start(&(t_options){.device = "cpu", .threads = 1, .deterministic = true}));
    TRY(open(&c, arguments[3]));
    for (int64_t n = sum_up(&c, false).trials; n < trials; n++) TRY(trial(&c, n, strtoull(arguments[2], NULL, 10)));
    summary s = sum_up(&c, true);
    printf("%lld kills in saves, %lld failed;", (long long)s.trials, (long long)s.failed);
    for (int m = 0; m < 6; m++) printf(" %s %lld%s", MOMENTS[m], (long long)s.moments[m], m < 5 ? "," : "\n");
    if (s.failed) st = ERR_INPUT;
done:
    if (st != OK) fprintf(stderr, "%s\n", fail_message());
    close_campaign(&c);
    return st == OK ? 0 : 1;
}
