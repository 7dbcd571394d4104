/* picture_folder - a folder of numbered pictures that stands for a video: frame_0000000001.jpg, frame_0000000002.jpg
 * ...
 *
 * A picture's name is anything, a number, and .jpg, .jpeg, .png, .bmp or .webp in any letter case; what stands in front
 * of the number is the same for all. Frames go by these numbers: frame 0 is picture 0 where there is one, and picture 1
 * otherwise, and a number without a picture is a frame that is missing. Other names, and those that begin with a dot,
 * are passed over. A folder is read once, by its names alone: no picture is asked about.
 */
#ifndef MAGISTER_BASE_PICTURE_FOLDER_H
#define MAGISTER_BASE_PICTURE_FOLDER_H

#include "base/hash.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PICTURE_FRAMES_MOST = 1 << 21 };

typedef struct {
    int64_t number;
    char *name; /* borrowed from the folder */
} numbered_picture;

typedef struct {
    numbered_picture *at; /* (count), by rising number; owned, count > 0 */
    size_t count, room;
    char *names;    /* all of them, each ended by NUL; owned */
    int64_t first;  /* number of frame 0 */
    int64_t frames; /* up to the last number: as many as there are pictures, and those that are missing */
} picture_folder;

/* Frames a second that pictures are taken to have: `given`, or 30 where nobody says (<= 0). */
double picture_rate(double given);

/* Whether there is a folder `path` that is a video: it holds numbered pictures, and either many (64) or, beside them,
 * no file that is called as a video is. */
bool picture_folder_is(const char *path);

/* Whether a name ends as a video file's does: .mp4, .mkv, .mov, .avi or .webm in any letter case, behind something. */
bool video_file_name_is(const char *name);

/* Errors: ERR_MISSING (no such folder, no rights); ERR_INPUT (no numbered pictures in it, two with one number, pictures
 * of two kinds of names, more than PICTURE_FRAMES_MOST frames); ERR_IO; ERR_MEMORY. */
status picture_folder_read(const char *path, picture_folder *out);
void picture_folder_free(picture_folder *f);

/* Name of frame `frame`'s picture; NULL where there is none. Borrowed. */
const char *picture_folder_name(const picture_folder *f, int64_t frame);

/* The first number without a picture; -1 where none is missing. */
int64_t picture_folder_gap(const picture_folder *f);

/* What a video, a file or such a folder, is known by again: bytes (0 of a folder) and nanoseconds since 1970 of the
 * last change, of a folder that of its list of names. Errors: ERR_MISSING. */
status video_source_look(const char *path, int64_t *bytes, int64_t *mtime);

/* hash_file of a file; of a folder of pictures the hash of their names and sizes. Errors: those of hash_file and
 * picture_folder_read. */
status video_source_hash(const char *path, char out[HASH_TEXT]);

#endif
