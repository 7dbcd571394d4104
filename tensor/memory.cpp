/* memory - where libtorch's tensors on the CPU lie. */
#include "tensor/private.hpp"

#include <c10/core/CPUAllocator.h>

#include <climits>
#ifdef __GLIBC__
#include <malloc.h>
#endif

extern "C" {
#include "tensor/blocks.h"
}

namespace
{
void give_back(void *at)
{
    if (!block_give(at)) c10::GetDefaultCPUAllocator()->raw_deallocate(at);
}

/* Large tensors are blocks; the others, and those for which there is no memory, are libtorch's own affair. */
struct block_allocator : c10::Allocator {
    c10::DataPtr allocate(size_t bytes) override
    {
        void *at = bytes >= BLOCK_LEAST ? block_take(bytes) : nullptr;
        if (!at) at = c10::GetDefaultCPUAllocator()->raw_allocate(bytes);
        return {at, at, &give_back, at::Device(at::kCPU)};
    }

    c10::DeleterFnPtr raw_deleter() const override
    {
        return &give_back;
    }

    void copy_data(void *to, const void *from, size_t bytes) const override
    {
        default_copy_data(to, from, bytes);
    }
};
} // namespace

/* Temporaries of megabytes come and go all the time: given back to the system and taken again each time they cost page
 * faults, 6 % of a teacher's step. malloc keeps them up to its largest threshold; what is larger are blocks. */
void keep_freed_memory()
{
    static block_allocator blocks;
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, BLOCK_LEAST);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
    c10::SetCPUAllocator(&blocks);
}
