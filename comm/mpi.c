#include "comm/mpi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    STAGE_COUNT = 256 * 1024,    /* values of a rank that are summed at once when their memory is not shared */
    TEXT_PIECE = TEXT_BYTES / 2, /* MPI sends so few bytes without asking: who has heard may leave at once */
    PIECE_BYTES = 1 << 29,       /* most bytes of one MPI message; counts are ints */
    TAG_GATHER = 1,
};
_Static_assert(TEXT_BYTES % TEXT_PIECE == 0, "a text is whole pieces");

static MPI_Comm all_of(const comm *c)
{
    return ((const mpi_state *)c->state)->all;
}

/* ---- meetings ---------------------------------------------------------------------------------------------------- */

static status meet_across_nodes(comm *c, const comm_header *mine, const void *payload)
{
    status st = OK;
    mpi_state *s = c->state;
    MPI_Request request;
    const char *what = comm_op_name(mine->op);
    TRY(mpi_check(MPI_Iallgather(mine, sizeof *mine, MPI_BYTE, c->headers, sizeof *mine, MPI_BYTE, s->all, &request),
                  what));
    TRY(mpi_wait(c, &request, what));
    bool same = true;
    for (int r = 0; r < c->size; r++) same = same && c->headers[r].bytes == mine->bytes;
    if (!same || !mine->bytes) goto done;
    int bytes = (int)mine->bytes;
    TRY(mpi_check(MPI_Iallgather(payload, bytes, MPI_BYTE, s->payloads, bytes, MPI_BYTE, s->all, &request), what));
    TRY(mpi_wait(c, &request, what));
    for (int r = 0; r < c->size; r++) c->payloads[r] = s->payloads + (size_t)r * (size_t)bytes;
done:
    return st;
}

static status meet_mpi(comm *c, const comm_header *mine, const void *payload, const char *text)
{
    status st = OK;
    mpi_state *s = c->state;
    size_t turn = ++s->meetings % 2;
    node_slot *slot = s->slots[s->local_rank];
    slot->turn[turn].header = *mine;
    if (mine->bytes) memcpy(slot->turn[turn].payload, payload, mine->bytes);
    if (text) memcpy(slot->turn[turn].text, text, TEXT_BYTES);
    TRY(node_sync(c, comm_op_name(mine->op)));
    if (s->node_count > 1) TRY(meet_across_nodes(c, mine, slot->turn[turn].payload));
    for (int l = 0; s->node_count == 1 && l < s->local_size; l++) {
        c->headers[l] = s->slots[l]->turn[turn].header;
        c->payloads[l] = s->slots[l]->turn[turn].payload;
    }
done:
    return st;
}

static status meeting_text_mpi(comm *c, int rank, char *out)
{
    status st = OK;
    mpi_state *s = c->state;
    size_t turn = s->meetings % 2;
    if (s->node_count == 1) {
        memcpy(out, s->slots[rank]->turn[turn].text, TEXT_BYTES);
        return OK;
    }
    if (rank == c->rank) memcpy(out, s->slots[s->local_rank]->turn[turn].text, TEXT_BYTES);
    for (int at = 0; at < TEXT_BYTES; at += TEXT_PIECE) {
        MPI_Request request;
        TRY(mpi_check(MPI_Ibcast(out + at, TEXT_PIECE, MPI_BYTE, rank, s->all, &request), "the message of a failure"));
        TRY(mpi_wait_deaf(c, &request, "the message of a failure"));
    }
done:
    return st;
}

