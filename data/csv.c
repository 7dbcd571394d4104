#include "data/csv.h"

#include "base/file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Bytes of the UTF-8 character at `at` (RFC 3629: no overlong forms, no surrogates); 0 when there is none. */
static size_t character_bytes(const unsigned char *at, size_t left)
{
    unsigned char first = at[0];
    size_t bytes = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (!bytes || bytes > left) return 0;
    for (size_t i = 1; i < bytes; i++)
        if ((at[i] & 0xc0) != 0x80) return 0;
    if ((first == 0xe0 && at[1] < 0xa0) || (first == 0xed && at[1] > 0x9f)) return 0;
    if ((first == 0xf0 && at[1] < 0x90) || (first == 0xf4 && at[1] > 0x8f)) return 0;
    return bytes;
}

static bool is_control(unsigned char byte)
{
    return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
}

static status check_text(const char *path, const char *text, size_t count)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t line = 1;
    for (size_t i = 0; i < count;) {
        size_t step = character_bytes(bytes + i, count - i);
        if (!step)
            return FAIL(ERR_INPUT, "%s:%zu: not UTF-8 (byte 0x%02x); save the file as UTF-8", path, line, bytes[i]);
        if (is_control(bytes[i]))
            return FAIL(ERR_INPUT, "%s:%zu: control character 0x%02x: is this a text file?", path, line, bytes[i]);
        line += bytes[i] == '\n';
        i += step;
    }
    return OK;
}

static char guess_separator(const char *text)
{
    text += strspn(text, " \t\r\n");
    size_t first_line = strcspn(text, "\n");
    if (memchr(text, '|', first_line)) return '|';
    return memchr(text, '\t', first_line) ? '\t' : ',';
}

status csv_open(const char *path, char separator, csv *out)
{
    status st = OK;
    csv c = {.path = path, .next_line = 1};
    size_t count = 0;
    TRY(file_read(path, CSV_MOST_BYTES, &c.bytes, &count));
    TRY(check_text(path, c.bytes, count));
    c.at = c.bytes;
    c.end = c.bytes + count;
    if (count >= 3 && !memcmp(c.at, "\xef\xbb\xbf", 3)) c.at += 3;
    c.separator = separator == CSV_GUESS ? guess_separator(c.at) : separator;
    *out = c;
    c.bytes = NULL;
done:
    free(c.bytes);
    return st;
}

void csv_close(csv *c)
{
    if (!c) return;
    free(c->bytes);
    free(c->fields);
    *c = (csv){0};
}

static bool is_blank(const csv *c, char byte)
{
    return byte == ' ' || byte == '\r' || (byte == '\t' && c->separator != '\t');
}

static void skip_blanks(csv *c)
{
    while (c->at < c->end && is_blank(c, *c->at)) c->at++;
}

static status add_field(csv *c, char *field)
{
    if (c->count == CSV_MOST_FIELDS)
        return FAIL(ERR_INPUT, "%s:%zu: more than %d fields", c->path, c->line, CSV_MOST_FIELDS);
    if (c->count == c->room) {
        size_t room = c->room ? c->room * 2 : 16;
        char **larger = realloc(c->fields, room * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "%s:%zu: no memory for the row", c->path, c->line);
        c->fields = larger;
        c->room = room;
    }
    c->fields[c->count++] = field;
    return OK;
}

/* Takes the separator or line end at `at`; `*last` when it ends the row. The byte is overwritten by the field's NUL
 * only after it was read here. */
static status take_delimiter(csv *c, bool *last)
{
    *last = c->at == c->end || *c->at == '\n';
    if (!*last && *c->at != c->separator)
        return FAIL(ERR_INPUT, "%s:%zu: text after the closing quote of a field", c->path, c->next_line);
    if (c->at < c->end) {
        c->next_line += *c->at == '\n';
        c->at++;
    }
    return OK;
}

static status quoted_field(csv *c, bool *last)
{
    status st = OK;
    char *field = ++c->at, *to = field;
    for (;;) {
        if (c->at == c->end)
            TRY(FAIL(ERR_INPUT, "%s:%zu: a quoted field of this row is never closed", c->path, c->line));
        if (*c->at == '"' && *++c->at != '"') break; /* a NUL stands after the last byte */
        c->next_line += *c->at == '\n';
        *to++ = *c->at++;
    }
    skip_blanks(c);
    TRY(take_delimiter(c, last));
    *to = '\0';
    TRY(add_field(c, field));
done:
    return st;
}

