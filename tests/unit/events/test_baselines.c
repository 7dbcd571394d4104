#include "events/baselines.h"

#include "events/boundaries.h"
#include "made_events.h"

static hierarchy whole_hierarchy(rng *r, size_t layers)
{
    hierarchy h = made_hierarchy(r, 40, layers);
    assert_ok(hierarchy_close(&h, CLOSE_AT_END));
    return h;
}

static size_t boundary_count(const hierarchy *h, size_t layer, double **out)
{
    size_t count;
    assert_ok(boundaries_of(&h->layers[layer], h->duration, out, &count));
    return count;
}

/* As many boundaries as the other, from 0 to the video's end without gaps. */
static void assert_alike(const hierarchy *h, const hierarchy *like)
{
    assert_string_equal(h->file, like->file);
    assert_true(h->duration == like->duration);
    assert_int_equal(h->layer_count, like->layer_count);
    for (size_t l = 0; l < h->layer_count; l++) {
        double *mine, *its;
        size_t count = boundary_count(h, l, &mine);
        assert_int_equal(count, boundary_count(like, l, &its));
        assert_int_equal(h->layers[l].count, count + 1);
        for (size_t i = 1; i <= count; i++) assert_true(h->layers[l].at[i].start == h->layers[l].at[i - 1].end);
        assert_true(h->layers[l].at[0].start == 0 && h->layers[l].at[count].end == h->duration);
        free(mine);
        free(its);
    }
}

static void test_segments_of_one_length(void **state)
{
    (void)state;
    rng r = rng_stream(41, 1, 0);
    hierarchy like = whole_hierarchy(&r, 3), h;
    assert_ok(baseline_fixed(&like, &h));
    assert_alike(&h, &like);
    for (size_t l = 0; l < 3; l++)
        for (size_t i = 0; i < h.layers[l].count; i++)
            assert_close(h.layers[l].at[i].end - h.layers[l].at[i].start, 40 / (double)h.layers[l].count);
    hierarchy_free(&h);
    hierarchy_free(&like);
}

static bool same_boundaries(const hierarchy *a, const hierarchy *b)
{
    return !memcmp(a->layers[0].at, b->layers[0].at, a->layers[0].count * sizeof *a->layers[0].at);
}

static void test_random_boundaries_nest_and_repeat(void **state)
{
    (void)state;
    rng r = rng_stream(41, 2, 0);
    double mean = 0, boundaries = 0;
    for (uint64_t draw = 0; draw < 300; draw++) {
        hierarchy like = whole_hierarchy(&r, 3), h, again, other;
        assert_ok(baseline_random(&like, 5, draw, &h));
        assert_ok(baseline_random(&like, 5, draw, &again));
        assert_ok(baseline_random(&like, 6, draw, &other));
        assert_alike(&h, &like);
        assert_true(same_boundaries(&h, &again));
        if (h.layers[0].count > 1) assert_false(same_boundaries(&h, &other));
        double *base, *above;
        size_t base_count = boundary_count(&h, 0, &base), above_count = boundary_count(&h, 1, &above);
        for (size_t i = 0; above_count <= base_count && i < above_count; i++) {
            bool found = false;
            for (size_t j = 0; j < base_count; j++) found |= base[j] == above[i];
            assert_true(found);
        }
        for (size_t i = 0; i < base_count; i++) mean += base[i];
        boundaries += (double)base_count;
        free(base);
        free(above);
        hierarchy_free(&like);
        hierarchy_free(&h);
        hierarchy_free(&again);
        hierarchy_free(&other);
    }
    assert_true(boundaries > 300 && fabs(mean / boundaries - 20) < 2); /* the middle of 0 to 40 */
}

