// Warpgroup matrix instructions (wgmma, sm_90a): D += A B^T for 64 rows of A, both operands in shared
// memory as rows of 64 bf16 (128 bytes) that the copy engine wrote with its 128-byte swizzle.
#pragma once
#include "hopper.cuh"

#ifdef __CUDA_ARCH_FEAT_SM90_ALL

// Describes rows of 128 swizzled bytes from `address`, which lies on 1,024 bytes or up to 96 bytes
// behind it (16 bf16 further along the row each 32). Fields of 14 bits in units of 16 bytes: the
// address, the stride along the row (not used with a swizzle), the stride from eight rows to the next
// eight (1,024 bytes); bits 62 and 63: 1 for the 128-byte swizzle.
__device__ __forceinline__ u64 describe_rows(u32 address) {
    return static_cast<u64>((address & 0x3FFFF) >> 4) | 1ull << 16 | 64ull << 32 | 1ull << 62;
}

__device__ __forceinline__ void wgmma_fence() {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

__device__ __forceinline__ void wgmma_commit() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

// Waits until at most `pending` groups of this warpgroup are still under way.
template <int pending>
__device__ __forceinline__ void wgmma_wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(pending) : "memory");
}

#define WGMMA_4(d, i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define WGMMA_16(d, i) WGMMA_4(d, i), WGMMA_4(d, i + 4), WGMMA_4(d, i + 8), WGMMA_4(d, i + 12)
#define WGMMA_64(d, i) WGMMA_16(d, i), WGMMA_16(d, i + 16), WGMMA_16(d, i + 32), WGMMA_16(d, i + 48)

// d += the product of 64 x 16 and 16 x 128. Thread t of the warpgroup holds, as d[4j], d[4j + 1],
// d[4j + 2], d[4j + 3], columns 8j + 2(t mod 4) and the next one, of row 16(t / 32) + t mod 32 / 4 and
// of the row eight further down.
__device__ __forceinline__ void wgmma(float (&d)[64], u64 a, u64 b) {
    asm volatile(
        "{\n\t.reg .pred add;\n\tsetp.ne.b32 add, 1, 0;\n\t"
        "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
        "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
        "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
        "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
        "%64, %65, add, 1, 1, 0, 0;\n\t}"
        : WGMMA_64(d, 0)
        : "l"(a), "l"(b)
        : "memory");
}

// The same for 16 x 256.
__device__ __forceinline__ void wgmma(float (&d)[128], u64 a, u64 b) {
    asm volatile(
        "{\n\t.reg .pred add;\n\tsetp.ne.b32 add, 1, 0;\n\t"
        "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {"
        "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
        "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
        "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
        "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
        "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
        "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "
        "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127}, "
        "%128, %129, add, 1, 1, 0, 0;\n\t}"
        : WGMMA_64(d, 0), WGMMA_64(d, 64)
        : "l"(a), "l"(b)
        : "memory");
}

#endif
