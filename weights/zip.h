/* zip - the directory of a zip archive, as far as torch.save and those who pack its files again write one: stored and
 * deflated entries, zip64. Entries are read in parts, at their places, as weights need it.
 */
#ifndef MAGISTER_WEIGHTS_ZIP_H
#define MAGISTER_WEIGHTS_ZIP_H

#include "weights/entries.h"

typedef struct {
    const char *name; /* borrowed from the arena */
    unsigned method, flags;
    uint64_t header_at, packed, bytes;
    uint32_t crc;
} zip_entry;

typedef struct {
    zip_entry *at; /* (count), by name; owned */
    size_t count;
} zip_directory;

/* Errors: ERR_INPUT with path and byte; ERR_IO; ERR_MEMORY. The caller frees `out->at`, also after a failure. */
status zip_directory_read(const byte_file *f, arena *memory, zip_directory *out);

const zip_entry *zip_find(const zip_directory *directory, const char *name); /* NULL when there is none */

/* Where the entry's bytes lie. Errors: ERR_INPUT also for what is encrypted or packed in another way. */
status zip_locate(const byte_file *f, const zip_entry *e, stored_bytes *out);

#endif
