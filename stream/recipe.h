/* recipe - what a recipe says about a streaming learner, its input and its ranks. */
#ifndef MAGISTER_STREAM_RECIPE_H
#define MAGISTER_STREAM_RECIPE_H

#include "conf/recipe.h"
#include "data/video_list.h"
#include "stream/options.h"
#include "video/frame_stream.h"

/* `ranks` > 1: steps and growth are decided together. Errors: ERR_CONFIG names the key. */
status stream_recipe_learner(const recipe *r, int ranks, stream_options *out);

/* How pictures come; strings are borrowed from the recipe. */
status stream_recipe_input(const recipe *r, frame_stream_options *out);

/* The videos of data.train: a file, "-", a folder of videos, or a list (video_list.h; paths in it are taken below
 * data.videos where that is given); of a recipe whose other stages make segments or learn from them, so that data.train
 * are annotations, those of data.videos. stream.share of them, drawn by
 * data.split_seed. Errors: ERR_MISSING, ERR_INPUT name the path; ERR_MEMORY. */
status stream_recipe_videos(const recipe *r, video_list *out);

#endif
