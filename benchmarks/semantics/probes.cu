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
    u64 t0 = now(); float a = threadIdx.x, b = a + 1, c = a + 2, d = a + 3;
    for (u64 i = 0; i < n; i++) { a = fmaf(a, 0.5f, 1.f); b = fmaf(b, 0.5f, 1.f); c = fmaf(c, 0.5f, 1.f); d = fmaf(d, 0.5f, 1.f); }
    if (a + b + c + d == -1.f) out[0] = a;
    if (stamp && threadIdx.x == 0) { stamp[2 * blockIdx.x] = t0; stamp[2 * blockIdx.x + 1] = now(); }
}