static void give_up_mpi(comm *c)
{
    mpi_state *s = c->state;
    if (!s || !s->slots) return;
    node_slot *slot = s->slots[s->local_rank];
    memcpy(slot->cause, c->cause, TEXT_BYTES);
    slot->completed = s->completed;
    atomic_store_explicit(&slot->broken, (int)c->broken, memory_order_release);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

status mpi_broadcast(comm *c, MPI_Comm over, void *bytes, size_t count, int root, const char *what)
{
    status st = OK;
    for (size_t at = 0; at < count; at += PIECE_BYTES) {
        MPI_Request request;
        int piece = (int)(count - at < PIECE_BYTES ? count - at : PIECE_BYTES);
        TRY(mpi_check(MPI_Ibcast((char *)bytes + at, piece, MPI_BYTE, root, over, &request), what));
        TRY(mpi_wait(c, &request, what));
    }
done:
    return st;
}

static status broadcast_mpi(comm *c, void *bytes, size_t count, int root)
{
    return mpi_broadcast(c, all_of(c), bytes, count, root, "a broadcast");
}

static status send_pieces(comm *c, const char *bytes, size_t count, int root)
{
    status st = OK;
    for (size_t at = 0; at < count; at += PIECE_BYTES) {
        MPI_Request request;
        int piece = (int)(count - at < PIECE_BYTES ? count - at : PIECE_BYTES);
        TRY(mpi_check(MPI_Isend(bytes + at, piece, MPI_BYTE, root, TAG_GATHER, all_of(c), &request), "a gather"));
        TRY(mpi_wait(c, &request, "a gather"));
    }
done:
    return st;
}

static status receive_pieces(comm *c, char *bytes, size_t count, int from)
{
    status st = OK;
    for (size_t at = 0; at < count; at += PIECE_BYTES) {
        MPI_Request request;
        int piece = (int)(count - at < PIECE_BYTES ? count - at : PIECE_BYTES);
        TRY(mpi_check(MPI_Irecv(bytes + at, piece, MPI_BYTE, from, TAG_GATHER, all_of(c), &request), "a gather"));
        TRY(mpi_wait(c, &request, "a gather"));
    }
done:
    return st;
}

static status gather_mpi(comm *c, const void *bytes, size_t count, int root, void *out, const size_t *offsets)
{
    status st = OK;
    if (c->rank != root) return send_pieces(c, bytes, count, root);
    for (int r = 0; r < c->size; r++) {
        char *to = (char *)out + offsets[r];
        size_t length = offsets[r + 1] - offsets[r];
        if (r == root && length) memcpy(to, bytes, length);
        else if (r != root) TRY(receive_pieces(c, to, length, r));
    }
done:
    return st;
}

static status shared_alloc_mpi(comm *c, size_t count, float **out)
{
    status st = OK;
    mpi_state *s = c->state;
    bool all = false;
    window *w = NULL;
    TRY(window_new(c, count, &w));
    if (!w) {
        w = calloc(1, sizeof *w);
        if (w) *w = (window){.handle = MPI_WIN_NULL, .count = count, .mine = comm_plain_new(count)};
        TRY(mpi_all(c, w && w->mine, &all));
        if (!all) TRY(FAIL(ERR_MEMORY, "no memory for %zu float32 values on some rank", count));
    }
    w->next = s->windows;
    s->windows = w;
    *out = w->mine;
    w = NULL;
done:
    window_free(&w, true);
    return st;
}

static void abort_mpi(comm *c, int exit_code)
{
    (void)c;
    MPI_Abort(MPI_COMM_WORLD, exit_code);
    _exit(exit_code);
}

/* ---- opening and closing ----------------------------------------------------------------------------------------- */

bool mpi_launched(void)
{
    static const char *const SIGNS[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_FD"};
    for (size_t i = 0; i < sizeof SIGNS / sizeof SIGNS[0]; i++)
        if (getenv(SIGNS[i])) return true;
    return false;
}

static status start_mpi(void)
{
    int begun = 0, provided = 0;
    MPI_Initialized(&begun);
    if (begun) return FAIL(ERR_INTERNAL, "MPI was started before: one communicator a process");
    /* Open MPI's copy between processes needs rights that containers seldom give. */
    setenv("OMPI_MCA_btl_vader_single_copy_mechanism", "none", 0);
    status st = mpi_check(MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided), "its start");
    if (st == OK) st = mpi_check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "its start");
    return st;
}

