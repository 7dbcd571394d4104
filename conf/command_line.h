/* command_line - options and words of one command, parsed by argp with the same manners for all: -h is --help, wrong
 * ones end the program at once with exit code 64.
 */
#ifndef MAGISTER_CONF_COMMAND_LINE_H
#define MAGISTER_CONF_COMMAND_LINE_H

#include "base/status.h"

#include <argp.h>

/* Positional arguments of a command, collected by arguments_parse; borrowed from argv. */
typedef struct {
    char **at; /* (count), ended by NULL */
    size_t count;
} words;

/* Parses options and collects words: at least `least`, at most `most` of them (0: no limit). `options` may be NULL;
 * `take` is called with the key and value of each option, and ends the program (argp_error) when the value is wrong. */
typedef struct {
    const struct argp_option *options;
    const char *words, *help; /* as in struct argp: "RECIPE [key=value ...]" and the text of --help */
    size_t least, most;
    void (*take)(int key, char *value, struct argp_state *state);
    void *self; /* state->input's self, for `take` */
    words found;
} command_line;

/* argv[0] is what the command calls itself in messages. argv is put in another order: options first. The caller frees
 * line->found.at. */
status arguments_parse(command_line *line, int argc, char **argv);

#endif
