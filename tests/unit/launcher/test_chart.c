/* Charts as bytes: well formed whatever they are asked to draw, and the same every time. Nothing here depends on what a
 * version of cairo writes beyond PNG's chunks and SVG's elements. */
#include "launcher/chart.h"
#include "launcher/picture.h"

#include "base/file.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

typedef struct {
    char *at; /* owned; ended by a NUL that is not counted */
    size_t count;
} bytes;

static bytes render(const chart *c, chart_form form)
{
    bytes out = {NULL, 0};
    if (chart_render(c, form, &out.at, &out.count) != OK) fail_msg("%s", fail_message());
    return out;
}

/* ---- what is well formed ----------------------------------------------------------------------------------------- */

static uint32_t big_endian(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Chunk after chunk with the right check sum, from IHDR with this size to IEND at the end. */
static void assert_png(const bytes *png, uint32_t width, uint32_t height)
{
    size_t at = 8, chunks = 0;
    assert_true(png->count > 8);
    assert_memory_equal(png->at, "\x89PNG\r\n\x1a\n", 8);
    while (at < png->count) {
        assert_true(png->count - at >= 12);
        size_t length = big_endian(png->at + at);
        const char *chunk = png->at + at + 4;
        assert_true(length <= png->count - at - 12);
        assert_int_equal(big_endian(chunk + 4 + length), crc32(0, (const Bytef *)chunk, (uInt)(length + 4)));
        if (!chunks++) {
            assert_memory_equal(chunk, "IHDR", 4);
            assert_int_equal(big_endian(chunk + 4), width);
            assert_int_equal(big_endian(chunk + 8), height);
        }
        at += length + 12;
        if (at == png->count) assert_memory_equal(chunk, "IEND", 4);
    }
}

/* Elements open and close in pairs, no attribute holds a number that is none, nothing comes from elsewhere. */
static void assert_svg(const bytes *svg)
{
    size_t depth = 0;
    const char *at = svg->at, *last = svg->at + svg->count;
    assert_int_equal(strlen(svg->at), svg->count);
    while ((at = memchr(at, '<', (size_t)(last - at)))) {
        const char *end = strchr(at, '>');
        assert_non_null(end);
        if (at[1] == '/') assert_true(depth-- > 0);
        else if (at[1] != '?' && at[1] != '!' && end[-1] != '/') depth++;
        at = end;
    }
    assert_int_equal(depth, 0);
    assert_non_null(strstr(svg->at, "<svg "));
    assert_null(strstr(svg->at, "nan"));
    assert_null(strstr(svg->at, "inf"));
    assert_null(strstr(svg->at, "<script"));
    assert_null(strstr(svg->at, "href=\"http"));
}

static void assert_drawn(const chart *c)
{
    bytes svg = render(c, CHART_SVG), again = render(c, CHART_SVG);
    assert_svg(&svg);
    assert_int_equal(svg.count, again.count);
    assert_memory_equal(svg.at, again.at, svg.count);
    free(svg.at);
    free(again.at);
    bytes png = render(c, CHART_PNG);
    again = render(c, CHART_PNG);
    assert_png(&png, PNG_SCALE * (uint32_t)c->width, PNG_SCALE * (uint32_t)chart_height(c));
    assert_int_equal(png.count, again.count);
    assert_memory_equal(png.at, again.at, png.count);
    free(png.at);
    free(again.at);
}

static bool same_picture(const chart *a, const chart *b)
{
    bytes x = render(a, CHART_PNG), y = render(b, CHART_PNG);
    bool same = x.count == y.count && !memcmp(x.at, y.at, x.count);
    free(x.at);
    free(y.at);
    return same;
}

/* ---- charts to draw ---------------------------------------------------------------------------------------------- */

enum { POINTS = 5 };

static chart plot_of(const chart_plot *plot)
{
    return (chart){.width = 300, .height = 200, .plot = plot};
}

static chart rows_of(const chart_rows *rows)
{
    return (chart){.width = 400, .rows = rows};
}

static const chart_point LINE[POINTS] = {{0, 3, 1}, {1, 2, 4}, {2, 2.5, 2}, {3, 1, 1}, {4, 1.5, 9}};

static void every_form_of_series_is_drawn(void **state)
{
    (void)state;
    const series_form forms[] = {SERIES_LINE,    SERIES_DOTTED_LINE, SERIES_GUIDE,
                                 SERIES_COLUMNS, SERIES_BUBBLES,     SERIES_RINGS};
    const chart_plot nothing = {{"x", 0, 4}, {"y", 0, 3}, {NULL, NAN, NAN}, NULL, 0};
    const chart empty = plot_of(&nothing);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        for (int right = 0; right < 2; right++) {
            const chart_series series = {forms[i], INK_BLUE, right, 0.8, "label", LINE, POINTS};
            const chart_plot plot = {{"x", 0, 4}, {"y", 0, 3}, {"z", NAN, NAN}, &series, 1};
            const chart c = plot_of(&plot);
            assert_drawn(&c);
            assert_false(same_picture(&c, &empty));
        }
}

static void values_out_of_range_are_left_out(void **state)
{
    (void)state;
    const double wrong[] = {NAN, INFINITY, -INFINITY, 1e31, -1e300};
    const series_form forms[] = {SERIES_LINE, SERIES_COLUMNS, SERIES_BUBBLES, SERIES_RINGS};
    for (size_t f = 0; f < 4; f++)
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            chart_point with[POINTS + 2];
            memcpy(with, LINE, sizeof LINE);
            with[POINTS] = (chart_point){2, wrong[i], 1};
            with[POINTS + 1] = (chart_point){wrong[i], 2, 1};
            const chart_series all = {forms[f], INK_BLUE, false, 0.5, NULL, with, POINTS + 2};
            const chart_series good = {forms[f], INK_BLUE, false, 0.5, NULL, LINE, POINTS};
            const chart_plot a = {{"x", NAN, NAN}, {"y", NAN, NAN}, {NULL, NAN, NAN}, &all, 1};
            const chart_plot b = {{"x", NAN, NAN}, {"y", NAN, NAN}, {NULL, NAN, NAN}, &good, 1};
            const chart x = plot_of(&a), y = plot_of(&b);
            assert_drawn(&x);
            assert_true(same_picture(&x, &y));
        }
}

