#include "rank/json_lines.h"

#include "base/log.h"

#include <stdio.h>

status json_line_print(const char *name, json_t *line, size_t precision)
{
    status st = OK;
    if (!line) TRY(FAIL(ERR_INPUT, "%s: its name cannot be written as UTF-8: rename it", name));
    if (json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(precision)))
        TRY(FAIL(ERR_IO, "cannot write to stdout"));
    putchar('\n');
done:
    json_decref(line);
    return st;
}

status json_line_unreadable(const char *key, const char *name, bool json)
{
    status st = OK;
    char reason[512];
    snprintf(reason, sizeof reason, "%s", fail_message());
    fail_clear();
    log_error("%s", reason);
    if (json) st = json_line_print(name, json_pack("{s:s, s:s}", key, name, "error", reason), 0);
    if (st == ERR_INPUT) fail_clear(); /* neither name nor reason can be JSON: it was told */
    return st == ERR_INPUT ? OK : st;
}
