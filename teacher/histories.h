/* histories - what a teacher reads: the actions before a segment, built from lists of segments.
 *
 * A query is one segment whose action is to be told from what came before it in its sequence (video or sentence). It
 * holds one history or several; each is a list of action classes, oldest first, at most `hist_len` long. Query i is
 * segment i of the query list, whatever the order of that list.
 *
 * Which segments are earlier. With `sort_segments` the order inside a sequence is (start, list, place in the file),
 * otherwise (list, place in the file). Of the segments before the query in that order `cutoff` keeps
 *   CUTOFF_ORDER      all
 *   CUTOFF_STARTED    those with start <= query start - tau_a
 *   CUTOFF_FINISHED   those with end   <= query start - tau_a
 * and the last `hist_len` of what is kept are the history. With `gappy` only segments of the query list count; without
 * it those of all lists that were given, so that a video whose segments are shared out among splits is seen complete.
 * Sentences without times count in places (segment.start), so use CUTOFF_ORDER for them.
 *
 * Nothing is dropped here: a segment that starts sooner than tau_a after its video is a query too (a student that needs
 * video before tau_a leaves it out itself, segment_is_observable). The first segment of a sequence has one *empty*
 * history: models read their start mark alone, baselines fall back to how often each action occurs.
 * A history may hold -1, a word the classes do not have; models read their mark for unknown words.
 */
#ifndef MAGISTER_TEACHER_HISTORIES_H
#define MAGISTER_TEACHER_HISTORIES_H

#include "base/status.h"
#include "conf/recipe.h"
#include "data/annotations.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { CUTOFF_ORDER, CUTOFF_STARTED, CUTOFF_FINISHED } history_cutoff;

typedef struct {
    size_t hist_len; /* at least 1 */
    history_cutoff cutoff;
    double tau_a; /* seconds; not used by CUTOFF_ORDER */
    bool gappy;   /* histories from the query list only */
    bool sort_segments;
    bool lengths; /* a query holds one history of each length 1 .. n, shortest first; otherwise the longest only */
} history_options;

/* Reads teacher.hist_len, history_cutoff, gappy_hist, sort_seg, histories and data.tau_a. */
status history_options_read(const recipe *r, history_options *out);

typedef struct {
    size_t query_count;   /* N: as many as the query list has segments */
    size_t history_count; /* H: at least one a query */
    size_t *query_first;  /* (N + 1) histories of query i: query_first[i] .. query_first[i + 1] - 1; the last is the
                             longest */
    size_t *query_of;     /* (H) the query a history belongs to */
    size_t
        *action_first; /* (H + 1) actions of history h: actions[action_first[h]] .. actions[action_first[h + 1] - 1] */
    int64_t *actions;  /* (action_first[H]) action classes, oldest first; -1 for unknown words */
} histories;

/* Builds the histories of every segment of lists[query_list] (list_count lists; the others are context, used only when
 * not gappy). The lists are left as they are. The same input gives the same arrays. The caller frees `*out`.
 * Errors: ERR_CONFIG (hist_len 0, tau_a not finite or negative), ERR_MEMORY. On failure `*out` is left untouched. */
status histories_build(const segment_list *const *lists, size_t list_count, size_t query_list,
                       const history_options *options, histories *out);
void histories_free(histories *h);

/* Actions of history h: (*length) classes, oldest first, borrowed. Length 0 is an empty history. */
const int64_t *history_at(const histories *h, size_t history, size_t *length);

/* The longest history of a query; as above. */
const int64_t *history_of_query(const histories *h, size_t query, size_t *length);

#endif
