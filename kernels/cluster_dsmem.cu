// Tiles whose every element needs the sums of all columns: blocks that share a tile each load all of it,
// on any device, or, in a cluster, one of them does, and the others read their rows out of its shared
// memory (DSMEM) and exchange what they summed. cluster_shares.cu has the forms that win.
//
//     c[i][j] = sum over r of a[i][j] * (column sum of b[r])[j] + b[r][i][j] * (column sum of a)[j]
//
// for tiles a of a batch and tiles b[r], the same for all: 128 x 128 floats, in panels of 32 columns. A
// block has a band of rows. Integers stay exact while no sum reaches 2^24.
#include "cluster_tiles.cuh"

constexpr u32 STEP = WORKERS / QUADS;      // rows that the block takes at once
constexpr u32 MINE = (BAND + STEP - 1) / STEP;  // rows of the band that a thread has, at most

// A thread's part of a panel: four columns of each STEP-th row, and which of these are in the band.
struct Part {
    u32 band, quad = threadIdx.x % QUADS, first = threadIdx.x / QUADS;

    __device__ explicit Part(u32 rank) : band(rank * BAND) {}

    __device__ u32 row(u32 i) const { return first + (band / STEP + i) * STEP; }
    __device__ bool has(u32 i) const { return row(i) - band < BAND; }

    // Writes the rows of the band to a tile.
    __device__ void store(float* tile, u32 panel, const float4 (&rows)[MINE]) const {
        float4* const to = reinterpret_cast<float4*>(tile + panel * PANEL) + quad;
#pragma unroll
        for (u32 i = 0; i < MINE; ++i) {
            if (has(i)) to[row(i) * (TILE / 4)] = rows[i];
        }
    }
};

__device__ __forceinline__ float4 shuffled(float4 v, u32 lanes) {
    return make_float4(__shfl_xor_sync(ALL_LANES, v.x, lanes), __shfl_xor_sync(ALL_LANES, v.y, lanes),
                       __shfl_xor_sync(ALL_LANES, v.z, lanes), __shfl_xor_sync(ALL_LANES, v.w, lanes));
}

// The sum over the warp's threads with the same four columns.
__device__ __forceinline__ float4 warp_sum(float4 v) {
    static_assert(QUADS == 8, "lanes that differ in bits 3 and 4 have the same columns");
    v = v + shuffled(v, 8);
    return v + shuffled(v, 16);
}

// Every block loads the whole panel, from the L2 cache if another one has. `read` counts the bytes.
extern "C" __global__ void __launch_bounds__(WORKERS, 4)
    tile_per_block(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ c, u64* read,
                   u32 tiles, u32 rounds, Stamp* stamps) {
    enum : u32 { COMPUTE, ROLES };
    __shared__ float4 sums[2][WARPS][QUADS];
    TileStamps compute(stamps, ROLES, COMPUTE, threadIdx.x == 0);
    const Part part(blockIdx.x % CLUSTER);
    const u32 warp = threadIdx.x / 32;
    u64 bytes = 0;
    u32 turn = 0;
    for (u32 tile = blockIdx.x / CLUSTER; tile < tiles; tile += gridDim.x / CLUSTER) {
        const u64 begin = compute.begin();
        for (u32 panel = 0; panel < PANELS; ++panel) {
            float4 mine[MINE] = {}, out[MINE] = {}, sums_of_a = {};
            for (u32 round = 0; round <= rounds; ++round, turn ^= 1) {
                const float* const operand = round == 0 ? a + static_cast<u64>(tile) * TILE * TILE
                                                        : b + static_cast<u64>(round - 1) * TILE * TILE;
                const float4* const from = reinterpret_cast<const float4*>(operand + panel * PANEL) + part.quad;
                float4 sum = {}, now[MINE] = {};
#pragma unroll
                for (u32 i = 0; i < TILE / STEP; ++i) {
                    const u32 row = part.first + i * STEP;
                    const float4 value = from[row * (TILE / 4)];
                    sum = sum + value;
#pragma unroll
                    for (u32 j = 0; j < MINE; ++j) {
                        if (row == part.row(j)) now[j] = value;
                    }
                }
                sum = warp_sum(sum);
                if (threadIdx.x % 32 < QUADS) sums[turn][warp][part.quad] = sum;
                __syncthreads();
                sum = sums[turn][0][part.quad];
#pragma unroll
                for (u32 i = 1; i < WARPS; ++i) sum = sum + sums[turn][i][part.quad];
                accumulate(round, mine, out, sums_of_a, now, sum);
                bytes += PANEL_BYTES;
            }
            part.store(c + static_cast<u64>(tile) * TILE * TILE, panel, out);
        }
        compute.end(begin, tile);
    }
    compute.close();
    if (threadIdx.x == 0) atomicAdd(read, bytes);
}

