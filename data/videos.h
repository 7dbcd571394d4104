/* videos - the files of a folder of videos (data.videos), by the names that annotations give them. */
#ifndef MAGISTER_DATA_VIDEOS_H
#define MAGISTER_DATA_VIDEOS_H

#include "base/status.h"

#include <stdbool.h>

/* New path <folder>/<video>.<ending> with the first of the endings mp4, mkv, mov, avi, webm that is there; the caller
 * frees it. Errors: ERR_MISSING naming folder, video and endings; ERR_INPUT for a name that leads out of the folder;
 * ERR_MEMORY. */
status videos_find(const char *folder, const char *video, char **out);

/* Whether a file's name has one of these endings behind something. */
bool videos_ending_is_known(const char *name);

#endif