static status plain_field(csv *c, bool *last)
{
    status st = OK;
    char *field = c->at;
    while (c->at < c->end && *c->at != c->separator && *c->at != '\n') {
        if (*c->at == '"' && c->separator == ',')
            TRY(FAIL(ERR_INPUT, "%s:%zu: quote inside a field that does not start with one", c->path, c->next_line));
        c->at++;
    }
    char *to = c->at;
    while (to > field && is_blank(c, to[-1])) to--;
    TRY(take_delimiter(c, last));
    *to = '\0';
    TRY(add_field(c, field));
done:
    return st;
}

static void skip_empty_lines(csv *c)
{
    for (char *look = c->at; look < c->end && (is_blank(c, *look) || *look == '\n'); look++) {
        if (*look != '\n') continue;
        c->next_line++;
        c->at = look + 1;
    }
}

status csv_next(csv *c, bool *more)
{
    status st = OK;
    c->count = 0;
    skip_empty_lines(c);
    c->line = c->next_line;
    skip_blanks(c);
    *more = c->at < c->end;
    for (bool last = !*more; !last;) {
        skip_blanks(c);
        bool quoted = c->separator == ',' && c->at < c->end && *c->at == '"';
        TRY(quoted ? quoted_field(c, &last) : plain_field(c, &last));
    }
done:
    return st;
}

size_t csv_column(const csv *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (!strcasecmp(c->fields[i], name)) return i;
    return SIZE_MAX;
}

status csv_text(const csv *c, size_t column, const char *what, const char **out)
{
    if (column >= c->count)
        return FAIL(ERR_INPUT, "%s:%zu: %s is missing; fields of the row: %zu", c->path, c->line, what, c->count);
    if (!c->fields[column][0]) return FAIL(ERR_INPUT, "%s:%zu: %s is empty", c->path, c->line, what);
    *out = c->fields[column];
    return OK;
}

status csv_int(const csv *c, size_t column, const char *what, int64_t least, int64_t most, int64_t *out)
{
    status st = OK;
    const char *text = NULL;
    char *end = NULL;
    TRY(csv_text(c, column, what, &text));
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (*end || errno) TRY(FAIL(ERR_INPUT, "%s:%zu: %s \"%.60s\" is not a whole number", c->path, c->line, what, text));
    if (value < least || value > most)
        TRY(FAIL(ERR_INPUT, "%s:%zu: %s %lld is out of bounds (%lld to %lld)", c->path, c->line, what, value,
                 (long long)least, (long long)most));
    *out = value;
done:
    return st;
}

status csv_real(const csv *c, size_t column, const char *what, double *out)
{
    status st = OK;
    const char *text = NULL;
    char *end = NULL;
    TRY(csv_text(c, column, what, &text));
    double value = strtod(text, &end);
    bool decimal = strspn(text, "0123456789+-.eE") == strlen(text); /* strtod also takes hexadecimal, inf and nan */
    if (*end || !decimal || !isfinite(value))
        TRY(FAIL(ERR_INPUT, "%s:%zu: %s \"%.60s\" is not a finite number", c->path, c->line, what, text));
    *out = value;
done:
    return st;
}

status csv_clock(const csv *c, size_t column, const char *what, double *out)
{
    status st = OK;
    const char *text = NULL;
    int hours = 0, minutes = 0, used = 0;
    double seconds = 0;
    TRY(csv_text(c, column, what, &text));
    bool good = strspn(text, "0123456789:.") == strlen(text) &&
                sscanf(text, "%4d:%2d:%lf%n", &hours, &minutes, &seconds, &used) == 3 && !text[used] && minutes < 60 &&
                seconds < 60;
    if (!good)
        TRY(FAIL(ERR_INPUT, "%s:%zu: %s \"%.60s\" is not a time like 00:01:26.74", c->path, c->line, what, text));
    *out = hours * 3600.0 + minutes * 60.0 + seconds;
done:
    return st;
}
