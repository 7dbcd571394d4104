/* stream - predictions of one set on their way from ranks that make them to ranks that learn from them meanwhile.
 *
 * Teacher and student never include each other: the teacher tells a sink, the student asks a source, and what carries
 * the one to the other (rank/overlap.h) stands above both. Told are, in this order: what the set is, its records, each
 * once it is committed to the store, and that the store is complete and closed.
 */
#ifndef MAGISTER_DISTILL_STREAM_H
#define MAGISTER_DISTILL_STREAM_H

#include "distill/store.h"

/* What the rank that writes the store tells. All may fail with what became of the ranks that learn: then there is no
 * use in going on. */
typedef struct {
    void *self;
    status (*begin)(void *self, const set_info *info);
    status (*record)(void *self, const void *packed, size_t bytes); /* as of store_pack */
    status (*alive)(void *self); /* after every round of predictions: the ranks go on, whatever they predict */
} prediction_sink;

typedef enum {
    NEWS_NONE,     /* nothing yet, or a sign of life */
    NEWS_SET,      /* `info`: comes first, once */
    NEWS_RECORDS,  /* `records`: (bytes), each behind its size (size_t) */
    NEWS_COMPLETE, /* the store holds the whole set, and may be opened */
} news_kind;

/* Borrowed until the next piece. */
typedef struct {
    news_kind kind;
    set_info info;
    const unsigned char *records;
    size_t bytes;
} prediction_news;

/* What a rank that learns asks for. */
typedef struct {
    void *self;
    /* The next piece. With `wait` there is one on return, be it a sign of life. Errors: the failure of the ranks that
     * predict; ERR_RANK when they are silent for longer than the time-out. */
    status (*next)(void *self, bool wait, prediction_news *out);
} prediction_source;

#endif
