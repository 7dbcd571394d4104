/* bench_mpi - starts and ends MPI: what bench/start-files compares a rank with. */
#include <mpi.h>
#include <stddef.h>

int main(void)
{
    return MPI_Init(NULL, NULL) != MPI_SUCCESS || MPI_Finalize() != MPI_SUCCESS;
}
