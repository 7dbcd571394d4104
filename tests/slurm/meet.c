/* A rank that comes to MPI's last barrier a second later than the one before it, and writes down when it came and when
 * it went on: DIRECTORY/meet.RANK. The launcher starts it in magister-rank's place (MAGISTER_RANK). */
#include <mpi.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now); /* the nodes are on one machine */
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    const char *directory = getenv("MEET_DIRECTORY");
    char path[4096];
    int rank = 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    snprintf(path, sizeof path, "%s/meet.%d", directory ? directory : ".", rank);
    nanosleep(&(struct timespec){.tv_sec = rank}, NULL);
    double came = seconds();
    MPI_Finalize();
    FILE *out = fopen(path, "w");
    if (!out) return 1;
    fprintf(out, "%.6f %.6f\n", came, seconds());
    return fclose(out) ? 1 : 0;
}
