// Kernels of a given duration whose output tells whether they ran after what they depend on.
#include "common.cuh"

// out[i] = in[i] * factor + marker (modulo 2^32) for i < count, one element a thread.
// It reads before the spin and writes after it: a launch that came too early would have read what
// was there before. in and out may be the same, so neither is __restrict__.
extern "C" __global__ void spin(const u32* in, u32* out, u64 count, u64 ns, u32 factor, u32 marker,
                                Stamp* stamps) {
    const u64 begin = stamp_begin(stamps);
    const u64 i = linear_thread();
    const u32 value = i < count ? in[i] : 0;
    spin_block(ns);
    if (i < count) {
        out[i] = value * factor + marker;
    }
    stamp_end(stamps, 1, 0, begin);
}

// out[i] = (left[i] + right[i]) * factor + marker: where two branches of a dependency graph meet.
extern "C" __global__ void spin_join(const u32* left, const u32* right, u32* out, u64 count, u64 ns,
                                     u32 factor, u32 marker, Stamp* stamps) {
    const u64 begin = stamp_begin(stamps);
    const u64 i = linear_thread();
    const u32 value = i < count ? left[i] + right[i] : 0;
    spin_block(ns);
    if (i < count) {
        out[i] = value * factor + marker;
    }
    stamp_end(stamps, 1, 0, begin);
}

// As spin, for grids of thousands of blocks: it writes no stamps, which would be as many.
extern "C" __global__ void spin_waves(const u32* in, u32* out, u64 count, u64 ns, u32 factor, u32 marker) {
    const u64 i = linear_thread();
    const u32 value = i < count ? in[i] : 0;
    spin_block(ns);
    if (i < count) {
        out[i] = value * factor + marker;
    }
}
