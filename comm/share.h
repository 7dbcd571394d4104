/* share - memory without a name that the processes of a node read together.
 *
 * A file that lies in memory (memfd_create): the process that made it writes, others open it by the maker's number and
 * descriptor, for reading alone. What is told of it holds its identity too, so that a number that means another process
 * to the reader (in another container) finds nothing instead of something else. Once the maker has closed its
 * descriptor nobody can open it any more; the last mapping that goes takes the memory along.
 * Private to this room.
 */
#ifndef MAGISTER_COMM_SHARE_H
#define MAGISTER_COMM_SHARE_H

#include "comm/comm.h"

struct shared_bytes {
    void *at;
    size_t count, mapped; /* bytes asked for, and of whole pages */
    bool apart;           /* every rank has a copy */
};

/* Where a process of this node finds the memory. */
typedef struct {
    int64_t process, descriptor;
    uint64_t device, number; /* of the file */
} share_place;

/* Memory of this process alone, writable; false when there is none. */
bool share_plain(shared_bytes *b, size_t count);

/* Memory for others, writable here, which they can join until share_close; false when there is none. */
bool share_make(shared_bytes *b, size_t count, share_place *out);
void share_close(share_place *place);

/* Memory another process made, `count` bytes, read-only; false when it cannot be had. */
bool share_join(shared_bytes *b, size_t count, const share_place *place);

/* From here on a write ends this process instead of changing what others read. */
void share_protect(const shared_bytes *b);

/* Leaves `b` empty. */
void share_release(shared_bytes *b);

#endif
