/* letters - what the ranks of a teacher and of a student tell each other while both run, as mail (comm.h).
 *
 * The first byte says what it is: the set, records, a sign of life, that the store is complete, or the end of a role
 * with its failure. All ranks run the same program on machines of one kind, so structures travel as they are; sizes are
 * checked.
 */
#ifndef MAGISTER_RANK_LETTERS_H
#define MAGISTER_RANK_LETTERS_H

#include "comm/comm.h"
#include "distill/stream.h"

typedef struct {
    comm *world, *role;              /* borrowed */
    const char *others;              /* "the teacher" or "the student": whom these letters come from and go to */
    int first, count;                /* ranks of the others, in the world */
    bool ended;                      /* the others have said that they ended well */
    unsigned char *kept;             /* the letter that was told last; owned */
    size_t used;                     /* of `fresh` */
    unsigned char fresh[MAIL_BYTES]; /* records that are not posted yet */
} letters;

void letters_free(letters *l);

/* The teacher's side. `l` must stay where it is. */
prediction_sink letters_sink(letters *l);
status letters_complete(letters *l); /* the store is complete and closed */

/* The student's side. */
prediction_source letters_source(letters *l);

/* Tells the others how this role ended: its first rank does, for all of them. */
void letters_end(letters *l, status how);

/* Waits for the others' end, `patient` as in comm_await. Errors: their failure. */
status letters_await_end(letters *l, bool patient);

#endif
