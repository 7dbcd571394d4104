/* lmdb_file - inside this room: records of an LMDB file, read by key.
 *
 * LMDB's own library trusts its files: a damaged or hostile one makes it read anywhere. It also wants to write a lock
 * file beside the data, which a read-only disk forbids. This reader maps the file and follows its tree with every page,
 * offset and length checked before it is used; nothing else of LMDB is here. Any number of threads and ranks may read.
 * The file must not be written or shortened while it is open.
 *
 * Understood: data version 1 (LMDB 0.9) of 64-bit little-endian machines, the main database without duplicates,
 * reversed or whole-number keys.
 */
#ifndef MAGISTER_DATA_LMDB_FILE_H
#define MAGISTER_DATA_LMDB_FILE_H

#include "base/status.h"

#include <stddef.h>

typedef struct lmdb_file lmdb_file;

typedef struct {
    const unsigned char *key, *value; /* borrowed from the file; aligned to nothing */
    size_t key_bytes, value_bytes;
} lmdb_record;

typedef enum { LMDB_FOUND, LMDB_NONE, LMDB_DAMAGED } lmdb_answer;

/* `path` is the file (data.mdb). Errors: ERR_MISSING; ERR_INPUT (no LMDB file, of another version or machine, shorter
 * than it says); ERR_IO, ERR_MEMORY. */
status lmdb_open(const char *path, lmdb_file **out);
void lmdb_close(lmdb_file **f);

/* The record with the largest key up to this one (by bytes). LMDB_DAMAGED where the way there leads out of the file or
 * makes no sense. */
lmdb_answer lmdb_floor(const lmdb_file *f, const void *key, size_t bytes, lmdb_record *out);

#endif
