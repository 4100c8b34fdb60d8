// Hopper's asynchronous machinery as PTX, which NVRTC knows without any header: clusters, mbarriers,
// the tensor memory accelerator (TMA), warpgroup matrix instructions (wgmma), dependent launches.
#pragma once
#include "common.cuh"

// Programmatic dependent launch: nothing before sm_90.
__device__ __forceinline__ void launch_dependents() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

// Returns when the kernels that this one depends on have ended and all they wrote is visible.
__device__ __forceinline__ void wait_for_primary() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// A CUtensorMap, passed as a __grid_constant__ parameter.
struct alignas(64) TensorMap {
    u64 words[16];
};
static_assert(sizeof(TensorMap) == 128, "cuTensorMapEncodeTiled writes 128 bytes");

#if __CUDA_ARCH__ >= 900

// A wait that takes longer than this ends the kernel with an error instead of hanging the GPU.
constexpr u64 PATIENCE_NS = 10'000'000'000;

__device__ __forceinline__ u32 shared_address(const void* pointer) {
    return static_cast<u32>(__cvta_generic_to_shared(pointer));
}

__device__ __forceinline__ u32 cluster_rank() {
    u32 rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}

// The address, in the window of the cluster, of what lies at `address` in the block `rank`.
__device__ __forceinline__ u32 map_shared(u32 address, u32 rank) {
    u32 mapped;
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(mapped) : "r"(address), "r"(rank));
    return mapped;
}

// Four floats of any block of the cluster.
__device__ __forceinline__ float4 load_shared(u32 mapped) {
    float4 v;
    asm volatile("ld.shared::cluster.v4.f32 {%0, %1, %2, %3}, [%4];"
                 : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w)
                 : "r"(mapped)
                 : "memory");
    return v;
}

__device__ __forceinline__ void store_shared(u32 mapped, float4 v) {
    asm volatile("st.shared::cluster.v4.f32 [%0], {%1, %2, %3, %4};" ::"r"(mapped), "f"(v.x), "f"(v.y), "f"(v.z),
                 "f"(v.w)
                 : "memory");
}

// A barrier of the block's first `threads` threads alone; number 0 is __syncthreads.
template <u32 number, u32 threads>
__device__ __forceinline__ void sync_threads() {
    asm volatile("barrier.sync %0, %1;" ::"n"(number), "n"(threads) : "memory");
}

__device__ __forceinline__ void cluster_arrive() {
    asm volatile("barrier.cluster.arrive.release;" ::: "memory");
}

__device__ __forceinline__ void cluster_wait() {
    asm volatile("barrier.cluster.wait.acquire;" ::: "memory");
}

__device__ __forceinline__ void cluster_sync() {
    cluster_arrive();
    cluster_wait();
}

__device__ __forceinline__ void barrier_init(u32 barrier, u32 arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}

// Makes initialised barriers visible to the copy engine and to the other blocks of the cluster; a
// barrier of those who use them must follow.
__device__ __forceinline__ void barrier_init_fence() {
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

// One arrival, and `bytes` more that the copy engine must bring before the phase ends.
__device__ __forceinline__ void barrier_expect(u32 barrier, u32 bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
                 : "memory");
}

// One arrival at the barrier of the block `rank` of the cluster, which says that this thread has read.
// For that no fence is needed, and one of the cluster's scope would wait for all of the thread's stores
// to global memory.
__device__ __forceinline__ void barrier_arrive_at(u32 barrier, u32 rank) {
    asm volatile("mbarrier.arrive.shared::cluster.b64 _, [%0];" ::"r"(map_shared(barrier, rank)) : "memory");
}

// The same, after which a thread that waits with Scope::cluster sees what this one wrote or saw.
__device__ __forceinline__ void barrier_release_at(u32 barrier, u32 rank) {
    asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];" ::"r"(
                     map_shared(barrier, rank))
                 : "memory");
}

// Whose writes a wait makes visible: those of the own block and of the copy engine, or of the cluster.
enum class Scope { block, cluster };

template <Scope scope>
__device__ __forceinline__ bool barrier_try(u32 barrier, u32 parity) {
    u32 done;
    if constexpr (scope == Scope::block) {
        asm volatile(
            "{\n\t.reg .pred done;\n\t"
            "mbarrier.try_wait.parity.shared::cta.b64 done, [%1], %2;\n\t"
            "selp.u32 %0, 1, 0, done;\n\t}"
            : "=r"(done)
            : "r"(barrier), "r"(parity)
            : "memory");
    } else {
        asm volatile(
            "{\n\t.reg .pred done;\n\t"
            "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 done, [%1], %2;\n\t"
            "selp.u32 %0, 1, 0, done;\n\t}"
            : "=r"(done)
            : "r"(barrier), "r"(parity)
            : "memory");
    }
    return done != 0;
}

// Waits until the phase of this parity has ended: 0 for the first, 1 for the second, and so on. A
// fresh barrier passes a wait for parity 1.
template <Scope scope = Scope::block>
__device__ __forceinline__ void barrier_wait(u32 barrier, u32 parity) {
    if (barrier_try<scope>(barrier, parity)) {
        return;
    }
    const u64 begin = globaltimer();
    while (!barrier_try<scope>(barrier, parity)) {
        if (globaltimer() - begin > PATIENCE_NS) {
            __trap();
        }
    }
}

__device__ __forceinline__ void prefetch_map(const TensorMap& map) {
    asm volatile("prefetch.tensormap [%0];" ::"l"(&map) : "memory");
}

// Copies the box at column `x` and row `y` into shared memory; what lies outside of the tensor
// arrives as zeros, and counts as bytes all the same.
__device__ __forceinline__ void tma_load(u32 to, const TensorMap& map, u32 x, u32 y, u32 barrier) {
    asm volatile(
        "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
        "[%0], [%1, {%2, %3}], [%4];" ::"r"(to),
        "l"(&map), "r"(x), "r"(y), "r"(barrier)
        : "memory");
}

// The same to every block of `mask`, at the same offset; the bytes count at each one's own barrier.
__device__ __forceinline__ void tma_load_multicast(u32 to, const TensorMap& map, u32 x, u32 y, u32 barrier,
                                                   unsigned short mask) {
    asm volatile(
        "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
        ".multicast::cluster [%0], [%1, {%2, %3}], [%4], %5;" ::"r"(to),
        "l"(&map), "r"(x), "r"(y), "r"(barrier), "h"(mask)
        : "memory");
}

// Copies `bytes` (a multiple of 16) that lie in a row in global memory; both ends on 16 bytes.
__device__ __forceinline__ void bulk_load(u32 to, const void* from, u32 bytes, u32 barrier) {
    asm volatile(
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(to),
        "l"(from), "r"(bytes), "r"(barrier)
        : "memory");
}

// Copies from the own shared memory into that of another block of the cluster; the bytes count at its barrier.
__device__ __forceinline__ void push_shared(u32 mapped, u32 from, u32 bytes, u32 mapped_barrier) {
    asm volatile(
        "cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(mapped),
        "r"(from), "r"(bytes), "r"(mapped_barrier)
        : "memory");
}

// Shared memory that ordinary stores have written may be read by the copy engine.
__device__ __forceinline__ void shared_proxy_fence() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

// Global memory that ordinary stores have written may be read by the copy engine.
__device__ __forceinline__ void async_proxy_fence() {
    asm volatile("fence.proxy.async.global;" ::: "memory");
}

#endif