static status exchange_hosts(comm *c)
{
    MPI_Request request;
    char mine[HOST_BYTES] = "";
    gethostname(mine, sizeof mine - 1);
    status st =
        mpi_check(MPI_Iallgather(mine, HOST_BYTES, MPI_BYTE, c->hosts, HOST_BYTES, MPI_BYTE, all_of(c), &request),
                  "the exchange of host names");
    return st == OK ? mpi_wait(c, &request, "the exchange of host names") : st;
}

/* MAGISTER_TEST_NODES="0,0,1": tests lay out the ranks over nodes that are not there. -1: no such wish. */
static int pretended_node(int rank)
{
    const char *list = getenv("MAGISTER_TEST_NODES");
    for (int i = 0; list && i < rank; i++) {
        list = strchr(list, ',');
        if (list) list++;
    }
    return list ? atoi(list) : -1;
}

static status split_nodes(comm *c)
{
    status st = OK;
    mpi_state *s = c->state;
    MPI_Comm real = MPI_COMM_NULL;
    int pretended = pretended_node(comm_world_rank(c, c->rank));
    TRY(mpi_check(MPI_Comm_split_type(s->all, MPI_COMM_TYPE_SHARED, c->rank, MPI_INFO_NULL, &real), "its nodes"));
    TRY(mpi_check(MPI_Comm_split(real, pretended < 0 ? 0 : pretended, c->rank, &s->node), "its nodes"));
    TRY(mpi_check(MPI_Comm_set_errhandler(s->node, MPI_ERRORS_RETURN), "its nodes"));
    MPI_Comm_rank(s->node, &s->local_rank);
    MPI_Comm_size(s->node, &s->local_size);
done:
    if (real != MPI_COMM_NULL) MPI_Comm_free(&real);
    return st;
}

/* Every rank becomes a node of its own: all goes over MPI. */
static status split_apart(mpi_state *s)
{
    s->local_rank = 0;
    s->local_size = 1;
    return mpi_check(MPI_Comm_dup(MPI_COMM_SELF, &s->node), "its nodes");
}

/* Fills node_of, node_count, local_ranks and leaders. */
static status number_nodes(comm *c)
{
    status st = OK;
    mpi_state *s = c->state;
    MPI_Request request;
    int first = c->rank;
    s->node_of = calloc((size_t)c->size, sizeof *s->node_of);
    s->local_ranks = calloc((size_t)s->local_size, sizeof *s->local_ranks);
    if (!s->node_of || !s->local_ranks) TRY(FAIL(ERR_MEMORY, "no memory for the tables of %d ranks", c->size));
    TRY(mpi_check(MPI_Bcast(&first, 1, MPI_INT, 0, s->node), "its nodes"));
    TRY(mpi_check(MPI_Iallgather(&first, 1, MPI_INT, s->node_of, 1, MPI_INT, s->all, &request), "its nodes"));
    TRY(mpi_wait(c, &request, "its nodes"));
    for (int r = 0, local = 0; r < c->size; r++)
        if (s->node_of[r] == first) s->local_ranks[local++] = r;
    for (int r = 0; r < c->size; r++) /* the first rank's number becomes the node's: leaders come before their ranks */
        s->node_of[r] = s->node_of[r] == r ? s->node_count++ : s->node_of[s->node_of[r]];
    int colour = s->local_rank == 0 ? 0 : MPI_UNDEFINED;
    TRY(mpi_check(MPI_Comm_split(s->all, colour, c->rank, &s->leaders), "its nodes"));
    if (s->leaders != MPI_COMM_NULL)
        TRY(mpi_check(MPI_Comm_set_errhandler(s->leaders, MPI_ERRORS_RETURN), "its nodes"));
done:
    return st;
}

