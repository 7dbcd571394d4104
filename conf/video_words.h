/* video_words - the command line of `magister video`, which the light program checks and magister-rank acts on.
 */
#ifndef MAGISTER_CONF_VIDEO_WORDS_H
#define MAGISTER_CONF_VIDEO_WORDS_H

#include "conf/command_line.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum { VIDEO_PROBE, VIDEO_FRAMES, VIDEO_CACHE, VIDEO_CHECK } video_action;

/* Strings are borrowed from argv. What an action does not have is 0, NULL or false. */
typedef struct {
    video_action action;
    words files;     /* videos of probe and check; the one of frames; the folder of cache. Its list is owned */
    double timeout;  /* seconds; 0: no limit */
    const char *out; /* folder */
    bool json;       /* probe, check */
    double *times;   /* frames: (time_count) seconds; owned; NULL: `count` is given */
    size_t time_count;
    int64_t count;       /* frames spread evenly, of frames and cache; 0: not given */
    int64_t size;        /* pixels; 0: the video's own */
    double fps;          /* cache, unless it has a count */
    double frame_rate;   /* of folders of pictures; 0: not given. All but check */
    bool stretch;        /* cache: pictures are not cut but stretched */
    bool resume;         /* cache */
    int64_t threads;     /* cache, check; 0: as many as there are CPUs */
    const char *videos;  /* check: folder of what lists name; NULL: not given */
    bool strict;         /* check: bad files are a failure */
    const char *run;     /* cache: of the run whose features are to be made; NULL: frames of a folder */
    const char *student; /* cache: the one of the run's students; NULL: all */
} video_words;

/* argv[0] is the command ("magister video"), argv[1] the action. Prints help and ends the program where it is asked to,
 * and where options are wrong (exit code 64). Errors: ERR_USAGE, ERR_MEMORY. The caller frees `*out`. */
status video_words_read(int argc, char **argv, video_words *out);
void video_words_free(video_words *w);

#endif
