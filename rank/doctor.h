/* doctor - `magister-rank doctor`: what ranks find about each other, their nodes and the place of the run.
 *
 * Rank 0 prints findings (doctor/finding.h) as lines of JSON to stdout; a rank that cannot meet the others prints its
 * own. Every wait has an end of a few seconds.
 */
#ifndef MAGISTER_RANK_DOCTOR_H
#define MAGISTER_RANK_DOCTOR_H

#include "comm/comm.h"
#include "doctor/machine.h"

/* Returns the exit code: 0 when nothing failed. Signals keep their defaults. */
int doctor_main(int argc, char **argv);

/* ---- its parts (private) ----------------------------------------------------------------------------------------- */

typedef struct {
    comm *comm;
    machine_use use;
    const char *seen;     /* the launcher's host: it looks at that one itself; "" or NULL: none */
    const char *launcher; /* the version of the magister that started this */
    int nodes;            /* that the ranks should be on; 0: no matter */
    bool first_of_node;   /* among the ranks of its node */
    int local_rank, local_size;
    findings found; /* of rank 0: to be printed */
} doctor_world;

/* All Collective; findings go to rank 0. Their failures are of communication: the world is broken then. */
status doctor_versions(doctor_world *w);
status doctor_gpus(doctor_world *w);
status doctor_nodes_look(doctor_world *w);
status doctor_out(doctor_world *w);
status doctor_clocks(doctor_world *w);
status doctor_network(doctor_world *w);

/* Gathers a text of each rank to rank 0: (size) new strings there, freed by answers_free; NULL elsewhere. Collective.
 */
status answers_gather(comm *c, const char *mine, char ***out);
void answers_free(char ***texts, int count);

#endif
