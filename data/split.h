/* split - deals a set of single clips out to train, val and test by gloss, and writes it in a form that is read again.
 *
 * How: stratify.h, keyed by (seed, uid). OUT/clips.json is of WLASL_v0.3.json's form (data.format wlasl); ranges, boxes
 * and signers of the source stay, its splits do not. The same source, seed and parts give the same bytes.
 */
#ifndef MAGISTER_DATA_SPLIT_H
#define MAGISTER_DATA_SPLIT_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *source; /* a folder with a folder of videos a class, or a list (instances.h) */
    const char *videos; /* folder that the paths of a list are below; NULL: they are relative already */
    const char *out;    /* folder; made where it is not there */
    uint64_t seed;
    double parts[3]; /* train, val, test; above 0, of any sum */
} split_order;

typedef struct {
    size_t clips[3], glosses;
    size_t scarce;          /* glosses with fewer than three clips, which not every part has */
    char scarce_names[200]; /* the first of them, for people */
} split_result;

/* Errors: those of instances_read; ERR_CONFIG (parts); ERR_CREATE where OUT/clips.json is there already; ERR_IO,
 * ERR_MEMORY. */
status split_make(const split_order *order, split_result *out);

#endif
