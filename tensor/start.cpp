/* start - the device, its library, threads and determinism, decided before libtorch is asked for anything.
 *
 * Only the CPU half of libtorch is linked. The CUDA half is opened here when the driver knows a GPU: once anything of
 * the CPU half has asked whether CUDA is there, it is too late for the process. So the driver is asked directly.
 */
#include "tensor/private.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <string>

static at::Device device(at::kCPU);
static bool started;

at::Device device_in_use()
{
    return device;
}

/* Memory that is pinned is kept for the next one: what is large comes seldom. */
at::Tensor staging_empty(at::ScalarType type, at::IntArrayRef shape)
{
    const size_t most = 64 << 20;
    bool pinned = !device.is_cpu() && c10::multiply_integers(shape) * c10::elementSize(type) <= most;
    return at::empty(shape, at::TensorOptions().dtype(type).pinned_memory(pinned));
}

/* Without waiting: memory that is not pinned is copied once more before the call returns. */
at::Tensor on_device(const at::Tensor &host)
{
    return device.is_cpu() ? host : host.to(device, host.scalar_type(), /*non_blocking=*/true);
}

/* The CUDA half lies beside the CPU half; its absolute path keeps it from being another version's. */
std::string cuda_half()
{
    Dl_info info;
    if (!dladdr(reinterpret_cast<const void *>(&at::get_cpu_capability), &info) || !info.dli_fname) return "";
    std::string path = info.dli_fname;
    size_t slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash + 1) + "libtorch_cuda.so";
}

/* "" when the CUDA half works from here on; otherwise why not. */
static std::string open_cuda()
{
    std::string path = cuda_half();
    if (path.empty() || !dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL)) {
        const char *reason = dlerror();
        return reason ? reason : "libtorch's CUDA half is not beside its CPU half";
    }
    return at::hasCUDA() ? "" : "libtorch does not see the GPU";
}

static void fail_device(const char *name, const std::string &reason)
{
    sticky_fail(FAIL(ERR_CONFIG, "device '%s' cannot be used: %s", name, reason.c_str()));
}

/* The current device of the thread too: what asks for "the GPU" without a number would wake the first one up. */
static void use_gpu(int index)
{
    device = at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
    c10::impl::getDeviceGuardImpl(at::kCUDA)->setDevice(device);
}

static void choose_gpu(const char *name, int index, bool automatic)
{
    int count = gpu_count();
    if (!count && automatic) return;
    if (!count) return fail_device(name, "the driver (libcuda.so.1) shows no GPU");
    if (index < 0 || index >= count)
        return fail_device(name, "it would be GPU " + std::to_string(index) + " for this rank, and " +
                                     std::to_string(count) + " can be seen: take as many ranks a node as it has GPUs");
    std::string reason = open_cuda();
    if (reason.empty()) use_gpu(index);
    else if (!automatic) fail_device(name, reason);
    else log_warn("there is a GPU that cannot be used (%s): the CPU is used", reason.c_str());
}

static void choose_device(const char *name, int index)
{
    bool automatic = !strcmp(name, "auto"), cuda = !strcmp(name, "cuda"), cpu = !strcmp(name, "cpu");
    if (!automatic && !cuda && !cpu) return fail_device(name, "there are auto, cpu and cuda");
    if (started && (device.is_cpu() ? cuda : cpu)) return fail_device(name, "another is in use already");
    if (!started && !cpu) choose_gpu(name, index, automatic);
}

/* CUBLAS_WORKSPACE_CONFIG is not set: libtorch gives cuBLAS a workspace for each stream, which is enough for equal bits
 * (and what cuBLAS's manual asks for), and it would parse the variable with a regular expression at every product. */
static void make_deterministic(bool deterministic)
{
    at::globalContext().setDeterministicAlgorithms(deterministic, false);
    at::globalContext().setDeterministicFillUninitializedMemory(false);
}

/* libtorch alone would round in convolutions and not in products: here it is both or neither. */
static void choose_precision(bool tfloat32)
{
    at::globalContext().setAllowTF32CuDNN(tfloat32);
    at::globalContext().setAllowTF32CuBLAS(tfloat32);
}

static void start(const t_options *options)
{
    choose_device(options->device ? options->device : "auto", options->device_index);
    if (sticky_waiting()) return;
    at::set_num_threads(options->threads > 0 ? options->threads : 1);
    if (!started) at::set_num_interop_threads(1);
    make_deterministic(options->deterministic);
    choose_precision(options->tfloat32);
    started = true;
}

status t_start(const t_options *options)
{
    keep_freed_memory();
    return wrap_status({}, [&] { start(options); });
}

t_device t_device_used(void)
{
    return device.is_cpu() ? T_CPU : T_CUDA;
}

const char *t_library_version(void)
{
    return TORCH_VERSION;
}

const char *t_cpu_capability(void)
{
    static const std::string name = at::get_cpu_capability();
    return name.c_str();
}

/* libtorch's generator takes 32 bits: a larger seed is hashed down to them. */
void t_seed(uint64_t seed)
{
    always([&] { at::manual_seed(seed >> 32 ? hash_mix(seed, 0) >> 32 : seed); });
}