/* The slots of this node's ranks, one after the other in shared memory; *all is false when some node gives none. The
 * memory starts at the same place of a page for all ranks, so all of them align it alike. Until all are made nobody
 * looks at another's (s->slots is not there): trying a lock that its owner is about to make would leave it broken. */
static status open_slots(comm *c, bool *all)
{
    status st = OK;
    mpi_state *s = c->state;
    const size_t alignment = _Alignof(node_slot), local = (size_t)s->local_size;
    unsigned char *memory = NULL;
    MPI_Aint bytes = s->local_rank == 0 ? (MPI_Aint)(local * sizeof(node_slot) + alignment) : 0;
    int unit;
    node_slot **slots = calloc(local, sizeof *slots);
    if (!slots) TRY(FAIL(ERR_MEMORY, "no memory for the tables of %d ranks", c->size));
    bool good = MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, s->node, &memory, &s->slot_window) == MPI_SUCCESS &&
                MPI_Win_shared_query(s->slot_window, 0, &bytes, &unit, &memory) == MPI_SUCCESS;
    if (good) {
        node_slot *first = (node_slot *)(void *)(memory + (alignment - (uintptr_t)memory % alignment) % alignment);
        for (size_t l = 0; l < local; l++) slots[l] = first + l;
        memset(slots[s->local_rank], 0, sizeof *first);
        good = slot_live(slots[s->local_rank]);
    }
    TRY(mpi_all(c, good, all));
    s->slots = slots;
    slots = NULL;
done:
    free(slots);
    return st;
}

static status open_slot_alone(mpi_state *s)
{
    free(s->slots);
    s->slots = calloc(1, sizeof *s->slots);
    s->slot_plain = aligned_alloc(_Alignof(node_slot), sizeof *s->slot_plain);
    if (!s->slots || !s->slot_plain) return FAIL(ERR_MEMORY, "no memory for the communicator");
    memset(s->slot_plain, 0, sizeof *s->slot_plain); /* nobody looks whether it lives */
    s->slots[0] = s->slot_plain;
    return OK;
}

static status open_nodes(comm *c)
{
    status st = OK;
    mpi_state *s = c->state;
    bool all = false;
    TRY(split_nodes(c));
    TRY(open_slots(c, &all));
    if (!all) {
        TRY(split_apart(s));
        TRY(open_slot_alone(s));
    }
    TRY(number_nodes(c));
done:
    return st;
}

static void state_free(comm *c, bool in_order)
{
    mpi_state *s = c->state;
    c->state = NULL;
    if (!s) return;
    for (window *next, *w = s->windows; w;) {
        next = w->next;
        window_free(&w, in_order);
        w = next;
    }
    window_free(&s->stage, in_order);
    node_memory_free(&s->rows_brought, in_order);
    node_memory_free(&s->rows_summed, in_order);
    mail_free(&s->mail, in_order);
    if (in_order) {
        if (s->slot_window != MPI_WIN_NULL) {
            slot_leave(s->slots[s->local_rank]);
            MPI_Win_free(&s->slot_window);
        }
        if (s->leaders != MPI_COMM_NULL) MPI_Comm_free(&s->leaders);
        if (s->node != MPI_COMM_NULL) MPI_Comm_free(&s->node);
        if (s->all != MPI_COMM_WORLD) MPI_Comm_free(&s->all);
    }
    free(s->local_ranks);
    free(s->node_of);
    free(s->slots);
    free(s->slot_plain);
    free(s->payloads);
    free(s->rows_union);
    free(s->exchange);
    free(s);
}

/* After a failure nothing is waited for: memory of MPI is left to the end of the process, and so is MPI. */
static void close_mpi(comm *c)
{
    bool in_order = c->broken == OK;
    bool world = !c->state || all_of(c) == MPI_COMM_WORLD;
    state_free(c, in_order);
    if (in_order && world) MPI_Finalize();
}

static status split_mpi(comm *c, int colour, comm *part);