constexpr u32 THREADS = WORKERS + 32;

#if __CUDA_ARCH__ >= 900

constexpr u32 STAGES = 3;  // panels on their way; with them, four blocks fit on an SM

// The block's shared memory.
struct Shared {
    float4 stages[STAGES][TILE][QUADS];  // of the leader alone: panels
    float4 sums[2][CLUSTER][QUADS];      // of every block of the cluster, in turns
    float4 partial[WARPS][QUADS];        // of every warp
    u64 full[STAGES], empty[STAGES];     // of the leader alone: a panel has come; all blocks have read it
    u64 ready[STAGES], summed[2];        // a panel has come; the sums of all blocks have
};

// The panels that a cluster needs, in order: of each of its tiles, panel after panel, a and every b.
struct Cursor {
    u32 tile, panel = 0, round = 0;

    __device__ bool advance(u32 rounds, u32 clusters) {  // whether a tile is done
        if (++round <= rounds) return false;
        round = 0;
        if (++panel < TILE / PANEL) return false;
        panel = 0;
        tile += clusters;
        return true;
    }
};

// One thread of the leader: lets panels come as long as a stage is empty, and tells all blocks of each
// that has come, as they can't wait at the leader's barrier but only at one of their own.
__device__ __forceinline__ void lead(Shared& shared, const TensorMap& a, const TensorMap& b, u32 cluster, u32 clusters,
                                     u32 tiles, u32 rounds, u64* read, TileStamps& stamps) {
    const u32 total = tiles_of(cluster, clusters, tiles) * PANELS * (rounds + 1);
    Cursor next = {cluster};
    u64 begin = stamps.begin();
    for (u32 turn = 0; turn < total + STAGES; ++turn) {
        if (turn >= STAGES) {
            const u32 last = turn - STAGES, stage = last % STAGES, parity = last / STAGES & 1;
            barrier_wait(shared_address(&shared.full[stage]), parity);
            for (u32 block = 0; block < CLUSTER; ++block) {
                barrier_release_at(shared_address(&shared.ready[stage]), block);
            }
            if (turn < total) barrier_wait(shared_address(&shared.empty[stage]), parity);
        }
        if (turn < total) {
            const u32 full = shared_address(&shared.full[turn % STAGES]);
            barrier_expect(full, PANEL_BYTES);
            tma_load(shared_address(&shared.stages[turn % STAGES]), next.round == 0 ? a : b, next.panel * PANEL,
                     (next.round == 0 ? next.tile : next.round - 1) * TILE, full);
            const u32 tile = next.tile;
            if (next.advance(rounds, clusters)) {
                stamps.end(begin, tile);
                begin = stamps.begin();
            }
        }
    }
    atomicAdd(read, static_cast<u64>(total) * PANEL_BYTES);
}

