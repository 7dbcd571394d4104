/* stream_rules - what keys of a streaming learner have to be together: the one place that says so, for `magister recipe
 * check`, for the ranks, and for the settings that a model carries.
 */
#ifndef MAGISTER_CONF_STREAM_RULES_H
#define MAGISTER_CONF_STREAM_RULES_H

#include "conf/recipe.h"

enum { STREAM_FAULTS_MOST = 16 };

typedef struct {
    const char *key, *other; /* that do not go together; other NULL: the key by itself */
    char text[320];
} stream_fault;

/* All that is wrong with `stream.*`, and with data.train and data.eval as its input, on `ranks` ranks; how many. */
size_t stream_faults(const recipe *r, int64_t ranks, stream_fault out[STREAM_FAULTS_MOST]);

/* The first of them as ERR_CONFIG. */
status stream_rules_check(const recipe *r, int64_t ranks);

#endif
