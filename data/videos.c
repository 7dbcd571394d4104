#include "data/videos.h"

#include "base/file.h"
#include "base/picture_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const ENDINGS[] = {"mp4", "mkv", "mov", "avi", "webm"};

status videos_find(const char *folder, const char *video, char **out)
{
    if (!video[0] || !path_stays_inside(video))
        return FAIL(ERR_INPUT, "\"%.80s\" is no name of a video: it leads out of %s", video, folder);
    for (size_t i = 0; i < sizeof ENDINGS / sizeof ENDINGS[0]; i++) {
        char *path = NULL;
        if (asprintf(&path, "%s/%s.%s", folder, video, ENDINGS[i]) < 0)
            return FAIL(ERR_MEMORY, "no memory for the path of video %.80s", video);
        if (file_exists(path)) {
            *out = path;
            return OK;
        }
        free(path);
    }
    *out = path_join(folder, video);
    if (!*out) return FAIL(ERR_MEMORY, "no memory for the path of video %.80s", video);
    if (picture_folder_is(*out)) return OK;
    free(*out);
    *out = NULL;
    return FAIL(ERR_MISSING, "%s has no video %.80s (.mp4, .mkv, .mov, .avi, .webm, or a folder of numbered pictures)",
                folder, video);
}

bool videos_ending_is_known(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && dot != name && i < sizeof ENDINGS / sizeof ENDINGS[0]; i++)
        if (!strcmp(dot + 1, ENDINGS[i])) return true;
    return false;
}
