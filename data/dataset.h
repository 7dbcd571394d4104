/* dataset - the data of a recipe, split once and for all: what a model learns from, what choices are made on, and what
 * is scored.
 *
 * Teacher and student both open their data here, so they can never disagree about which segment lies in which split.
 * Read from the recipe: data.train, data.eval, data.format, data.actions, data.fps, data.development, data.eval_part
 * and data.split_seed. A split depends on names and that seed alone, never on the order of a file, the seed of training
 * or the number of ranks.
 *
 * Videos (a segment's group is its video):
 *   development = data.development of the training videos; train = the rest
 *   eval        = data.eval; where that is null, data.eval_part of the training videos, taken before development
 * Glosses (a segment's group is the gloss string of its sentence, so that a sentence signed twice never lies on both
 * sides of train and development):
 *   the same; and when data.eval is null, eval also takes data.eval_part of the recordings whose gloss string keeps
 *   another recording in train, so that new sentences and new recordings of seen sentences can be scored apart.
 *
 * Single clips (data.format wlasl or folder; a segment's `instance` says all about it, instances.h):
 *   each part has the clips of its name in data.splits; a part that no clip is in gets its share of train's, class by
 *   class (stratify.h): eval data.eval_part, then development data.development of the rest. Clips of other splits are
 *   left out, and so are those whose videos are not at hand: `missing` names them (missing.h). A clip that goes to the
 *   end of its video has end = start and instance->last_frame -1: how long that is only its file says.
 *
 * Lists are sorted by (sequence, start, place). A uid occurs once over all three. Errors: ERR_CONFIG when data.train is
 * not given; those of classes_read and segments_read, or instances_read and missing_find; ERR_INPUT when a uid lies in
 * data.train and in data.eval, or when a split would be empty.
 */
#ifndef MAGISTER_DATA_DATASET_H
#define MAGISTER_DATA_DATASET_H

#include "base/status.h"
#include "conf/recipe.h"
#include "data/annotations.h"
#include "data/missing.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    class_list classes;
    segment_list train, development, eval; /* disjoint; train is without development */
    const char **eval_group; /* (eval.count) "seen" when the sentence's gloss string occurs in train, else "new"; NULL
                                for videos and single clips */
    bool glosses;            /* actions without verb and noun */
    size_t unlabelled;       /* segments of the three lists without a class (action -1): words, or pairs of verb and
                                noun, that data.actions (or data.train, where the classes come from it) does not have */
    segment_list files[2];   /* what was read from data.train and data.eval; owns the strings of the lists above */
    instance_list instances; /* of sets of single clips, all that were read; owns the strings of the lists above */
    missing_list missing;    /* of these, those that should be in the lists and are not at hand */
} dataset;

/* The caller frees it. On failure `*out` is left untouched. */
status dataset_open(const recipe *r, dataset *out);

/* Files of the eval part. data.eval may name a folder of the same form as data.train's: then its annotations have the
 * file name of data.train, and its tracks that of data.tracks unless data.eval_tracks is given. New strings, freed by
 * the caller; NULL where there is no such file. Errors: ERR_MEMORY. */
status dataset_eval_annotations(const recipe *r, char **out);
status dataset_eval_tracks(const recipe *r, char **out);

/* Leaves in `list` (its order kept) the segments of a share (0 .. 1) of its sequences, at least one of them. Which ones
 * is told by a hash of (data.split_seed, sequence) alone: smaller shares lie inside larger ones, and seeds of training
 * and ranks agree. Errors: ERR_MEMORY. */
status dataset_share(const recipe *r, double share, segment_list *list);

/* For single clips, once their videos were looked at: `seconds` (instances.count) is how long each clip's video is, by
 * segment.place; what is not above 0 cannot be seen, for the reason in `reasons` (instances.count; entries may be NULL;
 * borrowed: they are copied). Segments that go to the end of their video, or beyond, get that end; those that cannot be
 * seen, or begin after it, move from the lists to `missing`. Errors: as when opened, where too few are left (`missing`
 * has all of them then, too); ERR_MEMORY. */
status dataset_fit_clips(const recipe *r, dataset *d, const double *seconds, const char *const *reasons);

/* Frees all of it and leaves it empty. An empty (zeroed) one is fine. */
void dataset_free(dataset *d);

#endif