static void test_largest_peaks_apart(void **state)
{
    (void)state;
    const signal_sample s[] = {{0, 9}, {1, 1}, {2, 5},   {3, 4}, {4, 6}, {5, 0},
                               {6, 7}, {7, 7}, {8, NAN}, {9, 3}, {10, 2}};
    double times[11];
    size_t found;
    assert_ok(peaks_find(s, 11, 3, 0, times, &found));
    assert_int_equal(found, 3);
    assert_true(times[0] == 0 && times[1] == 6 && times[2] == 7);
    assert_ok(peaks_find(s, 11, 3, 2.5, times, &found)); /* 0 (9), 6 (7), not 7, not 4, not 2; 9 (3) */
    assert_int_equal(found, 3);
    assert_true(times[0] == 0 && times[1] == 6 && times[2] == 9);
    assert_ok(peaks_find(s, 11, 11, 0, times, &found)); /* all that are no smaller than their neighbours */
    assert_int_equal(found, 6);
    assert_true(times[0] == 0 && times[1] == 2 && times[2] == 4 && times[3] == 6 && times[4] == 7 && times[5] == 9);
    assert_ok(peaks_find(NULL, 0, 3, 1, times, &found));
    assert_int_equal(found, 0);
}

/* The slow way: again and again the largest that is left and apart from all taken. */
static size_t slow_peaks(const signal_sample *s, size_t count, size_t wanted, double apart, bool *taken)
{
    size_t found = 0;
    while (found < wanted) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < count; i++) {
            bool fits =
                !taken[i] && !(i && s[i - 1].value > s[i].value) && !(i + 1 < count && s[i + 1].value > s[i].value);
            for (size_t j = 0; j < count; j++) fits = fits && !(taken[j] && fabs(s[j].time - s[i].time) < apart);
            if (fits && (best == SIZE_MAX || s[i].value > s[best].value)) best = i;
        }
        if (best == SIZE_MAX) break;
        taken[best] = true;
        found++;
    }
    return found;
}

static void test_peaks_against_the_slow_way(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        rng r = rng_stream(42, 1, i);
        signal_sample s[20];
        bool taken[20] = {0};
        double times[20], apart = (double)rng_below(&r, 4);
        size_t count = rng_below(&r, 21), wanted = rng_below(&r, 8), found;
        for (size_t n = 0; n < count; n++) s[n] = (signal_sample){(double)n, (double)rng_below(&r, 6)};
        assert_ok(peaks_find(s, count, wanted, apart, times, &found));
        assert_int_equal(found, slow_peaks(s, count, wanted, apart, taken));
        for (size_t n = 0, at = 0; n < count; n++)
            if (taken[n]) assert_true(times[at++] == s[n].time);
    }
}

static void test_peaks_as_a_hierarchy(void **state)
{
    (void)state;
    hierarchy like, h;
    const signal_sample s[] = {{0, 9}, {2, 5}, {4, 6}, {6, 1}, {8, 7}, {12, 8}};
    const event events[] = {{0, 1, NAN, NULL, NULL}, {1, 3, NAN, NULL, NULL}, {3, 10, NAN, NULL, NULL}};
    assert_ok(hierarchy_new("a", 10, 1, &like));
    for (int i = 0; i < 3; i++) assert_ok(hierarchy_add(&like, 0, &events[i]));
    assert_ok(baseline_peaks(&like, s, 6, 1, &h)); /* not 0 and 12, which are no boundaries of this video */
    assert_int_equal(h.layers[0].count, 3);
    assert_true(h.layers[0].at[0].end == 4 && h.layers[0].at[1].end == 8 && h.layers[0].at[2].end == 10);
    hierarchy_free(&h);
    assert_ok(baseline_peaks(&like, s, 2, 1, &h)); /* 2 alone */
    assert_int_equal(h.layers[0].count, 2);
    hierarchy_free(&h);
    hierarchy_free(&like);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments_of_one_length), cmocka_unit_test(test_random_boundaries_nest_and_repeat),
        cmocka_unit_test(test_largest_peaks_apart),    cmocka_unit_test(test_peaks_against_the_slow_way),
        cmocka_unit_test(test_peaks_as_a_hierarchy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
