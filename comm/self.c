/* A world of one rank: every collective is there and has nothing to do. */
#include "comm/backend.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Memory handed out by shared_alloc. */
typedef struct block {
    struct block *next;
    float *values;
} block;

typedef struct {
    block *blocks;
    char text[TEXT_BYTES];
} self_state;

static void self_close(comm *c)
{
    self_state *s = c->state;
    for (block *next, *b = s->blocks; b; b = next) {
        next = b->next;
        free(b->values);
        free(b);
    }
    free(s);
    c->state = NULL;
}

static status self_meet(comm *c, const comm_header *mine, const void *payload, const char *text)
{
    self_state *s = c->state;
    c->headers[0] = *mine;
    c->payloads[0] = payload;
    if (text) memcpy(s->text, text, sizeof s->text);
    return OK;
}

static status self_meeting_text(comm *c, int rank, char *out)
{
    (void)rank;
    memcpy(out, ((self_state *)c->state)->text, TEXT_BYTES);
    return OK;
}

static status self_listen(comm *c)
{
    (void)c;
    return OK;
}

static void self_give_up(comm *c)
{
    (void)c;
}

static status self_broadcast(comm *c, void *bytes, size_t count, int root)
{
    (void)c, (void)bytes, (void)count, (void)root;
    return OK;
}

static status self_gather(comm *c, const void *bytes, size_t count, int root, void *out, const size_t *offsets)
{
    (void)c, (void)root, (void)offsets;
    if (count) memcpy(out, bytes, count);
    return OK;
}

static status self_share_new(comm *c, size_t count, shared_bytes *b)
{
    (void)c;
    return share_plain(b, count) ? OK : FAIL(ERR_MEMORY, "no memory for %zu bytes of read-only data", count);
}

static status self_share_out(comm *c, shared_bytes *b)
{
    (void)c;
    share_protect(b);
    return OK;
}

static status self_sum(comm *c, float *values, size_t count, bool tree)
{
    (void)c, (void)values, (void)count, (void)tree;
    return OK;
}

static status self_shared_alloc(comm *c, size_t count, float **out)
{
    self_state *s = c->state;
    block *b = malloc(sizeof *b);
    float *values = comm_plain_new(count);
    if (!b || !values) {
        free(b);
        free(values);
        return FAIL(ERR_MEMORY, "no memory for %zu float32 values", count);
    }
    *b = (block){s->blocks, values};
    s->blocks = b;
    *out = values;
    return OK;
}

static status self_sum_rows(comm *c, const comm_rows *mine, size_t width, bool tree, comm_rows *out)
{
    (void)c, (void)width, (void)tree;
    *out = *mine;
    return OK;
}

static void self_abort(comm *c, int exit_code)
{
    (void)c;
    _exit(exit_code);
}

static status self_split(comm *c, int colour, comm *part)
{
    (void)c, (void)colour, (void)part;
    return FAIL(ERR_INTERNAL, "a world of one rank has no parts");
}

static status self_post(comm *c, int first, int count, const void *bytes, size_t length)
{
    (void)c, (void)first, (void)count, (void)bytes, (void)length;
    return FAIL(ERR_INTERNAL, "a world of one rank has no mail");
}

static status self_take(comm *c, void **bytes, size_t *length, int *from)
{
    (void)length, (void)from;
    *bytes = NULL;
    return self_post(c, 0, 0, NULL, 0);
}

static status self_flush(comm *c, double seconds)
{
    (void)c, (void)seconds;
    return OK;
}

static const comm_backend SELF = {
    .name = "one rank",
    .close = self_close,
    .meet = self_meet,
    .meeting_text = self_meeting_text,
    .give_up = self_give_up,
    .listen = self_listen,
    .broadcast = self_broadcast,
    .gather = self_gather,
    .share_new = self_share_new,
    .share_out = self_share_out,
    .sum_f32 = self_sum,
    .shared_alloc = self_shared_alloc,
    .sum_shared = self_sum,
    .sum_rows = self_sum_rows,
    .abort = self_abort,
    .split = self_split,
    .post = self_post,
    .take = self_take,
    .flush = self_flush,
};

status self_open(comm *c)
{
    status st = OK;
    c->rank = 0;
    c->size = 1;
    TRY(comm_tables_new(c));
    gethostname(c->hosts[0], HOST_BYTES - 1);
    c->state = calloc(1, sizeof(self_state));
    if (!c->state) TRY(FAIL(ERR_MEMORY, "no memory for the communicator"));
    c->backend = &SELF;
done:
    return st;
}
