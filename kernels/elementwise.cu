// A kernel of adjustable arithmetic intensity: `iters` dependent FMAs for 8 bytes of traffic.
#include "common.cuh"

#ifndef CHAINS
#define CHAINS 4  // of FMAs that a thread has under way: 4, or 1, which leaves the SM's units idle in between
#endif

#if CHAINS == 1
// iters dependent FMAs: an SM issues one of a warp every four cycles.
__device__ __forceinline__ float chained(float v, u32 iters, float one, float shift) {
#pragma unroll 16
    for (u32 step = 0; step < iters; ++step) {
        v = fmaf(v, one, shift);
    }
    return v;
}
#endif

constexpr u32 WIDTH = 4;  // elements a thread: one 16-byte load

// out[i] = in[i] + iters * shift for i < count. `one` must be 1: it is passed at run time, and not
// written here, so that the compiler can't fold the chain into a single addition. While all values
// are integers below 2^24 no step rounds, and the answer is exact.
extern "C" __global__ void elementwise(const float* __restrict__ in, float* __restrict__ out, u64 count,
                                       u32 iters, float one, float shift) {
    const u64 first = linear_thread() * WIDTH;
    if (first >= count) {
        return;
    }
    const u32 mine = count - first < WIDTH ? static_cast<u32>(count - first) : WIDTH;
    const bool aligned = (reinterpret_cast<u64>(in) | reinterpret_cast<u64>(out)) % sizeof(float4) == 0;
    const bool vector = aligned && mine == WIDTH;
    float4 v = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if (vector) {
        v = *reinterpret_cast<const float4*>(in + first);
    } else {
        v.x = in[first];
        v.y = mine > 1 ? in[first + 1] : 0.0f;
        v.z = mine > 2 ? in[first + 2] : 0.0f;
        v.w = mine > 3 ? in[first + 3] : 0.0f;
    }
#if CHAINS == 1
    v.x = chained(v.x, iters, one, shift);
    v.y = chained(v.y, iters, one, shift);
    v.z = chained(v.z, iters, one, shift);
    v.w = chained(v.w, iters, one, shift);
#else
#pragma unroll 16
    for (u32 step = 0; step < iters; ++step) {
        v.x = fmaf(v.x, one, shift);
        v.y = fmaf(v.y, one, shift);
        v.z = fmaf(v.z, one, shift);
        v.w = fmaf(v.w, one, shift);
    }
#endif
    if (vector) {
        *reinterpret_cast<float4*>(out + first) = v;
    } else {
        out[first] = v.x;
        if (mine > 1) out[first + 1] = v.y;
        if (mine > 2) out[first + 2] = v.z;
        if (mine > 3) out[first + 3] = v.w;
    }
}
