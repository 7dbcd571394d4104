/* gradients - the gradients of a step, summed over micro-batches and ranks.
 *
 * On a CPU the gradients of all dense parameters lie in one bucket of memory that the node's ranks share, so that ranks
 * add them in place; of parameters marked sparse only the rows that were touched are exchanged. On a GPU all
 * gradients, embeddings' too, lie side by side in its memory and NCCL adds them there; where NCCL cannot be had, and
 * with `exact`, whose order of adding NCCL does not know, they pass through a bucket of the host (a world of one needs
 * none).
 *
 * With `exact` every micro-batch is a leaf of one pairwise tree: leaf sums are kept a level at a time (log2 of the
 * leaves at most), and comm goes on with the tree over ranks. A rank's leaves are an aligned block of 2^k, so its sum
 * is a whole subtree and the result does not depend on the number of ranks (comm/sums.h says why).
 */
#ifndef MAGISTER_TRAINER_GRADIENTS_H
#define MAGISTER_TRAINER_GRADIENTS_H

#include "comm/comm.h"
#include "tensor/module.h"

typedef struct gradients gradients;

/* The module and communicator are borrowed and must outlive it. Collective. */
status gradients_new(comm *c, module *m, bool exact, gradients **out);

/* Gives the module's gradients memory of its own again. NULL is fine. */
void gradients_free(gradients **g);

/* Zeroes everything: the start of a step. */
void gradients_begin(gradients *g);

/* To be called after the backward of each micro-batch. */
status gradients_leaf(gradients *g);

/* The sum over all leaves and ranks becomes the module's gradients, on all ranks. Collective. */
status gradients_sum(gradients *g);

/* True when all numbers are finite; otherwise `names` (size) gets the first parameters that are not, and how many more.
 */
status gradients_finite(gradients *g, bool *finite, char *names, size_t size);

/* The leaves that are rank's among `ranks`: aligned blocks of a power of two. */
void gradients_leaves(size_t leaves, size_t rank, size_t ranks, size_t *first, size_t *count);

#endif