static void a_line_is_broken_where_a_value_is_missing(void **state)
{
    (void)state;
    chart_point gap[POINTS];
    memcpy(gap, LINE, sizeof LINE);
    gap[2].y = NAN;
    const chart_point bridged[] = {LINE[0], LINE[1], LINE[3], LINE[4]};
    const chart_series broken = {SERIES_LINE, INK_BLUE, false, 0, NULL, gap, POINTS};
    const chart_series whole = {SERIES_LINE, INK_BLUE, false, 0, NULL, bridged, 4};
    const chart_plot a = {{NULL, 0, 4}, {NULL, 0, 3}, {NULL, NAN, NAN}, &broken, 1};
    const chart_plot b = {{NULL, 0, 4}, {NULL, 0, 3}, {NULL, NAN, NAN}, &whole, 1};
    const chart x = plot_of(&a), y = plot_of(&b);
    assert_drawn(&x);
    assert_false(same_picture(&x, &y));
}

static void axes_bear_any_values(void **state)
{
    (void)state;
    const double values[][2] = {{0, 0},           {5, 5},         {-3, -3},      {1e30, -1e30},
                                {1e-300, 2e-300}, {1e9, 1e9 + 1}, {-0.0, 1e-12}, {123456.789, 123456.7891},
                                {1e29, 1e30}};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const chart_point points[] = {{values[i][0], values[i][1], 1}, {values[i][1], values[i][0], 1}};
        const chart_series series = {SERIES_DOTTED_LINE, INK_GREEN, i % 2, 0, "s", points, 2};
        const chart_plot plot = {{"x", NAN, NAN}, {"y", NAN, NAN}, {"z", NAN, NAN}, &series, 1};
        const chart_plot turned = {{"x", 7, 7}, {"y", 9, -9}, {"z", INFINITY, NAN}, &series, 1};
        const chart c = plot_of(&plot), d = plot_of(&turned);
        assert_drawn(&c);
        assert_drawn(&d);
    }
}

