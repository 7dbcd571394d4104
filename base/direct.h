/* direct - large files written past the system's cache of files.
 *
 * Copying into that cache, and freeing it again, costs a writer more processor than the disk does: 40 ms for 100 MB
 * where this takes 8. Where the file system knows no other way the file is written as any other.
 */
#ifndef MAGISTER_BASE_DIRECT_H
#define MAGISTER_BASE_DIRECT_H

#include "base/status.h"

#include <stddef.h>

enum { DIRECT_ALIGNMENT = 4096 }; /* of `bytes`, for this to work */

/* Makes or replaces the file and syncs it, but not its directory; not atomic: for the files of a directory that is put
 * in place when they are all there. Errors: ERR_CREATE, ERR_IO (what was written is left). */
status file_write_direct(const char *path, const void *bytes, size_t count);

#endif
