// Tiles that blocks share, as the kernels that work on them see them: 128 x 128 floats in panels of 32
// columns, a band of rows for each block.
#pragma once
#include "hopper.cuh"

#ifndef CLUSTER
#define CLUSTER 4  // blocks that share a tile: 2, 4, 8 or 16
#endif

constexpr u32 TILE = 128, PANEL = 32;  // rows; columns: rows of 128 bytes
constexpr u32 PANELS = TILE / PANEL;
constexpr u32 BAND = TILE / CLUSTER;
constexpr u32 WORKERS = 256, WARPS = WORKERS / 32;
constexpr u32 QUADS = PANEL / 4;  // groups of four columns
constexpr u32 PANEL_BYTES = TILE * PANEL * sizeof(float);

constexpr u32 ALL_LANES = 0xffffffffu;

// Tiles that blocks have which take every `step`-th, from `first` on.
__device__ __forceinline__ u32 tiles_of(u32 first, u32 step, u32 tiles) {
    return first < tiles ? (tiles - first + step - 1) / step : 0;
}

__device__ __forceinline__ float4 operator+(float4 a, float4 b) {
    return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
}

// out += a * sums_of_b + b * sums_of_a
__device__ __forceinline__ void add_products(float4& out, float4 a, float4 sums_of_b, float4 b, float4 sums_of_a) {
    out.x += a.x * sums_of_b.x + b.x * sums_of_a.x;
    out.y += a.y * sums_of_b.y + b.y * sums_of_a.y;
    out.z += a.z * sums_of_b.z + b.z * sums_of_a.z;
    out.w += a.w * sums_of_b.w + b.w * sums_of_a.w;
}

// Takes in rows of an operand and its column sums: those of a in round 0, then those of b[round - 1].
template <u32 count>
__device__ __forceinline__ void accumulate(u32 round, float4 (&a)[count], float4 (&out)[count], float4& sums_of_a,
                                           const float4 (&now)[count], float4 sums) {
    if (round == 0) sums_of_a = sums;
#pragma unroll
    for (u32 i = 0; i < count; ++i) {
        if (round == 0) a[i] = now[i];
        else add_products(out[i], a[i], sums, now[i], sums_of_a);
    }
}
