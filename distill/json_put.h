/* json_put - JSON values put where they belong, with a status. */
#ifndef MAGISTER_DISTILL_JSON_PUT_H
#define MAGISTER_DISTILL_JSON_PUT_H

#include "base/status.h"

#include <jansson.h>

/* Take over `value`, also when they fail; NULL (what jansson returns without memory, or for text that is not UTF-8) is
 * a failure. Errors: ERR_MEMORY names the key. */
status put_new(json_t *object, const char *key, json_t *value);
status append_new(json_t *array, json_t *value);

/* A new number; null for what is not finite. */
json_t *real_or_null(double value);

/* New text; null for NULL. */
json_t *text_or_null(const char *text);

#endif
