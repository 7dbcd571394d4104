/* mpi - ranks over MPI: what the files of this backend share.
 *
 * Ranks of one node meet in shared memory: each has a slot with the number of arrivals it has made, so a rank that
 * waits can tell who is missing, a rank that gives up can say why, and one that died is missed at once. Across nodes
 * every meeting also exchanges the headers over MPI. Slots have two turns, used alternately: whoever writes turn t
 * again has seen all others arrive at the meeting in between, so nobody still reads it.
 *
 * MPI calls are non-blocking and polled, so that every wait has an end. After a failure no MPI call is made any more.
 */
#ifndef MAGISTER_COMM_MPI_H
#define MAGISTER_COMM_MPI_H

#include "comm/backend.h"

#include <mpi.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct {
    _Alignas(128) _Atomic uint64_t arrived; /* meetings and syncs this rank has come to */
    _Atomic int broken;                     /* the status it left with; set after `completed` and `cause` */
    _Alignas(64) pthread_mutex_t life;      /* robust; held by the rank until it leaves in order: slot_live */
    uint64_t completed;                     /* arrivals at which it saw all others, when it left */
    char cause[TEXT_BYTES];
    uint64_t row_count; /* of the sum that the leader hands out in comm_sum_rows */
    struct {
        comm_header header;
        char text[TEXT_BYTES];
        _Alignas(64) unsigned char payload[MEETING_BYTES];
    } turn[2];
} node_slot;

/* Memory of float32 values shared by the ranks of a node, one part each; plain memory where that was not to be had. */
typedef struct window {
    struct window *next;
    MPI_Win handle; /* MPI_WIN_NULL for plain memory */
    size_t count;   /* values of each part */
    float *mine;
    float **parts; /* (local_size); NULL for plain memory */
} window;

/* Memory that all ranks of a node see, made by its first. */
typedef struct {
    MPI_Win handle; /* MPI_WIN_NULL for plain memory, when a rank is alone */
    unsigned char *at;
    size_t capacity; /* bytes */
} node_memory;

typedef struct mail mail; /* mpi_mail.c */

typedef struct {
    MPI_Comm all;     /* MPI_COMM_WORLD, or the part of it that comm_split made, which is owned */
    MPI_Comm node;    /* ranks of this node, in rank order */
    MPI_Comm leaders; /* first ranks of the nodes, on these; MPI_COMM_NULL elsewhere */
    int local_rank, local_size;
    int node_count;
    int *local_ranks;      /* (local_size) ranks of this node */
    int *node_of;          /* (size) node of each rank; nodes are numbered by their first rank */
    MPI_Win slot_window;   /* MPI_WIN_NULL when this rank is alone on its node */
    node_slot **slots;     /* (local_size) */
    node_slot *slot_plain; /* the slot of a rank that is alone */
    uint64_t arrived, completed, meetings;
    unsigned char *payloads;  /* (size, MEETING_BYTES) across nodes */
    window *windows;          /* all that were handed out */
    window *stage;            /* for sums of memory that is not shared */
    node_memory rows_brought; /* by the ranks of this node, and their sum */
    node_memory rows_summed;  /* over all nodes */
    int64_t *rows_union;      /* of the last comm_sum_rows */
    size_t rows_union_capacity;
    float *exchange; /* scratch of leaders */
    mail *mail;      /* NULL until the ranks are split */
} mpi_state;

/* From slot_live until slot_leave the node's ranks see whether this process lives: it holds a robust lock, which the
 * kernel marks when a process ends in whatever way. That holds across containers too, where process numbers differ. */
bool slot_live(node_slot *slot);
void slot_leave(node_slot *slot);

/* Turns an MPI error code into a status. */
status mpi_check(int code, const char *what);

/* Waits for the request within the time-out, or until a rank of this node leaves. */
status mpi_wait(comm *c, MPI_Request *request, const char *what);

/* The same without heed to ranks that leave: for what all ranks finish before they do. */
status mpi_wait_deaf(comm *c, MPI_Request *request, const char *what);

/* The failure of a rank of this node that has left or died, if any. */
status mpi_listen(comm *c);

/* Broadcasts within `over`, which holds some or all ranks of `c`, in messages that MPI can count. */
status mpi_broadcast(comm *c, MPI_Comm over, void *bytes, size_t count, int root, const char *what);

/* Counts this rank as arrived and waits for the others of its node. */
status node_sync(comm *c, const char *what);

/* True on all ranks when `mine` is true on all. Collective. */
status mpi_all(comm *c, bool mine, bool *all);

/* New window of `count` values a rank, zeroed; *out is NULL when the system gives no shared memory. Collective. */
status window_new(comm *c, size_t count, window **out);

/* Collective when `in_order`; otherwise MPI keeps its part until the process ends. */
void window_free(window **w, bool in_order);

/* Collective over the node when `in_order`; otherwise MPI keeps it until the process ends. */
void node_memory_free(node_memory *m, bool in_order);

/* The part of `count` elements (in whole units) that is this rank's work among those of its node. */
void node_share(const mpi_state *s, size_t count, size_t unit, size_t *first, size_t *length);

status mpi_probe(comm *c, size_t bytes, comm_link *out);
int mpi_node_of(const comm *c, int rank);

/* Mail over the ranks of `all`, on a communicator of its own. Collective. */
status mail_new(MPI_Comm all, mail **out);
/* Collective when `in_order`: then all that was posted arrives, and what nobody took is dropped. */
void mail_free(mail **m, bool in_order);
status mail_post(mail *m, int first, int count, const void *bytes, size_t length);
status mail_take(mail *m, void **bytes, size_t *length, int *from);
status mail_flush(mail *m, double seconds);

status mpi_share_new(comm *c, size_t count, shared_bytes *b);
status mpi_share_out(comm *c, shared_bytes *b);

status mpi_sum_f32(comm *c, float *values, size_t count, bool tree);
status mpi_sum_shared(comm *c, float *values, size_t count, bool tree);
status mpi_sum_rows(comm *c, const comm_rows *mine, size_t width, bool tree, comm_rows *out);

#endif
