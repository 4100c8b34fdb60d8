// C = f(A B^T) in bf16 with fp32 sums on Hopper: one warp of the block lets the copy engine (TMA) fill a
// ring of stages, warpgroups multiply them (wgmma), mbarriers hand the stages over. In pairs of
// blocks (a cluster) each loads half of the rows of B that both need, and the copy engine delivers it to
// both. Under programmatic dependent launch the first stages of B, the weights, are loaded before the
// kernel that computes A has ended.
//
// Shapes are macros, so that they can be compared; the defaults let two blocks share an SM: one of a
// kernel, and one of its dependent that prepares itself meanwhile.
#include "gemm.cuh"
#include "wgmma.cuh"

#ifndef TILE_N
#define TILE_N 128  // columns of a block's tile: 128 or 256
#endif
#ifndef CONSUMERS
#define CONSUMERS 2  // warpgroups that share its 128 rows: 1 or 2
#endif
#ifndef STAGES
#define STAGES 3
#endif
#ifndef BLOCKS_PER_SM
#define BLOCKS_PER_SM 2
#endif

constexpr u32 GROUP = 128;               // threads of a warpgroup
constexpr u32 THREADS = GROUP * CONSUMERS + 32;

#ifdef __CUDA_ARCH_FEAT_SM90_ALL

constexpr u32 TILE_M = 128, CHUNK = 64;  // a stage: CHUNK of the sum's terms, 128 bytes of each row
constexpr u32 ROW_BYTES = CHUNK * sizeof(bf16);
constexpr u32 A_BYTES = TILE_M * ROW_BYTES, B_BYTES = TILE_N * ROW_BYTES, STAGE_BYTES = A_BYTES + B_BYTES;
constexpr u32 PARTS = TILE_M / 64 / CONSUMERS;  // of 64 rows, a warpgroup
constexpr u32 PITCH = TILE_N * sizeof(bf16) + 16;  // bytes of a row of results in shared memory
static_assert(STAGES >= 2, "a stage is given back once the next one is multiplied");
static_assert(TILE_M * PITCH <= STAGES * STAGE_BYTES, "results take the place of the stages");

// The block's shared memory, in 32-bit addresses: the stages, then a full and an empty barrier each.
struct Ring {
    u32 stages, barriers;

    __device__ explicit Ring(const unsigned char* memory)
        : stages((shared_address(memory) + 1023) & ~1023u), barriers(stages + STAGES * STAGE_BYTES) {}

    __device__ u32 a(u32 stage) const { return stages + stage * STAGE_BYTES; }
    __device__ u32 b(u32 stage) const { return a(stage) + A_BYTES; }
    __device__ u32 full(u32 stage) const { return barriers + 16 * stage; }
    __device__ u32 empty(u32 stage) const { return full(stage) + 8; }
};

// The place in the ring, and the parity of the phase its barriers are in.
struct Place {
    u32 stage = 0, parity = 0;

    __device__ void advance() {
        if (++stage == STAGES) {
            stage = 0;
            parity ^= 1;
        }
    }
};

// Brings the rows of B that the block's tile needs, or its part of them to all blocks of the cluster.
template <u32 CLUSTER>
__device__ __forceinline__ void load_b(const Ring& ring, const TensorMap& b, u32 stage, u32 x, u32 y, u32 rank) {
    if (CLUSTER == 1) {
        tma_load(ring.b(stage), b, x, y, ring.full(stage));
    } else {
        constexpr u32 SHARE = TILE_N / CLUSTER;
        tma_load_multicast(ring.b(stage) + rank * SHARE * ROW_BYTES, b, x, y + rank * SHARE, ring.full(stage),
                           (1u << CLUSTER) - 1);
    }
}

enum Role : u32 { PROLOGUE, WAIT, LOAD, MMA, EPILOGUE, ROLES };

