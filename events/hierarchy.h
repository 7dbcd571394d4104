/* hierarchy - the events of one video, in layers: layer 0 has the shortest, each layer above joins those below.
 *
 * Events of a layer are sorted and do not overlap; they are not empty and have finite times within the video. This is
 * checked whenever one is added, so what is held here can be trusted whatever file it came from. Times are seconds.
 */
#ifndef MAGISTER_EVENTS_HIERARCHY_H
#define MAGISTER_EVENTS_HIERARCHY_H

#include "base/arena.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EVENT_LAYERS_MAX = 64, EVENTS_MAX = 1 << 24 }; /* of a video; events of all its layers together */
#define EVENT_SECONDS_MAX 1e9                         /* latest time: 31 years */

typedef struct {
    double start, end;     /* seconds, start < end */
    double error;          /* prediction error at the boundary that ended it; NAN: not known */
    const char *label;     /* what it is; NULL: not known */
    const char *embedding; /* uid of its record in a store; NULL: there is none */
} event;

/* Events of a layer, or the segments of a ground truth, which may overlap. Text is borrowed from the list's owner. */
typedef struct {
    event *at; /* (count) */
    size_t count, room;
} event_list;

/* Errors: ERR_MEMORY. */
status event_list_add(event_list *list, const event *e);
void event_list_free(event_list *list);

/* Sorts by (start, end). */
void event_list_sort(event_list *list);

/* Neighbours with the same label, at most `gap` seconds apart (INFINITY: however far), become one event with the error
 * and embedding of the last. Events without a label are left alone. */
void event_list_merge(event_list *list, double gap);

typedef struct {
    char *file;         /* as it was given: a path, or a name; UTF-8 */
    double duration;    /* seconds; NAN while it is not known */
    bool ended;         /* read from lines: the last of them tells its end */
    double overrun;     /* seconds that events of a file ran past the duration stated there; 0: they did not */
    event_list *layers; /* (layer_count) layer 0 first */
    size_t layer_count;
    arena *strings;     /* of labels and embeddings */
    const char *source; /* borrowed: what messages name in place of the file, while one is read; NULL: the file */
} hierarchy;

/* `duration` may be NAN. Layers may be 0. The caller frees it. Errors: ERR_INPUT (file is no UTF-8, duration negative
 * or infinite, too many layers), ERR_MEMORY. */
status hierarchy_new(const char *file, double duration, size_t layers, hierarchy *out);
void hierarchy_free(hierarchy *h);

/* Adds an event at the end of a layer, one above those that are there too; its text is copied. Errors: ERR_INPUT names
 * file, layer and number of an event that is not finite, empty, reversed, before 0, before the end of the last one or
 * past the video's end; ERR_MEMORY. The hierarchy is unchanged then. */
status hierarchy_add(hierarchy *h, size_t layer, const event *e);

/* Gives it a duration, once it is known. Errors: ERR_INPUT names an event that ends later. */
status hierarchy_set_duration(hierarchy *h, double duration);

typedef enum {
    CLOSE_AT_END,    /* the last event of every layer ends with the video */
    CLOSE_PUBLISHED, /* as the published logs have it: layers above 0 end at layer 0's last boundary, and what follows
                      * that boundary is in no event */
} event_closing;

/* What follows a layer's last boundary becomes its last event, without an error; the duration must be known. A layer
 * that ends there already gets none. Errors: ERR_MEMORY, ERR_INTERNAL. */
status hierarchy_close(hierarchy *h, event_closing how);

/* The end of a layer's last event, where the next one begins; 0 without events, and for a layer that is not there. */
double hierarchy_layer_end(const hierarchy *h, size_t layer);

/* The latest end of any event; 0 without events. */
double hierarchy_end(const hierarchy *h);

/* A video's name without folders and without the ending of a video file (.mp4, .MKV ...), by which predictions and
 * ground truth find each other: borrowed from `file`, `*length` bytes. */
const char *video_base_name(const char *file, size_t *length);

/* "VIDEO#LAYER#EVENT", what an event is called in a store, VIDEO being the file's base name: new, NULL without memory.
 */
char *event_uid(const char *file, size_t layer, size_t number);

/* Hierarchies of several videos. */
typedef struct {
    hierarchy *at; /* (count) */
    size_t count, room;
} hierarchy_list;

/* Takes over `h`, which is empty afterwards, also on failure. Errors: ERR_MEMORY. */
status hierarchy_list_add(hierarchy_list *list, hierarchy *h);
void hierarchy_list_free(hierarchy_list *list);

#endif
