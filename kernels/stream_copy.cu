// A kernel that is bound by device memory and leaves room on every SM for another.
#include "common.cuh"

constexpr u32 WIDTH = 4;   // elements of a 16-byte access
constexpr u32 FLIGHT = 4;  // independent loads of a thread, in flight before the first is used

__device__ __forceinline__ uint4 shifted(uint4 v, u32 shift) {
    return make_uint4(v.x + shift, v.y + shift, v.z + shift, v.w + shift);
}

// out[i] = in[i] + marker + (passes - 1) for i < count (modulo 2^32). Each pass reads all of `in` and
// writes all of `out`; the last one's values stay. A grid of one block an SM goes round in strides.
// Both arrays are marked for early eviction: what a pass leaves in the L2 is of no use to the next.
extern "C" __global__ void stream_copy(const u32* __restrict__ in, u32* __restrict__ out, u64 count,
                                       u32 passes, u32 marker) {
    const u64 thread = linear_thread();
    const u64 threads = static_cast<u64>(gridDim.x) * blockDim.x;
    const bool aligned = (reinterpret_cast<u64>(in) | reinterpret_cast<u64>(out)) % sizeof(uint4) == 0;
    const u64 vectors = aligned ? count / WIDTH : 0;
    const uint4* const source = reinterpret_cast<const uint4*>(in);
    uint4* const target = reinterpret_cast<uint4*>(out);
    for (u32 pass = 0; pass < passes; ++pass) {
        const u32 shift = marker + pass;
        u64 i = thread;
        for (; i + (FLIGHT - 1) * threads < vectors; i += FLIGHT * threads) {
            uint4 v[FLIGHT];
#pragma unroll
            for (u32 k = 0; k < FLIGHT; ++k) {
                v[k] = __ldcs(source + i + k * threads);
            }
#pragma unroll
            for (u32 k = 0; k < FLIGHT; ++k) {
                __stcs(target + i + k * threads, shifted(v[k], shift));
            }
        }
        for (; i < vectors; i += threads) {
            __stcs(target + i, shifted(__ldcs(source + i), shift));
        }
        for (u64 j = vectors * WIDTH + thread; j < count; j += threads) {
            out[j] = in[j] + shift;
        }
    }
}
