/* commands - what `magister NAME ...` does: one function a command, each with a --help of its own.
 *
 * A command gets its own arguments; argv[0] is "magister NAME". It prints results to stdout and progress to stderr, and
 * returns the status that becomes the exit code. Wrong options end the program at once, with exit code 64 (argp).
 */
#ifndef MAGISTER_LAUNCHER_COMMANDS_H
#define MAGISTER_LAUNCHER_COMMANDS_H

#include "base/status.h"

#include <argp.h>

typedef struct {
    const char *name, *summary;
    status (*run)(int argc, char **argv);
} command;

status command_run(int argc, char **argv);
status command_report(int argc, char **argv);
status command_metrics(int argc, char **argv);
status command_store(int argc, char **argv);
status command_recipe(int argc, char **argv);
status command_generate(int argc, char **argv);

/* `magister --version`. */
status version_print(void);

/* Positional arguments of a command, collected by arguments_parse; borrowed from argv. */
typedef struct {
    char **at; /* (count), ended by NULL */
    size_t count;
} words;

/* Parses options and collects words: at least `least`, at most `most` of them (0: no limit). `options` may be NULL;
 * `take` is called with the key and value of each option and returns false when the value is wrong. The caller frees
 * out->at. */
typedef struct {
    const struct argp_option *options;
    const char *words, *help; /* as in struct argp: "RECIPE [key=value ...]" and the text of --help */
    size_t least, most;
    void (*take)(int key, char *value, struct argp_state *state);
    void *self; /* state->input's self, for `take` */
    words found;
} command_line;

status arguments_parse(command_line *line, int argc, char **argv);

#endif
