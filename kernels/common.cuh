// What every kernel shares: the timer, spins that end, and stamps.
#pragma once

typedef unsigned int u32;
typedef unsigned long long u64;

// Spans that a role may have in a block, and blocks that write stamps: the host's memory for them.
#ifndef STAMP_TILES
#define STAMP_TILES 1
#endif
#ifndef STAMP_BLOCKS
#define STAMP_BLOCKS 0xffffffffu
#endif

// A span inside one block, in ns of %globaltimer.
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

// The slots of a role: STAMP_TILES, and where that is more than one, another for the number of its
// spans. Null when no stamps are wanted, or none of this block.
__device__ __forceinline__ Stamp* stamp_slots(Stamp* stamps, u32 roles, u32 role) {
    const u64 block = linear_block();
    const u32 slots = STAMP_TILES > 1 ? STAMP_TILES + 1 : 1;
    return stamps != nullptr && block < STAMP_BLOCKS ? stamps + (block * roles + role) * slots : nullptr;
}

// Ends a span that began at `start` once the whole block is here. Every thread must call it.
__device__ __forceinline__ void stamp_end(Stamp* stamps, u32 roles, u32 role, u64 start, u32 tile = 0) {
    if (stamps == nullptr) {
        return;
    }
    __syncthreads();
    Stamp* slot = stamp_slots(stamps, roles, role);
    if (threadIdx.x == 0 && slot != nullptr) {
        *slot = {start, globaltimer(), smid(), static_cast<u32>(linear_block()), role, tile};
    }
}

// Spans of a role, one a tile, written by one thread of its warps; no barrier is taken. The oldest
// are kept; close() tells the host how many there were.
class TileStamps {
    Stamp* slots;
    u32 role;
    u32 spans = 0;

  public:
    __device__ __forceinline__ TileStamps(Stamp* stamps, u32 roles, u32 its_role, bool writes)
        : slots(writes ? stamp_slots(stamps, roles, its_role) : nullptr), role(its_role) {}

    // Start of a span; several may be open at once.
    __device__ __forceinline__ u64 begin() const { return slots != nullptr ? globaltimer() : 0; }

    __device__ __forceinline__ void end(u64 start, u32 tile) {
        if (slots == nullptr) {
            return;
        }
        if (spans < STAMP_TILES) {
            slots[spans] = {start, globaltimer(), smid(), static_cast<u32>(linear_block()), role, tile};
        }
        ++spans;
    }

    __device__ __forceinline__ void close() const {
        if (slots != nullptr && STAMP_TILES > 1) {
            slots[STAMP_TILES] = {0, spans, smid(), static_cast<u32>(linear_block()), role, 0};
        }
    }
};
