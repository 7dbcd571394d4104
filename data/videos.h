/* videos - the videos of a folder (data.videos), by the names that annotations give them: files, and folders of
 * numbered pictures (base/picture_folder.h). */
#ifndef MAGISTER_DATA_VIDEOS_H
#define MAGISTER_DATA_VIDEOS_H

#include "base/status.h"

#include <stdbool.h>

/* New path <folder>/<video>.<ending> with the first of the endings mp4, mkv, mov, avi, webm that is there, or
 * <folder>/<video> where that holds pictures; the caller frees it. Errors: ERR_MISSING naming folder, video and
 * endings; ERR_INPUT for a name that leads out of the folder; ERR_MEMORY. */
status videos_find(const char *folder, const char *video, char **out);

/* Whether a file's name has one of these endings behind something. */
bool videos_ending_is_known(const char *name);

#endif