static void charts_without_values_are_frames(void **state)
{
    (void)state;
    const chart_point none[] = {{NAN, NAN, NAN}};
    const chart_series series = {SERIES_BUBBLES, INK_BLUE, false, 0, "none", none, 1};
    const chart_plot empty = {{NULL, NAN, NAN}, {NULL, NAN, NAN}, {NULL, NAN, NAN}, NULL, 0};
    const chart_plot useless = {{"x", NAN, NAN}, {"y", NAN, NAN}, {NULL, NAN, NAN}, &series, 1};
    const chart_rows no_rows = {{"x", NAN, NAN}, false, false, NULL, 0};
    const chart_row heading = {.label = "heading", .value = NAN};
    const chart_rows headings = {{NULL, NAN, NAN}, true, true, &heading, 1};
    const chart_grid grid = {NULL, NULL, NULL, 0, 0};
    const chart all[] = {
        plot_of(&empty), plot_of(&useless), rows_of(&no_rows), rows_of(&headings), {.width = 300, .grid = &grid}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) assert_drawn(&all[i]);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static void rows_show_values_intervals_and_notes(void **state)
{
    (void)state;
    const chart_row base = {"label", "note", 3, 2, 4, INK_BLUE};
    chart_row others[5] = {base, base, base, base, base};
    others[0].label = "other";
    others[1].note = NULL;
    others[2].value = 3.5;
    others[3].low = NAN;
    others[4].ink = INK_ORANGE;
    for (int bars = 0; bars < 2; bars++)
        for (size_t i = 0; i < 5; i++) {
            const chart_rows a = {{"x", 0, 5}, bars, false, &base, 1}, b = {{"x", 0, 5}, bars, false, &others[i], 1};
            const chart x = rows_of(&a), y = rows_of(&b);
            assert_drawn(&y);
            assert_false(same_picture(&x, &y));
        }
}

static void an_axis_takes_in_zero_when_asked(void **state)
{
    (void)state;
    const chart_row row = {"r", NULL, 29, 28, 30, INK_BLUE};
    const chart_rows asked = {{"x", NAN, NAN}, false, true, &row, 1}, given = {{"x", 0, NAN}, false, false, &row, 1};
    const chart_rows not_asked = {{"x", NAN, NAN}, false, false, &row, 1};
    const chart a = rows_of(&asked), b = rows_of(&given), c = rows_of(&not_asked);
    assert_true(same_picture(&a, &b));
    assert_false(same_picture(&a, &c));
}

static void heights_follow_rows(void **state)
{
    (void)state;
    chart_row rows[12] = {{.label = "r", .value = 1, .low = NAN, .high = NAN}};
    for (size_t i = 1; i < 12; i++) rows[i] = rows[0];
    double last = 0;
    for (size_t count = 1; count <= 12; count++) {
        const chart_rows list = {{NULL, NAN, NAN}, false, false, rows, count};
        const chart_rows titled = {{"title", NAN, NAN}, false, false, rows, count};
        const chart c = rows_of(&list), d = rows_of(&titled), fixed = {.width = 400, .height = 77, .rows = &list};
        assert_true(chart_height(&c) > last && chart_height(&d) > chart_height(&c));
        assert_true(chart_height(&fixed) == 77);
        last = chart_height(&c);
        assert_drawn(&c);
        assert_drawn(&fixed);
    }
}

/* ---- grids ------------------------------------------------------------------------------------------------------- */

static void grids_show_amounts(void **state)
{
    (void)state;
    const char *const labels[] = {"one\ntwo", "one line"}, *const columns[] = {"left", "right"};
    chart_cell cells[] = {
        {3, INK_BLUE, "3", "note"}, {0, INK_GREY, NULL, NULL}, {NAN, INK_PALE, "?", NULL}, {1e31, INK_SKY, "", "far"}};
    const chart_grid grid = {labels, columns, cells, 2, 2};
    const chart c = {.width = 500, .grid = &grid};
    assert_drawn(&c);
    bytes before = render(&c, CHART_PNG);
    cells[0].amount = 2; /* the largest still: its square is as large as before */
    bytes alone = render(&c, CHART_PNG);
    cells[1].amount = 20;
    bytes after = render(&c, CHART_PNG);
    assert_int_equal(before.count, alone.count);
    assert_memory_equal(before.at, alone.at, before.count);
    assert_true(alone.count != after.count || memcmp(alone.at, after.at, alone.count));
    free(before.at);
    free(alone.at);
    free(after.at);
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static void hostile_text_is_drawn_as_text(void **state)
{
    (void)state;
    char endless[5000];
    memset(endless, 'W', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    const char *const texts[] = {"<script>alert(1)</script>",
                                 "\" onload=\"x",
                                 "]]>&amp;<!--",
                                 "\xff\xfe\xc0\xaf\xed\xa0\x80",
                                 "\xf0\x9f\x8d\xb3 \xe6\x96\x87",
                                 "\x01\x02\x1b[31m\n\t\r",
                                 "",
                                 "%s%n%d",
                                 endless,
                                 "\xe2\x80\xae"
                                 "drawkcab"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const chart_row row = {texts[i], texts[i], 1, 0, 2, INK_BLUE};
        const chart_rows rows = {{texts[i], NAN, NAN}, false, false, &row, 1};
        const chart_series series = {SERIES_LINE, INK_BLUE, true, 0, texts[i], LINE, POINTS};
        const chart_plot plot = {{texts[i], NAN, NAN}, {texts[i], NAN, NAN}, {texts[i], NAN, NAN}, &series, 1};
        const chart_cell cell = {1, INK_BLUE, texts[i], texts[i]};
        const chart_grid grid = {&texts[i], &texts[i], &cell, 1, 1};
        const chart all[] = {rows_of(&rows), plot_of(&plot), {.width = 300, .grid = &grid}};
        for (size_t k = 0; k < 3; k++) assert_drawn(&all[k]);
    }
}

/* ---- timelines --------------------------------------------------------------------------------------------------- */

static void timelines_show_spans_curves_and_marks(void **state)
{
    (void)state;
    const chart_span spans[] = {{0, 3, {200, 10, 10}}, {3, 3.0001, {10, 200, 10}}, {3.0001, 10, {10, 10, 200}}};
    const chart_track tracks[] = {{"layer 0", spans, 3}, {"none", NULL, 0}};
    const chart_curve curves[] = {{INK_BLUE, 1, "error", LINE, POINTS}, {INK_ORANGE, 1, "threshold", NULL, 0}};
    const double marks[] = {1, 1.0001, 9};
    chart_panel panel = {"layer 0", curves, marks, 2, 3};
    chart_timeline t = {{"seconds", 0, 10}, tracks, &panel, 2, 1};
    const chart c = {.width = 300, .timeline = &t};
    assert_drawn(&c);
    double whole = chart_height(&c);
    for (int without = 0; without < 4; without++) { /* each of its parts is to be seen */
        chart_timeline less = t;
        chart_panel bare = panel;
        chart_track other[] = {tracks[0], tracks[1]};
        chart_span recoloured[] = {spans[0], spans[1], {3.0001, 10, {10, 10, 90}}};
        less.panels = &bare;
        less.tracks = other;
        if (without == 0) bare.curve_count = 1;
        if (without == 1) bare.mark_count = 2;
        if (without == 2) other[0].count = 2;
        if (without == 3) other[0].at = recoloured;
        const chart d = {.width = 300, .timeline = &less};
        assert_drawn(&d);
        assert_true(chart_height(&d) == whole);
        assert_false(same_picture(&c, &d));
    }
}

static void timelines_bear_any_values(void **state)
{
    (void)state;
    const double odd[] = {NAN, INFINITY, -INFINITY, 1e300, -1, 0, 1e-300, 20};
    chart_span spans[64];
    chart_point points[8];
    for (size_t i = 0; i < 64; i++) spans[i] = (chart_span){odd[i / 8], odd[i % 8], {1, 2, 3}};
    for (size_t i = 0; i < 8; i++) points[i] = (chart_point){.x = odd[i], .y = odd[7 - i]};
    const chart_track track = {"\xff", spans, 64};
    const chart_curve curve = {INK_BLUE, 1, "<b>", points, 8};
    const chart_panel panel = {"&", &curve, odd, 1, 8};
    const chart_timeline some[] = {{{NULL, 0, 10}, &track, &panel, 1, 1},
                                   {{NULL, NAN, NAN}, &track, &panel, 1, 1},
                                   {{NULL, 0, 0}, &track, &panel, 1, 1},
                                   {{NULL, 0, 10}, NULL, NULL, 0, 0}};
    for (size_t i = 0; i < 4; i++) assert_drawn(&(chart){.width = 200, .timeline = &some[i]});
}

/* ---- what is refused, and files ---------------------------------------------------------------------------------- */

static void sides_out_of_bounds_are_refused(void **state)
{
    (void)state;
    const double sides[][2] = {{0, 100}, {-5, 100}, {8193, 100}, {100, 8193}, {NAN, 100}, {100, NAN}, {INFINITY, 1}};
    const chart_plot empty = {{NULL, NAN, NAN}, {NULL, NAN, NAN}, {NULL, NAN, NAN}, NULL, 0};
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        const chart c = {.width = sides[i][0], .height = sides[i][1], .plot = &empty};
        bytes out = {NULL, 0};
        assert_int_equal(chart_render(&c, CHART_SVG, &out.at, &out.count), ERR_INTERNAL);
        assert_null(out.at);
        fail_clear();
    }
    const chart smallest = {.width = 1, .height = 1, .plot = &empty};
    assert_drawn(&smallest);
}

static void a_picture_is_in_the_page_and_in_a_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/magister-picture-XXXXXX", path[128], *page = NULL;
    size_t length = 0;
    const chart_series series = {SERIES_LINE, INK_BLUE, false, 0, NULL, LINE, POINTS};
    const chart_plot plot = {{"x", NAN, NAN}, {"y", NAN, NAN}, {NULL, NAN, NAN}, &series, 1};
    const chart c = plot_of(&plot);
    assert_non_null(mkdtemp(folder));
    FILE *to = open_memstream(&page, &length);
    assert_int_equal(picture_write(to, folder, "../a b/\"c\"", &c, "of \"<x>\""), OK);
    fclose(to);
    assert_non_null(
        strstr(page, "<img width=300 height=200 alt=\"of &quot;&lt;x&gt;&quot;\" src=\"data:image/svg+xml;base64,"));
    snprintf(path, sizeof path, "%s/_._a_b__c_.png", folder);
    bytes png = render(&c, CHART_PNG), file = {NULL, 0};
    assert_int_equal(file_read(path, 1 << 20, &file.at, &file.count), OK);
    assert_int_equal(file.count, png.count);
    assert_memory_equal(file.at, png.at, png.count);
    free(page);
    to = open_memstream(&page, &length);
    assert_int_equal(picture_write(to, "/proc/nowhere", "x", &c, ""), ERR_CREATE);
    fail_clear();
    assert_int_equal(picture_write(to, NULL, "x", &c, ""), OK); /* no file */
    fclose(to);
    free(page);
    free(png.at);
    free(file.at);
    assert_int_equal(directory_remove(folder), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_series_is_drawn),
        cmocka_unit_test(values_out_of_range_are_left_out),
        cmocka_unit_test(a_line_is_broken_where_a_value_is_missing),
        cmocka_unit_test(axes_bear_any_values),
        cmocka_unit_test(charts_without_values_are_frames),
        cmocka_unit_test(rows_show_values_intervals_and_notes),
        cmocka_unit_test(an_axis_takes_in_zero_when_asked),
        cmocka_unit_test(heights_follow_rows),
        cmocka_unit_test(grids_show_amounts),
        cmocka_unit_test(hostile_text_is_drawn_as_text),
        cmocka_unit_test(timelines_show_spans_curves_and_marks),
        cmocka_unit_test(timelines_bear_any_values),
        cmocka_unit_test(sides_out_of_bounds_are_refused),
        cmocka_unit_test(a_picture_is_in_the_page_and_in_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
