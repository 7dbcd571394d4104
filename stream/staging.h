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
#include "trainer/gradients.h"
#include "trainer/progress.h"

/* What has been seen since the line of the curve before, or in all. */
typedef struct {
    double error;  /* sum over inputs of layer 0 that were predicted: 1 - similarity, or distance */
    int64_t count; /* of these */
} error_sum;

typedef struct {
    comm *c;
    const recipe *r;
    char *directory;
    char recipe_hash[33];
    stream_options o;
    frame_stream_options input;
    video_list videos;
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
    int64_t broken;               /* of these, those with something wrong */
    int64_t stalls;               /* times that live input was late, of videos that have ended */
    double all_ended, all_frames; /* of all ranks, at the last meeting */
    error_sum errors;             /* of this rank since the last meeting */
    bool over;                    /* all has been watched, or as much as was asked for */

    curve *curve; /* rank 0's */
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

/* model.safetensors and stats.json. Collective. */
status stage_finish(stage *s);

/* Whether stats.json and the model are there already. Collective. */
status stage_is_finished(stage *s, bool *out);

/* What a video's JSON file is called. out: (size) */
void stage_video_name(const stage *s, size_t which, char *out, size_t size);

#endif
