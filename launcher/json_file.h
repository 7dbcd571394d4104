/* json_file - small JSON files that other processes write: read whole, field by field, with bounds; and written.
 *
 * What comes out is fit to be printed: a field of the wrong type or out of bounds is as if it were not there, text is
 * cut to what fits, and bytes that a terminal would take for commands are '?'.
 */
#ifndef MAGISTER_LAUNCHER_JSON_FILE_H
#define MAGISTER_LAUNCHER_JSON_FILE_H

#include "base/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* The object in the file at `path`; the caller frees it (json_decref). Errors: ERR_MISSING, ERR_INPUT (no JSON, no
 * object, larger than 1 MB), ERR_IO, ERR_MEMORY. */
status json_file_read(const char *path, json_t **out);

/* Replaces the file; `to_disk` as file_write, otherwise as file_put. Takes over `object`; NULL is ERR_MEMORY. */
status json_file_write(const char *path, json_t *object, bool to_disk);

/* Fields. Without one that fits: "", `otherwise`, NAN, 0. Text keeps line ends only with `lines`. */
void json_field_text(const json_t *object, const char *key, char *out, size_t size, bool lines);
int64_t json_field_int(const json_t *object, const char *key, int64_t least, int64_t most, int64_t otherwise);
double json_field_real(const json_t *object, const char *key);
time_t json_field_time(const json_t *object, const char *key); /* "2026-11-26T01:43:59Z" */

/* New values. Text may hold any bytes: those that are no UTF-8 become '?'. A time of 0 is null. */
json_t *json_text_of(const char *text);
json_t *json_time_of(time_t when);
json_t *json_real_of(double x); /* null when it is none */

/* "2026-11-26T01:43:59Z" into `out` (size, 32 are enough); "" for 0. */
void time_write(char *out, size_t size, time_t when);

/* Copies `length` bytes of text that may hold anything into `out` (size): what does not fit ends with "...". */
void text_copy_printable(char *out, size_t size, const char *text, size_t length, bool lines);

#endif
