// Kernels that stamp their own start and end with %globaltimer.
typedef unsigned long long u64;

__device__ __forceinline__ u64 now() { u64 t; asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t)); return t; }
extern "C" __global__ void spin(u64 ns, u64* stamp) {
    u64 t0 = now(); while (now() - t0 < ns) { }
    if (stamp && threadIdx.x == 0) { stamp[2 * blockIdx.x] = t0; stamp[2 * blockIdx.x + 1] = now(); }
}
extern "C" __global__ void empty() { }
extern "C" __global__ void primary(u64 before, u64 after, u64* stamp) {
    u64 t0 = now(); while (now() - t0 < before) { }
    asm volatile("griddepcontrol.launch_dependents;");
    u64 t1 = now(); while (now() - t1 < after) { }
    if (threadIdx.x == 0 && blockIdx.x == 0) { stamp[0] = t0; stamp[1] = t1; stamp[2] = now(); }
}
extern "C" __global__ void secondary(u64 ns, u64* stamp) {
    u64 t0 = now();
    asm volatile("griddepcontrol.wait;" ::: "memory");
    u64 t1 = now(); while (now() - t1 < ns) { }
    if (threadIdx.x == 0 && blockIdx.x == 0) { stamp[3] = t0; stamp[4] = t1; stamp[5] = now(); }
}
extern "C" __global__ void stream_copy(const float4* in, float4* out, u64 n, u64* stamp) {
    u64 t0 = now();
    for (u64 i = blockIdx.x * (u64)blockDim.x + threadIdx.x; i < n; i += (u64)gridDim.x * blockDim.x) out[i] = in[i];
    if (stamp && threadIdx.x == 0) { stamp[2 * blockIdx.x] = t0; stamp[2 * blockIdx.x + 1] = now(); }
}
extern "C" __global__ void fma_loop(float* out, u64 n, u64* stamp) {
    u64 t0 = now();
    float v[4] = {threadIdx.x + 0.f, threadIdx.x + 1.f, threadIdx.x + 2.f, threadIdx.x + 3.f};
#pragma unroll 16
    for (u64 i = 0; i < n; i++) {
        v[0] = fmaf(v[0], 0.5f, 1.f);
        v[1] = fmaf(v[1], 0.5f, 1.f);
        v[2] = fmaf(v[2], 0.5f, 1.f);
        v[3] = fmaf(v[3], 0.5f, 1.f);
    }
    if (v[0] + v[1] + v[2] + v[3] == -1.f) out[0] = v[0];
    if (stamp && threadIdx.x == 0) { stamp[2 * blockIdx.x] = t0; stamp[2 * blockIdx.x + 1] = now(); }
}
