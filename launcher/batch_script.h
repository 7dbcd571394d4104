/* batch_script - the text of a job for sbatch, as a person would have written it: what it asks for, its modules and
 * environment, and one call of magister, which becomes the job.
 *
 * A pure function of the recipe and of what is said here, so that it can be shown before it is submitted. Whatever
 * comes from a recipe was checked for line ends and quotes: a value cannot become a command.
 */
#ifndef MAGISTER_LAUNCHER_BATCH_SCRIPT_H
#define MAGISTER_LAUNCHER_BATCH_SCRIPT_H

#include "base/status.h"
#include "conf/recipe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct {
    const recipe *recipe;
    const char *program; /* magister, as jobs find it: an absolute path */
    const char *folder;  /* working directory, absolute: paths of a recipe are relative to it */
    const char *run;     /* directory of the run or sweep, as in the recipe */
    const char *name;    /* of the job */
    const char *said;    /* the command that asked for it, for the first lines */
    const char *stage;   /* the one it does; NULL: all */
    bool alone;          /* it needs one rank only: its work is the launcher's own */
    size_t members;      /* of a sweep: an array of so many; 0: no array */
} batch_script;

/* Errors: ERR_CONFIG for a value or path that cannot stand in a job (names the key), ERR_IO, ERR_MEMORY. */
status batch_script_write(const batch_script *b, FILE *to);

/* New string, for a shell: 'it'\''s'. NULL when out of memory. */
char *shell_quoted(const char *text);

#endif
