/* Pictures of events: what is in them, and that a day of errors makes no larger one. */
#include "launcher/report_events.h"

#include "tests/unit/data/scratch.h"

#include <math.h>

static hierarchy sample(size_t count)
{
    hierarchy h;
    assert_ok(hierarchy_new("films/a b.mp4", (double)count, 1, &h));
    for (size_t i = 0; i < count; i++) {
        event e = {.start = (double)i, .end = (double)i + 1, .error = NAN};
        assert_ok(hierarchy_add(&h, 0, &e));
    }
    return h;
}

/* Errors around 1, and one of `spike`. */
static error_curves curve_of(size_t count, double seconds, double spike)
{
    error_curves curves = {.layer_count = 1};
    error_curve *c = &curves.layers[0];
    c->at = calloc(count, sizeof *c->at);
    c->count = count;
    for (size_t i = 0; i < count; i++)
        c->at[i] =
            (error_sample){(double)(i + 1) * seconds / (double)count, 1 + 0.1 * sin((double)i), 1.05, i % 50 == 0};
    c->at[count / 3].error = spike;
    return curves;
}

/* The SVG of the picture; skips the test without cairo. */
static char *draw(const events_picture *p, size_t *count)
{
    char *bytes = NULL;
    status st = events_picture_save(scratch_directory, p);
    if (st == ERR_MISSING) skip();
    assert_ok(st);
    assert_true(file_exists(scratch_path("a_b.png")));
    assert_ok(file_read(scratch_path("a_b.svg"), 64 << 20, &bytes, count));
    return bytes;
}

static bool differ(const events_picture *a, const events_picture *b)
{
    size_t x_count, y_count;
    char *x = draw(a, &x_count), *y = draw(b, &y_count);
    bool same = x_count == y_count && !memcmp(x, y, x_count);
    free(x);
    free(y);
    return !same;
}

static void every_part_is_seen(void **state)
{
    (void)state;
    hierarchy h = sample(20);
    error_curves errors = curve_of(40, 20, 2), others = curve_of(40, 20, 3);
    event_list truth = {0};
    event e = {.start = 2, .end = 5, .error = NAN, .label = "cut"};
    assert_ok(event_list_add(&truth, &e));
    const events_picture whole = {&h, &truth, &errors, 7};
    const events_picture less[] = {
        {&h, NULL, &errors, 7}, {&h, &truth, NULL, 7}, {&h, &truth, &errors, 8}, {&h, &truth, &others, 7}};
    assert_false(differ(&whole, &whole));
    for (size_t i = 0; i < 4; i++) assert_true(differ(&whole, &less[i]));
    event_list_free(&truth);
    errors_free(&errors);
    errors_free(&others);
    hierarchy_free(&h);
}

/* A million errors and 50,000 events: the picture stays small, and one large error among them is in it. */
static void long_videos_are_thinned(void **state)
{
    (void)state;
    enum { ERRORS = 1000000 };
    size_t count;
    hierarchy h = sample(50000);
    error_curves errors = curve_of(ERRORS, 50000, 2), flat = curve_of(ERRORS, 50000, 1);
    const events_picture p = {&h, NULL, &errors, 0}, q = {&h, NULL, &flat, 0};
    char *svg = draw(&p, &count);
    assert_true(count < 1 << 20);
    free(svg);
    assert_true(differ(&p, &q));
    errors_free(&errors);
    errors_free(&flat);
    hierarchy_free(&h);
}

static void a_page_has_it(void **state)
{
    (void)state;
    hierarchy h = sample(3), none;
    char *page = NULL;
    size_t count = 0;
    FILE *to = open_memstream(&page, &count);
    assert_ok(events_picture_write(to, NULL, &(events_picture){&h, NULL, NULL, 0}));
    assert_ok(hierarchy_new("empty", 0, 0, &none));
    assert_ok(events_picture_write(to, NULL, &(events_picture){&none, NULL, NULL, 0}));
    fclose(to);
    assert_non_null(strstr(page, "Events of a b"));
    assert_non_null(strstr(page, "Events of empty"));
    free(page);
    hierarchy_free(&h);
    hierarchy_free(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_is_seen),
        cmocka_unit_test(long_videos_are_thinned),
        cmocka_unit_test(a_page_has_it),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