static status post_mpi(comm *c, int first, int count, const void *bytes, size_t length)
{
    return mail_post(((mpi_state *)c->state)->mail, first, count, bytes, length);
}

static status take_mpi(comm *c, void **bytes, size_t *length, int *from)
{
    return mail_take(((mpi_state *)c->state)->mail, bytes, length, from);
}

static status flush_mpi(comm *c, double seconds)
{
    return mail_flush(((mpi_state *)c->state)->mail, seconds);
}

static const comm_backend MPI_BACKEND = {
    .name = "MPI",
    .close = close_mpi,
    .split = split_mpi,
    .post = post_mpi,
    .take = take_mpi,
    .flush = flush_mpi,
    .listen = mpi_listen,
    .meet = meet_mpi,
    .meeting_text = meeting_text_mpi,
    .give_up = give_up_mpi,
    .broadcast = broadcast_mpi,
    .gather = gather_mpi,
    .share_new = mpi_share_new,
    .share_out = mpi_share_out,
    .sum_f32 = mpi_sum_f32,
    .shared_alloc = shared_alloc_mpi,
    .sum_shared = mpi_sum_shared,
    .sum_rows = mpi_sum_rows,
    .probe = mpi_probe,
    .node_of = mpi_node_of,
    .abort = abort_mpi,
};

/* The communicator of all ranks of `all`, which it owns unless it is the world's. */
static status state_open(comm *c, MPI_Comm all)
{
    status st = OK;
    MPI_Comm_rank(all, &c->rank);
    MPI_Comm_size(all, &c->size);
    mpi_state *s = calloc(1, sizeof *s);
    if (!s) TRY(FAIL(ERR_MEMORY, "no memory for the communicator"));
    *s = (mpi_state){.all = all,
                     .node = MPI_COMM_NULL,
                     .leaders = MPI_COMM_NULL,
                     .slot_window = MPI_WIN_NULL,
                     .rows_brought = {.handle = MPI_WIN_NULL},
                     .rows_summed = {.handle = MPI_WIN_NULL}};
    c->state = s;
    c->backend = &MPI_BACKEND;
    TRY(comm_tables_new(c));
    TRY(exchange_hosts(c));
    TRY(open_nodes(c));
    s->payloads = s->node_count > 1 ? malloc((size_t)c->size * MEETING_BYTES) : NULL;
    if (s->node_count > 1 && !s->payloads) TRY(FAIL(ERR_MEMORY, "no memory for the messages of %d ranks", c->size));
    TRY(window_new(c, STAGE_COUNT, &s->stage));
    if (!s->stage)
        TRY(FAIL(ERR_MEMORY, "no shared memory for the ranks of %s: /dev/shm or /tmp is full", comm_host(c)));
done:
    if (st != OK && c->backend) c->broken = st;
    return st;
}

status mpi_open(comm *c)
{
    status st = start_mpi();
    return st == OK ? state_open(c, MPI_COMM_WORLD) : st;
}

static status split_mpi(comm *c, int colour, comm *part)
{
    status st = OK;
    mpi_state *s = c->state;
    MPI_Comm all = MPI_COMM_NULL;
    int size = 0;
    if (!s->mail) TRY(mail_new(s->all, &s->mail));
    TRY(mpi_check(MPI_Comm_split(s->all, colour, c->rank, &all), "a split of the ranks"));
    TRY(mpi_check(MPI_Comm_set_errhandler(all, MPI_ERRORS_RETURN), "a split of the ranks"));
    MPI_Comm_size(all, &size);
    part->world_ranks = calloc((size_t)size, sizeof *part->world_ranks);
    if (!part->world_ranks) TRY(FAIL(ERR_MEMORY, "no memory for the tables of %d ranks", size));
    int mine = comm_world_rank(c, c->rank);
    TRY(mpi_check(MPI_Allgather(&mine, 1, MPI_INT, part->world_ranks, 1, MPI_INT, all), "a split of the ranks"));
    TRY(state_open(part, all));
done:
    return st;
}
