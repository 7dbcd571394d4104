/* staging - a stage in progress: what its loop (stage.c), the ranks' meetings (meeting.c) and what is saved (saving.c)
 * share. Private to this room.
 */
#ifndef MAGISTER_STREAM_STAGING_H
#define MAGISTER_STREAM_STAGING_H

#include "comm/comm.h"
#include "stream/dealing.h"
#include "stream/feed.h"
#include "stream/recipe.h"
#include "stream/stage.h"
#include "stream/watched.h"
#include "trainer/curve.h"
#include "trainer/events.h"
#include "trainer/gradients.h"
#include "trainer/progress.h"

/* Errors of each layer's inputs that were predicted: 1 - similarity, or distance. */
typedef struct {
    double error[STREAM_LAYERS_MOST]; /* sums */
    double count[STREAM_LAYERS_MOST]; /* of these inputs; whole numbers */
} error_sums;

/* What was wrong with videos; each counts for the first of these that holds. */
typedef enum {
    BROKEN_UNREADABLE, /* not opened, or not a frame of it decoded */
    BROKEN_STALLED,
    BROKEN_OFF,      /* it ends before its end */
    BROKEN_REPLACED, /* some frames were not decoded and are their neighbours */
    BROKEN_DROPPED,  /* live input that found no room */
    BROKEN_CHANGES,  /* jumps in time, changes of size */
    BROKEN_KINDS
} broken_kind;

/* The last evaluation on held-out videos. */
typedef struct {
    int64_t epochs; /* that were over */
    int64_t frames; /* of all ranks, that had been learned from; -1: there was none yet */
    int64_t videos;
    double least;                      /* error of layer 0, of any evaluation so far; NAN: none */
    double errors[STREAM_LAYERS_MOST]; /* means over the layer's inputs; NAN where there was none */
} evaluation_result;

typedef struct {
    comm *c;
    const recipe *r;
    char *directory;
    char recipe_hash[33];
    stream_options o;
    frame_stream_options input;
    video_list videos, held_out;
    size_t streams, turn;
    int64_t average_every, save_every, most; /* most: frames of all ranks; 0: no limit */
    bool sums_gradients;

    learner *learner;
    feed *feed;
    watched *watched;
    dealing dealing;
    stream_frames *frames; /* (streams) of the turn */
    gradients *gradients;  /* sums_gradients */
    float *bucket;         /* averaging: all parameters; the communicator's; NULL before */

    size_t begun;  /* videos of this rank's hand, since the last meeting */
    int64_t since; /* frames of each stream since the last meeting */
    int64_t total, saved,
        tried; /* frames of all ranks: at the last meeting; at the last checkpoint, and the last try */
    int64_t ended, ended_frames;  /* videos of this rank that have ended, and their frames */
    int64_t broken[BROKEN_KINDS]; /* of these, those with something wrong */
    int64_t stalls;               /* times that live input was late, of videos that have ended */
    double all_ended, all_frames; /* of all ranks, at the last meeting */
    error_sums errors;            /* of this rank since the last meeting */
    evaluation_result evaluated;  /* the same on all ranks */
    bool over;                    /* all has been watched, or as much as was asked for */

    curve *curve;    /* rank 0's */
    events *scalars; /* rank 0's, for TensorBoard */
    progress progress;
    double watching_s, waiting_s, meeting_s; /* this rank's: learner and frames; idle at meetings; exchange there */
    int64_t frames_before, events_before;    /* of this rank, before this process */
} stage;

typedef enum { MEET_GOES_ON, MEET_STOPS } meeting_end;

/* All ranks come together. With MEET_STOPS nothing was exchanged: everybody saves and leaves. Collective. */
status stage_meet(stage *s, meeting_end *out);

/* Saves a checkpoint at `s->total` frames, of which no line and no video waits to be written. Collective. */
status stage_save(stage *s);

/* The same, but a disk that has no room is told and watching goes on from there: the checkpoint before stays. */
status stage_save_if_room(stage *s);

/* Goes on from the newest checkpoint, or begins where there is none, with stream.init; opens what events are written
 * to. Collective. */
status stage_resume(stage *s);

/* Watches the held-out videos without learning, where there are any and an epoch has ended since the last time or,
 * `last`, everything has; no stream has a video then. What is written of them in eval/ is written anew each time.
 * `*stopped`: a stop was asked for meanwhile; the evaluation is still to come, and the learner as it was. Collective.
 */
status stage_evaluate(stage *s, bool last, bool *stopped);

/* What rank 0 writes down (telling.c): opens it; a meeting's errors (STREAM_LAYERS_MOST means, NAN where none); an
 * evaluation. A disk that is full is no failure: what goes into the curve waits. */
status stage_tell_begin(stage *s);
status stage_tell_meeting(stage *s, const double *errors, int64_t frames);
status stage_tell_evaluation(stage *s);

/* model.safetensors and stats.json. Collective. */
status stage_finish(stage *s);

/* Whether stats.json and the model are there already. Collective. */
status stage_is_finished(stage *s, bool *out);

/* What a video's JSON file is called. out: (size) */
void stage_video_name(const video_list *videos, size_t which, char *out, size_t size);

/* Whether all errors of a video are written down: of a few, or of all with stream.errors. */
bool stage_errors_are_kept(const stage *s, const video_list *videos, size_t which);

/* How what this rank watches is written down in `directory`, which is borrowed. */
watched_options stage_watched_options(const stage *s, const char *directory);

/* Notes a predicted input. */
void errors_note(error_sums *sums, const stream_input *input);

/* What was wrong with a video, in words, and its kind; false: nothing. */
bool stage_complaint(const feed_end *end, broken_kind *kind, char *out, size_t size);
const char *broken_kind_name(broken_kind kind); /* "unreadable" ... */

#endif
