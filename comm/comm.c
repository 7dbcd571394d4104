#include "comm/comm.h"

#include "base/hash.h"
#include "base/log.h"
#include "comm/backend.h"
#include "comm/patience.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const OP_NAMES[OP_KINDS] = {
    [OP_NONE] = "nothing",
    [OP_BARRIER] = "a barrier",
    [OP_AGREE] = "the agreement on status",
    [OP_ANY] = "the agreement on a flag",
    [OP_BROADCAST] = "a broadcast",
    [OP_SUM_F64] = "a sum of float64",
    [OP_SUM_I64] = "a sum of int64",
    [OP_SUM_F32] = "a sum of float32",
    [OP_SHARED_ALLOC] = "the allocation of shared memory",
    [OP_SUM_SHARED] = "the sum of gradients",
    [OP_SUM_ROWS] = "the sum of embedding rows",
    [OP_SUM_DEVICE] = "the sum of gradients on GPUs",
    [OP_GATHER] = "a gather",
    [OP_SHARE] = "the sharing of read-only data",
    [OP_PROBE] = "the trial of the network",
    [OP_CLOSE] = "the end",
};

const char *comm_op_name(int op)
{
    return op >= 0 && op < OP_KINDS ? OP_NAMES[op] : "an unknown operation";
}

int comm_world_rank(const comm *c, int rank)
{
    return c->world_ranks ? c->world_ranks[rank] : rank;
}

/* ---- failures ---------------------------------------------------------------------------------------------------- */

enum { NEW_FAILURE = 'n', AGREED_FAILURE = 'a' }; /* first byte of a text */

/* This thread's failure: kind, place, NUL, message. One that was agreed upon before, and comes again from a caller
 * further out, names its rank already. */
static void text_of_failure(const comm *c, char *text)
{
    memset(text, 0, TEXT_BYTES);
    text[0] = c->agreed[0] && !strcmp(c->agreed, fail_message()) ? AGREED_FAILURE : NEW_FAILURE;
    snprintf(text + 1, PLACE_BYTES, "%s", fail_place());
    size_t used = 1 + strlen(text + 1) + 1;
    snprintf(text + used, TEXT_BYTES - used, "%s", fail_message()[0] ? fail_message() : "no message");
}

/* True when every rank brought this very failure: no rank needs to be named then. */
static bool failed_alike(const comm *c, int rank)
{
    const comm_header *h = &c->headers[rank];
    for (int r = 0; r < c->size; r++)
        if (c->headers[r].op != OP_AGREE || c->headers[r].value != h->value || c->headers[r].extra != h->extra)
            return false;
    return true;
}

/* Makes the failure a rank told of the failure of this thread, with its place. */
static status failure_of_rank(comm *c, int rank, int code, const char *text)
{
    char file[PLACE_BYTES];
    snprintf(file, sizeof file, "%.*s", PLACE_BYTES - 1, text + 1);
    const char *message = text + 1 + strlen(text + 1) + 1;
    char *colon = strrchr(file, ':');
    int line = colon ? atoi(colon + 1) : 0;
    if (colon) *colon = '\0';
    if (code <= OK || code > ERR_INTERNAL) code = ERR_INTERNAL;
    fail_clear();
    if (text[0] == AGREED_FAILURE || failed_alike(c, rank)) fail_at(file, line, (status)code, "%s", message);
    else fail_at(file, line, (status)code, "rank %d (%s): %s", comm_world_rank(c, rank), c->hosts[rank], message);
    snprintf(c->agreed, sizeof c->agreed, "%s", fail_message());
    return (status)code;
}

/* Keeps the failure: the communicator is broken from here on. */
static status latch(comm *c, status st)
{
    if (st == OK || c->broken) return st;
    c->broken = st;
    snprintf(c->cause, sizeof c->cause, "%s", fail_message());
    c->backend->give_up(c);
    return st;
}

