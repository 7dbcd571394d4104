/* watch - the process above a rank, which tells how the rank died and shows where it hangs.
 *
 * With several ranks magister-rank splits in two before it does anything else: the child is the rank, the parent
 * watches over it without tensors or MPI. A rank that is killed cannot say so, mpirun and srun each tell in their own
 * way or not at all, and only a parent may look into a process everywhere. So the parent
 *   - passes on the signals that ask for a stop, and leaves with the rank's exit code (128 + N after signal N),
 *   - writes the error file of a rank that a signal ended: rank, host, signal, and whether memory was wanting,
 *   - writes the stacks of a rank when it is told that ranks wait in vain (stacks.h), and has the other watchers of
 * this node do so,
 *   - ends the rank when its world does not come together in time, which MPI's start would wait for without an end,
 *   - ends the rank when whoever started it is gone; and the rank ends with it.
 * It looks for signals with sigtimedwait: no handler runs in either process.
 */
#ifndef MAGISTER_RANK_WATCH_H
#define MAGISTER_RANK_WATCH_H

#include <stddef.h>

/* Returns in the rank; the watcher never comes back. Strings are borrowed. To be called before there are threads, and
 * after trainer_stop_listen. Without a launcher of ranks, or where no process can be started, nobody watches. */
void watch_begin(const char *run, const char *step_name);

/* In the rank, around the start of MPI: from the first on it may take twice `timeout` seconds (at least 20). */
void watch_opening(double timeout);
void watch_opened(void);

/* In the rank: has the stacks of this node's ranks written, and waits a while for its own and those of the `missing`
 * ranks (count). Does nothing where nobody watches. */
void watch_show(const int *missing, size_t count);

#endif
