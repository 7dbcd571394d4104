/* backend - what carries a communicator: one process alone, or MPI. Sums on GPUs are added to either (comm/device.h).
 *
 * Every collective starts with a *meeting*: each rank says which operation it is at, a value and a few bytes, and sees
 * what all the others say. comm.c compares these headers, so ranks that took different ways find out at once instead
 * of hanging, and a rank that is in comm_agree with a failure is heard by ranks that wait in any other operation.
 * Private to this room.
 */
#ifndef MAGISTER_COMM_BACKEND_H
#define MAGISTER_COMM_BACKEND_H

#include "comm/comm.h"
#include "comm/device.h"
#include "comm/share.h"

enum {
    MEETING_BYTES = 8192, /* most payload of one meeting */
    HOST_BYTES = 64,
    SHARED_ALIGNMENT = 64, /* bytes, of what comm_shared_alloc gives: a line of the cache */
    PLACE_BYTES = 256,
    TEXT_BYTES = 4608, /* kind, place, NUL and message of a failure */
};

typedef enum {
    OP_NONE,
    OP_BARRIER,
    OP_AGREE,
    OP_ANY,
    OP_BROADCAST,
    OP_SUM_F64,
    OP_SUM_I64,
    OP_SUM_F32,
    OP_SHARED_ALLOC,
    OP_SUM_SHARED,
    OP_SUM_ROWS,
    OP_SUM_DEVICE,
    OP_GATHER,
    OP_SHARE,
    OP_PROBE,
    OP_CLOSE,
    OP_KINDS
} comm_op;

typedef struct {
    int32_t op;     /* comm_op */
    int32_t value;  /* the vote at OP_AGREE and OP_ANY; elsewhere a root or a flag, the same on all ranks */
    uint64_t extra; /* a count or a width, the same on all ranks; at OP_AGREE a check sum of the message */
    uint64_t bytes; /* of the payload, the same on all ranks */
} comm_header;

/* Sorted unique row numbers and their values, of one rank. Borrowed. */
typedef struct {
    const int64_t *rows; /* (count) */
    const float *values; /* (count, width) */
    size_t count;
} comm_rows;

typedef struct comm_backend comm_backend;

struct comm {
    const comm_backend *backend;
    void *state; /* the backend's */
    int rank, size;
    double timeout;            /* seconds */
    char (*hosts)[HOST_BYTES]; /* (size) */
    int *world_ranks;          /* (size) numbers in the world, of a part of it; NULL: the same */
    comm *whole;               /* what it is a part of, borrowed; NULL: the world */
    comm_header *headers;      /* (size) of the last meeting */
    const void **payloads;     /* (size) of the last meeting; borrowed until the next one */
    status broken;             /* the failure after which nothing works any more */
    char cause[TEXT_BYTES];    /* its message */
    char agreed[TEXT_BYTES];   /* the message of the last failure of comm_agree */
    device_sums *device;       /* NULL until comm_device_start */

    /* comm_on_missed; NULL: nobody wants to know */
    void (*missed)(const int *missing, size_t count);
};

/* All functions but `close` and `give_up` are Collective and called by all ranks at the same operation. */
struct comm_backend {
    const char *name;
    void (*close)(comm *c);

    /* Fills c->headers and c->payloads. `text` (TEXT_BYTES; NULL: none) is what meeting_text hands out. */
    status (*meet)(comm *c, const comm_header *mine, const void *payload, const char *text);
    /* The text `rank` brought to the last meeting; *out has TEXT_BYTES. */
    status (*meeting_text)(comm *c, int rank, char *out);
    /* Tells the others, where that is possible without waiting, that this rank left for c->cause. */
    void (*give_up)(comm *c);

    /* OK, or the failure for which another rank has left, where that can be seen: for waits that are not the backend's.
     */
    status (*listen)(comm *c);

    /* These follow a meeting that found all ranks in agreement. */
    status (*broadcast)(comm *c, void *bytes, size_t count, int root);
    /* Gives `b` room for `count` bytes, which rank 0 can write; then what rank 0 wrote to all, who see it read-only. */
    status (*share_new)(comm *c, size_t count, shared_bytes *b);
    status (*share_out)(comm *c, shared_bytes *b);
    status (*gather)(comm *c, const void *bytes, size_t count, int root, void *out, const size_t *offsets);
    status (*sum_f32)(comm *c, float *values, size_t count, bool tree);
    status (*shared_alloc)(comm *c, size_t count, float **out);
    status (*sum_shared)(comm *c, float *values, size_t count, bool tree);
    status (*sum_rows)(comm *c, const comm_rows *mine, size_t width, bool tree, comm_rows *out);
    status (*probe)(comm *c, size_t bytes, comm_link *out); /* NULL: there is one node; so with node_of */
    int (*node_of)(const comm *c, int rank);
    void (*abort)(comm *c, int exit_code);

    /* Makes `part` (zeroed but for its time-out) the communicator of the ranks that say the same colour. */
    status (*split)(comm *c, int colour, comm *part);

    /* Mail, after a split; none of these is Collective. See comm.h. */
    status (*post)(comm *c, int first, int count, const void *bytes, size_t length);
    status (*take)(comm *c, void **bytes, size_t *length, int *from);
    status (*flush)(comm *c, double seconds);
};

const char *comm_op_name(int op);

/* What messages call rank `rank` of `c`: its number in the world. */
int comm_world_rank(const comm *c, int rank);

/* Allocates the fields of `c` that have (size) elements. */
status comm_tables_new(comm *c);

/* New plain memory of `count` zeroed values, aligned; NULL when out of memory. Freed by free. */
float *comm_plain_new(size_t count);

/* A world of one, without MPI. */
status self_open(comm *c);

/* The world mpirun or srun made. Sets rank, size, hosts and state. Collective. */
status mpi_open(comm *c);

/* True when a launcher of MPI ranks started this process. */
bool mpi_launched(void);

#endif
