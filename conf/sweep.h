/* sweep - one recipe that stands for many: every combination of some values.
 *
 *   sweep:
 *     student.train.optimizer.lr: [1e-3, 3e-4]
 *     seed: [0, 1, 2]
 *
 * Keys are those of the option table, of variants too ("student.variants.plain.train.epochs"); each has a list of the
 * values it takes. The members are all combinations, in the file's order, the last key changing fastest: here 0 to 5. A
 * member is a recipe like any other: the keys replaced, no sweep in it, and a directory of its own below the sweep's,
 * `out`/NAME. All values were checked, and every member as a whole, when the recipe was read (recipe.h).
 *
 * NAME is made of the member's number and values, "03-lr_0.0003-seed_0": letters, digits and ._- only.
 */
#ifndef MAGISTER_CONF_SWEEP_H
#define MAGISTER_CONF_SWEEP_H

#include "conf/recipe.h"

#include <jansson.h>

enum { SWEEP_MEMBERS_MAX = 4096, SWEEP_KEYS_MAX = 32, SWEEP_NAME_MAX = 96, SWEEP_LABEL_MAX = 320 };

/* How many members the recipe stands for; 0 when it has no sweep. */
size_t sweep_count(const recipe *r);

/* The recipe of member `i`, from 0. Errors: ERR_USAGE when there is no such member; ERR_CONFIG when its directory's
 * name is too long; ERR_MEMORY. The caller frees it. */
status sweep_member(const recipe *r, size_t i, recipe **out);

/* The name of member `i`, which is also its directory's below that of the sweep (run_directory). `out`:
 * (SWEEP_NAME_MAX). */
void sweep_member_name(const recipe *r, size_t i, char *out);

/* The keys that are swept, in the file's order: in full, and as short as still tells them apart ("lr", "student.lr").
 * `out`: (SWEEP_LABEL_MAX). */
size_t sweep_key_count(const recipe *r);
const char *sweep_key(const recipe *r, size_t k);
void sweep_key_label(const recipe *r, size_t k, char *out);

/* The value that member `i` has of key `k`: on one line, as YAML; or as JSON, a new reference (NULL when out of
 * memory). */
void sweep_value_write(const recipe *r, size_t i, size_t k, FILE *to);
json_t *sweep_value_json(const recipe *r, size_t i, size_t k);

#endif
