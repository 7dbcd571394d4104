/* A rank that comes to MPI's last barrier a second later than the one before it, and writes down when it came and when
 * it went on: meet.RANK. The launcher starts it in magister-rank's place (MAGISTER_RANK). */
#include "base/clock.h" /* the nodes are on one machine, and have one clock */

#include <mpi.h>

#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char path[32];
    int rank = 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    snprintf(path, sizeof path, "meet.%d", rank);
    sleep((unsigned)rank);
    double came = monotonic_seconds();
    MPI_Finalize();
    FILE *out = fopen(path, "w");
    if (!out) return 1;
    fprintf(out, "%.6f %.6f\n", came, monotonic_seconds());
    return fclose(out) ? 1 : 0;
}
