/* log - what a program tells: lines for a person on stderr, and the same lines with time and rank in a rank's own file.
 *
 * A rank opens its log file once; until then, and in the launcher, lines go to stderr alone. Every call writes one
 * line. Thread-safe: a line is one write.
 */
#ifndef MAGISTER_BASE_LOG_H
#define MAGISTER_BASE_LOG_H

#include "base/status.h"

typedef enum { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR } log_level;

/* Lines are also appended to the file at `path`, marked with `rank`; only ranks with `to_stderr` print as well.
 * Errors: ERR_CREATE. */
status log_open(const char *path, int rank, int to_stderr);
void log_close(void);

/* Lines below `least` are dropped (LOG_INFO at the start). */
void log_threshold(log_level least);

void log_line(log_level level, const char *message, ...) __attribute__((format(printf, 2, 3)));

/* The same for the file alone, for what another program tells the user; on stderr where no file is open. */
void log_record(log_level level, const char *message, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

#endif
