/* stacks - where another process is: what each of its threads does, into <run>/logs/STEP.rankN.stack.
 *
 * First what the system tells of every thread (/proc: state, what it sleeps in, its system call), which also holds for
 * a stopped process and takes no time. Until the file is whole it is called STEP.rankN.stack.unfinished. Then the
 * stacks as eu-stack or gdb read them, whichever is there: reading them from outside needs no handler in the process,
 * which may not be able to run one, and works on stopped ones.
 */
#ifndef MAGISTER_RANK_STACKS_H
#define MAGISTER_RANK_STACKS_H

#include <sys/types.h>

/* New string; NULL when out of memory. */
char *stacks_path(const char *run, const char *step_name, int rank);

/* Takes some seconds. What cannot be had is said in the file; a file that cannot be written is no failure. */
void stacks_write(const char *run, const char *step_name, int rank, const char *host, pid_t pid);

#endif
