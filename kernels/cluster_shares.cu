// What cluster_dsmem.cu computes, with as little as possible between a block and its operands: each block
// loads the whole tile (TMA), or, in a cluster, its band of it alone, and the blocks exchange the sums of
// their bands through each other's shared memory (DSMEM): 512 bytes for 64 KiB of operand.
//
// The copy engine writes rows of 128 bytes with its 128-byte swizzle. A warp has one quad of columns of
// all rows, a row a lane: sixteen bytes of 32 rows, which without the swizzle lie in the same banks.
#include "cluster_tiles.cuh"

#ifndef STAGES
#define STAGES 4  // operands (panels, where each block loads all) on their way
#endif

#if __CUDA_ARCH__ >= 900

constexpr u32 ROWS = (BAND + 31) / 32;  // rows of the band that a lane has, at most

// Where the copy engine puts a quad of a row; the pattern is the same every eight rows.
__device__ __forceinline__ u32 swizzled(u32 row, u32 quad) { return row * QUADS + (quad ^ (row & 7)); }

// The lane's rows of the band that begins at `band`; `place`: where a quad of the lane's first row is.
__device__ __forceinline__ void read_rows(const float4* band, u32 place, float4 (&rows)[ROWS]) {
#pragma unroll
    for (u32 i = 0; i < ROWS; ++i) {
        rows[i] = i * 32 + threadIdx.x % 32 < BAND ? band[place + i * 32 * QUADS] : float4{};
    }
}

// Writes them, and begins anew.
__device__ __forceinline__ void store_rows(float* tile, u32 panel, u32 first, u32 quad, float4 (&rows)[ROWS]) {
    float4* const to = reinterpret_cast<float4*>(tile) + panel * QUADS + quad;
#pragma unroll
    for (u32 i = 0; i < ROWS; ++i) {
        const u32 row = i * 32 + threadIdx.x % 32;
        if (row < BAND) to[(first + row) * (TILE / 4)] = rows[i];
        rows[i] = {};
    }
}

// One step of a sum over the warp: of 2 * `half` values a lane keeps those that its `bit` says, and takes
// in what the lane without it had of them.
template <u32 half, u32 bit, u32 count>
__device__ __forceinline__ void halve(float (&v)[count]) {
    const bool upper = threadIdx.x & bit;
#pragma unroll
    for (u32 i = 0; i < half; ++i) {
        const float low = v[i], high = v[i + half];
        v[i] = (upper ? high : low) + __shfl_xor_sync(ALL_LANES, upper ? low : high, bit);
    }
}

// Sums of eight values over the warp, in 9 shuffles: lane i has that of value i / 4.
__device__ __forceinline__ float scattered_sum(float (&v)[8]) {
    halve<4, 16>(v);
    halve<2, 8>(v);
    halve<1, 4>(v);
    v[0] += __shfl_xor_sync(ALL_LANES, v[0], 2);
    return v[0] + __shfl_xor_sync(ALL_LANES, v[0], 1);
}

// The sum of four values over the warp, in every lane, in 10 shuffles.
__device__ __forceinline__ float4 warp_sum(float4 four) {
    float v[4] = {four.x, four.y, four.z, four.w};
    halve<2, 16>(v);
    halve<1, 8>(v);
    for (u32 lanes = 4; lanes > 0; lanes /= 2) v[0] += __shfl_xor_sync(ALL_LANES, v[0], lanes);
    return make_float4(__shfl_sync(ALL_LANES, v[0], 0), __shfl_sync(ALL_LANES, v[0], 8),
                       __shfl_sync(ALL_LANES, v[0], 16), __shfl_sync(ALL_LANES, v[0], 24));
}

constexpr u32 LOADER = WORKERS;  // the first thread of the warp after the workers'

struct Panels {
    alignas(1024) float4 stages[STAGES][TILE][QUADS];
    u64 full[STAGES], empty[STAGES];
};

#endif

