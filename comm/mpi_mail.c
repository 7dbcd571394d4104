/* Mail: messages between ranks that are not at a collective together, on a communicator that carries nothing else.
 *
 * Sending and receiving are non-blocking and go on whenever a function here is called. What MPI sends eagerly is on its
 * way when it is posted; a longer message needs both sides to call. One message at most is being received.
 */
#include "comm/mpi.h"
#include "comm/patience.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_MAIL = 1 };

/* A message on its way: the bytes, and a request for each rank it goes to. */
typedef struct letter {
    struct letter *next;
    MPI_Request *requests; /* (count) */
    int count;
    unsigned char bytes[];
} letter;

struct mail {
    MPI_Comm ranks;
    letter *posted, **last; /* oldest first; where the next one is hung up */
    struct {
        MPI_Request request; /* MPI_REQUEST_NULL: nothing is being received */
        void *bytes;
        size_t length;
        int from;
    } incoming;
};

status mail_new(MPI_Comm all, mail **out)
{
    status st = OK;
    mail *m = calloc(1, sizeof *m);
    if (!m) TRY(FAIL(ERR_MEMORY, "no memory for mail between ranks"));
    m->incoming.request = MPI_REQUEST_NULL;
    m->last = &m->posted;
    TRY(mpi_check(MPI_Comm_dup(all, &m->ranks), "the start of mail"));
    TRY(mpi_check(MPI_Comm_set_errhandler(m->ranks, MPI_ERRORS_RETURN), "the start of mail"));
    *out = m;
    m = NULL;
done:
    free(m);
    return st;
}

static void letter_free(letter *l)
{
    free(l->requests);
    free(l);
}

/* Lets go of letters that have left, up to the first that has not: MPI goes on with all of them whichever is asked for,
 * and each question may give the core away to whatever else is at work there. */
static status push(mail *m)
{
    status st = OK;
    while (m->posted) {
        int over = 0;
        letter *l = m->posted;
        TRY(mpi_check(MPI_Testall(l->count, l->requests, &over, MPI_STATUSES_IGNORE), "mail"));
        if (!over) break;
        m->posted = l->next;
        if (!l->next) m->last = &m->posted;
        letter_free(l);
    }
done:
    return st;
}

status mail_post(mail *m, int first, int count, const void *bytes, size_t length)
{
    status st = OK;
    CHECK(m && length && length <= INT_MAX);
    letter *l = malloc(sizeof *l + length);
    MPI_Request *requests = calloc((size_t)count, sizeof *requests);
    if (!l || !requests) {
        free(l);
        free(requests);
        return FAIL(ERR_MEMORY, "no memory to send %zu bytes", length);
    }
    *l = (letter){.requests = requests, .count = count};
    memcpy(l->bytes, bytes, length);
    for (int r = 0; r < count; r++) l->requests[r] = MPI_REQUEST_NULL;
    *m->last = l; /* MPI reads it from here on, whatever fails */
    m->last = &l->next;
    for (int r = 0; r < count; r++)
        TRY(mpi_check(MPI_Isend(l->bytes, (int)length, MPI_BYTE, first + r, TAG_MAIL, m->ranks, &l->requests[r]),
                      "mail"));
    TRY(push(m));
done:
    return st;
}

/* Begins to receive the next message, when one is there and none is under way. */
static status begin_receiving(mail *m)
{
    status st = OK;
    int found = 0, length = 0;
    MPI_Message message;
    MPI_Status which;
    if (m->incoming.request != MPI_REQUEST_NULL) goto done;
    TRY(mpi_check(MPI_Improbe(MPI_ANY_SOURCE, TAG_MAIL, m->ranks, &found, &message, &which), "mail"));
    if (!found) goto done;
    MPI_Get_count(&which, MPI_BYTE, &length);
    m->incoming.bytes = malloc((size_t)length + 1);
    if (!m->incoming.bytes) TRY(FAIL(ERR_MEMORY, "no memory to receive %d bytes", length));
    m->incoming.length = (size_t)length;
    m->incoming.from = which.MPI_SOURCE;
    TRY(mpi_check(MPI_Imrecv(m->incoming.bytes, length, MPI_BYTE, &message, &m->incoming.request), "mail"));
done:
    return st;
}

status mail_take(mail *m, void **bytes, size_t *length, int *from)
{
    status st = OK;
    int over = 0;
    *bytes = NULL;
    CHECK(m);
    TRY(push(m));
    TRY(begin_receiving(m));
    if (m->incoming.request == MPI_REQUEST_NULL) goto done;
    TRY(mpi_check(MPI_Test(&m->incoming.request, &over, MPI_STATUS_IGNORE), "mail"));
    if (!over) goto done;
    *bytes = m->incoming.bytes;
    *length = m->incoming.length;
    *from = m->incoming.from;
    m->incoming.bytes = NULL;
done:
    return st;
}

status mail_flush(mail *m, double seconds)
{
    status st = OK;
    patience p = patience_start(seconds);
    if (!m) goto done;
    do TRY(push(m));
    while (m->posted && patience_wait(&p));
done:
    return st;
}

/* Takes what comes and drops it, until all that this rank and the others have posted has arrived. */
static status empty(mail *m)
{
    status st = OK;
    MPI_Request all_done = MPI_REQUEST_NULL;
    int over = 0, from;
    size_t length;
    bool told = false;
    patience p = patience_start(60);
    while (!over && patience_wait(&p)) {
        void *bytes = NULL;
        TRY(mail_take(m, &bytes, &length, &from));
        free(bytes);
        if (!told && !m->posted) {
            TRY(mpi_check(MPI_Ibarrier(m->ranks, &all_done), "the end of mail"));
            told = true;
        }
        if (told) TRY(mpi_check(MPI_Test(&all_done, &over, MPI_STATUS_IGNORE), "the end of mail"));
    }
done:
    return st;
}

void mail_free(mail **at, bool in_order)
{
    if (!at || !*at) return;
    mail *m = *at;
    *at = NULL;
    if (!in_order) return; /* MPI may still read and write its memory */
    if (empty(m) != OK) fail_clear();
    MPI_Comm_free(&m->ranks);
    for (letter *next, *l = m->posted; l; l = next) {
        next = l->next;
        letter_free(l);
    }
    free(m->incoming.bytes);
    free(m);
}
