#include "launcher/json_file.h"

#include "base/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BYTES_MAX = 1 << 20 };

status json_file_read(const char *path, json_t **out)
{
    status st = OK;
    char *bytes = NULL;
    size_t count;
    json_error_t error;
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) TRY(FAIL(ERR_INPUT, "%s: is no regular file", path));
    TRY(file_read(path, BYTES_MAX, &bytes, &count));
    json_t *object = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, &error);
    if (!object) TRY(FAIL(ERR_INPUT, "%s:%d: is no JSON: %s", path, error.line, error.text));
    if (!json_is_object(object)) {
        json_decref(object);
        TRY(FAIL(ERR_INPUT, "%s: is no JSON object", path));
    }
    *out = object;
done:
    free(bytes);
    return st;
}

status json_file_write(const char *path, json_t *object, bool to_disk)
{
    status st = OK;
    char *text = object ? json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    if (!text) TRY(FAIL(ERR_MEMORY, "%s: no memory to write it", path));
    TRY(to_disk ? file_write(path, text, strlen(text)) : file_put(path, text, strlen(text)));
done:
    json_decref(object);
    free(text);
    return st;
}

/* ---- fields ------------------------------------------------------------------------------------------------------ */

/* Control characters, those of two bytes in UTF-8 (U+0080 to U+009F) too. */
static bool is_control(const unsigned char *at, size_t left)
{
    return at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && left > 1 && at[1] >= 0x80 && at[1] <= 0x9f);
}

void text_copy_printable(char *out, size_t size, const char *text, size_t length, bool lines)
{
    bool whole = length < size;
    size_t kept = whole ? length : size - 4;
    while (!whole && kept && ((unsigned char)text[kept] & 0xc0) == 0x80) kept--; /* not inside a character */
    for (size_t i = 0; i < kept; i++) {
        bool control = is_control((const unsigned char *)text + i, kept - i);
        out[i] = control && !(lines && text[i] == '\n') ? '?' : text[i];
        if (control && (unsigned char)text[i] == 0xc2) out[++i] = '?';
    }
    snprintf(out + kept, size - kept, "%s", whole ? "" : "...");
}

void json_field_text(const json_t *object, const char *key, char *out, size_t size, bool lines)
{
    const json_t *value = json_object_get(object, key);
    out[0] = '\0';
    if (json_is_string(value))
        text_copy_printable(out, size, json_string_value(value), json_string_length(value), lines);
}

int64_t json_field_int(const json_t *object, const char *key, int64_t least, int64_t most, int64_t otherwise)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value)) return otherwise;
    json_int_t number = json_integer_value(value);
    return number < least || number > most ? otherwise : number;
}

double json_field_real(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

time_t json_field_time(const json_t *object, const char *key)
{
    struct tm day = {0};
    const char *text = json_string_value(json_object_get(object, key));
    const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &day) : NULL;
    time_t when = end && !*end ? timegm(&day) : 0;
    return when > 0 ? when : 0;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

json_t *json_text_of(const char *text)
{
    json_t *value = json_string(text); /* NULL for what is no UTF-8 */
    char *plain = value ? NULL : strdup(text);
    if (value || !plain) return value;
    for (char *at = plain; *at; at++)
        if ((unsigned char)*at >= 0x80) *at = '?';
    value = json_string(plain);
    free(plain);
    return value;
}

void time_write(char *out, size_t size, time_t when)
{
    struct tm day;
    out[0] = '\0';
    if (when > 0 && gmtime_r(&when, &day)) strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &day);
}

json_t *json_time_of(time_t when)
{
    char stamp[32];
    time_write(stamp, sizeof stamp, when);
    return stamp[0] ? json_string(stamp) : json_null();
}

json_t *json_real_of(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}
