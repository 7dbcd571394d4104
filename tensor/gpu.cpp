/* gpu - GPUs as the driver shows them, asked through libcuda.so.1, which is there where GPUs are. */
#include "tensor/private.hpp"

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <unistd.h>

void *gpu_driver()
{
    static void *const library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    return library;
}

int gpu_count()
{
    int count = 0;
    return gpu_call("cuInit", 0u) && gpu_call("cuDeviceGetCount", &count) ? count : 0;
}

void t_gpu_ask(int index, t_gpu *out)
{
    *out = {};
    out->library = access(cuda_half().c_str(), R_OK) == 0;
    out->count = gpu_count();
    int device = 0;
    size_t bytes = 0;
    if (!out->count) return;
    gpu_call("cuDriverGetVersion", &out->driver);
    if (!gpu_call("cuDeviceGet", &device, index)) return;
    gpu_call("cuDeviceGetName", out->name, static_cast<int>(sizeof out->name), device);
    gpu_call("cuDeviceGetPCIBusId", out->bus, static_cast<int>(sizeof out->bus), device);
    unsigned char uuid[16];
    for (int i = 0; gpu_call("cuDeviceGetUuid_v2", &uuid, device) && i < 16; i++)
        snprintf(out->uuid + i * 2, 3, "%02x", uuid[i]);
    if (gpu_call("cuDeviceTotalMem_v2", &bytes, device)) out->gigabytes = static_cast<double>(bytes) * 1e-9;
}