/* The rank whose failure in comm_agree all report: the worst status, the lowest rank of these; -1 when all are well. */
static int failed_rank(const comm *c)
{
    int worst = -1;
    for (int r = 0; r < c->size; r++) {
        const comm_header *h = &c->headers[r];
        if (h->op == OP_AGREE && h->value != 0 && (worst < 0 || h->value > c->headers[worst].value)) worst = r;
    }
    return worst;
}

static status report_rank(comm *c, int rank)
{
    char text[TEXT_BYTES] = {0};
    int code = c->headers[rank].value;
    status st = c->backend->meeting_text(c, rank, text);
    if (st != OK) return st;
    text[TEXT_BYTES - 1] = '\0';
    return failure_of_rank(c, rank, code, text);
}

static bool headers_match(const comm_header *a, const comm_header *b)
{
    bool votes = a->op == OP_AGREE || a->op == OP_ANY; /* these may differ: it is what is asked for */
    return a->op == b->op && a->bytes == b->bytes && (votes || (a->value == b->value && a->extra == b->extra));
}

/* All ranks see the same headers and so come to the same verdict. */
static status compare_headers(comm *c)
{
    const comm_header *first = &c->headers[0];
    for (int r = 1; r < c->size; r++) {
        const comm_header *h = &c->headers[r];
        if (headers_match(first, h)) continue;
        if (failed_rank(c) >= 0) return report_rank(c, failed_rank(c));
        return FAIL(
            ERR_INTERNAL,
            "ranks took different ways: rank %d (%s) is at %s (%llu elements), rank %d (%s) at %s (%llu elements)",
            comm_world_rank(c, 0), c->hosts[0], comm_op_name(first->op), (unsigned long long)first->extra,
            comm_world_rank(c, r), c->hosts[r], comm_op_name(h->op), (unsigned long long)h->extra);
    }
    return OK;
}

