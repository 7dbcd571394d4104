/* Waiting for others, and memory shared inside a node. */
#include "comm/mpi.h"
#include "comm/patience.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

status mpi_check(int code, const char *what)
{
    if (code == MPI_SUCCESS) return OK;
    char reason[MPI_MAX_ERROR_STRING + 1] = "";
    int length = 0;
    MPI_Error_string(code, reason, &length);
    return FAIL(ERR_RANK, "MPI failed at %s: %s", what, reason);
}

bool slot_live(node_slot *slot)
{
    pthread_mutexattr_t how;
    if (pthread_mutexattr_init(&how)) return false;
    bool good = !pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED) &&
                !pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST) && !pthread_mutex_init(&slot->life, &how) &&
                !pthread_mutex_lock(&slot->life);
    pthread_mutexattr_destroy(&how);
    return good;
}

void slot_leave(node_slot *slot)
{
    pthread_mutex_unlock(&slot->life);
}

/* Who gets a dead rank's lock gives it back as it is, which tells the others: they cannot recover it any more. */
static bool slot_died(node_slot *slot)
{
    int code = pthread_mutex_trylock(&slot->life);
    if (code == 0 || code == EOWNERDEAD) pthread_mutex_unlock(&slot->life);
    return code == EOWNERDEAD || code == ENOTRECOVERABLE;
}

/* The failure of a rank of this node that has left before it completed `syncs`, or died before it came to them: it is
 * ours too. */
static status failure_of_neighbours(const comm *c, uint64_t syncs)
{
    const mpi_state *s = c->state;
    for (int l = 0; s->slots && l < s->local_size; l++) {
        if (l == s->local_rank) continue;
        bool died = slot_died(s->slots[l]); /* before the rest is looked at: it may have said why */
        int code = atomic_load_explicit(&s->slots[l]->broken, memory_order_acquire);
        if (code > OK && code <= ERR_INTERNAL && s->slots[l]->completed < syncs)
            return FAIL((status)code, "%s", s->slots[l]->cause);
        if (died && atomic_load_explicit(&s->slots[l]->arrived, memory_order_acquire) < syncs)
            return FAIL(ERR_RANK, "rank %d (%s) has died without a word: see its log",
                        comm_world_rank(c, s->local_ranks[l]), c->hosts[s->local_ranks[l]]);
    }
    return OK;
}

status mpi_listen(comm *c)
{
    return failure_of_neighbours(c, UINT64_MAX);
}

static void list_missing(const comm *c, char *out, size_t size)
{
    const mpi_state *s = c->state;
    size_t used = 0;
    out[0] = '\0';
    for (int l = 0; s->slots && s->local_ranks && l < s->local_size && used < size; l++) {
        if (atomic_load_explicit(&s->slots[l]->arrived, memory_order_acquire) >= s->arrived) continue;
        int rank = s->local_ranks[l];
        used += (size_t)snprintf(out + used, size - used, "%srank %d (%s) did not come", used ? ", " : "",
                                 comm_world_rank(c, rank), c->hosts[rank]);
    }
    if (s->node_count < 2 || !s->node_of) return;
    const char *last = NULL;
    for (int r = 0; r < c->size && used < size; r++) {
        if (s->node_of[r] == s->node_of[c->rank] || (last && !strcmp(last, c->hosts[r]))) continue;
        used += (size_t)snprintf(out + used, size - used, "%s%s",
                                 last   ? ", "
                                 : used ? "; cannot see the ranks of "
                                        : "cannot see the ranks of ",
                                 c->hosts[r]);
        last = c->hosts[r];
    }
}

/* Lets whoever wants to know look at the ranks of this node that did not come. */
static void call_missed(const comm *c)
{
    const mpi_state *s = c->state;
    int *missing = c->missed ? calloc((size_t)s->local_size, sizeof *missing) : NULL;
    size_t count = 0;
    for (int l = 0; missing && s->slots && s->local_ranks && l < s->local_size; l++)
        if (atomic_load_explicit(&s->slots[l]->arrived, memory_order_acquire) < s->arrived)
            missing[count++] = comm_world_rank(c, s->local_ranks[l]);
    if (missing) c->missed(missing, count);
    free(missing);
}

static status timed_out(const comm *c, const char *what)
{
    char missing[2048];
    list_missing(c, missing, sizeof missing);
    call_missed(c);
    return FAIL(ERR_RANK,
                "rank %d (%s) waited %g s at %s: %s; see the logs of these ranks (launch.timeout sets the limit)",
                comm_world_rank(c, c->rank), c->hosts[c->rank], c->timeout, what,
                missing[0] ? missing : "nobody is known to be missing");
}

