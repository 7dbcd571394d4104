/* The programs a run needs. What is built into magister-rank the ranks tell themselves. */
#include "launcher/doctor.h"
#include "launcher/ranks.h"
#include "launcher/slurm.h" /* slurm_call runs any program */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char TOPIC[] = "magister";
static const double ANSWER_SECONDS = 6;

/* The first line of `mpirun --version`. */
static void check_mpirun(const char *program, findings *to)
{
    static const char *const WORDS[] = {"mpirun", "--version", NULL};
    char *answer = NULL;
    if (slurm_call(WORDS, ANSWER_SECONDS, &answer) == OK)
        finding_ok(to, TOPIC, "%s with %s; %.*s", MAGISTER_VERSION, program, (int)strcspn(answer, "\n"), answer);
    else {
        fail_clear(); /* its message speaks of Slurm */
        finding_warn(to, TOPIC, "install Open MPI (Debian: openmpi-bin), or load its module",
                     "%s with %s; there is no mpirun that works: several ranks start in Slurm jobs with PMIx only",
                     MAGISTER_VERSION, program);
    }
    free(answer);
}

void doctor_programs(const doctor_task *task, findings *to)
{
    (void)task;
    char *program = ranks_program();
    if (!program) finding_fail(to, TOPIC, ERR_MEMORY, "", "no memory to look for magister-rank");
    else if (access(program, X_OK))
        finding_fail(to, TOPIC, ERR_MISSING, "build it beside magister, or set MAGISTER_RANK to where it is",
                     "%s is not there, or cannot be run", program);
    else check_mpirun(program, to);
    free(program);
}
