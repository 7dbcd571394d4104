/* The programs a run needs: magister-rank and what is built into it, and the mpirun of the same MPI. */
#include "launcher/doctor.h"
#include "launcher/ranks.h"
#include "launcher/slurm.h" /* slurm_call runs any program */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char TOPIC[] = "magister";
static const double ANSWER_SECONDS = 6;

/* "magister-rank 0.1.0\n  libtorch ...\n  Open MPI ...\n" as "libtorch ..., Open MPI ..."; `*version` is the first
 * line's. Both lie in `answer`. */
static void take_apart(char *answer, char **version, char **parts)
{
    size_t first = strcspn(answer, "\n");
    bool more = answer[first] != '\0';
    answer[first] = '\0';
    char *space = strrchr(answer, ' '), *from = more ? answer + first + 1 : answer + first, *to = from;
    *version = space ? space + 1 : answer;
    *parts = from;
    from += strspn(from, " ");
    while (*from) {
        if (*from != '\n') {
            *to++ = *from++;
            continue;
        }
        from += strspn(from, "\n ");
        if (*from) *to++ = ';', *to++ = ' ';
    }
    *to = '\0';
}

/* "4.1.4" of "... Open MPI 4.1.4 ..."; "" without one. */
static void mpi_version(const char *text, char *out, size_t size)
{
    const char *at = strstr(text, "Open MPI");
    out[0] = '\0';
    if (!at) at = strstr(text, "(Open MPI)");
    if (!at) return;
    at += strcspn(at, "0123456789\n");
    snprintf(out, size, "%.*s", (int)strspn(at, "0123456789.rc"), at);
}

static void check_mpirun(const char *parts, findings *to)
{
    static const char *const WORDS[] = {"mpirun", "--version", NULL};
    char *answer = NULL, built[32], there[32];
    mpi_version(parts, built, sizeof built);
    if (strstr(parts, "without MPI")) {
        finding_note(to, TOPIC, "build it with MAGISTER_WITH_MPI=ON for more", "built without MPI: runs have one rank");
        return;
    }
    if (slurm_call(WORDS, ANSWER_SECONDS, &answer) != OK) {
        fail_clear(); /* its message speaks of Slurm */
        finding_warn(to, TOPIC, "install Open MPI (Debian: openmpi-bin), or load its module",
                     "there is no mpirun that works: several ranks start inside Slurm jobs with PMIx only");
        return;
    }
    mpi_version(answer, there, sizeof there);
    if (built[0] && strcmp(built, there))
        finding_warn(to, TOPIC, "put the mpirun of the MPI it was built with first in PATH, or build it anew",
                     "magister-rank was built with Open MPI %s and mpirun is %s", built,
                     there[0] ? there : "of another MPI");
    free(answer);
}

static status check_rank(const char *program, findings *to)
{
    status st = OK;
    const char *const words[] = {program, "--version", NULL};
    char *answer = NULL, *version, *parts;
    if (access(program, X_OK)) TRY(FAIL(ERR_MISSING, "%s is not there, or cannot be run", program));
    TRY(slurm_call(words, ANSWER_SECONDS, &answer));
    take_apart(answer, &version, &parts);
    if (strcmp(version, MAGISTER_VERSION))
        TRY(FAIL(ERR_MISSING, "this is magister %s and %s is %s: they belong together", MAGISTER_VERSION, program,
                 version));
    finding_ok(to, TOPIC, "%s; %s", MAGISTER_VERSION, parts);
    check_mpirun(parts, to);
done:
    free(answer);
    return st;
}

void doctor_programs(const doctor_task *task, findings *to)
{
    (void)task;
    char *program = ranks_program();
    status st = program ? check_rank(program, to) : FAIL(ERR_MEMORY, "no memory to look for magister-rank");
    if (st != OK)
        finding_fail_told(to, TOPIC, st == ERR_MEMORY ? st : ERR_MISSING,
                          "build it beside magister, or set MAGISTER_RANK to where it is");
    free(program);
}
