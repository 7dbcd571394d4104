#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_MAX = 4096, PLACE_MAX = 128 };

static _Thread_local char message_kept[MESSAGE_MAX];
static _Thread_local char place_kept[PLACE_MAX];

static const struct {
    int exit_code;
    const char *name;
} KNOWN[] = {
    [OK] = {0, "ok"},
    [ERR_RETRY] = {75, "stopped; run again to go on"},
    [ERR_USAGE] = {64, "wrong command line"},
    [ERR_CONFIG] = {78, "wrong recipe"},
    [ERR_MISSING] = {66, "missing input"},
    [ERR_INPUT] = {65, "bad data"},
    [ERR_CREATE] = {73, "cannot create output"},
    [ERR_IO] = {74, "input or output failed"},
    [ERR_MEMORY] = {71, "out of memory"},
    [ERR_RANK] = {76, "a rank failed"},
    [ERR_INTERNAL] = {70, "internal error"},
};

status fail_at(const char *file, int line, status code, const char *message, ...)
{
    if (message_kept[0]) return code; /* the cause is kept, not its consequence */
    va_list arguments;
    va_start(arguments, message);
    vsnprintf(message_kept, sizeof message_kept, message, arguments);
    va_end(arguments);
    const char *slash = strrchr(file, '/');
    snprintf(place_kept, sizeof place_kept, "%s:%d", slash ? slash + 1 : file, line);
    return code;
}

const char *fail_message(void)
{
    return message_kept;
}

const char *fail_place(void)
{
    return place_kept;
}

void fail_clear(void)
{
    message_kept[0] = place_kept[0] = '\0';
}

int status_exit_code(status code)
{
    return KNOWN[code].exit_code;
}

const char *status_name(status code)
{
    return KNOWN[code].name;
}
