/* transform_options - student.transform.* of a recipe, for video/transforms.h and video/clip_frames.h. */
#ifndef MAGISTER_STUDENT_TRANSFORM_OPTIONS_H
#define MAGISTER_STUDENT_TRANSFORM_OPTIONS_H

#include "conf/recipe.h"
#include "video/clip_frames.h"
#include "video/transforms.h"

/* Errors: ERR_CONFIG (transform_options_check); the recipe's own check has told most of them before. */
status transform_options_read(const recipe *r, transform_options *out);

short_clip transform_short_clips(const recipe *r);

#endif
