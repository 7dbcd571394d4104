/* events - scalars in TensorBoard's event files.
 *
 * A file is a row of records: length (uint64), masked CRC-32C of the length, bytes of an Event (event.proto), masked
 * CRC-32C of the bytes; all little endian. Records are flushed one by one, so a killed run leaves at most one cut
 * short, which TensorBoard passes over.
 */
#ifndef MAGISTER_TRAINER_EVENTS_H
#define MAGISTER_TRAINER_EVENTS_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct events events;

typedef struct {
    const char *tag;
    double value;
} event_scalar;

/* A new file in `directory`, which is made when it is not there. Errors: ERR_CREATE, ERR_IO. */
status events_open(const char *directory, events **out);
void events_close(events **e);

/* One record. Errors: ERR_IO. */
status events_write(events *e, int64_t step, const event_scalar *scalars, size_t count);

/* CRC-32C (Castagnoli; RFC 3720, B.4), and TensorFlow's way to mask it. */
uint32_t crc32c(const void *bytes, size_t count);
uint32_t crc32c_masked(const void *bytes, size_t count);

#endif
