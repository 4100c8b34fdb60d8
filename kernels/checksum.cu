// Checksums of an array in device memory, so that a large result is checked without being copied home.
#include "common.cuh"

constexpr u32 SEGMENT = 4096;  // elements a checksum; one block each
constexpr u32 WARP = 32;

// sums[s] = sum over k of (k + 1) * in[s * SEGMENT + k], for the elements below count. The weights
// tell an element that moved. The values must be non-negative integers below 2^24, so that each is
// exact as an integer and the sum does not depend on the order.
extern "C" __global__ void checksum(const float* __restrict__ in, u64* __restrict__ sums, u64 count) {
    const u64 first = static_cast<u64>(blockIdx.x) * SEGMENT;
    u64 sum = 0;
    if (first < count) {
        const u64 left = count - first;
        const u32 length = left < SEGMENT ? static_cast<u32>(left) : SEGMENT;
        for (u32 k = threadIdx.x; k < length; k += blockDim.x) {
            sum += static_cast<u64>(k + 1) * static_cast<u64>(in[first + k]);
        }
    }
    for (u32 offset = WARP / 2; offset > 0; offset /= 2) {
        sum += __shfl_down_sync(0xffffffffu, sum, offset);
    }
    __shared__ u64 of_warps[WARP];
    if (threadIdx.x % WARP == 0) {
        of_warps[threadIdx.x / WARP] = sum;
    }
    __syncthreads();
    if (threadIdx.x == 0 && first < count) {
        u64 total = 0;
        for (u32 warp = 0; warp < blockDim.x / WARP; ++warp) {
            total += of_warps[warp];
        }
        sums[blockIdx.x] = total;
    }
}