// Every block loads every panel whole. `a` and `b`: rows of 128 floats in swizzled boxes of BAND x 32.
extern "C" __global__ void __launch_bounds__(WORKERS + 32, 4)
    tile_per_block_tma(const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap b, float* __restrict__ c,
                       u64* read, u32 tiles, u32 rounds, Stamp* stamps) {
    enum : u32 { LOAD, COMPUTE, ROLES };
#if __CUDA_ARCH__ >= 900
    extern __shared__ __align__(1024) unsigned char memory[];
    Panels& shared = *reinterpret_cast<Panels*>(memory);
    const u32 step = gridDim.x / CLUSTER, first = blockIdx.x / CLUSTER, band = blockIdx.x % CLUSTER * BAND;
    if (threadIdx.x == 0) {
        for (u32 stage = 0; stage < STAGES; ++stage) {
            barrier_init(shared_address(&shared.full[stage]), 1);
            barrier_init(shared_address(&shared.empty[stage]), WARPS);
        }
        barrier_init_fence();
    }
    __syncthreads();
    u32 turn = 0;
    if (threadIdx.x == LOADER) {
        TileStamps load(stamps, ROLES, LOAD, true);
        for (u32 tile = first; tile < tiles; tile += step) {
            const u64 begin = load.begin();
            for (u32 panel = 0; panel < PANELS; ++panel) {
                for (u32 round = 0; round <= rounds; ++round, ++turn) {
                    const u32 stage = turn % STAGES, full = shared_address(&shared.full[stage]);
                    if (turn >= STAGES) barrier_wait(shared_address(&shared.empty[stage]), turn / STAGES - 1 & 1);
                    barrier_expect(full, PANEL_BYTES);
                    const u32 y = (round == 0 ? tile : round - 1) * TILE;
                    for (u32 row = 0; row < TILE; row += BAND) {
                        tma_load(shared_address(&shared.stages[stage][row]), round == 0 ? a : b, panel * PANEL, y + row,
                                 full);
                    }
                }
            }
            load.end(begin, tile);
        }
        load.close();
        atomicAdd(read, static_cast<u64>(turn) * PANEL_BYTES);
    } else if (threadIdx.x < WORKERS) {
        TileStamps compute(stamps, ROLES, COMPUTE, threadIdx.x == 0);
        const u32 quad = threadIdx.x / 32, lane = threadIdx.x % 32, place = swizzled(lane, quad);
        for (u32 tile = first; tile < tiles; tile += step) {
            const u64 begin = compute.begin();
            for (u32 panel = 0; panel < PANELS; ++panel) {
                float4 mine[ROWS] = {}, out[ROWS] = {}, sums_of_a = {};
                for (u32 round = 0; round <= rounds; ++round, ++turn) {
                    const u32 stage = turn % STAGES;
                    const float4* const now = &shared.stages[stage][0][0];
                    barrier_wait(shared_address(&shared.full[stage]), turn / STAGES & 1);
                    float4 sum = {}, rows[ROWS];
#pragma unroll
                    for (u32 row = 0; row < TILE; row += 32) sum = sum + now[row * QUADS + place];
                    read_rows(now + band * QUADS, place, rows);
                    accumulate(round, mine, out, sums_of_a, rows, warp_sum(sum));
                    __syncwarp();
                    if (lane == 0) barrier_arrive_at(shared_address(&shared.empty[stage]), 0);
                }
                store_rows(c + static_cast<u64>(tile) * TILE * TILE, panel, band, quad, out);
            }
            compute.end(begin, tile);
        }
        compute.close();
    }
#endif
}

#if __CUDA_ARCH__ >= 900

constexpr u32 SENDER = LOADER + 32;
constexpr u32 LAG = 1;              // operands whose sums are on their way while the next one is summed
constexpr u32 SLOTS = 2 * LAG + 2;  // of sums: no block is further ahead of another
static_assert(STAGES > LAG, "rows stay where they are until their sums have come");
constexpr u32 SHARE_BYTES = PANELS * PANEL_BYTES / CLUSTER, SUM_BYTES = TILE * sizeof(float);

struct Shares {
    alignas(1024) float4 stages[STAGES][PANELS][BAND][QUADS];
    alignas(128) float sums[SLOTS][CLUSTER][TILE];  // of every block's band
    u64 full[STAGES], empty[STAGES];  // an operand has come; all warps have done with it
    u64 gathered[SLOTS], summed[SLOTS];  // the sums of the own band are there; those of all bands are
};

// One thread: sends what the block has summed to every other block of the cluster.
__device__ __forceinline__ void send(Shares& shared, u32 total, u32 rank) {
    for (u32 turn = 0; turn < total; ++turn) {
        const u32 slot = turn % SLOTS, summed = shared_address(&shared.summed[slot]);
        barrier_wait(shared_address(&shared.gathered[slot]), turn / SLOTS & 1);
        shared_proxy_fence();
        barrier_expect(summed, (CLUSTER - 1) * SUM_BYTES);
        const u32 own = shared_address(&shared.sums[slot][rank]);
        for (u32 block = 0; block < CLUSTER; ++block) {
            if (block != rank) push_shared(map_shared(own, block), own, SUM_BYTES, map_shared(summed, block));
        }
    }
}

// Sums the warp's quad of each panel of an operand over the band.
__device__ __forceinline__ void sum_band(Shares& shared, u32 turn, u32 quad, u32 place, u32 rank) {
    const u32 stage = turn % STAGES, slot = turn % SLOTS, lane = threadIdx.x % 32;
    barrier_wait(shared_address(&shared.full[stage]), turn / STAGES & 1);
#pragma unroll
    for (u32 panel = 0; panel < PANELS; panel += 2) {
        float v[8];
#pragma unroll
        for (u32 i = 0; i < 2; ++i) {
            float4 rows[ROWS], sum = {};
            read_rows(&shared.stages[stage][panel + i][0][0], place, rows);
#pragma unroll
            for (u32 row = 0; row < ROWS; ++row) sum = sum + rows[row];
            v[4 * i] = sum.x, v[4 * i + 1] = sum.y, v[4 * i + 2] = sum.z, v[4 * i + 3] = sum.w;
        }
        const float sum = scattered_sum(v);
        const u32 value = lane / 4;
        if (lane % 4 == 0) shared.sums[slot][rank][(panel + value / 4) * PANEL + quad * 4 + value % 4] = sum;
    }
    __syncwarp();
    if (lane == 0) barrier_arrive_at(shared_address(&shared.gathered[slot]), rank);
}

