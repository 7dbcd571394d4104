/* What stands in for mpi.c in a build without MPI. */
#include "comm/backend.h"

bool mpi_launched(void)
{
    return false;
}

status mpi_open(comm *c)
{
    (void)c;
    return FAIL(ERR_CONFIG,
                "this program was built without MPI and can run one rank only: set launch.ranks to 1, or build "
                "it with MAGISTER_WITH_MPI=ON");
}

const char *comm_library(void)
{
    return "";
}
