/* streams - frames of a whole stream at once, and beside them what the decoder gives for the same times. */
#ifndef MAGISTER_TESTS_VIDEO_STREAMS_H
#define MAGISTER_TESTS_VIDEO_STREAMS_H

#include "reference.h"
#include "video/frame_stream.h"

enum { STREAM_SIDE = 48, STREAM_BYTES = STREAM_SIDE * STREAM_SIDE * 3, STREAM_FRAMES_MOST = 1 << 16 };

typedef struct {
    uint8_t *pictures; /* (count, STREAM_BYTES) */
    int64_t *numbers;  /* (count) */
    size_t count;
    frame_stream_account account;
} stream_content;

static inline frame_stream_options stream_usual(double snippet)
{
    return (frame_stream_options){
        .snippet = snippet, .format = {STREAM_SIDE, STREAM_SIDE, FIT_CROP}, .ahead = 4, .threads = 1};
}

static inline void stream_room(stream_content *c, size_t more)
{
    assert_true(c->count + more <= STREAM_FRAMES_MOST);
    c->pictures = realloc(c->pictures, (c->count + more) * STREAM_BYTES);
    c->numbers = realloc(c->numbers, (c->count + more) * sizeof *c->numbers);
    assert_true(c->pictures && c->numbers);
}

/* All frames that are left, or the failure. */
static inline status stream_read(frame_stream *s, stream_content *c)
{
    enum { AT_ONCE = 7 };
    status st = OK;
    bool ended = false;
    while (!ended) {
        size_t count = 0;
        stream_room(c, AT_ONCE);
        TRY(frame_stream_next(s, AT_ONCE, c->pictures + c->count * STREAM_BYTES, c->numbers + c->count, &count,
                              &ended));
        assert_true(count <= AT_ONCE && (count > 0) == !ended);
        c->count += count;
    }
done:
    frame_stream_account_read(s, &c->account);
    return st;
}

static inline status stream_get(const char *path, const frame_stream_options *o, stream_content *c)
{
    status st = OK;
    frame_stream *s = NULL;
    *c = (stream_content){0};
    TRY(frame_stream_open(path, o, &s));
    TRY(stream_read(s, c));
    assert_int_equal(c->account.given, c->count);
done:
    frame_stream_close(&s);
    return st;
}

static inline void stream_free(stream_content *c)
{
    free(c->pictures);
    free(c->numbers);
    *c = (stream_content){0};
}

/* Both have the same frames from number `first` on; a stream that began there has only those. */
static inline void stream_compare(const char *what, const stream_content *a, const stream_content *b, size_t first)
{
    if (a->count < first || b->count != a->count - first)
        fail_msg("%s: %zu frames, and %zu from frame %zu on", what, a->count, b->count, first);
    for (size_t i = 0; i < b->count; i++) {
        if (b->numbers[i] != (int64_t)(first + i) || a->numbers[first + i] != b->numbers[i])
            fail_msg("%s: frame %zu has number %lld", what, first + i, (long long)b->numbers[i]);
        if (memcmp(a->pictures + (first + i) * STREAM_BYTES, b->pictures + i * STREAM_BYTES, STREAM_BYTES))
            fail_msg("%s: frame %zu is another picture", what, first + i);
    }
}

/* What the decoder has at k * snippet. */
static inline void stream_expected(const char *path, double snippet, stream_content *c)
{
    video *v = NULL;
    video_account account;
    const picture_format format = {STREAM_SIDE, STREAM_SIDE, FIT_CROP};
    *c = (stream_content){0};
    assert_ok(video_open(path, NULL, &v));
    stream_room(c, (size_t)fmax(1, ceil(video_about(v)->seconds / snippet - 1e-6)));
    c->count = (size_t)fmax(1, ceil(video_about(v)->seconds / snippet - 1e-6));
    double *seconds = calloc(c->count, sizeof *seconds);
    assert_non_null(seconds);
    for (size_t i = 0; i < c->count; i++) seconds[i] = (double)(c->numbers[i] = (int64_t)i) * snippet;
    assert_ok(video_frames_by_time(v, seconds, c->count, &format, c->pictures, &account));
    free(seconds);
    video_close(&v);
}

/* The stream of a file is what the decoder gives. */
static inline void stream_check(const char *path, double snippet)
{
    stream_content expected, got;
    frame_stream_options o = stream_usual(snippet);
    stream_expected(path, snippet, &expected);
    assert_ok(stream_get(path, &o, &got));
    stream_compare(path, &expected, &got, 0);
    assert_true(got.account.whole && !got.account.stalled);
    assert_int_equal(got.account.jumps + got.account.sizes + got.account.dropped, 0);
    stream_free(&expected);
    stream_free(&got);
}

/* From two thirds, and from behind the last frame. */
static inline void stream_check_middle(const char *path, double snippet)
{
    stream_content all, got;
    frame_stream_options o = stream_usual(snippet);
    assert_ok(stream_get(path, &o, &all));
    const size_t firsts[] = {2 * all.count / 3, all.count};
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        o.first = (int64_t)firsts[i];
        assert_ok(stream_get(path, &o, &got));
        stream_compare(path, &all, &got, firsts[i]);
        assert_float_equal(got.account.seconds, all.account.seconds, 1e-9);
        stream_free(&got);
    }
    o.first = INT64_MAX;
    assert_ok(stream_get(path, &o, &got));
    assert_int_equal(got.count, 0);
    stream_free(&got);
    stream_free(&all);
}

#endif
