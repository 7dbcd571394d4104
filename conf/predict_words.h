/* predict_words - the command line of `magister predict`, which the light program checks and magister-rank acts on. */
#ifndef MAGISTER_CONF_PREDICT_WORDS_H
#define MAGISTER_CONF_PREDICT_WORDS_H

#include "conf/command_line.h"

#include <stdbool.h>
#include <stdint.h>

/* Strings are borrowed from argv. */
typedef struct {
    const char *model; /* a file, or the directory of a step */
    words found;       /* owned */
    char **videos;     /* (video_count) borrowed from `found`; "-" is standard input */
    size_t video_count;
    int64_t top; /* classes told of each video */
    bool json;
    const char *attention; /* folder of pictures; NULL: none */
    int64_t threads;       /* 0: as many as there are CPUs */
    double timeout;        /* seconds for a video; 0: no limit */

    /* of a streaming learner */
    const char *events;            /* folder for files of events; NULL: none */
    const char *store;             /* STORE or STORE:NAME for what was made of events; NULL: none */
    bool live;                     /* input does not wait */
    double stall;                  /* seconds without input after which a pipe counts as ended; 0: never */
    int64_t raw_width, raw_height; /* of raw video; 0: files with a container */
    double raw_fps;
    char raw_pixels[32];
} predict_words;

/* argv[0] is the command ("magister predict"). Prints help and ends the program where it is asked to, and where options
 * are wrong (exit code 64). Errors: ERR_USAGE, ERR_MEMORY. The caller frees `*out`. */
status predict_words_read(int argc, char **argv, predict_words *out);
void predict_words_free(predict_words *w);

#endif
