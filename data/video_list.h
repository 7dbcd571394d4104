/* video_list - files named by a list, with the gloss (word, class) that each shows.
 *
 * What a list is, its content tells:
 *   [{"gloss": ..., "instances": [{"video_id": ...}, ...]}, ...]        WLASL_v0.3.json
 *   {"VIDEO_ID": {"action": [CLASS, ...], ...}, ...}                    nslt_100.json; glosses are those of
 *                                                                       wlasl_class_list.txt beside it, where it is
 *   [{"video_path": ..., "gloss": ...}, ...]                            validated.json, and what training scripts read
 *   a CSV whose header has video_path, and may have gloss
 *   a path a line
 *
 * Ids are looked up in a folder of videos (data/videos.h); one that is not there is listed as <folder>/<id>.mp4, so
 * that whoever opens it finds that it is missing. Paths are taken below that folder where one is given.
 */
#ifndef MAGISTER_DATA_VIDEO_LIST_H
#define MAGISTER_DATA_VIDEO_LIST_H

#include "base/status.h"

#include <stddef.h>

typedef struct {
    char *path, *gloss; /* owned; gloss NULL: not known */
} listed_video;

typedef struct {
    listed_video *at; /* (count), in the order of the list */
    size_t count, room;
} video_list;

/* `folder` of the videos: NULL without. Errors: ERR_MISSING; ERR_INPUT (neither of these forms, an id that leads out of
 * the folder, nothing in it); ERR_USAGE (ids, and no folder); ERR_IO; ERR_MEMORY. */
status video_list_read(const char *path, const char *folder, video_list *out);

/* Takes over neither string; gloss may be NULL. Errors: ERR_MEMORY. */
status video_list_add(video_list *list, const char *path, const char *gloss);

void video_list_free(video_list *list);

#endif
