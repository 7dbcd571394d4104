/* Text and bytes inside a page. */
#include "launcher/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_html(const char *text, const char *expected)
{
    char *out = NULL;
    size_t length;
    FILE *to = open_memstream(&out, &length);
    html_text(to, text);
    fclose(to);
    assert_string_equal(out, expected);
    free(out);
}

static void text_is_escaped(void **state)
{
    (void)state;
    assert_html(NULL, "");
    assert_html("", "");
    assert_html("<b a=\"1\">'&", "&lt;b a=&quot;1&quot;&gt;&#39;&amp;");
    assert_html("&lt;", "&amp;lt;");
    assert_html("\xc3\xbc \xe6\x96\x87 \xf0\x9f\x8d\xb3", "\xc3\xbc \xe6\x96\x87 \xf0\x9f\x8d\xb3");
    assert_html("a\tb\nc\rd\x1b[0m", "a\tb\ncd[0m"); /* other control characters have no place in HTML */
}

static void bytes_that_are_no_text_are_replaced(void **state)
{
    (void)state;
    assert_html("a\xff\xc3", "a\xef\xbf\xbd\xef\xbf\xbd");
    assert_html("\xed\xa0\x80\xc0\xaf\x01", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    assert_html("\xe2\x82<", "\xef\xbf\xbd\xef\xbf\xbd&lt;"); /* what is cut off takes nothing behind it along */
}

/* The UTF-8 of a code point, as long as it has `bytes` bytes, which may be too many. */
static void encode(uint32_t point, size_t bytes, char out[5])
{
    static const uint32_t LEADS[] = {0, 0, 0xC0, 0xE0, 0xF0};
    memset(out, 0, 5);
    for (size_t i = bytes; i-- > 1; point >>= 6) out[i] = (char)(0x80 | (point & 0x3F));
    out[0] = (char)(bytes == 1 ? point : LEADS[bytes] | point);
}

static size_t shortest(uint32_t point)
{
    return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

static void lengths_are_those_of_characters(void **state)
{
    (void)state;
    char text[5];
    for (uint32_t point = 1; point <= 0x1FFFFF; point++) {
        size_t bytes = shortest(point);
        bool character = point <= 0x10FFFF && !(point >= 0xD800 && point <= 0xDFFF);
        encode(point, bytes, text);
        if (utf8_length(text) != (character ? bytes : 0)) fail_msg("U+%X: %zu", point, utf8_length(text));
    }
}

static void other_forms_of_characters_are_none(void **state)
{
    (void)state;
    char text[5];
    for (uint32_t point = 1; point < 0x10000; point++)
        for (size_t bytes = shortest(point) + 1; bytes <= 4; bytes++) {
            encode(point, bytes, text);
            assert_int_equal(utf8_length(text), 0); /* overlong */
        }
    for (uint32_t point = 0x80; point < 0x20000; point += 7) {
        size_t bytes = shortest(point);
        encode(point, bytes, text);
        for (size_t cut = 1; cut < bytes; cut++) {
            char part[5] = "";
            memcpy(part, text, cut);
            assert_int_equal(utf8_length(part), 0);
        }
    }
    for (int byte = 0x80; byte < 0x100; byte++) {
        const char alone[] = {(char)byte, 'a', 'a', 'a', '\0'};
        assert_int_equal(utf8_length(alone), 0);
    }
    assert_int_equal(utf8_length(""), 1); /* the NUL */
}

/* ---- data -------------------------------------------------------------------------------------------------------- */

static void assert_data(const void *bytes, size_t count, const char *expected)
{
    char *out = NULL;
    size_t length;
    FILE *to = open_memstream(&out, &length);
    html_data(to, "image/png", bytes, count);
    fclose(to);
    assert_int_equal(strncmp(out, "data:image/png;base64,", 22), 0);
    assert_string_equal(out + 22, expected);
    free(out);
}

static void bytes_are_base64(void **state)
{
    (void)state;
    static const char *const EXPECTED[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t count = 0; count < 7; count++) assert_data("foobar", count, EXPECTED[count]); /* RFC 4648, 10 */
    assert_data("\xff\xfe\xfb\x00\x00\x3e", 6, "//77AAA+");
}

static int value_of(char digit)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = strchr(DIGITS, digit);
    return at ? (int)(at - DIGITS) : -1;
}

static void every_byte_comes_back(void **state)
{
    (void)state;
    uint8_t bytes[768], back[768];
    char *out = NULL;
    size_t length, used = 0;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 167 + i / 256);
    FILE *to = open_memstream(&out, &length);
    html_data(to, "image/png", bytes, sizeof bytes);
    fclose(to);
    assert_int_equal(length, 22 + 1024);
    for (const char *at = out + 22; *at; at += 4) {
        unsigned bits = 0;
        for (size_t i = 0; i < 4; i++) {
            assert_true(value_of(at[i]) >= 0);
            bits = bits << 6 | (unsigned)value_of(at[i]);
        }
        for (unsigned i = 0; i < 3; i++) back[used++] = (uint8_t)(bits >> (16 - 8 * i));
    }
    assert_memory_equal(bytes, back, sizeof bytes);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(bytes_that_are_no_text_are_replaced),
        cmocka_unit_test(lengths_are_those_of_characters),
        cmocka_unit_test(other_forms_of_characters_are_none),
        cmocka_unit_test(bytes_are_base64),
        cmocka_unit_test(every_byte_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
