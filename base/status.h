/* status - one result type for every function that can fail.
 *
 * A function returns OK or the reason. The first failure on a thread also keeps a message with its place; later
 * failures on the way out do not overwrite it, so what the user reads is the cause and not its consequence.
 * Libraries never exit, abort or print: the program's main turns the status into an exit code (sysexits.h).
 */
#ifndef MAGISTER_BASE_STATUS_H
#define MAGISTER_BASE_STATUS_H

/* Ordered by severity: when ranks disagree, the largest value is the one all of them return (comm_agree). */
typedef enum {
    OK = 0,
    ERR_RETRY,    /* asked to stop and saved; run again to go on (exit 75) */
    ERR_USAGE,    /* wrong command line (64) */
    ERR_CONFIG,   /* wrong recipe (78) */
    ERR_MISSING,  /* an input is not there (66) */
    ERR_INPUT,    /* an input is there and is wrong (65) */
    ERR_CREATE,   /* an output cannot be created (73) */
    ERR_IO,       /* reading or writing failed: full disk, broken pipe (74) */
    ERR_MEMORY,   /* out of memory (71) */
    ERR_RANK,     /* a rank died, hung or was not there (76) */
    ERR_INTERNAL, /* a mistake of ours (70) */
} status;

/* Records `message` (printf style) for this thread unless one is waiting already, and returns `code`. */
status fail_at(const char *file, int line, status code, const char *message, ...) __attribute__((format(printf, 4, 5)));
#define FAIL(code, ...) fail_at(__FILE__, __LINE__, (code), __VA_ARGS__)

/* The message of the first failure; "" when there is none. Borrowed; valid until the next FAIL or fail_clear. */
const char *fail_message(void);

/* Where it was raised, "file.c:123", for logs; "" when there is none. Borrowed, as above. */
const char *fail_place(void);

/* Forgets the failure: to be called where a failure was handled and the work goes on. */
void fail_clear(void);

/* The exit code of sysexits.h for a status, and its name in words ("bad data"). */
int status_exit_code(status code);
const char *status_name(status code);

/* Leaves by the function's one exit. Needs `status st = OK;` above and `done:` below. */
#define TRY(call)                     \
    do {                              \
        st = (call);                  \
        if (st != OK) goto done;      \
    } while (0)

/* An invariant of ours, always checked; fails with ERR_INTERNAL by the same exit. */
#define CHECK(condition)                                                                \
    do {                                                                                \
        if (!(condition)) TRY(FAIL(ERR_INTERNAL, "this should hold: %s", #condition));  \
    } while (0)

#endif
