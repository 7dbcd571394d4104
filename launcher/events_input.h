/* events_input - the hierarchies that a command's words name: files of events, or folders of them. */
#ifndef MAGISTER_LAUNCHER_EVENTS_INPUT_H
#define MAGISTER_LAUNCHER_EVENTS_INPUT_H

#include "events/hierarchy.h"

/* Reads paths (count): files (event_files.h, events_read), and of folders the files *.json and *.jsonl in them, by
 * name. The caller frees `*out`. Warns of events that run past the duration their file states. Errors: those of
 * events_read; ERR_INPUT for no events at all, and for a video that is there twice, by base name. */
status events_input_read(char *const *paths, size_t count, hierarchy_list *out);

#endif
