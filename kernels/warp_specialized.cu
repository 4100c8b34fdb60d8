// A loader, a compute and a storer warp in one block, which has one tile of 128 x 128 floats.
//
// The whole tile of A, of B and of C lies in dynamic shared memory (3 x 65,536 bytes: the launch opts
// in to more than 48 KiB; TILE_SIDE 64 takes a quarter). The roles pass it on in bands of 8 rows, so that the compute warp starts
// when the first band is there, and the storer when the first one is done.
#include "warp_roles.cuh"

#ifndef TILE_SIDE
#define TILE_SIDE 128
#endif

constexpr u32 SIDE = TILE_SIDE;
constexpr u32 BAND_ROWS = 8;
constexpr u32 BANDS = SIDE / BAND_ROWS;
constexpr u32 BAND = BAND_ROWS * SIDE;  // floats
static_assert(SIDE % 32 == 0, "a band is a multiple of the 256 floats that the compute warp takes at once");

// c = a + b + iters over a matrix of `rows` x `columns` floats, row by row `pitch` floats apart; any
// size, and any alignment to 4 bytes. 96 threads, a grid of one block a tile in x and y. `one` must
// be 1. While all values are integers below 2^24 no step rounds.
extern "C" __global__ void __launch_bounds__(96, 1)
    warp_specialized(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ c,
                     u32 rows, u32 columns, u64 pitch, u32 iters, float one, Stamp* stamps) {
    enum : u32 { LOADER, COMPUTE, STORER, ROLES };
    extern __shared__ __align__(16) unsigned char memory[];
    float* const tile_a = reinterpret_cast<float*>(memory);
    float* const tile_b = tile_a + SIDE * SIDE;
    float* const tile_c = tile_b + SIDE * SIDE;
    __shared__ Stage<BANDS> loaded, computed;  // a buffer a band: none is used twice
    __shared__ u64 began[BANDS];
    if (threadIdx.x == 0) {
        loaded.init();
        computed.init();
    }
    __syncthreads();

    const u32 role = threadIdx.x / WARP, lane = threadIdx.x % WARP;
    const u32 row0 = blockIdx.y * SIDE, column0 = blockIdx.x * SIDE;
    const u32 width = column0 < columns ? min(columns - column0, SIDE) : 0;
    const u32 height = row0 < rows ? min(rows - row0, SIDE) : 0;
    TileStamps spans(stamps, ROLES, role, lane == 0);

    if (role == LOADER) {
        for (u32 band = 0; band < BANDS; ++band) {
            if (lane == 0) {
                began[band] = spans.begin();
            }
            for (u32 i = 0; i < BAND_ROWS; ++i) {
                const u32 row = band * BAND_ROWS + i;
                const bool inside = row < height && width != 0;
                const u64 from = inside ? (row0 + row) * pitch + column0 : 0;
                const u32 valid = inside ? width : 0;
                warp_copy(tile_a + row * SIDE, a + from, valid, SIDE, lane);
                warp_copy(tile_b + row * SIDE, b + from, valid, SIDE, lane);
            }
            loaded.producer_commit_copies(band);
        }
        if (stamps != nullptr) {
            for (u32 band = 0; band < BANDS; ++band) {
                loaded.consumer_wait(band);
                if (lane == 0) {
                    spans.end(began[band], band);
                }
            }
        }
    } else if (role == COMPUTE) {
        for (u32 band = 0; band < BANDS; ++band) {
            const u32 at = band * BAND;
            loaded.consumer_wait(band);
            const u64 begin = spans.begin();
            warp_compute(tile_c + at, tile_a + at, tile_b + at, BAND, iters, one, lane);
            computed.producer_commit(band);
            spans.end(begin, band);
        }
    } else {
        for (u32 band = 0; band < BANDS; ++band) {
            computed.consumer_wait(band);
            const u64 begin = spans.begin();
            for (u32 i = 0; i < BAND_ROWS; ++i) {
                const u32 row = band * BAND_ROWS + i;
                if (row < height) {
                    warp_store(c + (row0 + row) * pitch + column0, tile_c + row * SIDE, width, lane);
                }
            }
            spans.end(begin, band);
        }
    }
    spans.close();
}
