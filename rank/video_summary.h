/* video_summary - what a check of videos has found, in a few lines or one JSON object. */
#ifndef MAGISTER_RANK_VIDEO_SUMMARY_H
#define MAGISTER_RANK_VIDEO_SUMMARY_H

#include "data/video_list.h"
#include "video/check.h"

#include <jansson.h>
#include <stdbool.h>

/* Prints to stdout: how many are good, how many have which kind of trouble, and which bad content lies there under many
 * names. `*bad`: how many are not good. `verdicts`: (list->count). Errors: ERR_MEMORY, ERR_IO. */
status video_summary_print(const video_list *list, const video_verdict *verdicts, double seconds, bool json,
                           size_t *bad);

/* New string value; bytes of text that is not UTF-8 become '?'. NULL when out of memory. */
json_t *text_to_json(const char *text);

#endif
