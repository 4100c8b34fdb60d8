// A layer of a network, as far as scheduling goes: every element of its output needs the layer before
// it to be complete, and it takes as long as it is told to.
#include "common.cuh"

constexpr u32 WIDTH = 2;  // elements a thread: enough chains for the integer units with 8 warps an SM

// out[i] = f^rounds(in[i]) with f(v) = v * weights[i] + in[(i + count / 2 + 1) % count], modulo 2^32.
// The element of the other half comes from another block of the layer before.
extern "C" __global__ void __launch_bounds__(256)
    layer(const u32* __restrict__ in, const u32* __restrict__ weights, u32* __restrict__ out, u64 count,
          u32 rounds, Stamp* stamps) {
    const u64 begin = stamp_begin(stamps);
    const u64 threads = static_cast<u64>(gridDim.x) * blockDim.x, step = count / 2 + 1;
    u32 value[WIDTH] = {}, weight[WIDTH] = {}, other[WIDTH] = {};
#pragma unroll
    for (u32 n = 0; n < WIDTH; ++n) {
        const u64 i = linear_thread() + n * threads;
        if (i < count) {
            value[n] = in[i];
            weight[n] = weights[i];
            other[n] = in[(i + step) % count];
        }
    }
#pragma unroll 16
    for (u32 turn = 0; turn < rounds; ++turn) {
#pragma unroll
        for (u32 n = 0; n < WIDTH; ++n) {
            value[n] = value[n] * weight[n] + other[n];
        }
    }
#pragma unroll
    for (u32 n = 0; n < WIDTH; ++n) {
        const u64 i = linear_thread() + n * threads;
        if (i < count) {
            out[i] = value[n];
        }
    }
    stamp_end(stamps, 1, 0, begin);
}
