/* cached_frames - the frame cache (video/cache.h) that a recipe names in video.cache, for students that see frames.
 */
#ifndef MAGISTER_STUDENT_CACHED_FRAMES_H
#define MAGISTER_STUDENT_CACHED_FRAMES_H

#include "base/hash.h"
#include "conf/recipe.h"
#include "student/frames.h"
#include "video/cache.h"

/* Opens video.cache against data.videos and the size of pictures in `options`; warns when its frames lie further apart
 * than the student looks. `hash` tells it from any other. Without video.cache `*out` is NULL and `hash` "".
 * Errors: those of frame_cache_open; ERR_CONFIG when its pictures have another size or fit; all say what makes it
 * right. The caller closes it (frame_cache_close). */
status cached_frames_open(const recipe *r, const frame_options *options, frame_cache **out, char hash[HASH_TEXT]);

/* Warns when its frames lie further apart than `seconds`, which `key` of the recipe asks for. NULL is fine. */
void cached_frames_warn(const frame_cache *c, double seconds, const char *key);

#endif