// The column sums of a panel over all blocks, out of each thread's own. `side`: 0 and 1 in turns.
__device__ __forceinline__ float4 cluster_sum(Shared& shared, float4 sum, u32 quad, u32 rank, u32 stage, u32 side,
                                              u32 parity) {
    const u32 warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const u32 summed = shared_address(&shared.summed[side]);
    sum = warp_sum(sum);
    if (lane < QUADS) shared.partial[warp][quad] = sum;
    sync_threads<1, WORKERS>();
    if (threadIdx.x == 32) barrier_arrive_at(shared_address(&shared.empty[stage]), 0);
    if (warp == 0) {
        if (lane < QUADS) {
            sum = shared.partial[0][lane];
#pragma unroll
            for (u32 i = 1; i < WARPS; ++i) sum = sum + shared.partial[i][lane];
            for (u32 block = 0; block < CLUSTER; ++block) {
                store_shared(map_shared(shared_address(&shared.sums[side][rank][lane]), block), sum);
            }
        }
        __syncwarp();
        if (lane < CLUSTER) barrier_release_at(summed, lane);
    }
    barrier_wait<Scope::cluster>(summed, parity);
    sum = shared.sums[side][0][quad];
#pragma unroll
    for (u32 i = 1; i < CLUSTER; ++i) sum = sum + shared.sums[side][i][quad];
    return sum;
}

#endif

// The leader loads each panel once, for all blocks of its cluster. `a` and `b`: rows of 128 floats in
// boxes of 128 x 32.
extern "C" __global__ void __launch_bounds__(THREADS, 4)
    tile_per_cluster(const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap b, float* __restrict__ c,
                     u64* read, u32 tiles, u32 rounds, Stamp* stamps) {
    enum : u32 { LOAD, COMPUTE, ROLES };
#if __CUDA_ARCH__ >= 900
    extern __shared__ __align__(128) unsigned char memory[];
    Shared& shared = *reinterpret_cast<Shared*>(memory);
    const u32 rank = cluster_rank(), clusters = gridDim.x / CLUSTER, cluster = blockIdx.x / CLUSTER;
    if (threadIdx.x == 0) {
        for (u32 stage = 0; stage < STAGES; ++stage) {
            barrier_init(shared_address(&shared.full[stage]), 1);
            barrier_init(shared_address(&shared.empty[stage]), CLUSTER);
            barrier_init(shared_address(&shared.ready[stage]), 1);
        }
        barrier_init(shared_address(&shared.summed[0]), CLUSTER);
        barrier_init(shared_address(&shared.summed[1]), CLUSTER);
        barrier_init_fence();
    }
    cluster_sync();

    if (threadIdx.x == WORKERS && rank == 0) {
        TileStamps load(stamps, ROLES, LOAD, true);
        lead(shared, a, b, cluster, clusters, tiles, rounds, read, load);
        load.close();
    }
    if (threadIdx.x < WORKERS) {
        TileStamps compute(stamps, ROLES, COMPUTE, threadIdx.x == 0);
        const Part part(rank);
        const u32 stages = map_shared(shared_address(&shared.stages), 0);
        u32 turn = 0;
        for (u32 tile = cluster; tile < tiles; tile += clusters) {
            const u64 begin = compute.begin();
            for (u32 panel = 0; panel < PANELS; ++panel) {
                float4 mine[MINE] = {}, out[MINE] = {}, sums_of_a = {};
                for (u32 round = 0; round <= rounds; ++round, ++turn) {
                    const u32 stage = turn % STAGES;
                    barrier_wait<Scope::cluster>(shared_address(&shared.ready[stage]), turn / STAGES & 1);
                    float4 now[MINE] = {}, sum = {};
#pragma unroll
                    for (u32 i = 0; i < MINE; ++i) {
                        constexpr u32 QUAD_BYTES = sizeof(float4);
                        const u32 place = (stage * TILE + part.row(i)) * QUADS + part.quad;
                        if (part.has(i)) now[i] = load_shared(stages + place * QUAD_BYTES);
                        sum = sum + now[i];
                    }
                    sum = cluster_sum(shared, sum, part.quad, rank, stage, turn % 2, turn / 2 & 1);
                    accumulate(round, mine, out, sums_of_a, now, sum);
                }
                part.store(c + static_cast<u64>(tile) * TILE * TILE, panel, out);
            }
            compute.end(begin, tile);
        }
        compute.close();
    }
    __syncwarp();
    cluster_sync();  // no block ends while another reads or writes its shared memory
#endif
}
