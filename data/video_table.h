/* video_table - the videos of a data set and their files, by the names that segments give them. */
#ifndef MAGISTER_DATA_VIDEO_TABLE_H
#define MAGISTER_DATA_VIDEO_TABLE_H

#include "data/dataset.h"

typedef struct video_table video_table;

/* Finds a file for every video of the data set's segments; `d` is borrowed and must outlive it. Errors: ERR_MISSING
 * naming a uid, its video and the folder; ERR_INPUT for a name that leads out of it; ERR_MEMORY. */
status video_table_open(const char *folder, const dataset *d, video_table **out);
void video_table_close(video_table **f);

size_t video_table_find(const video_table *f, const char *name); /* its place; SIZE_MAX when it is not there */
size_t video_table_count(const video_table *f);
const char *video_table_name(const video_table *f, size_t i); /* in the order they were met; borrowed */
const char *video_table_path(const video_table *f, size_t i); /* borrowed */
double video_table_end(const video_table *f, size_t i);       /* of its last segment, seconds */

/* What is told of a video once, whoever reads it: whether this is the first time. */
typedef enum { VIDEO_IS_BROKEN, VIDEO_IS_RESIZED, VIDEO_REMARKS } video_remark;
bool video_table_tells(video_table *f, size_t i, video_remark what);

#endif
