/* doctor - the checks of `magister doctor`, each in a process of its own, all at once, none without an end.
 *
 * A check that does not come back (a file server that does not answer, a command that waits for a daemon) is given up
 * and told; the others are not held up by it. Private to the files of the doctor.
 */
#ifndef MAGISTER_LAUNCHER_DOCTOR_H
#define MAGISTER_LAUNCHER_DOCTOR_H

#include "doctor/machine.h"
#include "launcher/allocation.h"

typedef struct {
    machine_use use;       /* of this machine */
    size_t ranks;          /* of the world that is tried */
    allocation job;        /* around this process, or the one that is asked for in `partition` */
    double patience;       /* seconds until ranks are given up */
    const char *partition; /* with --cluster: where a small job is tried; NULL: nowhere */
} doctor_task;

typedef struct {
    const char *topic;
    double seconds;                                     /* after which it is given up */
    void (*run)(const doctor_task *task, findings *to); /* this or the next; the other is NULL */
    void (*machine)(const machine_use *use, findings *to);
    status code;                /* of the failure that giving up is */
    const char *found, *advice; /* what is told then */
} doctor_check;

/* Runs all checks and adds what they found, in their order. Whatever they started has ended, or been killed, when it
 * returns. */
void doctor_run(const doctor_check *checks, size_t count, const doctor_task *task, findings *to);

/* ---- checks ------------------------------------------------------------------------------------------------------ */

void doctor_programs(const doctor_task *task, findings *to); /* "magister": magister-rank and mpirun are there */
void doctor_slurm(const doctor_task *task, findings *to);    /* "Slurm": the allocation around us, its commands, PMIx */
void doctor_ranks(const doctor_task *task, findings *to);    /* "MPI": starts ranks, which tell what they find */
void doctor_cluster(const doctor_task *task, findings *to);  /* "Slurm": partitions and settings, from a login node */
void doctor_job(const doctor_task *task, findings *to);      /* "job": tries a small one in task->partition */

/* ---- what they share --------------------------------------------------------------------------------------------- */

/* False when srun does not answer soon; whether it knows PMIx is then not known. */
bool doctor_srun_answers(void);

#endif
