/* html - text and pictures inside a page that needs nothing from outside. */
#ifndef MAGISTER_LAUNCHER_HTML_H
#define MAGISTER_LAUNCHER_HTML_H

#include <stddef.h>
#include <stdio.h>

/* Text with the characters HTML gives a meaning escaped; bytes that are not UTF-8 become U+FFFD. NULL writes nothing.
 */
void html_text(FILE *to, const char *text);

/* Bytes as "data:TYPE;base64,..."; `type` is "image/png" or "image/svg+xml". */
void html_data(FILE *to, const char *type, const void *bytes, size_t count);

/* Bytes of the UTF-8 character at `at`; 0 when they are none (overlong forms and surrogates are none). `at` ends in
 * NUL. */
size_t utf8_length(const char *at);

#endif
