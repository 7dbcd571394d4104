/* What stands in for nccl.c in a build without NCCL. */
#include "comm/device.h"

const char *comm_device_library(void)
{
    return "";
}

status device_sums_start(comm *c, device_sums **out)
{
    (void)c, (void)out;
    return FAIL(ERR_CONFIG, "this program was built without NCCL (MAGISTER_WITH_NCCL)");
}

status device_sums_run(comm *c, device_sums *d, float *values, size_t count)
{
    (void)c, (void)d, (void)values, (void)count;
    return FAIL(ERR_INTERNAL, "this program was built without NCCL");
}

void device_sums_end(device_sums **d, bool in_order)
{
    (void)in_order;
    *d = NULL;
}
