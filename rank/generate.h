/* generate - the stage generate where it makes videos: the kitchen world (data/kitchen.h) or
 * signs (data/signs.h), filmed by all ranks.
 *
 * Every rank draws and encodes its share of the videos; when all are there, rank 0 writes the annotations and the rest.
 * DIRECTORY/videos/film.txt says with which options, and by which version of the drawing, the videos are made. What an
 * interrupted start has left is kept, since a video is there only when it is whole, unless it was made with other
 * options or drawn by another version: then all are made anew.
 */
#ifndef MAGISTER_RANK_GENERATE_H
#define MAGISTER_RANK_GENERATE_H

#include "comm/comm.h"
#include "conf/recipe.h"

/* Makes `directory` and what belongs into it. Errors: ERR_RETRY when it was asked to stop (trainer_stop), ERR_CONFIG,
 * ERR_CREATE, ERR_IO, ERR_MEMORY. Collective. */
status generate_run(comm *c, const recipe *r, const char *directory);

/* `magister-rank generate DIR [key=value ...]`, which `magister generate` becomes: one rank, without a run directory.
 * Prints DIR when it is done. Returns the exit code. */
int generate_main(int argc, char **argv);

#endif
