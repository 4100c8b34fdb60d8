/* CUPTI's two buffer callbacks without Python in them; tools/cupti_handover.py compiles this.
 *
 * CUPTI calls them under its own locks, from its own threads. A callback that needs Python's GIL
 * deadlocks with a thread that holds the GIL inside a CUDA call and waits for such a lock.
 * The code stands alone: no library, no relocation, its state a fixed distance behind it.
 */
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t address, valid;
} Done;

typedef struct {
    uint32_t lock, unused;
    uint64_t size;       /* bytes of a buffer */
    uint64_t limit;      /* most bytes to take */
    uint64_t taken;      /* bytes taken so far */
    uint64_t capacity;   /* entries of each array */
    uint64_t free_count; /* a stack of empty buffers */
    uint64_t *free;
    uint64_t done_first, done_count; /* a ring of buffers that came back, oldest first */
    Done *done;
    void *(*map)(void *, size_t, int, int, int, long); /* mmap */
} State;

__attribute__((section(".state"), visibility("hidden"))) State state;

static void lock(void) {
    while (__atomic_exchange_n(&state.lock, 1, __ATOMIC_ACQUIRE))
        while (__atomic_load_n(&state.lock, __ATOMIC_RELAXED))
            __builtin_ia32_pause();
}

static void unlock(void) { __atomic_store_n(&state.lock, 0, __ATOMIC_RELEASE); }

/* CUpti_BuffersCallbackRequestFunc; a null buffer makes CUPTI drop, and count, what comes. */
void requested(uint8_t **buffer, size_t *size, size_t *max_records) {
    uint64_t found = 0;
    int grow = 0;
    lock();
    if (state.free_count) {
        found = state.free[--state.free_count];
    } else if (state.taken + state.size <= state.limit && state.taken / state.size < state.capacity) {
        state.taken += state.size;
        grow = 1;
    }
    unlock();
    if (grow) {
        /* PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS */
        void *made = state.map(NULL, state.size, 0x1 | 0x2, 0x02 | 0x20, -1, 0);
        if (made != (void *)-1) {
            found = (uint64_t)made;
        } else {
            lock();
            state.taken -= state.size;
            unlock();
        }
    }
    *buffer = (uint8_t *)found;
    *size = found ? state.size : 0;
    *max_records = 0;
}

/* CUpti_BuffersCallbackCompleteFunc */
void completed(void *context, uint32_t stream, uint8_t *buffer, size_t size, size_t valid) {
    if (!buffer) return;
    lock();
    Done *slot = &state.done[(state.done_first + state.done_count) % state.capacity];
    slot->address = (uint64_t)buffer;
    slot->valid = valid;
    state.done_count++;
    unlock();
}

/* For Python: the oldest buffer that came back; 0 when there is none. */
int take(Done *out) {
    int some = 0;
    lock();
    if (state.done_count) {
        *out = state.done[state.done_first];
        state.done_first = (state.done_first + 1) % state.capacity;
        state.done_count--;
        some = 1;
    }
    unlock();
    return some;
}

/* For Python: an empty, zeroed buffer for later requests. */
void give(uint64_t address) {
    lock();
    state.free[state.free_count++] = address;
    unlock();
}

/* For Python: an empty buffer back out of the stack; 0 when there is none. */
uint64_t withdraw(void) {
    uint64_t found = 0;
    lock();
    if (state.free_count) {
        found = state.free[--state.free_count];
        state.taken -= state.size;
    }
    unlock();
    return found;
}
