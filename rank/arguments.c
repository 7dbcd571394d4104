#include "rank/arguments.h"

#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_LEARNER = 256, KEY_LEARNER_SEED, KEY_LEARNER_SEVERAL, KEY_TEACHERS };

static const struct argp_option OPTIONS[] = {
    {"run", 'r', "DIR", 0, "run directory with recipe.yaml", 0},
    {"section", 's', "NAME", 0, "generate, stream, pretrain, teacher, predict, student, cache or features", 0},
    {"variant", 'v', "NAME", 0, "variant of the section", 0},
    {"seed", 'k', "N", 0, "seed of the step", 0},
    {"several-seeds", 'm', NULL, 0, "the section has several seeds: the step's name carries this one", 0},
    {"ranks", 'n', "N", 0, "ranks that were promised; another number is an error", 0},
    {"learner", KEY_LEARNER, "NAME", 0, "predict: the student that asks for the predictions first", 0},
    {"learner-seed", KEY_LEARNER_SEED, "N", 0, "seed of its step", 0},
    {"learner-several-seeds", KEY_LEARNER_SEVERAL, NULL, 0, "it has several seeds", 0},
    {"teachers", KEY_TEACHERS, "N", 0, "predict, and with the other ranks run the learner's step at the same time", 0},
    {0},
};

static bool number(const char *text, int64_t least, int64_t most, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < least || value > most) return false;
    *out = value;
    return true;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    rank_arguments *a = state->input;
    int64_t count = 0;
    switch (key) {
    case 'r': a->run = value; return 0;
    case 's': a->step.section = value; return 0;
    case 'v': a->step.variant = value; return 0;
    case 'm': a->step.several_seeds = true; return 0;
    case 'k':
        if (!number(value, 0, INT64_MAX, &a->step.seed)) argp_error(state, "--seed %s is no number from 0", value);
        return 0;
    case 'n':
        if (!number(value, 1, 1 << 20, &count)) argp_error(state, "--ranks %s is no number from 1", value);
        a->ranks = (int)count;
        return 0;
    case KEY_LEARNER:
        a->learner.section = "student";
        a->learner.variant = strcmp(value, "student") ? value : NULL; /* the section's own has its name */
        return 0;
    case KEY_LEARNER_SEED:
        if (!number(value, 0, INT64_MAX, &a->learner.seed)) argp_error(state, "--learner-seed %s is no number", value);
        return 0;
    case KEY_LEARNER_SEVERAL: a->learner.several_seeds = true; return 0;
    case KEY_TEACHERS:
        if (!number(value, 1, 1 << 20, &count)) argp_error(state, "--teachers %s is no number from 1", value);
        a->teachers = (int)count;
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static bool section_is_known(const char *name)
{
    static const char *const KNOWN[] = {"generate", "stream",  "pretrain", "teacher",
                                        "predict",  "student", "cache",    "features"};
    for (size_t i = 0; name && i < sizeof KNOWN / sizeof KNOWN[0]; i++)
        if (!strcmp(KNOWN[i], name)) return true;
    return false;
}

status rank_arguments_read(int argc, char **argv, rank_arguments *out)
{
    static const struct argp parser = {
        OPTIONS, parse, NULL, "One rank of one step of a run. `magister run` starts it; see magister --help.",
        NULL,    NULL,  NULL};
    argp_err_exit_status = status_exit_code(ERR_USAGE);
    *out = (rank_arguments){0};
    if (argp_parse(&parser, argc, argv, 0, NULL, out)) return FAIL(ERR_USAGE, "the command line cannot be read");
    if (!out->run) return FAIL(ERR_USAGE, "--run DIR is missing");
    if (!section_is_known(out->step.section))
        return FAIL(ERR_USAGE, "--section is generate, stream, pretrain, teacher, predict, student, cache or features");
    if (!out->ranks) return FAIL(ERR_USAGE, "--ranks N is missing: a rank has to know how many were promised");
    if (out->teachers && (strcmp(out->step.section, "predict") || !out->learner.section))
        return FAIL(ERR_USAGE, "--teachers goes with --section predict and --learner");
    if (out->teachers >= out->ranks)
        return FAIL(ERR_USAGE, "--teachers %d of --ranks %d: no rank is left to learn", out->teachers, out->ranks);
    return OK;
}

status rank_arguments_name(const rank_arguments *a, char *out, size_t size)
{
    return a->teachers ? run_overlap_name(&a->step, &a->learner, out, size) : run_step_name(&a->step, out, size);
}
