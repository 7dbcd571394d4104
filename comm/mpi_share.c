/* Read-only data: the first rank of each node has the memory, the others of the node look into it. */
#include "comm/mpi.h"

static const char *const WHAT = "the sharing of read-only data";

/* Memory that all ranks of the node see, writable for its first; *good is false where a rank has not got it. */
static status share_in_node(comm *c, size_t count, shared_bytes *b, bool *good)
{
    status st = OK;
    mpi_state *s = c->state;
    share_place place = {.descriptor = -1};
    bool first = s->local_rank == 0;
    if (first) *good = share_make(b, count, &place);
    share_place told = place;
    TRY(mpi_broadcast(c, s->node, &told, sizeof told, 0, WHAT));
    if (!first) *good = told.descriptor >= 0 && share_join(b, count, &told);
    TRY(node_sync(c, WHAT)); /* all that can have opened it */
done:
    share_close(&place);
    return st;
}

status mpi_share_new(comm *c, size_t count, shared_bytes *b)
{
    status st = OK;
    mpi_state *s = c->state;
    bool good = false, all = false;
    if (s->local_size > 1) TRY(share_in_node(c, count, b, &good));
    else good = share_plain(b, count);
    TRY(mpi_all(c, good, &all));
    if (all) goto done;
    share_release(b);
    TRY(mpi_all(c, share_plain(b, count), &all));
    if (!all) TRY(FAIL(ERR_MEMORY, "no memory for %zu bytes of read-only data on some rank", count));
    b->apart = true;
done:
    return st;
}

status mpi_share_out(comm *c, shared_bytes *b)
{
    status st = OK;
    mpi_state *s = c->state;
    if (b->apart) TRY(mpi_broadcast(c, s->all, b->at, b->count, 0, WHAT));
    else if (s->local_rank == 0 && s->node_count > 1) TRY(mpi_broadcast(c, s->leaders, b->at, b->count, 0, WHAT));
    share_protect(b);
    TRY(node_sync(c, WHAT)); /* before that the node's first may still be writing */
done:
    return st;
}
