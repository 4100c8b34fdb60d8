// The two products of attention over a cache of keys and values that grows. There is no softmax
// between them and no mask: with integer inputs every sum is exact, in whatever order it is added up.
#include "common.cuh"

constexpr u32 HEAD = 64;   // floats of a head
constexpr u32 TILE = 64;   // rows and columns of the output that a block computes
constexpr u32 CHUNK = 16;  // terms of the sums that it has in shared memory
constexpr u32 SIDE = 16;   // threads of a block in x and y
constexpr u32 EACH = TILE / SIDE;

struct Matrix {
    const float* data;
    u64 row, column;  // floats from one row, or column, to the next
    u32 rows, columns;

    __device__ __forceinline__ float at(u32 i, u32 j) const {
        return i < rows && j < columns ? data[i * row + j * column] : 0.0f;
    }
};

// Takes turns of the block's threads over CHUNK x TILE elements so that a warp reads along the
// dimension that is contiguous in memory.
template <bool ALONG_TERMS>
struct Part {
    __device__ __forceinline__ static u32 term(u32 i) { return ALONG_TERMS ? i % CHUNK : i / TILE; }
    __device__ __forceinline__ static u32 place(u32 i) { return ALONG_TERMS ? i / CHUNK : i % TILE; }
};

// out[i, j] = sum over k of a[i, k] * b[k, j], for the block's tile: 256 threads, 4 x 4 elements each,
// with the next chunk on its way while this one is summed up.
template <bool B_ALONG_TERMS>
__device__ __forceinline__ void tile_product(const Matrix& a, const Matrix& b, float* out, u64 pitch) {
    using PartA = Part<true>;
    using PartB = Part<B_ALONG_TERMS>;
    constexpr u32 THREADS = SIDE * SIDE, LOADS = CHUNK * TILE / THREADS;
    constexpr u32 PITCH = TILE + 4;  // against bank conflicts
    __shared__ __align__(16) float tile_a[CHUNK][PITCH], tile_b[CHUNK][PITCH];
    const u32 thread = threadIdx.x, row0 = blockIdx.y * TILE, column0 = blockIdx.x * TILE;
    const u32 x = thread % SIDE * EACH, y = thread / SIDE * EACH;
    float next_a[LOADS], next_b[LOADS], sums[EACH][EACH] = {};

    auto fetch = [&](u32 first) {
#pragma unroll
        for (u32 n = 0; n < LOADS; ++n) {
            const u32 i = thread + n * THREADS;
            next_a[n] = a.at(row0 + PartA::place(i), first + PartA::term(i));
            next_b[n] = b.at(first + PartB::term(i), column0 + PartB::place(i));
        }
    };

    fetch(0);
    for (u32 first = 0; first < a.columns; first += CHUNK) {
#pragma unroll
        for (u32 n = 0; n < LOADS; ++n) {
            const u32 i = thread + n * THREADS;
            tile_a[PartA::term(i)][PartA::place(i)] = next_a[n];
            tile_b[PartB::term(i)][PartB::place(i)] = next_b[n];
        }
        __syncthreads();
        if (first + CHUNK < a.columns) {
            fetch(first + CHUNK);
        }
#pragma unroll
        for (u32 k = 0; k < CHUNK; ++k) {
            const float4 u = *reinterpret_cast<const float4*>(&tile_a[k][y]);
            const float4 v = *reinterpret_cast<const float4*>(&tile_b[k][x]);
            const float left[EACH] = {u.x, u.y, u.z, u.w}, right[EACH] = {v.x, v.y, v.z, v.w};
#pragma unroll
            for (u32 i = 0; i < EACH; ++i) {
#pragma unroll
                for (u32 j = 0; j < EACH; ++j) {
                    sums[i][j] = fmaf(left[i], right[j], sums[i][j]);
                }
            }
        }
        __syncthreads();
    }
#pragma unroll
    for (u32 i = 0; i < EACH; ++i) {
#pragma unroll
        for (u32 j = 0; j < EACH; ++j) {
            if (row0 + y + i < a.rows && column0 + x + j < b.columns) {
                out[(row0 + y + i) * pitch + column0 + x + j] = sums[i][j];
            }
        }
    }
}

// Layouts, in floats: q and out [queries, heads, HEAD]; kv [tokens, 2, heads, HEAD], keys first;
// scores [heads, queries, tokens]. Grid: tiles of the output in x and y, heads in z. 256 threads.

// scores[h, i, j] = sum over d of q[i, h, d] * key[j, h, d]
extern "C" __global__ void __launch_bounds__(256)
    attention_scores(const float* __restrict__ q, const float* __restrict__ kv, float* __restrict__ scores,
                     u32 queries, u32 tokens, u32 heads) {
    const u64 head = blockIdx.z, width = static_cast<u64>(heads) * HEAD;
    const Matrix query{q + head * HEAD, width, 1, queries, HEAD};
    const Matrix key{kv + head * HEAD, 1, 2 * width, HEAD, tokens};  // transposed
    tile_product<true>(query, key, scores + head * queries * tokens, tokens);
}

// out[i, h, d] = sum over j of scores[h, i, j] * value[j, h, d]
extern "C" __global__ void __launch_bounds__(256)
    attention_values(const float* __restrict__ scores, const float* __restrict__ kv, float* __restrict__ out,
                     u32 queries, u32 tokens, u32 heads) {
    const u64 head = blockIdx.z, width = static_cast<u64>(heads) * HEAD;
    const Matrix score{scores + head * queries * tokens, tokens, 1, queries, tokens};
    const Matrix value{kv + width + head * HEAD, 2 * width, 1, tokens, HEAD};
    tile_product<false>(score, value, out + head * HEAD, width);
}
