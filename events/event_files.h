/* event_files - hierarchies as files (docs/formats.md, "Events of a video"): the published JSON, JSON lines, WebVTT.
 *
 * Files that are read may come from anyone: at most EVENT_FILE_BYTES_MAX long, and everything in them is checked as
 * hierarchy_add does. Numbers are written with as few digits as give the same number back.
 */
#ifndef MAGISTER_EVENTS_EVENT_FILES_H
#define MAGISTER_EVENTS_EVENT_FILES_H

#include "events/hierarchy.h"

#include <stdio.h>

#define EVENT_FILE_BYTES_MAX ((size_t)1 << 30)

/* ---- published JSON: one video ----------------------------------------------------------------------------------- */

/* Colour of an event, 48 to 239 each: the same for the same (seed, layer, number). */
void event_colour(uint64_t seed, size_t layer, size_t number, unsigned char rgb[3]);

/* Replaces `path` atomically; the same hierarchy and seed give the same bytes. Errors are not in this form. Errors:
 * ERR_CREATE, ERR_IO, ERR_MEMORY, ERR_INPUT (text that is not UTF-8, a duration that is not known). */
status published_write(const char *path, const hierarchy *h, uint64_t seed);

/* Reads one. Events of no length, which such files have, are passed over; a duration that is missing, or shorter than
 * the events, becomes the end of the last one (`overrun` says by how much). Errors: ERR_MISSING, ERR_INPUT with path,
 * layer and event, ERR_IO, ERR_MEMORY. */
status published_read(const char *path, hierarchy *out);

/* ---- JSON lines: any number of videos (written by event_log.h) --------------------------------------------------- */

/* Adds the videos of a file to `list`, in the order in which they begin; one that was watched again has the events of
 * the last time. A last line without a line end, which a writer
 * is at, is passed over. Errors: ERR_MISSING, ERR_INPUT with path:line, ERR_IO, ERR_MEMORY. */
status event_lines_read(const char *path, hierarchy_list *list);

/* Either of both, told from the first line. */
status events_read(const char *path, hierarchy_list *list);

/* ---- WebVTT: one layer ------------------------------------------------------------------------------------------- */

/* Replaces `path` atomically: one cue an event, times rounded to milliseconds. Errors: ERR_CREATE, ERR_IO, ERR_MEMORY;
 * ERR_INPUT for a layer that is not there. */
status vtt_write(const char *path, const hierarchy *h, size_t layer);

/* ---- parts of such files ----------------------------------------------------------------------------------------- */

/* A finite number with as few digits as give it back; "null" for others. */
enum { NUMBER_TEXT = 32 };
void number_text(double value, char out[NUMBER_TEXT]);

/* Text as a JSON string, quotes and all. Errors: ERR_INPUT when it is not UTF-8 (`what` says what it is), ERR_MEMORY.
 */
status json_text_write(FILE *to, const char *what, const char *text);

/* Closes what open_memstream opened, whose text is whole then, and sets it to NULL. Errors: ERR_MEMORY names the file
 * that it was for. */
status memory_file_close(FILE **file, const char *path);

#endif
