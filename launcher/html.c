#include "launcher/html.h"

#include <stdint.h>

size_t utf8_length(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
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
    for (const char *at = text; at && *at;) {
        size_t length = utf8_length(at);
        if (*at == '&') fputs("&amp;", to);
        else if (*at == '<') fputs("&lt;", to);
        else if (*at == '>') fputs("&gt;", to);
        else if (*at == '"') fputs("&quot;", to);
        else if (*at == '\'') fputs("&#39;", to);
        else if (length == 0) fputs("\xEF\xBF\xBD", to);
        else if (length > 1 || (unsigned char)*at >= 0x20 || *at == '\n' || *at == '\t') fwrite(at, 1, length, to);
        at += length ? length : 1;
    }
}

static void write_three(FILE *to, const uint8_t *at, size_t count)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = (uint32_t)at[0] << 16 | (count > 1 ? (uint32_t)at[1] << 8 : 0) | (count > 2 ? at[2] : 0);
    for (size_t i = 0; i < 4; i++) fputc(i <= count ? DIGITS[bits >> (18 - 6 * i) & 63] : '=', to);
}

void html_data(FILE *to, const char *type, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;
    fprintf(to, "data:%s;base64,", type);
    for (size_t i = 0; i < count; i += 3) write_three(to, at + i, count - i < 3 ? count - i : 3);
}