static status meet(comm *c, comm_header mine, const void *payload, const char *text)
{
    if (c->broken) return FAIL(c->broken, "%s", c->cause);
    status st = c->backend->meet(c, &mine, payload, text);
    if (st == OK) st = compare_headers(c);
    return latch(c, st);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

status comm_tables_new(comm *c)
{
    size_t size = (size_t)c->size;
    c->hosts = calloc(size, sizeof *c->hosts);
    c->headers = calloc(size, sizeof *c->headers);
    c->payloads = calloc(size, sizeof *c->payloads);
    if (!c->hosts || !c->headers || !c->payloads)
        return FAIL(ERR_MEMORY, "no memory for the tables of %d ranks", c->size);
    return OK;
}

float *comm_plain_new(size_t count)
{
    if (count > SIZE_MAX / sizeof(float) - SHARED_ALIGNMENT) return NULL;
    size_t bytes = (count * sizeof(float) / SHARED_ALIGNMENT + 1) * SHARED_ALIGNMENT;
    float *values = aligned_alloc(SHARED_ALIGNMENT, bytes);
    if (values) memset(values, 0, bytes);
    return values;
}

static status check_promise(const comm *c, int promised)
{
    if (promised <= 0 || c->size == promised) return OK;
    return FAIL(
        ERR_RANK,
        "%d rank%s promised and the world has %d: start the ranks with the mpirun (or srun --mpi=...) of the MPI "
        "this program was built with",
        promised, promised == 1 ? " was" : "s were", c->size);
}

status comm_open(int promised, double timeout_seconds, comm **out)
{
    status st = OK;
    comm *c = calloc(1, sizeof *c);
    if (!c) TRY(FAIL(ERR_MEMORY, "no memory for the communicator"));
    c->timeout = isfinite(timeout_seconds) && timeout_seconds > 0 ? timeout_seconds : 600;
    TRY(promised > 1 || mpi_launched() ? mpi_open(c) : self_open(c));
    TRY(check_promise(c, promised));
    *out = c;
    c = NULL;
done:
    comm_close(&c);
    return st;
}

/* Waits, within the time-out, until all ranks are here: MPI's own end would wait without one. */
static void leave_together(comm *c)
{
    bool clean = !fail_message()[0];
    status st = meet(c, (comm_header){.op = OP_CLOSE}, NULL, NULL);
    if (st == OK || !clean) return;
    log_warn("%s", fail_message());
    fail_clear();
}

/* Where a part broke, MPI can end in order no more. */
static void break_whole(const comm *part)
{
    part->whole->broken = part->broken;
    memcpy(part->whole->cause, part->cause, sizeof part->cause);
}

void comm_close(comm **at)
{
    if (!at || !*at) return;
    comm *c = *at;
    if (c->backend && !c->broken) leave_together(c);
    device_sums_end(&c->device, !c->broken);
    if (c->whole && c->broken && !c->whole->broken) break_whole(c);
    if (c->backend) c->backend->close(c);
    free(c->world_ranks);
    free(c->hosts);
    free(c->headers);
    free(c->payloads);
    free(c);
    *at = NULL;
}

void comm_on_missed(comm *c, void (*missed)(const int *missing, size_t count))
{
    c->missed = missed;
}

int comm_rank(const comm *c)
{
    return c->rank;
}

int comm_size(const comm *c)
{
    return c->size;
}

const char *comm_host(const comm *c)
{
    return c->hosts[c->rank];
}

void comm_abort(comm *c, int exit_code)
{
    if (c && c->backend) c->backend->abort(c, exit_code);
    _exit(exit_code);
}

/* ---- parts ------------------------------------------------------------------------------------------------------- */

status comm_split(comm *c, int colour, comm **out)
{
    status st = OK;
    comm *part = calloc(1, sizeof *part);
    TRY(comm_agree(c, part ? OK : FAIL(ERR_MEMORY, "no memory for the communicator")));
    part->timeout = c->timeout;
    part->whole = c;
    part->missed = c->missed;
    TRY(latch(c, c->backend->split(c, colour, part)));
    *out = part;
    part = NULL;
done:
    comm_close(&part);
    return st;
}

status comm_post(comm *c, int first, int count, const void *bytes, size_t length)
{
    if (c->broken) return FAIL(c->broken, "%s", c->cause);
    return latch(c, c->backend->post(c, first, count, bytes, length));
}

status comm_take(comm *c, void **bytes, size_t *length, int *from)
{
    *bytes = NULL;
    if (c->broken) return FAIL(c->broken, "%s", c->cause);
    return latch(c, c->backend->take(c, bytes, length, from));
}

status comm_await(comm *c, const char *what, bool patient, void **bytes, size_t *length, int *from)
{
    status st = OK;
    patience p = patience_start(patient ? INFINITY : c->timeout);
    for (;;) {
        TRY(comm_take(c, bytes, length, from));
        if (*bytes) break;
        TRY(latch(c, c->backend->listen(c)));
        if (patience_wait(&p)) continue;
        if (c->missed) c->missed(NULL, 0);
        TRY(latch(c, FAIL(ERR_RANK,
                          "rank %d (%s) waited %g s for %s, and no sign of life came; see the logs of the other "
                          "ranks (launch.timeout sets the limit)",
                          comm_world_rank(c, c->rank), c->hosts[c->rank], c->timeout, what)));
    }
done:
    return st;
}

status comm_flush(comm *c, double seconds)
{
    return c->broken ? OK : latch(c, c->backend->flush(c, seconds));
}

void comm_names_rank(comm *c)
{
    snprintf(c->agreed, sizeof c->agreed, "%s", fail_message());
}

/* ---- agreement --------------------------------------------------------------------------------------------------- */

status comm_agree(comm *c, status mine)
{
    char text[TEXT_BYTES];
    if (c->broken && mine != OK) return mine;
    if (mine != OK) text_of_failure(c, text);
    uint64_t words = mine != OK ? crc32_bytes(fail_message(), strlen(fail_message())) : 0;
    comm_header header = {.op = OP_AGREE, .value = (int32_t)mine, .extra = words};
    status st = meet(c, header, NULL, mine != OK ? text : NULL);
    if (st != OK) return mine != OK ? mine : st; /* its own failure says more than that the others do not hear it */
    int failed = failed_rank(c);
    return failed < 0 ? OK : report_rank(c, failed);
}

status comm_any(comm *c, bool *flag)
{
    status st = meet(c, (comm_header){.op = OP_ANY, .value = *flag}, NULL, NULL);
    for (int r = 0; st == OK && r < c->size; r++)
        if (c->headers[r].value) *flag = true;
    return st;
}

status comm_barrier(comm *c)
{
    return meet(c, (comm_header){.op = OP_BARRIER}, NULL, NULL);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static status check_root(const comm *c, int root)
{
    return root >= 0 && root < c->size ? OK : FAIL(ERR_INTERNAL, "there is no rank %d among %d", root, c->size);
}

status comm_broadcast(comm *c, void *bytes, size_t count, int root)
{
    status st = OK;
    TRY(check_root(c, root));
    TRY(meet(c, (comm_header){.op = OP_BROADCAST, .value = root, .extra = count}, NULL, NULL));
    TRY(latch(c, c->backend->broadcast(c, bytes, count, root)));
done:
    return st;
}

status comm_gather(comm *c, const void *bytes, size_t count, int root, void **out, size_t *offsets)
{
    status st = OK;
    void *all = NULL;
    uint64_t mine = count;
    size_t *starts = calloc((size_t)c->size + 1, sizeof *starts);
    TRY(check_root(c, root));
    TRY(comm_agree(c, starts ? OK : FAIL(ERR_MEMORY, "no memory for the offsets of %d ranks", c->size)));
    TRY(meet(c, (comm_header){.op = OP_GATHER, .value = root, .bytes = sizeof mine}, &mine, NULL));
    for (int r = 0; r < c->size; r++) {
        memcpy(&mine, c->payloads[r], sizeof mine);
        starts[r + 1] = starts[r] + (size_t)mine;
    }
    if (c->rank == root) all = malloc(starts[c->size] ? starts[c->size] : 1);
    bool full = c->rank == root && !all;
    TRY(comm_agree(c, full ? FAIL(ERR_MEMORY, "no memory to gather %zu bytes", starts[c->size]) : OK));
    TRY(latch(c, c->backend->gather(c, bytes, count, root, all, starts)));
    if (offsets) memcpy(offsets, starts, ((size_t)c->size + 1) * sizeof *starts);
    *out = all;
    all = NULL;
done:
    free(all);
    free(starts);
    return st;
}

status comm_share(comm *c, size_t count, status (*fill)(void *self, void *to, size_t count), void *self,
                  shared_bytes **out)
{
    status st = OK;
    uint64_t bytes = count;
    shared_bytes *b = calloc(1, sizeof *b);
    TRY(comm_agree(c, b ? OK : FAIL(ERR_MEMORY, "no memory for read-only data")));
    TRY(meet(c, (comm_header){.op = OP_SHARE, .bytes = sizeof bytes}, &bytes, NULL));
    memcpy(&bytes, c->payloads[0], sizeof bytes);
    TRY(latch(c, c->backend->share_new(c, (size_t)bytes, b)));
    TRY(comm_agree(c, c->rank == 0 ? fill(self, b->at, b->count) : OK));
    TRY(latch(c, c->backend->share_out(c, b)));
    *out = b;
    b = NULL;
done:
    shared_bytes_free(&b);
    return st;
}

/* ---- sums -------------------------------------------------------------------------------------------------------- */

enum { NUMBERS_MAX = MEETING_BYTES / 8 }; /* of one meeting */

status comm_sum_f64(comm *c, double *values, size_t count)
{
    status st = OK;
    for (size_t at = 0; at < count; at += NUMBERS_MAX) {
        size_t length = count - at < NUMBERS_MAX ? count - at : NUMBERS_MAX;
        comm_header mine = {.op = OP_SUM_F64, .extra = count, .bytes = length * sizeof *values};
        TRY(meet(c, mine, values + at, NULL));
        for (size_t i = 0; i < length; i++) {
            double sum = 0;
            for (int r = 0; r < c->size; r++) sum += ((const double *)c->payloads[r])[i];
            values[at + i] = sum;
        }
    }
done:
    return st;
}

status comm_sum_i64(comm *c, int64_t *values, size_t count)
{
    status st = OK;
    for (size_t at = 0; at < count; at += NUMBERS_MAX) {
        size_t length = count - at < NUMBERS_MAX ? count - at : NUMBERS_MAX;
        comm_header mine = {.op = OP_SUM_I64, .extra = count, .bytes = length * sizeof *values};
        TRY(meet(c, mine, values + at, NULL));
        for (size_t i = 0; i < length; i++) {
            uint64_t sum = 0; /* wraps where int64 would be undefined */
            for (int r = 0; r < c->size; r++) sum += ((const uint64_t *)c->payloads[r])[i];
            values[at + i] = (int64_t)sum;
        }
    }
done:
    return st;
}

status comm_sum_f32(comm *c, float *values, size_t count, bool tree)
{
    status st = OK;
    TRY(meet(c, (comm_header){.op = OP_SUM_F32, .value = tree, .extra = count}, NULL, NULL));
    TRY(latch(c, c->backend->sum_f32(c, values, count, tree)));
done:
    return st;
}

status comm_shared_alloc(comm *c, size_t count, float **out)
{
    status st = OK;
    TRY(meet(c, (comm_header){.op = OP_SHARED_ALLOC, .extra = count}, NULL, NULL));
    TRY(latch(c, c->backend->shared_alloc(c, count, out)));
done:
    return st;
}

status comm_sum_shared(comm *c, float *values, size_t count, bool tree)
{
    status st = OK;
    TRY(meet(c, (comm_header){.op = OP_SUM_SHARED, .value = tree, .extra = count}, NULL, NULL));
    TRY(latch(c, c->backend->sum_shared(c, values, count, tree)));
done:
    return st;
}

status comm_sum_rows(comm *c, const int64_t *rows, size_t count, const float *values, size_t width, bool tree,
                     const int64_t **rows_out, const float **values_out, size_t *count_out)
{
    status st = OK;
    uint64_t mine = count;
    comm_rows sum = {0};
    TRY(meet(c, (comm_header){.op = OP_SUM_ROWS, .value = tree, .extra = width, .bytes = sizeof mine}, &mine, NULL));
    TRY(latch(c, c->backend->sum_rows(c, &(comm_rows){rows, values, count}, width, tree, &sum)));
    *rows_out = sum.rows;
    *values_out = sum.values;
    *count_out = sum.count;
done:
    return st;
}

status comm_device_start(comm *c)
{
    if (c->broken) return FAIL(c->broken, "%s", c->cause);
    if (c->device) return OK;
    status st = device_sums_start(c, &c->device);
    return st == ERR_CONFIG ? st : latch(c, st); /* all ranks have agreed on that one, and go on */
}

status comm_sum_device(comm *c, float *values, size_t count)
{
    status st = OK;
    TRY(meet(c, (comm_header){.op = OP_SUM_DEVICE, .extra = count}, NULL, NULL));
    if (!c->device) TRY(FAIL(ERR_INTERNAL, "comm_sum_device without comm_device_start"));
    TRY(latch(c, device_sums_run(c, c->device, values, count)));
done:
    if (c->broken) device_sums_end(&c->device, false); /* lets go of the GPU */
    return st;
}

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

int comm_node_of(const comm *c, int rank)
{
    return c->backend->node_of ? c->backend->node_of(c, rank) : 0;
}

int comm_node_count(const comm *c)
{
    int last = 0;
    for (int r = 0; r < c->size; r++)
        if (comm_node_of(c, r) > last) last = comm_node_of(c, r);
    return last + 1;
}

status comm_probe(comm *c, size_t bytes, comm_link *out)
{
    status st = OK;
    *out = (comm_link){0};
    TRY(meet(c, (comm_header){.op = OP_PROBE, .extra = bytes}, NULL, NULL));
    if (c->backend->probe) TRY(latch(c, c->backend->probe(c, bytes, out)));
done:
    return st;
}
