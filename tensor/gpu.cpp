/* gpu - GPUs as the driver shows them, asked through libcuda.so.1, which is there where GPUs are. */
#include "tensor/private.hpp"

#include <cstddef>
#include <cstring>
#include <dlfcn.h>
#include <unistd.h>

namespace
{
void *driver_library()
{
    static void *const library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    return library;
}

/* Calls a function of the driver by name; false when it is not there or fails. */
template <typename... Arguments> bool ask(const char *name, Arguments... arguments)
{
    if (!driver_library()) return false;
    auto function = reinterpret_cast<int (*)(Arguments...)>(dlsym(driver_library(), name));
    return function && function(arguments...) == 0;
}
} // namespace

int gpu_count()
{
    int count = 0;
    return ask("cuInit", 0u) && ask("cuDeviceGetCount", &count) ? count : 0;
}

void t_gpu_ask(int index, t_gpu *out)
{
    *out = {};
    out->library = access(cuda_half().c_str(), R_OK) == 0;
    out->count = gpu_count();
    int device = 0;
    size_t bytes = 0;
    if (!out->count) return;
    ask("cuDriverGetVersion", &out->driver);
    if (!ask("cuDeviceGet", &device, index)) return;
    ask("cuDeviceGetName", out->name, static_cast<int>(sizeof out->name), device);
    ask("cuDeviceGetPCIBusId", out->bus, static_cast<int>(sizeof out->bus), device);
    if (ask("cuDeviceTotalMem_v2", &bytes, device)) out->gigabytes = static_cast<double>(bytes) * 1e-9;
}
