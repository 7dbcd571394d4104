/* device - sums over the memory of GPUs. NCCL behind three functions; without it they refuse. Private to this room.
 *
 * Neither NCCL nor the driver is linked: both are opened when a GPU is in use, so that a program that has none neither
 * needs nor loads them. Every wait polls for NCCL's errors and has an end; what ends badly is aborted.
 */
#ifndef MAGISTER_COMM_DEVICE_H
#define MAGISTER_COMM_DEVICE_H

#include "comm/comm.h"

typedef struct device_sums device_sums;

/* What comm_device_start promises. Collective. */
status device_sums_start(comm *c, device_sums **out);

/* What comm_sum_device promises; all ranks have met before. Collective. */
status device_sums_run(comm *c, device_sums *d, float *values, size_t count);

/* Ends NCCL's communicator, in order or, after a failure, at once. NULL is fine. Collective when `in_order`. */
void device_sums_end(device_sums **d, bool in_order);

#endif
