/* machine - checks of one machine, by itself: what ranks will need there.
 *
 * Each adds one line or more to the findings. They may hang where the system does (a file server or name server that
 * does not answer): the caller runs them where it can give up on them.
 */
#ifndef MAGISTER_DOCTOR_MACHINE_H
#define MAGISTER_DOCTOR_MACHINE_H

#include "doctor/finding.h"

typedef struct {
    const char *out;       /* directory a run goes into; it need not be there */
    const char *device;    /* auto, cpu or cuda */
    bool gpus_shared;      /* ranks may use the same GPU */
    size_t ranks, threads; /* ranks on this machine, threads of each */
    size_t nodes;          /* of the whole run */
} machine_use;

/* "host": whether this machine's name resolves, and to an address of its own. */
void check_host(const machine_use *use, findings *to);

/* "ports": whether ranks can listen and be reached on this machine, and whether port ranges that Open MPI's parameters
 * fix have room for all ranks. */
void check_ports(const machine_use *use, findings *to);

/* "cores", "memory", "shm": whether there is enough of each. */
void check_cores(const machine_use *use, findings *to);
void check_memory(const machine_use *use, findings *to);
void check_shm(const machine_use *use, findings *to);

/* "GPU": device files and driver; magister-rank tells whether they can be used. */
void check_gpu(const machine_use *use, findings *to);

/* "clock": whether it is set and kept right. */
void check_clock(const machine_use *use, findings *to);

/* "out": kind of its file system, what the store does there, whether files can be written, locked and made durable;
 * "disk": free space and inodes. */
void check_out(const machine_use *use, findings *to);

/* The directory `path`, or the nearest one above it that is there: new string, freed by the caller. Errors: ERR_CREATE
 * when something that is no directory stands in the way, ERR_MEMORY. */
status nearest_directory(const char *path, char **out);

#endif
