#include "rank/errors.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>

bool error_file_write(const char *run, const char *step_name, int rank, int exit_code, const char *message,
                      const char *place)
{
    bool written = false;
    char *path = NULL, *text = NULL;
    int length = asprintf(&text, "%d\n%s\n%s\n", exit_code, message, place);
    if (length > 0 && asprintf(&path, "%s/logs/%s.rank%d.error", run, step_name, rank) > 0)
        written = file_write(path, text, (size_t)length) == OK;
    free(path);
    free(text);
    return written;
}
