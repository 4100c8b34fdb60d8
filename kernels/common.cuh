// What every kernel shares: the timer, spins that end, and stamps.
#pragma once

typedef unsigned int u32;
typedef unsigned long long u64;

// A span inside one block, in ns of %globaltimer. One slot a block and role: block * roles + role.
struct Stamp {
    u64 start, end;
    u32 sm, block, role, tile;
};
static_assert(sizeof(Stamp) == 32, "the host reads stamps as 32-byte records");

// Nanoseconds on the clock of the whole device, in steps of 32 ns on an H200 (1 us on some others).
// Unlike clock64() it needs no division by a frequency that changes while the kernel runs.
__device__ __forceinline__ u64 globaltimer() {
    u64 now;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now)::"memory");
    return now;
}

__device__ __forceinline__ u32 smid() {
    u32 id;
    asm volatile("mov.u32 %0, %%smid;" : "=r"(id));
    return id;
}

__device__ __forceinline__ u64 linear_block() {
    return blockIdx.x + static_cast<u64>(gridDim.x) * (blockIdx.y + static_cast<u64>(gridDim.y) * blockIdx.z);
}

// Index of the thread in a grid and block of one dimension.
__device__ __forceinline__ u64 linear_thread() {
    return static_cast<u64>(blockIdx.x) * blockDim.x + threadIdx.x;
}

// Keeps the block for `ns`. One thread reads the timer, the others wait at the barrier. A turn takes
// far more than 1 ns, so the timer ends the loop; the count would, if the timer stood still.
__device__ __forceinline__ void spin_block(u64 ns) {
    if (threadIdx.x == 0) {
        const u64 begin = globaltimer();
        for (u64 turn = 0; turn < ns && globaltimer() - begin < ns; ++turn) {
        }
    }
    __syncthreads();
}

// Start of a span; 0 when no stamps are wanted.
__device__ __forceinline__ u64 stamp_begin(const Stamp* stamps) {
    return stamps != nullptr && threadIdx.x == 0 ? globaltimer() : 0;
}

// Ends a span that began at `start` once the whole block is here. Every thread must call it.
__device__ __forceinline__ void stamp_end(Stamp* stamps, u32 roles, u32 role, u64 start, u32 tile = 0) {
    if (stamps == nullptr) {
        return;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        const u64 block = linear_block();
        stamps[block * roles + role] = {start, globaltimer(), smid(), static_cast<u32>(block), role, tile};
    }
}
