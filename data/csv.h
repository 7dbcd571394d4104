/* csv - rows of a table of text, read strictly and with bounds.
 *
 * Fields are separated by comma, '|' or tab. With commas a field may stand in double quotes ("" is a quote inside, and
 * separators and line ends count as text); with '|' and tab quotes are plain characters. Blanks around a field are
 * dropped; empty lines are passed over; lines end in LF or CRLF; a byte-order mark is passed over. A file must be UTF-8
 * without control characters and at most CSV_MOST_BYTES long.
 *
 * The file is held whole and fields point into it. Messages say path:line.
 */
#ifndef MAGISTER_DATA_CSV_H
#define MAGISTER_DATA_CSV_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CSV_MOST_BYTES ((size_t)1 << 30)
enum { CSV_MOST_FIELDS = 4096 };

/* Separators: told from the first line with text ('|' before tab before comma), or no separator, each line one field.
 */
enum { CSV_GUESS = 0, CSV_LINES = '\n' };

typedef struct {
    const char *path; /* borrowed from the caller */
    char *bytes;      /* the file */
    char *at, *end;   /* what is left of it */
    char separator;
    size_t next_line; /* line of `at`, from 1 */
    size_t line;      /* line the row starts in */
    char **fields;    /* (count) the row; valid until csv_close */
    size_t count, room;
} csv;

/* Errors: ERR_MISSING; ERR_INPUT (too large, not UTF-8, control characters); ERR_IO; ERR_MEMORY. */
status csv_open(const char *path, char separator, csv *out);
void csv_close(csv *c);

/* Reads the next row into `fields`; `*more` is false at the end. Errors: ERR_INPUT (quotes, too many fields). */
status csv_next(csv *c, bool *more);

/* Number of the column called `name` (letter case does not count) in the row just read; SIZE_MAX when there is none. */
size_t csv_column(const csv *c, const char *name);

/* Values of the row; `what` names the column in messages. Errors: ERR_INPUT (no such field, empty, not a number, out of
 * bounds). csv_text refuses an empty field. */
status csv_text(const csv *c, size_t column, const char *what, const char **out);
status csv_int(const csv *c, size_t column, const char *what, int64_t least, int64_t most, int64_t *out);
status csv_real(const csv *c, size_t column, const char *what, double *out);  /* finite */
status csv_clock(const csv *c, size_t column, const char *what, double *out); /* "00:01:26.74" as seconds */

#endif
