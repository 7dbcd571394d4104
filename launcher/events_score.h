/* events_score - what `magister events score` does: predictions and baselines against a ground truth, told as a table
 * or as JSON (docs/formats.md, "Scores of events"). */
#ifndef MAGISTER_LAUNCHER_EVENTS_SCORE_H
#define MAGISTER_LAUNCHER_EVENTS_SCORE_H

#include "events/scores.h"
#include "events/truth.h"

typedef struct {
    score_options scores;
    const char *truth;  /* path */
    double fps;         /* of the truth's frame numbers; 0: not known */
    double merge;       /* seconds between equal segments that become one; NAN: none do */
    size_t draws;       /* of random boundaries; 0: no baselines */
    uint64_t seed;      /* of these */
    const char *signal; /* path, for a baseline by its peaks; NULL: none */
    double apart;       /* least seconds between such peaks */
    bool json;
} score_request;

/* paths: (count), as events_input_read takes them. Prints to stdout. Errors: those of its inputs; ERR_INPUT when no
 * video has both predictions and ground truth. */
status events_score(char *const *paths, size_t count, const score_request *request);

/* The same of what has been read already, as the object that is printed with `json`: into `*out`, the caller's. Of the
 * request scores, truth (to be named), merge (to be told), draws, seed, signal and apart count. */
status events_scores(const hierarchy_list *predictions, const truth_list *truth, const score_request *request,
                     json_t **out);

#endif
