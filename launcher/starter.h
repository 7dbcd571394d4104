/* starter - the command line that starts the ranks of a step: magister-rank itself for a single one, mpirun, or in a
 * Slurm job srun, where Slurm and Open MPI find each other by PMIx.
 */
#ifndef MAGISTER_LAUNCHER_STARTER_H
#define MAGISTER_LAUNCHER_STARTER_H

#include "launcher/allocation.h"

enum { STARTER_WORDS_MAX = 64 };

typedef enum { START_RANK, START_MPIRUN, START_SRUN } starter_kind;

typedef struct {
    starter_kind kind;
    char *words[STARTER_WORDS_MAX]; /* ended by NULL; borrowed, or in `text` */
    size_t count;
    char text[1024]; /* of words that were made here */
    size_t used;
} starter;

/* Begins it for `ranks` ranks; `name` is what Slurm shows of them. In a job it asks srun for its kinds of MPI once and
 * remembers. Errors: ERR_INTERNAL. */
status starter_begin(const allocation *a, size_t ranks, const char *name, starter *out);

/* Adds a word: borrowed; or made here. What does not fit is left out, and starter_begin left room for all of ours. */
void starter_add(starter *s, const char *word);
void starter_addf(starter *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
