/* comm - the ranks of a run and what they say to each other.
 *
 * One communicator a process. Every function marked Collective must be called by all ranks in the same order; it waits
 * at most the time-out and then fails with ERR_RANK, naming the ranks that did not come. No function here ends a
 * process; after ERR_RANK the communicator is broken and every further collective fails at once with the same cause.
 * Reductions add in rank order, so that a result is the same on every rank and from run to run.
 * Built without MPI there is one rank and everything is a no-op.
 */
#ifndef MAGISTER_COMM_COMM_H
#define MAGISTER_COMM_COMM_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct comm comm;

/* Starts MPI. `promised` is the number of ranks the launcher promised (0: no promise). A world of another size fails
 * with ERR_RANK, telling both numbers: never a silent world of one. Collective. */
status comm_open(int promised, double timeout_seconds, comm **out);

/* Ends MPI. After a failure it does not wait for other ranks. NULL is fine. Collective when all is well. */
void comm_close(comm **c);

/* From here on a wait that ends without the others first calls `missed`, at the place where the rank waits, with the
 * ranks of this node that did not come (missing: (count)). */
void comm_on_missed(comm *c, void (*missed)(const int *missing, size_t count));

int comm_rank(const comm *c);
int comm_size(const comm *c);
const char *comm_host(const comm *c); /* borrowed */

/* Status agreement. Every rank brings its own status and message; all return the worst, with a message that names the
 * rank and host it came from unless all failed alike; agreeing again on the same failure changes nothing. Called at
 * step boundaries. A rank that calls it with a failure is heard by ranks that wait in any other operation: that
 * operation fails with its message, and the communicator is broken. Collective. */
status comm_agree(comm *c, status mine);

/* `*flag` becomes true on all ranks when it was true on any. Collective. */
status comm_any(comm *c, bool *flag);

status comm_barrier(comm *c);                                        /* Collective */
status comm_broadcast(comm *c, void *bytes, size_t count, int root); /* Collective */
status comm_sum_f64(comm *c, double *values, size_t count);          /* in place; Collective */
status comm_sum_i64(comm *c, int64_t *values, size_t count);         /* in place; Collective */

/* Sums float32 gradients in place over all ranks: in rank order, or with `tree` in a pairwise tree over ranks (for
 * train.exact). Inside a node through memory shared by its ranks. Collective. */
status comm_sum_f32(comm *c, float *values, size_t count, bool tree);

/* Memory for `count` float32 values of this rank that comm_sum_shared can add without copying: a window shared by the
 * node's ranks where MPI gives one, plain memory otherwise. Zeroed, on a line of the cache. Owned by the
 * communicator. Collective. */
status comm_shared_alloc(comm *c, size_t count, float **out);

/* comm_sum_f32 over the first `count` values of memory got from comm_shared_alloc. Collective. */
status comm_sum_shared(comm *c, float *values, size_t count, bool tree);

/* Sums rows that few ranks touch. Each rank brings `count` rows (sorted, unique row numbers; `width` values each, in
 * `values` (count, width)); all get the union, summed in rank order or with `tree` as in comm_sum_f32. `*rows_out`
 * (count_out) and `*values_out` (count_out, width) are borrowed until the next call. Collective. */
status comm_sum_rows(comm *c, const int64_t *rows, size_t count, const float *values, size_t width, bool tree,
                     const int64_t **rows_out, const float **values_out, size_t *count_out);

/* ---- read-only data ---------------------------------------------------------------------------------------------- */

/* Bytes that all ranks read and none writes: one copy a node, mapped read-only by its ranks; a copy each where the
 * system gives no such memory. It has no name in any file system, so nothing is left of it however ranks end, and it
 * does not count against /dev/shm's size. */
typedef struct shared_bytes shared_bytes;

/* What rank 0 brings for all. There `fill` is called once with room for `count` bytes on a page's start; the others'
 * `count`, `fill` and `self` are not looked at. Across nodes the bytes go to one rank each. Errors, on all ranks alike:
 * those of `fill`; ERR_MEMORY. `*out` is the caller's and may outlive the communicator. Collective. */
