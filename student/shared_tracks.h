/* shared_tracks - tracks that all ranks see: a CSV is read and parsed by rank 0, and its numbers lie in memory once a
 * node (comm_share). Of a folder every rank maps the files itself, whose pages the ranks of a node share anyway.
 */
#ifndef MAGISTER_STUDENT_SHARED_TRACKS_H
#define MAGISTER_STUDENT_SHARED_TRACKS_H

#include "comm/comm.h"
#include "data/tracks.h"

/* `*bytes` is what `*out` looks into, freed by the caller after it; NULL where it needs none. Errors: those of
 * tracks_open and comm_share. Collective. */
status shared_tracks_open(comm *c, const char *path, tracks **out, shared_bytes **bytes);

#endif
