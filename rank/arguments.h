/* arguments - the command line of magister-rank, which the launcher writes. */
#ifndef MAGISTER_RANK_ARGUMENTS_H
#define MAGISTER_RANK_ARGUMENTS_H

#include "conf/run.h"

#include <stdint.h>

typedef struct {
    const char *run; /* run directory */
    run_step step;
    int ranks; /* promised size of the world */
} rank_arguments;

/* Strings are borrowed from argv. Errors: ERR_USAGE. */
status rank_arguments_read(int argc, char **argv, rank_arguments *out);

#endif
