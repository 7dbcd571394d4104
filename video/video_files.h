/* video_files - the videos of a folder and the folders in it, by name.
 *
 * Videos are told by their endings: .mp4, .mkv, .mov, .avi, .webm, in any letter case. A folder of numbered pictures
 * (base/picture_folder.h) is a video too, and not looked into. What begins with a dot is passed over; links are
 * followed.
 */
#ifndef MAGISTER_VIDEO_VIDEO_FILES_H
#define MAGISTER_VIDEO_VIDEO_FILES_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    char *path;   /* with the folder in front */
    char *source; /* below the folder; borrowed from `path` */
    char *name;   /* the same without a file's ending */
    bool folder;  /* of numbered pictures */
} video_file;

typedef struct {
    video_file *at; /* (count), by rising name (strcmp) */
    size_t count, room;
} video_file_list;

/* Errors: ERR_MISSING (no such folder); ERR_INPUT (it is a folder of pictures itself, two videos of one name, or no
 * videos at all); ERR_IO; ERR_MEMORY. */
status video_files_read(const char *folder, video_file_list *out);

/* The same for who looks for what is wrong: several of one name, links that lead nowhere and what is no file are listed
 * too, by rising path. Errors: the same, but for names. */
status video_files_all(const char *folder, video_file_list *out);

void video_files_free(video_file_list *list);

/* NULL when there is none of that name. */
const video_file *video_files_find(const video_file_list *list, const char *name);

#endif
