// What the matrix products share: which block has which tile, and what becomes of a sum.
//
// Both operands have the sum's index innermost (A is m x k, B is n x k, as PyTorch's Linear keeps its
// weights), so both are read along rows.
#pragma once
#include "common.cuh"

typedef unsigned short bf16;  // its bits: NVRTC has no cuda_bf16.h

struct Tile {
    u32 row, column;
};

// Tiles in bands of BAND rows, column after column: those at work at one time form a rectangle that
// is nearly square, and need few rows of A and of B out of the L2 cache.
__device__ __forceinline__ Tile tile_of(u32 index, u32 rows, u32 columns) {
    constexpr u32 BAND = 16;
    const u32 first = index / (BAND * columns) * BAND;
    const u32 inside = index - first * columns;
    const u32 height = rows - first < BAND ? rows - first : BAND;
    return {first + inside % height, inside / height};
}

// The sum itself, or, if `wrap` (a power of two) is not 0, the integer that differs from it by a
// multiple of `wrap` and lies in [-wrap/2, wrap/2). That keeps a chain of products exact: each result
// is a small integer again, and depends on every element it was made of.
__device__ __forceinline__ float result_of(float sum, u32 wrap) {
    if (wrap == 0) {
        return sum;
    }
    const int half = static_cast<int>(wrap / 2);
    return static_cast<float>(((__float2int_rn(sum) + half) & static_cast<int>(wrap - 1)) - half);
}

// Two neighbours as bf16, the first in the lower half; rounded to nearest, ties to even.
__device__ __forceinline__ u32 packed_result(float first, float second, u32 wrap) {
    u32 packed;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;"
        : "=r"(packed)
        : "f"(result_of(second, wrap)), "f"(result_of(first, wrap)));
    return packed;
}

// Stores two neighbours of a row of n. `pairs`: every row begins on 4 bytes.
__device__ __forceinline__ void store_pair(bf16* row, u32 column, u32 n, u32 packed, bool pairs) {
    if (pairs && column + 2 <= n) {
        *reinterpret_cast<u32*>(row + column) = packed;
        return;
    }
    if (column < n) row[column] = static_cast<bf16>(packed);
    if (column + 1 < n) row[column + 1] = static_cast<bf16>(packed >> 16);
}
