/* A stand-in for libcuda.so.1: one GPU a process, whose memory is the host's. FAKE_CUDA=same: all processes have the
 * same GPU; FAKE_CUDA=unused: no context is current. */
#include <cuda.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is(const char *wish)
{
    const char *set = getenv("FAKE_CUDA");
    return set && !strcmp(set, wish);
}

CUresult cuInit(unsigned flags)
{
    (void)flags;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count)
{
    *count = 64;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *device, int index)
{
    *device = index;
    return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
    (void)device;
    *context = NULL;
    return CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext context)
{
    (void)context;
    return CUDA_SUCCESS;
}

CUresult cuCtxGetDevice(CUdevice *device)
{
    *device = 0;
    return is("unused") ? CUDA_ERROR_INVALID_CONTEXT : CUDA_SUCCESS;
}

CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device)
{
    pid_t self = is("same") ? 1 : getpid();
    (void)device;
    memset(uuid, 0, sizeof *uuid);
    memcpy(uuid->bytes, &self, sizeof self);
    return CUDA_SUCCESS;
}

CUresult cuMemAlloc_v2(CUdeviceptr *at, size_t bytes)
{
    *at = (CUdeviceptr)malloc(bytes);
    return *at ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult cuMemFree_v2(CUdeviceptr at)
{
    free((void *)at);
    return CUDA_SUCCESS;
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes)
{
    memcpy((void *)to, from, bytes);
    return CUDA_SUCCESS;
}

CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes)
{
    memcpy(to, (const void *)from, bytes);
    return CUDA_SUCCESS;
}

CUresult cuStreamQuery(CUstream stream)
{
    void *nccl = dlopen("libnccl.so.2", RTLD_NOW | RTLD_NOLOAD),
         *symbol = nccl ? dlsym(nccl, "fake_stream_query") : NULL;
    int (*query)(void) = NULL;
    (void)stream;
    memcpy(&query, &symbol, sizeof query);
    return query ? (CUresult)query() : CUDA_SUCCESS;
}
