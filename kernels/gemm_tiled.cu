// C = f(A B^T) in bf16 with fp32 sums, in tiles of 128x128, with the tensor-core instruction that every
// GPU since sm_80 has (mma.sync). All threads load a tile, wait, multiply it, wait.
#include "gemm.cuh"

constexpr u32 TILE = 128, CHUNK = 64, THREADS = 256;
constexpr u32 PITCH = CHUNK + 8;                    // elements; eight rows lie in eight different banks
constexpr u32 VECTOR = 8;                           // elements of a 16-byte access
constexpr u32 WARP_M = 64, WARP_N = 32;             // a warp's part of the tile: 2 x 4 warps
constexpr u32 STEPS_M = WARP_M / 16, STEPS_N = WARP_N / 8;

// One 16-byte piece of a row; zeros past the end. `whole`: rows lie on 16 bytes, so pieces do too.
__device__ __forceinline__ uint4 piece(const bf16* rows, u32 row, u32 column, u32 height, u32 width, bool whole) {
    uint4 found = make_uint4(0, 0, 0, 0);
    if (row >= height || column >= width) {
        return found;
    }
    const bf16* from = rows + static_cast<u64>(row) * width + column;
    if (whole && column + VECTOR <= width) {
        return *reinterpret_cast<const uint4*>(from);
    }
    u32 words[4] = {0, 0, 0, 0};
#pragma unroll
    for (u32 i = 0; i < VECTOR; ++i) {
        const u32 half = column + i < width ? from[i] : 0u;
        words[i / 2] |= half << (16 * (i % 2));
    }
    return make_uint4(words[0], words[1], words[2], words[3]);
}

__device__ __forceinline__ void load_matrices(u32 (&to)[4], const bf16* from) {
    const u32 address = static_cast<u32>(__cvta_generic_to_shared(from));
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(address));
}

__device__ __forceinline__ void multiply(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// c[i][j] = f(sum over l of a[i][l] * b[j][l]), for i < m, j < n, l < k; rows without gaps. Any size
// and any base on 2 bytes will do. `read` counts the bytes of the tiles. See gemm.cuh for `wrap`.
extern "C" __global__ void __launch_bounds__(THREADS, 2)
    gemm_tiled(const bf16* a, const bf16* b, bf16* c, u64* read, u32 m, u32 n, u32 k, u32 wrap,
               Stamp* stamps) {
    enum : u32 { MMA, EPILOGUE, ROLES };
    __shared__ __align__(16) bf16 tile_a[TILE * PITCH];
    __shared__ __align__(16) bf16 tile_b[TILE * PITCH];
    u64 begin = stamp_begin(stamps);
    const Tile tile = tile_of(blockIdx.x, (m + TILE - 1) / TILE, (n + TILE - 1) / TILE);
    const u32 first_row = tile.row * TILE, first_column = tile.column * TILE;
    const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const u32 warp_row = warp / 4 * WARP_M, warp_column = warp % 4 * WARP_N;
    const bool whole_a = k % VECTOR == 0 && reinterpret_cast<u64>(a) % 16 == 0;
    const bool whole_b = k % VECTOR == 0 && reinterpret_cast<u64>(b) % 16 == 0;
    float sums[STEPS_M][STEPS_N][4] = {};

    for (u32 first = 0; first < k; first += CHUNK) {
#pragma unroll
        for (u32 i = threadIdx.x; i < TILE * CHUNK / VECTOR; i += THREADS) {
            const u32 row = i / (CHUNK / VECTOR), column = i % (CHUNK / VECTOR) * VECTOR;
            *reinterpret_cast<uint4*>(&tile_a[row * PITCH + column]) =
                piece(a, first_row + row, first + column, m, k, whole_a);
            *reinterpret_cast<uint4*>(&tile_b[row * PITCH + column]) =
                piece(b, first_column + row, first + column, n, k, whole_b);
        }
        __syncthreads();
#pragma unroll
        for (u32 step = 0; step < CHUNK; step += 16) {
            u32 left[STEPS_M][4], right[STEPS_N / 2][4];
#pragma unroll
            for (u32 i = 0; i < STEPS_M; ++i) {
                const u32 row = warp_row + 16 * i + lane % 16, column = step + lane / 16 * 8;
                load_matrices(left[i], &tile_a[row * PITCH + column]);
            }
#pragma unroll
            for (u32 j = 0; j < STEPS_N / 2; ++j) {
                const u32 row = warp_column + 16 * j + lane / 16 * 8 + lane % 8;
                load_matrices(right[j], &tile_b[row * PITCH + step + lane / 8 % 2 * 8]);
            }
#pragma unroll
            for (u32 i = 0; i < STEPS_M; ++i) {
#pragma unroll
                for (u32 j = 0; j < STEPS_N; ++j) {
                    multiply(sums[i][j], left[i], right[j / 2][j % 2 * 2], right[j / 2][j % 2 * 2 + 1]);
                }
            }
        }
        __syncthreads();
    }
    stamp_end(stamps, ROLES, MMA, begin);
    if (threadIdx.x == 0) {
        const u64 chunks = (k + CHUNK - 1) / CHUNK;
        atomicAdd(read, chunks * 2 * TILE * CHUNK * sizeof(bf16));
    }

    begin = stamp_begin(stamps);
    const bool pairs = n % 2 == 0 && reinterpret_cast<u64>(c) % 4 == 0;
#pragma unroll
    for (u32 i = 0; i < STEPS_M; ++i) {
#pragma unroll
        for (u32 j = 0; j < STEPS_N; ++j) {
#pragma unroll
            for (u32 half = 0; half < 2; ++half) {
                const u32 row = first_row + warp_row + 16 * i + 8 * half + lane / 4;
                const u32 column = first_column + warp_column + 8 * j + lane % 4 * 2;
                const u32 packed = packed_result(sums[i][j][2 * half], sums[i][j][2 * half + 1], wrap);
                if (row < m) {
                    store_pair(c + static_cast<u64>(row) * n, column, n, packed, pairs);
                }
            }
        }
    }
    stamp_end(stamps, ROLES, EPILOGUE, begin);
}
