/* finding - what `magister doctor` has to say: one line about one thing, and what to do when it is not well.
 *
 * Checks run in processes of their own and on other nodes, so findings travel as lines of JSON. Text that comes from
 * outside (paths, names, other programs) may go in as it is: control characters are replaced.
 */
#ifndef MAGISTER_DOCTOR_FINDING_H
#define MAGISTER_DOCTOR_FINDING_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Ordered: what is worse is larger. */
typedef enum { FINDING_OK, FINDING_NOTE, FINDING_WARNING, FINDING_FAILURE } finding_level;

typedef struct {
    char topic[16]; /* "MPI", "host", "out" ...: one word */
    finding_level level;
    status code;       /* of a failure; OK otherwise */
    char found[1024];  /* what is there, one line */
    char advice[1024]; /* what to do, one line; "" where there is nothing to do */
} finding;

typedef struct {
    finding *at; /* (count) */
    size_t count, room;
    bool lost; /* there was no memory for one of them */
} findings;

/* Adds to the list, printf style. `advice` is taken as it is. */
void finding_ok(findings *list, const char *topic, const char *found, ...) __attribute__((format(printf, 3, 4)));
void finding_note(findings *list, const char *topic, const char *advice, const char *found, ...)
    __attribute__((format(printf, 4, 5)));
void finding_warn(findings *list, const char *topic, const char *advice, const char *found, ...)
    __attribute__((format(printf, 4, 5)));
void finding_fail(findings *list, const char *topic, status code, const char *advice, const char *found, ...)
    __attribute__((format(printf, 5, 6)));

/* The failure of this thread (fail_message) as a finding; it is forgotten there. */
void finding_fail_told(findings *list, const char *topic, status code, const char *advice);

/* Adds a copy. */
void finding_copy(findings *list, const finding *from);

void findings_free(findings *list);

/* The worst level, and the worst status of all failures (OK without one; ERR_MEMORY when one was lost). */
finding_level findings_worst(const findings *list);
status findings_code(const findings *list);

/* One line of JSON a finding: {"topic": "MPI", "level": "ok", "found": "...", "advice": "...", "code": 0}. False when
 * it cannot be written. */
bool finding_write(const finding *f, FILE *to);

/* False when the line is none that finding_write wrote. */
bool finding_read(const char *line, finding *out);

/* For people: aligned lines, advice below, a summary at the end. `seconds` is how long it took. */
void findings_print(const findings *list, double seconds, FILE *to);

/* For programs: {"findings": [...], "failures": 0, "warnings": 0, "seconds": 1.5, "exit_code": 0}. Errors: ERR_MEMORY,
 * ERR_IO. */
status findings_print_json(const findings *list, double seconds, FILE *to);

/* The last line of ranks that look at each other (magister-rank doctor): how they end says nothing more. */
#define DOCTOR_DONE "magister-rank doctor: done"

#endif