status comm_share(comm *c, size_t count, status (*fill)(void *self, void *to, size_t count), void *self,
                  shared_bytes **out);
const void *shared_bytes_at(const shared_bytes *b); /* borrowed */
size_t shared_bytes_count(const shared_bytes *b);
void shared_bytes_free(shared_bytes **b); /* of this rank alone: others may go on reading. NULL is fine */

/* Makes comm_sum_device work: a communicator of NCCL over all ranks, each on the GPU that its thread uses. ERR_CONFIG
 * on all ranks when that cannot be had (no GPU, no NCCL, built without it, two ranks on one GPU); the message says why
 * and on which rank, and everything else goes on working. Collective. */
status comm_device_start(comm *c);

/* Sums float32 values in the memory of this rank's GPU in place over all ranks, in NCCL's order of adding. Starts
 * behind what is queued on the default stream, and is done on return. Collective. */
status comm_sum_device(comm *c, float *values, size_t count);

/* Gathers `count` bytes of each rank (any sizes) to `root`: there `*out` is new memory, freed by the caller, with rank
 * r's bytes at offsets[r] .. offsets[r + 1] (offsets: (size + 1), given by the caller); NULL elsewhere. Collective. */
status comm_gather(comm *c, const void *bytes, size_t count, int root, void **out, size_t *offsets);

/* Nodes, numbered by their first rank. */
int comm_node_count(const comm *c);
int comm_node_of(const comm *c, int rank);

/* What the first rank of a node found when it exchanged messages with those of other nodes: the slowest of all. */
typedef struct {
    double latency;                   /* seconds until small messages were exchanged; 0: there is one node */
    double bandwidth;                 /* bytes a second, each way, while all nodes exchange */
    int latency_rank, bandwidth_rank; /* with whom */
} comm_link;

/* Exchanges a small message and one of `bytes` with every other node (beyond 64 nodes with some, so that all are
 * joined). Ranks that are not the first of their node get nothing (zeros). Errors: ERR_RANK names the rank that cannot
 * be reached, ERR_MEMORY. Collective. */
status comm_probe(comm *c, size_t bytes, comm_link *out);

/* The MPI this program is linked with, "Open MPI 4.1.4"; "" without. At any time. */
const char *comm_library(void);

/* The NCCL this program was built for, "NCCL 2.28.9"; "" without. At any time, and without opening it. */
const char *comm_device_library(void);

/* ---- parts ------------------------------------------------------------------------------------------------------- */

/* The ranks that say the same `colour` get a communicator of their own, numbered in the order they have in `c`, in
 * which everything above works without the other parts. `c` stays open, for mail between the parts and for what all do
 * together, and is closed after them. Messages go on calling ranks by their numbers in the world. Collective. */
status comm_split(comm *c, int colour, comm **out);

/* Mail between the ranks of a `c` that was split, beside its collectives and those of its parts. What one rank posts to
 * another arrives in the order it was posted. Posting copies `length` (> 0) bytes for ranks first .. first + count - 1
 * and returns at once; what is short (MAIL_BYTES) is then on its way, what is longer goes on in later calls of these
 * functions. Errors: ERR_MEMORY, ERR_RANK. */
enum { MAIL_BYTES = 4000 };
status comm_post(comm *c, int first, int count, const void *bytes, size_t length);

/* The next message that is here for this rank: new memory, freed by the caller; NULL: none yet. Never waits. */
status comm_take(comm *c, void **bytes, size_t *length, int *from);

/* The same, waiting for one: at most the time-out (ERR_RANK, naming `what`), so every message is a sign of life; or,
 * with `patient`, as long as it takes. Ends at once when a rank of this node has died. */
status comm_await(comm *c, const char *what, bool patient, void **bytes, size_t *length, int *from);

/* Waits until what was posted is on its way, at most so many seconds. */
status comm_flush(comm *c, double seconds);

/* The failure of this thread names the rank it came from already: comm_agree of `c` will not name this one as well. */
void comm_names_rank(comm *c);

/* Ends all ranks at once, with this exit code: the last resort of a program's main after a failure others cannot see.
 */
void comm_abort(comm *c, int exit_code);

#endif
