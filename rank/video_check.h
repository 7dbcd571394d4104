/* video_check - `magister video check`: which files of a folder or list are good videos, and what is wrong with the
 * others (video/check_files.h).
 *
 * validated.json and corrupted.json (docs/formats.md) are written when all files have their verdict; those of an
 * earlier check are removed before the first, and validated.json comes last. So validated.json is there only when both
 * are whole and of one check.
 */
#ifndef MAGISTER_RANK_VIDEO_CHECK_H
#define MAGISTER_RANK_VIDEO_CHECK_H

#include "conf/video_words.h"

/* Prints the summary to stdout, progress to stderr. Errors: ERR_INPUT with --strict where files are bad, and as reading
 * the list and writing files; ERR_RETRY when it was stopped (trainer_stop). */
status video_check_act(const video_words *w);

/* How many files may be decoded side by side: what was asked for, or as many as there are CPUs. */
int video_threads(const video_words *w);

#endif
