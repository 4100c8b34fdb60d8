/* A libcupti without a GPU: CUPTI 13.0's functions and record sizes, and fake_launch() in place of
 * CUDA. What it must do is read from the environment:
 *   FAKE_CUPTI_VERSION   cuptiGetVersion (130001)
 *   FAKE_CUPTI_SUBSCRIBE status of cuptiSubscribe
 *   FAKE_CUPTI_ENABLE    status of cuptiActivityEnable
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { RUNTIME = 5, DEVICE = 8, CONTEXT = 9, KERNEL = 10, MARKER = 12, STREAM = 37 };
enum { API_SIZE = 40, DEVICE_SIZE = 184, CONTEXT_SIZE = 32, KERNEL_SIZE = 216, STREAM_SIZE = 24 };

typedef void (*Requested)(uint8_t **, size_t *, size_t *);
typedef void (*Completed)(void *, uint32_t, uint8_t *, size_t, size_t);

static Requested requested;
static Completed completed;
static uint8_t *buffer;
static size_t capacity, used, dropped;
static int enabled[64], runtime_calls, subscribed;
static uint32_t correlation;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER; /* launches and flushes, as CUPTI's own */

static int asked(const char *name, int otherwise) {
  const char *value = getenv(name);
  return value ? atoi(value) : otherwise;
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static size_t size_of(uint32_t kind) {
  switch (kind) {
    case RUNTIME: return API_SIZE;
    case DEVICE: return DEVICE_SIZE;
    case CONTEXT: return CONTEXT_SIZE;
    case KERNEL: return KERNEL_SIZE;
    case STREAM: return STREAM_SIZE;
    default: return 0;
  }
}

static void complete(void) {
  if (buffer) completed(NULL, 0, buffer, capacity, used);
  buffer = NULL;
}

static uint8_t *record(uint32_t kind) {
  size_t size = size_of(kind), most = 0;
  if (buffer && used + size > capacity) complete();
  if (!buffer) {
    used = capacity = 0;
    requested(&buffer, &capacity, &most);
    if (!buffer) {
      dropped++;
      return NULL;
    }
  }
  uint8_t *place = buffer + used;
  used += size;
  memcpy(place, &kind, 4);
  return place;
}

static void put4(uint8_t *r, size_t offset, uint32_t v) { memcpy(r + offset, &v, 4); }
static void put8(uint8_t *r, size_t offset, uint64_t v) { memcpy(r + offset, &v, 8); }

/* A launch of `count` kernels, each by one runtime call. */
void fake_launch(int count) {
  for (int i = 0; i < count; i++) {
    uint64_t start = now();
    uint8_t *r;
    pthread_mutex_lock(&guard);
    correlation++;
    if (runtime_calls && (r = record(RUNTIME))) {
      put4(r, 4, 211);
      put8(r, 8, start);
      put8(r, 16, start + 500);
      put4(r, 24, (uint32_t)getpid());
      put4(r, 28, (uint32_t)syscall(SYS_gettid));
      put4(r, 32, correlation);
    }
    if (enabled[KERNEL] && (r = record(KERNEL))) {
      put8(r, 16, start + 1000);
      put8(r, 24, start + 2000);
      put4(r, 44, 1);
      put4(r, 48, 7);
      put4(r, 92, correlation);
      put8(r, 104, (uint64_t)(uintptr_t)"_Z4spinl");
    }
    pthread_mutex_unlock(&guard);
  }
}

int fake_kinds_enabled(void) {
  int count = runtime_calls + subscribed;
  for (int kind = 0; kind < 64; kind++) count += enabled[kind];
  return count;
}

int cuptiGetVersion(uint32_t *version) {
  *version = (uint32_t)asked("FAKE_CUPTI_VERSION", 130001);
  return 0;
}
int cuptiGetTimestamp(uint64_t *time) {
  *time = now();
  return 0;
}
int cuptiGetResultString(int status, const char **text) {
  static char name[64];
  snprintf(name, sizeof name, "CUPTI_ERROR_%d", status);
  *text = name;
  return 0;
}
int cuptiGetCallbackName(int domain, uint32_t callback, const char **name) {
  static const char *launch = "cudaLaunchKernel_v7000", *get = "cudaGetDevice_v3020";
  if (domain != 2 || callback > 211) return 1;
  *name = callback == 211 ? launch : get;
  return 0;
}
int cuptiSubscribe(void **handle, void *callback, void *data) {
  (void)callback, (void)data;
  int status = asked("FAKE_CUPTI_SUBSCRIBE", 0);
  if (status) return status;
  *handle = &subscribed;
  subscribed = 1;
  return 0;
}
int cuptiUnsubscribe(void *handle) {
  subscribed = 0;
  return handle == &subscribed ? 0 : 1;
}
int cuptiActivitySetAttribute(int attribute, size_t *size, void *value) {
  return attribute == 5 && *size == 1 && *(uint8_t *)value == 1 ? 0 : 1;
}
int cuptiSetThreadIdType(int type) { return type == 1 ? 0 : 1; }
int cuptiActivityRegisterCallbacks(Requested request, Completed complete_) {
  requested = request;
  completed = complete_;
  return 0;
}
int cuptiActivityEnable(int kind) {
  int status = asked("FAKE_CUPTI_ENABLE", 0);
  if (status) return status;
  if (kind == RUNTIME) runtime_calls = 1;
  enabled[kind] = 1;
  return 0;
}
int cuptiActivityDisable(int kind) {
  if (kind == RUNTIME) runtime_calls = 0;
  enabled[kind] = 0;
  return 0;
}
int cuptiActivityEnableAndDump(int kind) {
  uint8_t *r;
  int status = cuptiActivityEnable(kind);
  if (status) return status;
  if (kind == DEVICE && (r = record(DEVICE))) {
    put4(r, 44, 132);
    put4(r, 104, 9);
    put8(r, 136, (uint64_t)(uintptr_t)"Fake GPU");
  }
  if (kind == CONTEXT && (r = record(CONTEXT))) {
    put4(r, 4, 1);
    r[14] = 7;
  }
  return 0;
}
int cuptiActivityEnableLaunchAttributes(uint8_t on) { return on > 1; }
int cuptiActivityEnableRuntimeApi(uint32_t callback, uint8_t on) {
  if (callback == 211) runtime_calls = on;
  return 0;
}
int cuptiActivityEnableDriverApi(uint32_t callback, uint8_t on) { return callback > 0 && on > 1; }
/* Every record is complete at once, so any flush returns the buffer, full or not. */
int cuptiActivityFlushAll(uint32_t flag) {
  (void)flag;
  pthread_mutex_lock(&guard);
  complete();
  pthread_mutex_unlock(&guard);
  return 0;
}
int cuptiActivityGetNumDroppedRecords(void *context, uint32_t stream, size_t *count) {
  (void)context, (void)stream;
  *count = dropped;
  dropped = 0;
  return 0;
}
int cuptiActivityGetNextRecord(uint8_t *start, size_t valid, uint8_t **place) {
  uint32_t kind;
  if (*place == NULL) {
    *place = start;
    return valid ? 0 : 12;
  }
  memcpy(&kind, *place, 4);
  if (!size_of(kind)) return 21;
  uint8_t *next = *place + size_of(kind);
  if (next >= start + valid) return 12;
  *place = next;
  return 0;
}
int cuptiGetStreamIdEx(void *context, void *stream, uint8_t per_thread, uint32_t *id) {
  if (!stream && !context) return 20; /* the default stream needs its context */
  *id = per_thread ? 8 : (uint32_t)(uintptr_t)stream + 7;
  return 0;
}
/* NVTX's entry: accepts, so that NVTX sees a tool that listens. */
int InitializeInjectionNvtx2(void *table) { return table != NULL; }