#endif

// The blocks of a cluster load a band each, and exchange its sums. `a` and `b`: as above.
extern "C" __global__ void __launch_bounds__(WORKERS + 64, CLUSTER == 2 ? 1 : 2)
    tile_by_shares(const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap b, float* __restrict__ c,
                   u64* read, u32 tiles, u32 rounds, Stamp* stamps) {
    enum : u32 { LOAD, COMPUTE, ROLES };
#if __CUDA_ARCH__ >= 900
    extern __shared__ __align__(1024) unsigned char memory[];
    Shares& shared = *reinterpret_cast<Shares*>(memory);
    const u32 rank = cluster_rank(), step = gridDim.x / CLUSTER, first = blockIdx.x / CLUSTER;
    if (threadIdx.x == 0) {
        for (u32 stage = 0; stage < STAGES; ++stage) {
            barrier_init(shared_address(&shared.full[stage]), 1);
            barrier_init(shared_address(&shared.empty[stage]), WARPS);
        }
        for (u32 slot = 0; slot < SLOTS; ++slot) {
            barrier_init(shared_address(&shared.gathered[slot]), WARPS);
            barrier_init(shared_address(&shared.summed[slot]), 1);
        }
        barrier_init_fence();
    }
    cluster_sync();
    const u32 total = tiles_of(first, step, tiles) * (rounds + 1);
    if (threadIdx.x == LOADER) {
        TileStamps load(stamps, ROLES, LOAD, true);
        u32 turn = 0;
        for (u32 tile = first; tile < tiles; tile += step) {
            const u64 begin = load.begin();
            for (u32 round = 0; round <= rounds; ++round, ++turn) {
                const u32 stage = turn % STAGES, full = shared_address(&shared.full[stage]);
                if (turn >= STAGES) barrier_wait(shared_address(&shared.empty[stage]), turn / STAGES - 1 & 1);
                barrier_expect(full, SHARE_BYTES);
                const u32 y = (round == 0 ? tile : round - 1) * TILE + rank * BAND;
                for (u32 panel = 0; panel < PANELS; ++panel) {
                    tma_load(shared_address(&shared.stages[stage][panel]), round == 0 ? a : b, panel * PANEL, y, full);
                }
            }
            load.end(begin, tile);
        }
        load.close();
        atomicAdd(read, static_cast<u64>(total) * SHARE_BYTES);
    } else if (threadIdx.x == SENDER) {
        send(shared, total, rank);
    } else if (threadIdx.x < WORKERS) {
        TileStamps compute(stamps, ROLES, COMPUTE, threadIdx.x == 0);
        const u32 quad = threadIdx.x / 32, place = swizzled(threadIdx.x % 32, quad);
        float4 mine[PANELS][ROWS] = {}, out[PANELS][ROWS] = {}, sums_of_a[PANELS] = {};
        u64 begin = compute.begin();
        u32 tile = first, round = 0;
        for (u32 turn = 0; turn < total + LAG; ++turn) {
            if (turn < total) sum_band(shared, turn, quad, place, rank);
            if (turn < LAG) continue;
            const u32 old = turn - LAG, stage = old % STAGES, slot = old % SLOTS;
            barrier_wait(shared_address(&shared.summed[slot]), old / SLOTS & 1);
#pragma unroll
            for (u32 panel = 0; panel < PANELS; ++panel) {
                float4 sum = {}, rows[ROWS];
#pragma unroll
                for (u32 i = 0; i < CLUSTER; ++i) {
                    sum = sum + reinterpret_cast<const float4*>(shared.sums[slot][i])[panel * QUADS + quad];
                }
                read_rows(&shared.stages[stage][panel][0][0], place, rows);
                accumulate(round, mine[panel], out[panel], sums_of_a[panel], rows, sum);
            }
            __syncwarp();
            if (threadIdx.x % 32 == 0) barrier_arrive_at(shared_address(&shared.empty[stage]), rank);
            if (++round <= rounds) continue;
#pragma unroll
            for (u32 panel = 0; panel < PANELS; ++panel) {
                store_rows(c + static_cast<u64>(tile) * TILE * TILE, panel, rank * BAND, quad, out[panel]);
            }
            compute.end(begin, tile);
            begin = compute.begin();
            round = 0;
            tile += step;
        }
        compute.close();
    }
    __syncwarp();
    cluster_sync();  // no block ends while another writes into its shared memory
#endif
}
