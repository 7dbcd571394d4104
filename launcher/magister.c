/* magister - the one command users type: plans and runs recipes, shows what came of them.
 *
 * Light by design (no tensors, no MPI): it starts in milliseconds. What needs those is magister-rank, which it starts.
 */
#include "conf/suggest.h"
#include "launcher/commands.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const command COMMANDS[] = {
    {"run", "run a recipe: teacher, predictions, students, report", command_run},
    {"submit", "run a recipe as Slurm jobs", command_submit},
    {"status", "how runs are: state, progress, where, and why not", command_status},
    {"logs", "what a run's ranks write, followed over its steps", command_logs},
    {"cancel", "stop a run, here or in Slurm; it saves first", command_cancel},
    {"sweep", "show all members of a sweep in one table", command_sweep},
    {"report", "make a run's metrics and report again, or compare runs", command_report},
    {"metrics", "score the predictions of a store", command_metrics},
    {"store", "list or check the predictions of a store", command_store},
    {"events", "score events found in videos, write them in other forms", command_events},
    {"weights", "list the tensors of a .pth or safetensors file; convert it", command_weights},
    {"recipe", "help on keys, check recipes, show them resolved", command_recipe},
    {"generate", "write a generated world: the kitchen, or signs", command_generate},
    {"data", "split clips into train, val and test by gloss", command_data},
    {"predict", "tell what a trained model of clips sees in videos", command_predict},
    {"video", "look at videos, check them, take frames out, decode them once for all", command_video},
    {"doctor", "look whether a run can work here, or what a cluster offers", command_doctor},
};
enum { COMMAND_COUNT = sizeof COMMANDS / sizeof COMMANDS[0] };

static void print_help(FILE *to)
{
    fputs("Usage: magister COMMAND [ARGUMENT ...]\n\n"
          "Trains video models with help from language: a text teacher writes predictions into a store,\n"
          "a video student learns from labels and from them.\n\n",
          to);
    for (size_t i = 0; i < COMMAND_COUNT; i++) fprintf(to, "  %-10s %s\n", COMMANDS[i].name, COMMANDS[i].summary);
    fputs("\n  magister COMMAND --help    more about one command\n"
          "  magister --version         what is built in\n\n"
          "To begin: magister run conf/demo.yaml\n",
          to);
}

static status find_command(const char *name, const command **out)
{
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = COMMANDS[i].name;
        if (strcmp(name, names[i])) continue;
        *out = &COMMANDS[i];
        return OK;
    }
    const char *near = suggest_word(name, names, COMMAND_COUNT);
    return FAIL(ERR_USAGE, "there is no command %s%s%s%s (magister --help lists them)", name,
                near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
}

/* `argv` begins with the command's name. */
static status run_command(const char *name, int argc, char **argv)
{
    status st = OK;
    const command *found = NULL;
    char *full = NULL;
    TRY(find_command(name, &found));
    if (asprintf(&full, "magister %s", name) < 0) {
        full = NULL;
        TRY(FAIL(ERR_MEMORY, "no memory for the command line"));
    }
    argv[0] = full; /* what argp calls the program in its messages */
    st = found->run(argc, argv);
done:
    free(full);
    return st;
}

static status help_on(const char *name)
{
    char option[] = "--help", *arguments[] = {NULL, option, NULL};
    return run_command(name, 2, arguments);
}

static status dispatch(int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : "";
    bool help = !strcmp(first, "help") || !strcmp(first, "--help") || !strcmp(first, "-h");
    if (help && argc > 2) return help_on(argv[2]);
    if (help) {
        print_help(stdout);
        return OK;
    }
    if (!strcmp(first, "--version") || !strcmp(first, "-V")) return version_print();
    if (first[0]) return run_command(first, argc - 1, argv + 1);
    print_help(stderr);
    return FAIL(ERR_USAGE, "a command is missing");
}

int main(int argc, char **argv)
{
    status st = dispatch(argc, argv);
    if (st == OK && (fflush(stdout) || ferror(stdout)))
        st = FAIL(ERR_IO, "cannot write to stdout: %s", strerror(errno));
    if (st != OK && fail_message()[0]) fprintf(stderr, "magister: %s\n", fail_message());
    return status_exit_code(st);
}
