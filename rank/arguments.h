/* arguments - the command line of magister-rank, which the launcher writes. */
#ifndef MAGISTER_RANK_ARGUMENTS_H
#define MAGISTER_RANK_ARGUMENTS_H

#include "conf/run.h"

#include <stdint.h>

typedef struct {
    const char *run; /* run directory */
    run_step step;
    run_step learner; /* of the step predict: the student that asks for its predictions first; no section: none */
    int ranks;        /* promised size of the world */
    int teachers; /* the last so many of them predict while the others run the learner's step; 0: one after the other */
} rank_arguments;

/* Strings are borrowed from argv. Errors: ERR_USAGE. */
status rank_arguments_read(int argc, char **argv, rank_arguments *out);

/* What the step's ranks are called in logs/. */
status rank_arguments_name(const rank_arguments *a, char *out, size_t size);

#endif
