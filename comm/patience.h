/* patience - waiting for other processes: first by giving the core away, then in growing naps, up to a deadline.
 *
 * A nap is a small part of what was waited already, so that it adds little to short waits and costs no core in long
 * ones.
 */
#ifndef MAGISTER_COMM_PATIENCE_H
#define MAGISTER_COMM_PATIENCE_H

#include <stdbool.h>

typedef struct {
    double start, limit;
} patience; /* seconds */

patience patience_start(double limit);

/* Waits a little; false when the limit has passed. */
bool patience_wait(const patience *p);

#endif
