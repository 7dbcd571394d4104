/* missing - clips of a set whose videos are not there, or are none: which, why, and whether the rest is enough.
 *
 * WLASL's links die, and what a dead link gives is at times saved as a video. What is looked at here is cheap: whether
 * there is a file, whether it holds anything, and whether it begins as text does (pages of HTML, JSON). data.broken
 * adds what `magister video check` found by decoding.
 */
#ifndef MAGISTER_DATA_MISSING_H
#define MAGISTER_DATA_MISSING_H

#include "data/instances.h"

typedef struct {
    const instance *of;
    const char *reason; /* "there is no such file"; one line, borrowed from the set's strings */
} missing_clip;

typedef struct {
    missing_clip *at; /* (count) in the order of the set */
    size_t count;
    size_t wanted; /* clips that were looked for, those at hand included */
} missing_list;

/* Finds the files of those clips for which `wanted` (list->count) is not 0: fills their `path`, or puts them into
 * `out`. Without a folder of videos (instances_videos) nothing is looked for. Errors: ERR_MISSING with data.on_missing
 * error, and when none, or less than data.least, of the clips wanted is left; ERR_INPUT (data.broken); ERR_MEMORY. */
status missing_find(const recipe *r, instance_list *list, const unsigned char *wanted, missing_list *out);
void missing_free(missing_list *list);

/* Adds a clip of `set` that turned out to be unusable; `reason` is copied. Errors: ERR_MEMORY. */
status missing_add(missing_list *list, instance_list *set, const instance *of, const char *reason);

/* ERR_MISSING as in missing_find. */
status missing_check(const recipe *r, const missing_list *list);

/* Writes {version, wanted, missing, reasons: {REASON: count}, clips: [{uid, video, gloss, split, reason}]}. Errors:
 * those of file_write; ERR_MEMORY. */
status missing_write(const missing_list *list, const char *path);

/* A line for the log: counts by reason and the first few uids. Nothing when nothing is missing. `path`: where all are
 * named; NULL: not said. */
void missing_log(const missing_list *list, const char *path);

#endif
