#include "conf/command_line.h"

#include <stdlib.h>
#include <string.h>

static error_t take_one(int key, char *value, struct argp_state *state)
{
    command_line *line = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (line->most && line->found.count == line->most) argp_error(state, "one argument too many: %s", value);
        line->found.at[line->found.count++] = value;
        return 0;
    case ARGP_KEY_END:
        if (line->found.count < line->least) argp_error(state, "an argument is missing: %s", line->words);
        return 0;
    case ARGP_KEY_INIT:
    case ARGP_KEY_NO_ARGS:
    case ARGP_KEY_SUCCESS:
    case ARGP_KEY_ERROR:
    case ARGP_KEY_FINI:
    case ARGP_KEY_ARGS: return ARGP_ERR_UNKNOWN;
    default: break;
    }
    if (!line->take) return ARGP_ERR_UNKNOWN;
    line->take(key, value, state);
    return 0;
}

status arguments_parse(command_line *line, int argc, char **argv)
{
    const struct argp parser = {line->options, take_one, line->words, line->help, NULL, NULL, NULL};
    line->found = (words){calloc((size_t)argc + 1, sizeof(char *)), 0};
    if (!line->found.at) return FAIL(ERR_MEMORY, "no memory for the command line");
    static char help[] = "--help";
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "-h")) argv[i] = help;
    setenv("ARGP_HELP_FMT", "rmargin=110,no-dup-args-note", 0);
    argp_err_exit_status = status_exit_code(ERR_USAGE);
    if (argp_parse(&parser, argc, argv, 0, NULL, line)) return FAIL(ERR_USAGE, "the command line cannot be read");
    return OK;
}
