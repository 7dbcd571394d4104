/* filesystem - what kind of file system a path lies on, and how much room it has.
 *
 * Only kinds known to belong to one machine count as local: any other may be shared with machines that do not see this
 * one's memory, page cache or locks. Asking a server that does not answer can hang.
 */
#ifndef MAGISTER_BASE_FILESYSTEM_H
#define MAGISTER_BASE_FILESYSTEM_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    char kind[24]; /* "ext4", "nfs", "lustre" ...; "type 0x..." for one that is not known */
    bool local;    /* of one machine */
    bool memory;   /* files lie in memory and are gone with the machine's next start */
    bool read_only;
    uint64_t bytes, bytes_free; /* free: for users without privileges */
    uint64_t files, files_free; /* inodes; files 0: the file system does not count them */
} filesystem;

/* Of the file or directory `path`, which must be there. Errors: ERR_MISSING, ERR_IO. */
status filesystem_of(const char *path, filesystem *out);

/* The same for the directory that holds `path`, which need not be there. Errors: also ERR_MEMORY. */
status filesystem_of_parent(const char *path, filesystem *out);

#endif