static status wait_for(comm *c, MPI_Request *request, const char *what, bool listen)
{
    status st = OK;
    patience p = patience_start(c->timeout);
    for (;;) {
        int over = 0;
        TRY(mpi_check(MPI_Test(request, &over, MPI_STATUS_IGNORE), what));
        if (over) break;
        if (listen) TRY(failure_of_neighbours(c, UINT64_MAX));
        if (!patience_wait(&p)) TRY(timed_out(c, what));
    }
done:
    return st;
}

status mpi_wait(comm *c, MPI_Request *request, const char *what)
{
    return wait_for(c, request, what, true);
}

status mpi_wait_deaf(comm *c, MPI_Request *request, const char *what)
{
    return wait_for(c, request, what, false);
}

status node_sync(comm *c, const char *what)
{
    status st = OK;
    mpi_state *s = c->state;
    patience p = patience_start(c->timeout);
    s->arrived++;
    atomic_store_explicit(&s->slots[s->local_rank]->arrived, s->arrived, memory_order_release);
    for (int l = 0; l < s->local_size;) {
        if (atomic_load_explicit(&s->slots[l]->arrived, memory_order_acquire) >= s->arrived) {
            l++;
            continue;
        }
        TRY(failure_of_neighbours(c, s->arrived));
        if (!patience_wait(&p)) TRY(timed_out(c, what));
    }
    TRY(failure_of_neighbours(c, s->arrived)); /* all came, but one that waited for us may have left */
    s->completed = s->arrived;
done:
    return st;
}

status mpi_all(comm *c, bool mine, bool *all)
{
    int vote = mine, result = 0;
    MPI_Request request;
    status st = mpi_check(MPI_Iallreduce(&vote, &result, 1, MPI_INT, MPI_MIN, ((mpi_state *)c->state)->all, &request),
                          "a vote");
    if (st == OK) st = mpi_wait(c, &request, "a vote");
    if (st == OK) *all = result != 0;
    return st;
}

/* ---- windows ----------------------------------------------------------------------------------------------------- */

enum { LINE_FLOATS = SHARED_ALIGNMENT / sizeof(float) };

/* The first of them on a line of the cache. A part lies at the same place of a page for all ranks. */
static float *aligned(float *values)
{
    return values + (SHARED_ALIGNMENT - (uintptr_t)values % SHARED_ALIGNMENT) % SHARED_ALIGNMENT / sizeof *values;
}

static bool window_share(const mpi_state *s, window *w)
{
    MPI_Info info = MPI_INFO_NULL;
    MPI_Aint bytes = (MPI_Aint)((w->count + LINE_FLOATS) * sizeof(float));
    MPI_Info_create(&info);
    MPI_Info_set(info, "alloc_shared_noncontig", "true"); /* every part on pages of its own */
    int code = MPI_Win_allocate_shared(bytes, sizeof(float), info, s->node, &w->mine, &w->handle);
    MPI_Info_free(&info);
    if (code != MPI_SUCCESS) {
        w->handle = MPI_WIN_NULL;
        return false;
    }
    for (int l = 0; l < s->local_size; l++) {
        int unit;
        if (MPI_Win_shared_query(w->handle, l, &bytes, &unit, &w->parts[l]) != MPI_SUCCESS) return false;
        w->parts[l] = aligned(w->parts[l]);
    }
    w->mine = w->parts[s->local_rank];
    memset(w->mine, 0, w->count * sizeof *w->mine);
    return true;
}

void window_free(window **at, bool in_order)
{
    if (!at || !*at) return;
    window *w = *at;
    if (w->handle == MPI_WIN_NULL) free(w->mine);
    else if (in_order) MPI_Win_free(&w->handle);
    free(w->parts);
    free(w);
    *at = NULL;
}

status window_new(comm *c, size_t count, window **out)
{
    status st = OK;
    bool all = false;
    mpi_state *s = c->state;
    window *w = calloc(1, sizeof *w);
    bool good = w && count <= SIZE_MAX / sizeof(float) - LINE_FLOATS;
    if (w) {
        *w = (window){.handle = MPI_WIN_NULL, .count = count ? count : 1};
        w->parts = calloc((size_t)s->local_size, sizeof *w->parts);
        good = good && w->parts;
    }
    TRY(mpi_all(c, good, &all)); /* before the blocking call below, all are here and can make it */
    if (all) {
        good = window_share(s, w);
        TRY(mpi_all(c, good, &all));
    }
    if (all) {
        *out = w;
        w = NULL;
    }
done:
    window_free(&w, false); /* others may have got it */
    return st;
}
