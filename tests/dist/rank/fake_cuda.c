/* A driver of GPUs that are not there, as many as FAKE_GPUS says: the functions by which tensor/gpu.cpp asks. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { INVALID_VALUE = 1, NO_DEVICE = 100, INVALID_DEVICE = 101 };

static int count(void)
{
    const char *text = getenv("FAKE_GPUS");
    return text ? atoi(text) : 0;
}

int cuInit(unsigned flags);
int cuInit(unsigned flags)
{
    if (flags) return INVALID_VALUE;
    return count() ? 0 : NO_DEVICE;
}

int cuDeviceGetCount(int *out);
int cuDeviceGetCount(int *out)
{
    *out = count();
    return 0;
}

int cuDriverGetVersion(int *out);
int cuDriverGetVersion(int *out)
{
    *out = 13010;
    return 0;
}

int cuDeviceGet(int *device, int index);
int cuDeviceGet(int *device, int index)
{
    if (index < 0 || index >= count()) return INVALID_DEVICE;
    *device = index;
    return 0;
}

int cuDeviceGetName(char *name, int size, int device);
int cuDeviceGetName(char *name, int size, int device)
{
    snprintf(name, (size_t)size, "Fake GPU %d", device);
    return 0;
}

int cuDeviceGetPCIBusId(char *name, int size, int device);
int cuDeviceGetPCIBusId(char *name, int size, int device)
{
    snprintf(name, (size_t)size, "0000:%02x:00.0", getenv("FAKE_SHARED") ? 1 : device);
    return 0;
}

int cuDeviceGetUuid_v2(unsigned char *uuid, int device);
int cuDeviceGetUuid_v2(unsigned char *uuid, int device)
{
    for (int i = 0; i < 16; i++) uuid[i] = (unsigned char)(getenv("FAKE_SHARED") ? 1 : device + 16);
    return 0;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device);
int cuDeviceTotalMem_v2(size_t *bytes, int device)
{
    (void)device;
    *bytes = (size_t)80000000000;
    return 0;
}
