/* A libcuda.so.1 of CUDA 13.0 on which cuInit was never called. */
int cuDriverGetVersion(int *version) {
  *version = 13000;
  return 0;
}
int cuDeviceGetCount(int *count) {
  *count = 0;
  return 3;
}
int cuCtxGetCurrent(void **context) {
  *context = context;
  return 0;
}
