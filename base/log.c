#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINE_MAX_BYTES = 8192 };

static FILE *log_file;
static int log_rank = -1;
static int log_prints = 1;
static log_level log_least = LOG_INFO;

static const char *const NAMES[] = {"debug", "info", "warning", "error"};

status log_open(const char *path, int rank, int to_stderr)
{
    log_close();
    log_file = fopen(path, "ae");
    if (!log_file) return FAIL(ERR_CREATE, "%s: cannot write the log: %s", path, strerror(errno));
    setvbuf(log_file, NULL, _IOLBF, 0);
    log_rank = rank;
    log_prints = to_stderr;
    return OK;
}

void log_close(void)
{
    if (log_file) fclose(log_file);
    log_file = NULL;
    log_rank = -1;
    log_prints = 1;
}

void log_threshold(log_level least)
{
    log_least = least;
}

static void write_file_line(log_level level, const char *text)
{
    struct timespec now;
    struct tm day;
    char stamp[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &day);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &day);
    fprintf(log_file, "%s.%03ldZ rank %d %s: %s\n", stamp, now.tv_nsec / 1000000, log_rank, NAMES[level], text);
}

static void print_line(log_level level, const char *text)
{
    if (level >= LOG_WARN) fprintf(stderr, "%s: %s\n", NAMES[level], text);
    else fprintf(stderr, "%s\n", text);
}

void log_line(log_level level, const char *message, ...)
{
    if (level < log_least) return;
    char text[LINE_MAX_BYTES];
    va_list arguments;
    va_start(arguments, message);
    vsnprintf(text, sizeof text, message, arguments);
    va_end(arguments);
    if (log_file) write_file_line(level, text);
    if (log_prints || level >= LOG_ERROR) print_line(level, text);
}

void log_record(log_level level, const char *message, ...)
{
    if (level < log_least) return;
    char text[LINE_MAX_BYTES];
    va_list arguments;
    va_start(arguments, message);
    vsnprintf(text, sizeof text, message, arguments);
    va_end(arguments);
    if (log_file) write_file_line(level, text);
    else print_line(level, text);
}
