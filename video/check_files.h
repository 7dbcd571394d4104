/* check_files - many files checked side by side, each by a process of its own, so that none of them can stop the
 * others.
 *
 * A few workers are forked, and given one file after the other. One that dies over a file is replaced, and the file is
 * tried once more by the new one, for it may have died of what an earlier file did to its memory; when that dies as
 * well, the file is VIDEO_DIED. One that is still busy a while after the time-out is killed, and its file is
 * VIDEO_LATE. Every file has its verdict in the end, at its own place, the same for any number of workers.
 *
 * To be called by a process that has no other threads. Memory of the caller is not copied, and not written, by workers.
 */
#ifndef MAGISTER_VIDEO_CHECK_FILES_H
#define MAGISTER_VIDEO_CHECK_FILES_H

#include "video/check.h"

#include <stdbool.h>
#include <stddef.h>

enum { CHECK_WORKERS_MOST = 256 };

typedef struct {
    const char *const *paths; /* (count), borrowed */
    size_t count;
    int workers;    /* 1 .. CHECK_WORKERS_MOST */
    double timeout; /* seconds a file; <= 0: any */
    double grace;   /* seconds beyond, after which a worker is killed */
    status (*check)(const char *path, double timeout, video_verdict *out); /* video_check, or a test's */
    void (*tell)(void *self, size_t done, size_t of);                      /* after each file; NULL: not */
    bool (*stopped)(void *self);                                           /* asked several times a second; NULL: no */
    void *self;
} files_checking;

/* `out` (count): a verdict each. Errors: ERR_RETRY when it was stopped, with `*done` verdicts that count for nothing;
 * what `check` returned; ERR_MEMORY where not one process can be had. No worker is left in any case. */
status video_check_files(const files_checking *want, video_verdict *out, size_t *done);

#endif
