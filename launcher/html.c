#include "launcher/report.h"

#include <string.h>

/* Length of the UTF-8 character at `at`; 0 when the bytes are none (overlong forms and surrogates are none). */
static size_t character_length(const unsigned char *at)
{
    unsigned char b = at[0];
    if (b < 0x80) return 1;
    size_t length = b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : 2;
    if (b < 0xC2 || b > 0xF4) return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xC0) != 0x80) return 0;
    if ((b == 0xE0 && at[1] < 0xA0) || (b == 0xED && at[1] > 0x9F)) return 0;
    if ((b == 0xF0 && at[1] < 0x90) || (b == 0xF4 && at[1] > 0x8F)) return 0;
    return length;
}

void html_text(FILE *to, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        size_t length = character_length(at);
        if (*at == '&') fputs("&amp;", to);
        else if (*at == '<') fputs("&lt;", to);
        else if (*at == '>') fputs("&gt;", to);
        else if (*at == '"') fputs("&quot;", to);
        else if (*at == '\'') fputs("&#39;", to);
        else if (length == 0) fputs("\xEF\xBF\xBD", to);
        else if (length > 1 || *at >= 0x20 || *at == '\n' || *at == '\t') fwrite(at, 1, length, to);
        at += length ? length : 1;
    }
}
