/* Stands in for magister-rank: notes how it was called, and then does what FAKE_RANK says for its step.
 *
 * FAKE_RANK is a list "STEP=ACTION STEP=ACTION"; steps without an entry succeed. Actions: fail (error file with code
 * 65), lost (rank 0 complains with 76, and then rank 1 fails with 65), silent (exit code 3, no file), killed
 * (SIGKILL), once (killed, but only the first time), wait (until SIGUSR1, then saves and exits 75), deaf (takes no
 * notice of SIGUSR1 nor SIGTERM).
 */
#include "conf/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t asked;

static void on_signal(int number)
{
    (void)number;
    asked = 1;
}

static const char *value_of(int argc, char **argv, const char *option, const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], option)) return argv[i + 1];
    return otherwise;
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "-";
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

static void note(const char *run, const char *name, const char *text)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", run, name);
    FILE *file = fopen(path, "a");
    if (!file) exit(99);
    fprintf(file, "%s\n", text);
    fclose(file);
}

static void note_error(const char *run, const char *step, int rank, const char *text)
{
    char name[200];
    snprintf(name, sizeof name, "logs/%s.rank%d.error", step, rank);
    note(run, name, text);
}

static void wait_for_error(const char *run, const char *step, int rank)
{
    char path[600];
    snprintf(path, sizeof path, "%s/logs/%s.rank%d.error", run, step, rank);
    for (int i = 0; i < 3000 && access(path, F_OK); i++) nap();
}

static int lines_of(const char *run, const char *name)
{
    char path[600];
    int lines = 0;
    snprintf(path, sizeof path, "%s/%s", run, name);
    FILE *file = fopen(path, "r");
    for (int c; file && (c = getc(file)) != EOF;) lines += c == '\n';
    if (file) fclose(file);
    return lines;
}

/* Real ranks agree before they leave; mpirun ends the others as soon as one has left. */
static void save(const char *run, const char *step, int ranks)
{
    note(run, "saved", step);
    for (int i = 0; i < 3000 && lines_of(run, "saved") < ranks; i++) nap();
}

static int act(const char *action, const char *run, const char *step, int rank, int ranks)
{
    if (!strcmp(action, "fail")) {
        note_error(run, step, rank, "65\ntraining.csv:3: no <such> action\nreader.c:12");
        return 65;
    }
    if (!strcmp(action, "lost")) {
        if (rank) wait_for_error(run, step, 0);
        note_error(run, step, rank, rank ? "65\nmy own fault" : "76\nrank 1 did not come");
        if (!rank) wait_for_error(run, step, 1);
        return rank ? 65 : 76;
    }
    if (!strcmp(action, "silent")) return 3;
    if (!strcmp(action, "killed")) return raise(SIGKILL);
    if (!strcmp(action, "once")) {
        char path[600];
        snprintf(path, sizeof path, "%s/died", run);
        if (!access(path, F_OK)) return 0;
        note(run, "died", step);
        return raise(SIGKILL);
    }
    if (!strcmp(action, "deaf")) signal(SIGTERM, SIG_IGN);
    signal(SIGUSR1, !strcmp(action, "deaf") ? SIG_IGN : on_signal);
    note(run, "waiting", step);
    while (!asked) nap();
    save(run, step, ranks);
    return 75;
}

int main(int argc, char **argv)
{
    char step[128], call[700];
    run_step at = {value_of(argc, argv, "--section", ""), value_of(argc, argv, "--variant", NULL),
                   atoll(value_of(argc, argv, "--seed", "-1")), false};
    const char *run = value_of(argc, argv, "--run", "."), *world = environment("OMPI_COMM_WORLD_RANK");
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--several-seeds")) at.several_seeds = true;
    if (run_step_name(&at, step, sizeof step) != OK) return 99;
    int rank = world[0] == '-' ? 0 : atoi(world);
    snprintf(call, sizeof call, "%s ranks=%s rank=%s bind=%s threads=%s policy=%s", step,
             value_of(argc, argv, "--ranks", "?"), world, environment("MAGISTER_BIND"), environment("OMP_NUM_THREADS"),
             environment("OMP_WAIT_POLICY"));
    note(run, "calls", call);

    char wanted[200];
    size_t length = (size_t)snprintf(wanted, sizeof wanted, "%s=", step);
    const char *list = environment("FAKE_RANK"), *action = strstr(list, wanted);
    while (action && action != list && action[-1] != ' ')
        action = strstr(action + 1, wanted); /* not the end of a name */
    if (!action) return 0;
    char word[32];
    snprintf(word, sizeof word, "%.*s", (int)strcspn(action + length, " "), action + length);
    return act(word, run, step, rank, atoi(value_of(argc, argv, "--ranks", "1")));
}
