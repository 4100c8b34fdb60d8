// A primary and a secondary kernel for programmatic dependent launch (PDL, sm_90 and later).
//
// The primary lets its dependents be launched once it has stored its main result, and goes on with
// an epilogue. The secondary starts with a prologue that needs nothing of the primary. Launched
// without the attribute, or before sm_90, the two do the same one after the other.
#include "hopper.cuh"

// before[i] = in[i] * 3 + marker, stored ahead of the epilogue; after[i] = ~before[i], at its end.
// `early` triggers at the start of the block instead. Stamps: body, and from the trigger to the end.
extern "C" __global__ void primary(const u32* in, u32* before, u32* after, u64 count, u64 body_ns,
                                   u64 epilogue_ns, u32 marker, u32 early, Stamp* stamps) {
    enum : u32 { BODY, EPILOGUE, ROLES };
    const u64 begin = stamp_begin(stamps);
    u64 trigger = begin;
    if (early != 0) {
        launch_dependents();
    }
    const u64 i = linear_thread();
    const u32 value = i < count ? in[i] * 3 + marker : 0;
    spin_block(body_ns);
    if (i < count) {
        before[i] = value;
    }
    stamp_end(stamps, ROLES, BODY, begin);
    if (early == 0) {
        trigger = stamp_begin(stamps);
        launch_dependents();
    }
    spin_block(epilogue_ns);
    if (i < count) {
        after[i] = ~value;
    }
    stamp_end(stamps, ROLES, EPILOGUE, trigger);
}

// out[i] = weights[i] * before[i] + after[i]. No pointer to the primary's output is __restrict__: the
// compiler could then load from it ahead of the wait.
extern "C" __global__ void secondary(const u32* weights, const u32* before, const u32* after, u32* out,
                                     u64 count, u64 prologue_ns, u64 body_ns, Stamp* stamps) {
    enum : u32 { PROLOGUE, WAIT, BODY, ROLES };
    u64 begin = stamp_begin(stamps);
    const u64 i = linear_thread();
    const u32 weight = i < count ? weights[i] : 0;
    spin_block(prologue_ns);
    stamp_end(stamps, ROLES, PROLOGUE, begin);

    begin = stamp_begin(stamps);
    wait_for_primary();
    stamp_end(stamps, ROLES, WAIT, begin);

    begin = stamp_begin(stamps);
    const u32 value = i < count ? weight * before[i] + after[i] : 0;
    spin_block(body_ns);
    if (i < count) {
        out[i] = value;
    }
    stamp_end(stamps, ROLES, BODY, begin);
}
