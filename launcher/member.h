/* member - how a member of a sweep is, told from its directory alone.
 *
 * A member that cannot be looked at is a row of the sweep's table too: what is wrong with it becomes its message.
 */
#ifndef MAGISTER_LAUNCHER_MEMBER_H
#define MAGISTER_LAUNCHER_MEMBER_H

typedef enum {
    MEMBER_WAITING, /* not begun */
    MEMBER_RUNNING,
    MEMBER_STOPPED, /* saved, or lost with its machine: --resume goes on with it */
    MEMBER_FAILED,
    MEMBER_DONE,
} member_phase;

typedef struct {
    member_phase phase;
    int code;          /* exit code of a failure; 0 otherwise */
    char message[512]; /* the first line of what a failure said, without control characters */
} member_state;

void member_look(const char *run, member_state *out);

/* "waiting", "running" ... */
const char *member_phase_name(member_phase phase);

#endif
