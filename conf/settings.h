/* settings - the part of a recipe that a trained model depends on, as text that its file carries.
 *
 * A "key=value" a line. It is read as a stranger's: only the keys that are named, only values that the option table
 * allows.
 */
#ifndef MAGISTER_CONF_SETTINGS_H
#define MAGISTER_CONF_SETTINGS_H

#include "conf/recipe.h"

/* keys: (count). `*out` is new text. Errors: ERR_MEMORY. */
status settings_write(const recipe *r, const char *const *keys, size_t count, char **out);

/* The settings as a recipe, in which every other key has its standard value; `path` is told in messages. Errors:
 * ERR_INPUT, ERR_MEMORY. The caller frees `*out`. */
status settings_read(const char *path, const char *text, const char *const *keys, size_t count, recipe **out);

/* What went wrong with settings (ERR_CONFIG) is the fault of the file that they are from: ERR_INPUT, with its name. Any
 * other status stays as it is. */
status settings_fault(const char *path, status st);

#endif