// What one thread does: fill the ring, stage after stage.
template <u32 CLUSTER>
__device__ __forceinline__ void produce(const Ring& ring, const TensorMap& a, const TensorMap& b, u32 row,
                                        u32 column, u32 chunks, u32 rank, u64 begin, u64* read,
                                        Stamp* stamps) {
    TileStamps prologue(stamps, ROLES, PROLOGUE, true), wait(stamps, ROLES, WAIT, true), load(stamps, ROLES, LOAD, true);
    const u32 early = chunks < STAGES ? chunks : STAGES;
    for (u32 chunk = 0; chunk < early; ++chunk) {  // weights: nothing of the primary
        barrier_expect(ring.full(chunk), STAGE_BYTES);
        load_b<CLUSTER>(ring, b, chunk, chunk * CHUNK, column, rank);
    }
    prologue.end(begin, 0);

    begin = wait.begin();
    wait_for_primary();
    async_proxy_fence();
    wait.end(begin, 0);

    begin = load.begin();
    for (u32 chunk = 0; chunk < early; ++chunk) {
        tma_load(ring.a(chunk), a, chunk * CHUNK, row, ring.full(chunk));
    }
    Place place;
    for (u32 chunk = STAGES; chunk < chunks; ++chunk, place.advance()) {
        barrier_wait(ring.empty(place.stage), place.parity);
        barrier_expect(ring.full(place.stage), STAGE_BYTES);
        tma_load(ring.a(place.stage), a, chunk * CHUNK, row, ring.full(place.stage));
        load_b<CLUSTER>(ring, b, place.stage, chunk * CHUNK, column, rank);
    }
    load.end(begin, 0);
    atomicAdd(read, static_cast<u64>(chunks) * (A_BYTES + B_BYTES / CLUSTER));
}

// What a warpgroup does: multiply the stages; the next one's products start before the last one's end.
template <u32 CLUSTER>
__device__ __forceinline__ void consume(const Ring& ring, u32 group, u32 chunks, float (&sums)[PARTS][TILE_N / 2]) {
    const u32 lane = threadIdx.x % 32;
    Place place;
    u32 last = 0;
    for (u32 chunk = 0; chunk < chunks; ++chunk, place.advance()) {
        barrier_wait(ring.full(place.stage), place.parity);
        const u64 a = describe_rows(ring.a(place.stage) + group * PARTS * 64 * ROW_BYTES);
        const u64 b = describe_rows(ring.b(place.stage));
        wgmma_fence();
#pragma unroll
        for (u32 step = 0; step < CHUNK / 16; ++step) {  // 32 bytes further along the row each
#pragma unroll
            for (u32 part = 0; part < PARTS; ++part) {
                wgmma(sums[part], a + part * (64 * ROW_BYTES / 16) + 2 * step, b + 2 * step);
            }
        }
        wgmma_commit();
        wgmma_wait<1>();
        if (chunk > 0 && lane < CLUSTER) {
            barrier_arrive_at(ring.empty(last), lane);
        }
        last = place.stage;
    }
    wgmma_wait<0>();
}

// Results go through shared memory, each warp's 16 rows by themselves, to be stored row by row.
__device__ __forceinline__ void store(const Ring& ring, u32 group, const float (&sums)[PARTS][TILE_N / 2],
                                      bf16* c, u32 row, u32 column, u32 m, u32 n, u32 wrap) {
    constexpr u32 VECTOR = 8, LANES = TILE_N / VECTOR;  // elements of 16 bytes, and such pieces of a row
    const u32 lane = threadIdx.x % 32, warp = threadIdx.x % GROUP / 32;
    const bool whole = n % VECTOR == 0 && reinterpret_cast<u64>(c) % 16 == 0;
#pragma unroll
    for (u32 part = 0; part < PARTS; ++part) {
        const u32 top = (group * PARTS + part) * 64 + 16 * warp;
        const u32 base = ring.stages + top * PITCH;
#pragma unroll
        for (u32 j = 0; j < TILE_N / 8; ++j) {
#pragma unroll
            for (u32 half = 0; half < 2; ++half) {
                const float* pair = &sums[part][4 * j + 2 * half];
                const u32 to = base + (lane / 4 + 8 * half) * PITCH + (8 * j + lane % 4 * 2) * sizeof(bf16);
                asm volatile("st.shared.u32 [%0], %1;" ::"r"(to), "r"(packed_result(pair[0], pair[1], wrap))
                             : "memory");
            }
        }
        __syncwarp();
#pragma unroll 4
        for (u32 i = lane; i < 16 * LANES; i += 32) {
            const u32 line = i / LANES, first = i % LANES * VECTOR;
            u32 words[4];
            asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                         : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                         : "r"(base + line * PITCH + first * static_cast<u32>(sizeof(bf16)))
                         : "memory");
            const u32 at = column + first;
            if (row + top + line >= m) continue;
            bf16* const to = c + static_cast<u64>(row + top + line) * n;
            if (whole && at + VECTOR <= n) {
                *reinterpret_cast<uint4*>(to + at) = make_uint4(words[0], words[1], words[2], words[3]);
            } else {
#pragma unroll
                for (u32 word = 0; word < 4; ++word) {
                    store_pair(to, at + 2 * word, n, words[word], false);
                }
            }
        }
    }
}

