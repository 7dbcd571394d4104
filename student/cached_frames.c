#include "student/cached_frames.h"

#include "base/log.h"

#include <math.h>
#include <string.h>

void cached_frames_warn(const frame_cache *c, double seconds, const char *key)
{
    double apart = c ? frame_cache_spacing(c) : 0;
    if (apart <= seconds * (1 + 1e-6)) return;
    log_warn("video.cache: its frames are %.4g s apart, and %s asks for one every %.4g s: a frame stands for several "
             "moments (magister video cache ... --fps %g would hold them all)",
             apart, key, seconds, ceil(1 / seconds - 1e-6));
}

/* How often the student looks: what a segment to be recognised asks for depends on its length. */
static void warn_of_student(const recipe *r, const frame_options *o, const frame_cache *c)
{
    bool anticipates = !strcmp(recipe_text(r, "student.task"), "anticipate");
    double looks = recipe_real(r, "student.fps") * (double)recipe_int(r, "student.subclip");
    if (anticipates) cached_frames_warn(c, 1 / looks, "student.fps");
    if (o->stack > 1) cached_frames_warn(c, o->stack_seconds, "student.cnn.stack_seconds");
}

static void tell_source(const char *path, const frame_options *o, const frame_cache *c)
{
    char command[640];
    cache_form_command(frame_cache_made_as(c), o->folder, path, false, command, sizeof command);
    log_info("student: frames are taken from %s, which is made by: %s", path, command);
}

/* Sampling is the cache's own affair. */
static status check_format(const char *path, const frame_options *o, const frame_cache *c)
{
    cache_form want = *frame_cache_made_as(c);
    const picture_format has = want.format;
    char command[640];
    want.format = frame_options_format(o);
    if (has.width == want.format.width && has.height == want.format.height && has.fit == want.format.fit) return OK;
    cache_form_command(&want, o->folder, "ANOTHER", false, command, sizeof command);
    return FAIL(
        ERR_CONFIG,
        "%s: holds pictures of %d x %d (%s), and video.size asks for %d x %d (crop): change video.size, or make "
        "another cache: %s",
        path, has.width, has.height, has.fit == FIT_CROP ? "crop" : "stretch", want.format.width, want.format.height,
        command);
}

status cached_frames_open(const recipe *r, const frame_options *options, frame_cache **out, char hash[HASH_TEXT])
{
    status st = OK;
    frame_cache *c = NULL;
    const char *path = recipe_text(r, "video.cache");
    hash[0] = '\0';
    *out = NULL;
    if (!path) goto done;
    TRY(frame_cache_open(path, NULL, options->folder, options->frame_rate, &c));
    TRY(check_format(path, options, c));
    TRY(frame_cache_hash(c, hash));
    tell_source(path, options, c);
    warn_of_student(r, options, c);
    *out = c;
    c = NULL;
done:
    frame_cache_close(&c);
    return st;
}
