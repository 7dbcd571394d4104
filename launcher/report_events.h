/* report_events - the events of a video as a picture: a row of coloured events for each layer, the ground truth below
 * them where there is one, and for each layer the curve of its prediction errors with the threshold and the boundaries.
 */
#ifndef MAGISTER_LAUNCHER_REPORT_EVENTS_H
#define MAGISTER_LAUNCHER_REPORT_EVENTS_H

#include "events/errors.h"
#include "events/hierarchy.h"

#include <stdio.h>

typedef struct {
    const hierarchy *events;
    const event_list *truth;    /* NULL: none */
    const error_curves *errors; /* NULL: none */
    uint64_t seed; /* of the colours, as in the published JSON; equal labels of the truth have one colour */
} events_picture;

/* The picture in a page, and FOLDER/events-VIDEO.png unless `folder` is NULL; without cairo a line that says so. Curves
 * are thinned to the picture's width: the largest and smallest error of each piece stay. Errors: those of
 * picture_write.
 */
status events_picture_write(FILE *page, const char *folder, const events_picture *p);

/* The same as FOLDER/VIDEO.svg and FOLDER/VIDEO.png. Errors: ERR_MISSING without cairo; ERR_CREATE, ERR_IO, ERR_MEMORY.
 */
status events_picture_save(const char *folder, const events_picture *p);

#endif
