/* known - a trained model of clips in use: what it says of a video. */
#ifndef MAGISTER_STUDENT_KNOWN_H
#define MAGISTER_STUDENT_KNOWN_H

#include "student/model_card.h"
#include "student/student_model.h"
#include "video/clip_reading.h"

typedef struct known known;

/* Opens a model.safetensors; t_start comes before. Errors: ERR_MISSING; those of
 * known_model_read; ERR_INPUT for settings that are no model's, or not that of the file's tensors, before memory is
 * taken for one. The caller frees it. */
status known_open(const char *path, known **out);
void known_close(known **k);

const known_model *known_card(const known *k); /* borrowed */
size_t known_frames(const known *k);           /* T */
int known_side(const known *k);                /* pixels of what it sees */
bool known_has_attention(const known *k);

/* What it says of one video. All borrowed until the next call. */
typedef struct {
    const float *probabilities; /* (class_count) the mean of its views */
    const float *attention;     /* (T) of the first view; NULL for a model without */
    const uint8_t *pictures;    /* (T, side, side, 3) the first view */
    const int64_t *frames;      /* (T) numbers of the frames */
    video_account account;
} known_answer;

/* Errors: those of video_clip_read. */
status known_ask(known *k, video *v, known_answer *out);

#endif
