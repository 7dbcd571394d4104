#include "distill/json_put.h"

#include <math.h>

status put_new(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value)
               ? FAIL(ERR_MEMORY, "cannot note %s: out of memory, or a name or text is not UTF-8", key)
               : OK;
}

status append_new(json_t *array, json_t *value)
{
    return json_array_append_new(array, value)
               ? FAIL(ERR_MEMORY, "cannot note number %zu of a list: out of memory, or a text is not UTF-8",
                      json_array_size(array) + 1)
               : OK;
}

json_t *real_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}
