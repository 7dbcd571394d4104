/* predict_events - `magister predict` with a streaming learner: events of videos, as they end. */
#ifndef MAGISTER_RANK_PREDICT_EVENTS_H
#define MAGISTER_RANK_PREDICT_EVENTS_H

#include "conf/predict_words.h"

/* Watches all videos of `w` with the model at `path`. A video that cannot be read is told, and the others go on: then
 * ERR_INPUT at the end. Errors: those of segmenter_open; ERR_IO. */
status predict_events(const predict_words *w, const char *path);

#endif
