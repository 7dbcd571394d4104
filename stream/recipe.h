/* recipe - what a recipe says about a streaming learner, its input and its ranks. */
#ifndef MAGISTER_STREAM_RECIPE_H
#define MAGISTER_STREAM_RECIPE_H

#include "conf/recipe.h"
#include "data/video_list.h"
#include "stream/options.h"
#include "video/frame_stream.h"

/* `ranks` > 1: steps and growth are decided together. Errors: ERR_CONFIG (stream_rules.h). */
status stream_recipe_learner(const recipe *r, int ranks, stream_options *out);

/* How pictures come; strings are borrowed from the recipe, which was checked as above. */
void stream_recipe_input(const recipe *r, frame_stream_options *out);

/* The videos that are learned from and those that are held out (data.eval; none without). Each is a video, a folder of
 * them, a list (video_list.h; paths in it are taken below data.videos where that is given), or annotations
 * (events/truth.h), which name videos of data.videos; data.train may be "-". A recipe that generates learns from all of
 * data.videos. What is held out is not learned from. stream.share of the rest, drawn by data.split_seed.
 * Errors: ERR_MISSING, ERR_INPUT name the path, or all files of data.eval that are not there; ERR_MEMORY. */
status stream_recipe_videos(const recipe *r, video_list *out, video_list *held_out);

#endif
