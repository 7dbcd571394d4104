/* signals - one series of values a video, from a CSV file with the columns video, time (seconds) and value. */
#ifndef MAGISTER_EVENTS_SIGNALS_H
#define MAGISTER_EVENTS_SIGNALS_H

#include "data/names.h"
#include "events/baselines.h"

typedef struct {
    signal_sample *at; /* (count) by rising time */
    size_t count, room;
} signal_series;

typedef struct {
    arena *strings;
    signal_series *at; /* (count) */
    size_t count, room;
    name_table names; /* base names to places */
} signal_list;

/* The caller frees it. Errors: ERR_MISSING; ERR_INPUT with path:line (a column that is missing, no number, a time that
 * is not after the one before of its video); ERR_MEMORY. */
status signals_read(const char *path, signal_list *out);
void signals_free(signal_list *list);

/* The series of the video that a file, or a name, is of; NULL when there is none. */
const signal_series *signals_find(const signal_list *list, const char *file);

#endif
