// A loader, a compute and a storer warp, with two block-scoped pipelines between them.
//
// Tile i goes global memory -> loader -> compute -> storer -> global memory. With two stages the
// loader copies the block's next tile (i + gridDim.x) while the compute warp is at tile i and the
// storer at the one before; with one stage it has to wait until the compute warp is done.
//
// Bytes in flight (Little's law): 4 TB/s for about 1 us of latency are 4 MB, 30 KB an SM, two thirds
// of them loads. A tile of A and of B takes 8 KB, so three blocks an SM suffice; nine fit.
#include "warp_roles.cuh"

#ifndef PIPELINE_STAGES
#define PIPELINE_STAGES 2
#endif

constexpr u32 TILE = 1024;  // floats

struct Buffers {
    float a[TILE], b[TILE], c[TILE];
};

// c[i] = a[i] + b[i] + iters for i < count, any count and alignment to 4 bytes. 96 threads, any grid;
// PIPELINE_STAGES * sizeof(Buffers) bytes of dynamic shared memory. `one` must be 1. While all values are
// integers below 2^24 no step rounds.
extern "C" __global__ void __launch_bounds__(96, 9)
    warp_specialized_two_pipelines(const float* __restrict__ a, const float* __restrict__ b,
                                   float* __restrict__ c, u64 count, u32 iters, float one, Stamp* stamps) {
    enum : u32 { LOADER, COMPUTE, STORER, ROLES };
    extern __shared__ __align__(16) unsigned char memory[];
    Buffers* buffers = reinterpret_cast<Buffers*>(memory);
    __shared__ Stage<PIPELINE_STAGES> loaded, computed;
    __shared__ u64 began[PIPELINE_STAGES];  // when the loads in flight were issued, for their stamps
    if (threadIdx.x == 0) {
        loaded.init();
        computed.init();
    }
    __syncthreads();

    const u32 role = threadIdx.x / WARP, lane = threadIdx.x % WARP;
    const u64 tiles = (count + TILE - 1) / TILE;
    TileStamps spans(stamps, ROLES, role, lane == 0);
    u32 step = 0;

    if (role == LOADER) {
        // Stamps a load when it has landed. By then tile `step` of the block has been issued, so this
        // waits for nothing that the next acquire would not wait for anyway.
        auto landed = [&](u32 which) {
            loaded.consumer_wait(which);
            if (lane == 0) {
                const u64 tile = blockIdx.x + static_cast<u64>(which) * gridDim.x;
                spans.end(began[which % PIPELINE_STAGES], static_cast<u32>(tile));
            }
        };
        for (u64 tile = blockIdx.x; tile < tiles; tile += gridDim.x, ++step) {
            Buffers& to = buffers[step % PIPELINE_STAGES];
            const u64 first = tile * TILE;
            const u32 valid = static_cast<u32>(min(count - first, static_cast<u64>(TILE)));
            loaded.producer_acquire(step);
            if (lane == 0) {
                began[step % PIPELINE_STAGES] = spans.begin();
            }
            warp_copy(to.a, a + first, valid, TILE, lane);
            warp_copy(to.b, b + first, valid, TILE, lane);
            loaded.producer_commit_copies(step);
            if (stamps != nullptr && step + 1 >= PIPELINE_STAGES) {
                landed(step + 1 - PIPELINE_STAGES);
            }
        }
        if (stamps != nullptr) {
            u32 late = step + 1 > PIPELINE_STAGES ? step + 1 - PIPELINE_STAGES : 0;
            for (; late < step; ++late) {
                landed(late);
            }
        }
    } else if (role == COMPUTE) {
        for (u64 tile = blockIdx.x; tile < tiles; tile += gridDim.x, ++step) {
            Buffers& at = buffers[step % PIPELINE_STAGES];
            loaded.consumer_wait(step);
            computed.producer_acquire(step);
            const u64 begin = spans.begin();
            warp_compute(at.c, at.a, at.b, TILE, iters, one, lane);
            loaded.consumer_release(step);
            computed.producer_commit(step);
            spans.end(begin, static_cast<u32>(tile));
        }
    } else {
        for (u64 tile = blockIdx.x; tile < tiles; tile += gridDim.x, ++step) {
            const Buffers& from = buffers[step % PIPELINE_STAGES];
            const u64 first = tile * TILE;
            const u32 valid = static_cast<u32>(min(count - first, static_cast<u64>(TILE)));
            computed.consumer_wait(step);
            const u64 begin = spans.begin();
            warp_store(c + first, from.c, valid, lane);
            computed.consumer_release(step);
            spans.end(begin, static_cast<u32>(tile));
        }
    }
    spans.close();
}