// A barrier of all threads of the cluster, or of the block where that is one. Warps come to it from
// different branches, which __syncthreads() forbids.
template <u32 CLUSTER>
__device__ __forceinline__ void meet() {
    if (CLUSTER == 1) {
        sync_threads<1, THREADS>();
    } else {
        cluster_sync();
    }
}

template <u32 CLUSTER>
__device__ __forceinline__ void gemm(const TensorMap& a, const TensorMap& b, bf16* c, u64* read, u32 m, u32 n, u32 k,
                                     u32 wrap, u32 early, Stamp* stamps) {
    extern __shared__ unsigned char memory[];
    u64 begin = stamps != nullptr ? globaltimer() : 0;
    const Ring ring(memory);
    const u32 rank = CLUSTER == 1 ? 0 : cluster_rank();
    const u32 chunks = (k + CHUNK - 1) / CHUNK;
    const u32 bands = ((m + TILE_M - 1) / TILE_M + CLUSTER - 1) / CLUSTER;  // a cluster's tiles lie in a column
    const Tile tile = tile_of(blockIdx.x / CLUSTER, bands, (n + TILE_N - 1) / TILE_N);
    const u32 row = (tile.row * CLUSTER + rank) * TILE_M, column = tile.column * TILE_N;

    if (threadIdx.x == 0) {
        if (early != 0) {
            launch_dependents();
        }
        prefetch_map(a);
        prefetch_map(b);
        for (u32 stage = 0; stage < STAGES; ++stage) {
            barrier_init(ring.full(stage), 1);
            barrier_init(ring.empty(stage), CLUSTER * CONSUMERS * (GROUP / 32));  // a warp of each each
        }
        barrier_init_fence();
    }
    meet<CLUSTER>();  // before anything arrives from another block

    // When both branches have met again, all stages have arrived and been read in every block: they may
    // be written over, and a block may end, as no other signals to it any more.
    if (threadIdx.x >= GROUP * CONSUMERS) {
        if (threadIdx.x == GROUP * CONSUMERS) {
            produce<CLUSTER>(ring, a, b, row, column, chunks, rank, begin, read, stamps);
        }
        __syncwarp();
        meet<CLUSTER>();
    } else {
        const u32 group = threadIdx.x / GROUP;
        TileStamps products(stamps, ROLES, MMA, threadIdx.x == 0);
        TileStamps epilogue(stamps, ROLES, EPILOGUE, threadIdx.x == 0);
        float sums[PARTS][TILE_N / 2] = {};
        wait_for_primary();  // before this block writes what the primary may still read
        begin = products.begin();
        consume<CLUSTER>(ring, group, chunks, sums);
        products.end(begin, 0);
        meet<CLUSTER>();
        begin = epilogue.begin();
        if (threadIdx.x == 0 && early == 0) {
            launch_dependents();
        }
        store(ring, group, sums, c, row, column, m, n, wrap);
        epilogue.end(begin, 0);
    }
}

#endif

// c[i][j] = f(sum over l of a[i][l] * b[j][l]), for i < m, j < n, l < k. `a`: rows of k elements in
// boxes of 64 x 128, `b` in boxes of 64 x TILE_N, both with the 128-byte swizzle. `early`: dependents
// may be launched from the start and not once the products are done. `read` counts the bytes that were
// asked for. See gemm.cuh for `wrap`.
extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS_PER_SM)
    gemm_wgmma(const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap b, bf16* c, u64* read,
               u32 m, u32 n, u32 k, u32 wrap, u32 early, Stamp* stamps) {
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
    gemm<1>(a, b, c, read, m, n, k, wrap, early, stamps);
#endif
}

// The same in clusters of two blocks; `b` in boxes of 64 x TILE_N / 2.
extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS_PER_SM)
    gemm_cluster(const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap b, bf16* c, u64* read,
                 u32 m, u32 n, u32 k, u32 wrap, u32 early, Stamp* stamps) {
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
    gemm<2>(a, b, c, read, m, n, k, wrap, early, stamps);
#endif
}
