/* instances - sets of single clips with a class each: signs of WLASL, or a folder a class.
 *
 * Two forms, named by data.format:
 *
 *   wlasl    data.train is a file:
 *            WLASL_v0.3.json, a list of {gloss, instances: [...]};
 *            nslt_N.json, an object of {VIDEO: {subset, action: [class, first frame, last frame]}}, whose glosses
 *            stand in data.actions, or else in wlasl_class_list.txt beside it (a line: id, tab, gloss);
 *            a list of {video_path, gloss}, or a CSV with these columns: without splits.
 *            Videos are data.videos/<video_id>.mp4 (or another ending).
 *
 *   folder   data.train is a folder with a folder a class, in folders named as data.splits, or without those.
 *
 * Classes are numbered 0, 1, 2 ... in the order of the file (of a class list: of its ids; of folders: of their names'
 * bytes), counting only those that data.glosses and data.glossary leave, of these the first data.max_classes.
 *
 * Names come from strangers: they are UTF-8 without control characters, and a video's name stays inside data.videos.
 * Messages name the file and the entry in it.
 */
#ifndef MAGISTER_DATA_INSTANCES_H
#define MAGISTER_DATA_INSTANCES_H

#include "base/arena.h"
#include "conf/recipe.h"
#include "data/annotations.h"

#include <jansson.h>

/* A clip: what a student of single clips needs to know. Frames are counted from 0 at `fps` frames a second, which is
 * WLASL's own clock and need not be that of the video's file; with frame f begins second f / fps. */
typedef struct instance {
    const char *uid;    /* WLASL's video_id; of a folder the same as `video` */
    const char *video;  /* name below the folder of videos, without the ending */
    const char *path;   /* its file; NULL where data.videos is not given */
    const char *gloss;  /* name of its class */
    const char *signer; /* "" when not known */
    const char *split;  /* as the file says: "train"; "" when it does not */
    int64_t class_id;
    double fps;
    int64_t first_frame, last_frame; /* what is to be seen; both belong to it. last_frame -1: to the end of the video */
    bool boxed;
    int64_t box[4]; /* left, top, right, bottom of the signer in pixels of the video, where `boxed`; else zeros */
} instance;

typedef struct {
    arena *strings; /* owns all strings below, those of the classes too */
    instance *at;   /* (count) in the order of the file */
    size_t count;
    class_list classes;  /* without verbs and nouns */
    size_t glossary;     /* words of data.glossary; 0 without one */
    size_t glossary_met; /* of these that are a class */
} instance_list;

/* Whether data.format names a form of this header. */
bool instances_are_meant(const recipe *r);

/* The folder that videos lie in: data.videos, or for the form folder data.train; NULL when not given. Borrowed. */
const char *instances_videos(const recipe *r);

/* Reads data.train; no video is looked for (`path` stays NULL). data.use_range false: all of each video; data.use_box
 * false: no boxes. Errors: ERR_MISSING; ERR_CONFIG (a word of data.glosses that is no gloss; data.format); ERR_INPUT
 * (malformed; a uid or gloss twice; a range that ends before it starts; no class or no clip left); ERR_MEMORY. */
status instances_read(const recipe *r, instance_list *out);
void instances_free(instance_list *list);

/* ---- inside this room -------------------------------------------------------------------------------------------- */

/* Which classes are wanted. */
typedef struct class_filter class_filter;

status class_filter_new(const recipe *r, class_filter **out);
void class_filter_free(class_filter **f);

/* Class id of a gloss, in the order of asking; -1 for one that is not wanted. `name` comes from list->strings. Errors:
 * ERR_MEMORY. */
status class_filter_add(class_filter *f, instance_list *list, const char *name, int64_t *id);

/* After the last gloss. Errors: ERR_CONFIG naming what of data.glosses was not met. */
status class_filter_end(class_filter *f, instance_list *list);

status instances_read_wlasl(const recipe *r, const char *path, class_filter *f, instance_list *out);

/* A list of {video_path, gloss}: `root`, or where that is NULL the CSV at `path`. */
status instances_read_records(const recipe *r, const char *path, const json_t *root, class_filter *f,
                              instance_list *out);

status instances_read_folder(const recipe *r, const char *path, class_filter *f, instance_list *out);

/* A copy of a name from outside, in list->strings. `where` begins the message. Errors: ERR_INPUT (empty, control
 * characters, too long), ERR_MEMORY. */
status instance_name(instance_list *list, const char *where, const char *what, const char *text, const char **out);

/* Room for one more at the end, zeroed. Errors: ERR_MEMORY. */
status instance_add(instance_list *list, size_t *room, instance **out);

#endif
