/* shared_file - a file of tensors that rank 0 reads and all ranks take from.
 *
 * The file system sees one reader, however many ranks there are; its bytes go to one rank of each node (comm_share),
 * and the others of the node look into the same memory. Every rank parses the same bytes by the same code, so what is
 * wrong with them is told by all alike. While it is open a node holds the file once in memory; a rank that is alone in
 * the world reads tensor by tensor instead.
 */
#ifndef MAGISTER_TRAINER_SHARED_FILE_H
#define MAGISTER_TRAINER_SHARED_FILE_H

#include "base/hash.h"
#include "comm/comm.h"
#include "tensor/module.h"

typedef struct {
    tensor_file *tensors;
    shared_bytes *bytes; /* NULL in a world of one */
} shared_file;

/* `path` is the same on all ranks and read by rank 0. Errors: those of tensor_file_open, of reading, of comm_share.
 * Collective. */
status shared_file_open(comm *c, const char *path, shared_file *out);
void shared_file_close(shared_file *f); /* leaves it empty; an empty one is fine */

/* The fingerprint of the file's bytes, as hash_file gives it. Errors: those of hash_file. */
status shared_file_hash(const shared_file *f, char out[HASH_TEXT]);

/* Opens, reads every parameter of `m` and closes. Errors: those of module_load. Collective. */
status shared_file_load(comm *c, const char *path, module *m);

#endif
