/* stratify - deals clips out to train, development and eval class by class, so that each part has of every class.
 *
 * Of a class with n clips each part gets its share of n, rounded so that the sum is n (the largest remainders are
 * rounded up; equal ones in an order drawn for each class), and at least one where n is large enough for all parts.
 * Classes with fewer clips than parts serve train first, then eval, then development: of two clips one is learned from
 * and one scored on, a single one is learned from. Which clips is told by a hash of (seed, uid): the order of the list
 * means nothing.
 */
#ifndef MAGISTER_DATA_STRATIFY_H
#define MAGISTER_DATA_STRATIFY_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { PART_TRAIN, PART_DEVELOPMENT, PART_EVAL, PART_COUNT };

/* class_of, uids: (count), class_of >= 0; parts: shares of 0 or more, of which that of train is above 0; they are
 * divided by their sum; a share of 0 gets nothing. part_of (count) becomes one of PART_*. Errors: ERR_MEMORY. */
status stratify(const int64_t *class_of, const char *const *uids, size_t count, const double parts[PART_COUNT],
                uint64_t seed, unsigned char *part_of);

#endif
