/* video - `magister video`: what is in video files, single frames of them, and frame caches (video/cache.h). */
#ifndef MAGISTER_RANK_VIDEO_H
#define MAGISTER_RANK_VIDEO_H

/* `magister-rank video ACTION ...`, which `magister video ACTION ...` becomes (conf/video_words.h). Prints results to
 * stdout, progress and warnings to stderr. A making that is stopped (trainer_stop) ends with what is done kept; the
 * other actions are ended by signals. Returns the exit code. */
int video_main(int argc, char **argv);

#endif
