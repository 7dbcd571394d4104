/* What the files of events share: numbers, text, colours. */
#include "events/event_files.h"

#include "base/hash.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

void number_text(double value, char out[NUMBER_TEXT])
{
    if (!isfinite(value)) {
        snprintf(out, NUMBER_TEXT, "null");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, NUMBER_TEXT, "%.*g", digits, value);
        if (strtod(out, NULL) == value) return;
    }
}

status json_text_write(FILE *to, const char *what, const char *text)
{
    status st = OK;
    json_t *value = json_string(text);
    char *quoted = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    if (!value) TRY(FAIL(ERR_INPUT, "%s is not UTF-8: %.200s", what, text));
    if (!quoted || fputs(quoted, to) < 0) TRY(FAIL(ERR_MEMORY, "no memory for %s", what));
done:
    json_decref(value);
    free(quoted);
    return st;
}

void event_colour(uint64_t seed, size_t layer, size_t number, unsigned char rgb[3])
{
    uint64_t bits = hash_mix(hash_mix(seed, layer), number);
    for (int i = 0; i < 3; i++) rgb[i] = (unsigned char)(48 + (bits >> 16 * i) % 192);
}

status memory_file_close(FILE **file, const char *path)
{
    bool failed = ferror(*file) != 0;
    failed = fclose(*file) || failed;
    *file = NULL;
    return failed ? FAIL(ERR_MEMORY, "%s: no memory to write it", path) : OK;
}
