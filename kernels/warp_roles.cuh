// What warp-specialised kernels share: the hand-over between roles, asynchronous copies of pieces of
// a tile, and what their compute warp does with one.
//
// Stage<> is one block-scoped pipeline in the sense of cuda::pipeline<thread_scope_block>, with one
// warp as producer and one as consumer. It is written with the PTX that cuda::pipeline compiles to
// (mbarriers from sm_80 on), so that NVRTC needs no libcu++ headers.
#pragma once
#include "common.cuh"

constexpr u32 WARP = 32;
constexpr u32 LANE_FLOATS = 4;  // one 16-byte copy

__device__ __forceinline__ u32 shared_address(const void* place) {
    return static_cast<u32>(__cvta_generic_to_shared(place));
}

__device__ __forceinline__ void barrier_init(u64* barrier, u32 arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals)
                 : "memory");
}

__device__ __forceinline__ void barrier_arrive(u64* barrier) {
    asm volatile(
        "{\n\t"
        ".reg .b64 state;\n\t"
        "mbarrier.arrive.shared::cta.b64 state, [%0];\n\t"
        "}" ::"r"(shared_address(barrier))
        : "memory");
}

// Arrives once the copies that this thread has issued so far have landed.
__device__ __forceinline__ void barrier_arrive_after_copies(u64* barrier) {
    asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(shared_address(barrier))
                 : "memory");
}

// Whether the phase of this parity is over.
__device__ __forceinline__ bool barrier_passed(u64* barrier, u32 parity) {
    u32 passed;
    asm volatile(
        "{\n\t"
        ".reg .pred p;\n\t"
#if __CUDA_ARCH__ >= 900
        "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n\t"
#else
        "mbarrier.test_wait.parity.shared::cta.b64 p, [%1], %2;\n\t"
#endif
        "selp.u32 %0, 1, 0, p;\n\t"
        "}"
        : "=r"(passed)
        : "r"(shared_address(barrier)), "r"(parity)
        : "memory");
    return passed != 0;
}

// Waits for it. A wait that lasts for seconds is a bug: the launch fails instead of hanging.
__device__ __forceinline__ void barrier_wait(u64* barrier, u32 parity) {
    constexpr u32 TURNS = 1u << 28;
    for (u32 turn = 0; !barrier_passed(barrier, parity); ++turn) {
        if (turn == TURNS) {
            __trap();
        }
    }
}

// STAGES buffers between a producer and a consumer warp. `step` counts the tiles of the block; tile
// `step` goes through buffer `step % STAGES`. All lanes of a warp call its members.
template <u32 STAGES>
struct Stage {
    u64 full[STAGES];
    u64 empty[STAGES];

    // By one thread, before a barrier of the block.
    __device__ __forceinline__ void init() {
        for (u32 i = 0; i < STAGES; ++i) {
            barrier_init(&full[i], WARP);
            barrier_init(&empty[i], WARP);
        }
    }

    __device__ __forceinline__ void producer_acquire(u32 step) {
        if (step >= STAGES) {
            barrier_wait(&empty[step % STAGES], (step / STAGES - 1) & 1);
        }
    }

    // Full once the producer's copies have landed: nobody waits for them here.
    __device__ __forceinline__ void producer_commit_copies(u32 step) {
        barrier_arrive_after_copies(&full[step % STAGES]);
    }

    __device__ __forceinline__ void producer_commit(u32 step) { barrier_arrive(&full[step % STAGES]); }

    __device__ __forceinline__ void consumer_wait(u32 step) {
        barrier_wait(&full[step % STAGES], (step / STAGES) & 1);
    }

    __device__ __forceinline__ void consumer_release(u32 step) { barrier_arrive(&empty[step % STAGES]); }
};

// A copy of 16 bytes to shared memory.
__device__ __forceinline__ void copy_16(void* to, const void* from) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(to)), "l"(from) : "memory");
}

// A copy of one float, wherever it lies, or of a zero if `bytes` is 0.
__device__ __forceinline__ void copy_4(void* to, const void* from, u32 bytes) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(shared_address(to)), "l"(from),
                 "r"(bytes)
                 : "memory");
}

__device__ __forceinline__ bool aligned_16(const void* place) {
    return reinterpret_cast<u64>(place) % sizeof(float4) == 0;
}

__device__ __forceinline__ void copy_or_zero(float* to, const float* from, u32 i, u32 valid) {
    copy_4(to + i, i < valid ? from + i : from, i < valid ? sizeof(float) : 0);
}

// A warp copies up to `room` floats: `valid` from global memory, zeros behind them. Nothing past
// `valid` is read. `room` is a multiple of 4, `to` is aligned to 16 bytes, `from` may not be.
__device__ __forceinline__ void warp_copy(float* to, const float* from, u32 valid, u32 room, u32 lane) {
    if (aligned_16(from)) {
#pragma unroll 8
        for (u32 i = lane * LANE_FLOATS; i < room; i += WARP * LANE_FLOATS) {
            if (i + LANE_FLOATS <= valid) {
                copy_16(to + i, from + i);
            } else {
                for (u32 j = i; j < i + LANE_FLOATS; ++j) {
                    copy_or_zero(to, from, j, valid);
                }
            }
        }
    } else {
#pragma unroll 4
        for (u32 i = lane; i < room; i += WARP) {
            copy_or_zero(to, from, i, valid);
        }
    }
}

// A warp stores `valid` floats out of shared memory; the rest of the room is left alone.
__device__ __forceinline__ void warp_store(float* to, const float* from, u32 valid, u32 lane) {
    u32 done = 0;
    if (aligned_16(to)) {
        done = valid / LANE_FLOATS * LANE_FLOATS;
#pragma unroll 8
        for (u32 i = lane * LANE_FLOATS; i < done; i += WARP * LANE_FLOATS) {
            __stcs(reinterpret_cast<float4*>(to + i), *reinterpret_cast<const float4*>(from + i));
        }
    }
    for (u32 i = done + lane; i < valid; i += WARP) {
        to[i] = from[i];
    }
}

__device__ __forceinline__ float4 sum(float4 a, float4 b) {
    return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
}

// v = v * one + one, once. `one` is 1: passed at run time, so that the chain can't be folded.
__device__ __forceinline__ float4 step_on(float4 v, float one) {
    return make_float4(fmaf(v.x, one, one), fmaf(v.y, one, one), fmaf(v.z, one, one), fmaf(v.w, one, one));
}

// A warp computes c = a + b + iters over `room` floats, a multiple of 256: `iters` dependent FMAs an
// element, eight chains a lane, so that one warp keeps its quarter of the SM busy.
__device__ __forceinline__ void warp_compute(float* c, const float* a, const float* b, u32 room, u32 iters,
                                             float one, u32 lane) {
    constexpr u32 ROW = WARP * LANE_FLOATS;
    const u32 first = lane * LANE_FLOATS;
    for (u32 i = first; i < room; i += 2 * ROW) {
        float4 v = sum(*reinterpret_cast<const float4*>(a + i), *reinterpret_cast<const float4*>(b + i));
        float4 w = sum(*reinterpret_cast<const float4*>(a + i + ROW),
                       *reinterpret_cast<const float4*>(b + i + ROW));
#pragma unroll 8
        for (u32 turn = 0; turn < iters; ++turn) {
            v = step_on(v, one);
            w = step_on(w, one);
        }
        *reinterpret_cast<float4*>(c + i) = v;
        *reinterpret_cast<float4*>(c + i + ROW) = w;
    }
}
