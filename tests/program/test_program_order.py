"""Lifetimes and data races by example: what is refused, in which words, and what is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest

from timeline.errors import DataRaceError, ProgramError
from timeline.program import Buffer, Builder, Kernel, Span, Stream, Work

KERNEL = Kernel("scale", "elementwise.cu", "scale")
Memories = Sequence[Buffer | Span]


class Parts:
    def __init__(self) -> None:
        self.b = Builder("p")
        self.s = self.b.stream("s1")
        self.t = self.b.stream("s2")
        self.e = self.b.event("e")
        self.x = self.b.host("x", 64, pinned=True)
        self.y = self.b.host("y", 64, pinned=False)
        self.d = self.b.device("d", 64)
        self.f = self.b.device("f", 64)

    def run(self, stream: Stream, reads: Memories = (), writes: Memories = ()) -> None:
        self.b.launch(
            KERNEL, stream, grid=1, block=1, work=Work(block_ns=1), inputs=reads, outputs=writes
        )

    def refuse(self, kind: type[ProgramError], message: str) -> None:
        with pytest.raises(kind, match=re.escape(message)) as caught:
            self.b.build()
        assert type(caught.value) is kind
        assert "\n" not in str(caught.value)


@pytest.fixture
def p() -> Parts:
    return Parts()


# Lifetimes


def test_use_before_malloc(p: Parts) -> None:
    p.run(p.s, writes=[p.d])
    p.b.malloc(p.d)
    p.refuse(
        ProgramError, "operation 0 of thread 'main' (Launch 'scale' in stream 's1'): 'd' is not"
    )


def test_use_after_free(p: Parts) -> None:
    p.b.malloc(p.d)
    p.b.free(p.d)
    p.run(p.s, writes=[p.d])
    p.refuse(
        ProgramError,
        "'d' is no longer allocated, since operation 1 of thread 'main' (Free 'd'); free it later",
    )


def test_double_free(p: Parts) -> None:
    p.b.malloc_async(p.d, p.s)
    p.b.free_async(p.d, p.s)
    p.b.free_async(p.d, p.s)
    p.refuse(ProgramError, "operation 2 of thread 'main' (FreeAsync 'd' in stream 's1'): 'd' is no")


def test_double_malloc(p: Parts) -> None:
    p.b.malloc(p.d)
    p.b.malloc(p.d)
    p.refuse(ProgramError, "already allocated, since operation 0 of thread 'main' (Malloc 'd')")


def test_free_of_memory_from_before(p: Parts) -> None:
    p.b.free(p.d)
    p.refuse(ProgramError, "exists before the Program starts and stays")


def test_free_async_of_cuda_malloc(p: Parts) -> None:
    p.b.malloc(p.d)
    p.b.free_async(p.d, p.s)
    p.refuse(ProgramError, "comes from cudaMalloc; free it with cudaFree")


def test_free_of_malloc_async_needs_a_synchronisation(p: Parts) -> None:
    p.b.malloc_async(p.d, p.s)
    p.run(p.s, writes=[p.d])
    p.b.free(p.d)
    p.refuse(DataRaceError, "(Free 'd') frees bytes 0 to 64 of 'd', which operation 1")


def test_free_of_malloc_async_after_a_synchronisation(p: Parts) -> None:
    p.b.malloc_async(p.d, p.s)
    p.run(p.s, writes=[p.d])
    p.b.stream_synchronize(p.s)
    p.b.free(p.d)
    p.b.build()


def test_cuda_free_waits_for_the_device(p: Parts) -> None:
    p.b.malloc(p.d)
    p.run(p.s, writes=[p.d])
    p.b.free(p.d)
    p.b.malloc(p.d)
    p.run(p.t, writes=[p.d])
    p.b.free(p.d)
    p.b.build()


def test_memory_that_is_never_freed_is_no_error(p: Parts) -> None:
    p.b.malloc(p.d)
    p.b.malloc_async(p.f, p.s)
    p.b.build()


def test_malloc_async_orders_its_own_stream_only(p: Parts) -> None:
    p.b.malloc_async(p.d, p.s)
    p.run(p.t, writes=[p.d])
    p.refuse(
        DataRaceError,
        "operation 1 of thread 'main' (Launch 'scale' in stream 's2') writes bytes 0 to 64 of 'd', "
        "which operation 0 of thread 'main' (MallocAsync 'd' in stream 's1') allocates, and "
        "nothing orders them: record an event in 's1' after operation 0 and let 's2' wait for it "
        "before operation 1",
    )


def test_free_async_must_come_after_uses_in_other_streams(p: Parts) -> None:
    p.b.malloc_async(p.d, p.s)
    p.b.record(p.e, p.s)
    p.b.wait(p.t, p.e)
    p.run(p.t, reads=[p.d])
    p.b.free_async(p.d, p.s)
    p.refuse(DataRaceError, "(FreeAsync 'd' in stream 's1') frees bytes 0 to 64 of 'd', which")


def test_memory_can_be_allocated_again(p: Parts) -> None:
    for stream in (p.s, p.t, p.s):
        p.b.malloc_async(p.d, stream)
        p.run(stream, writes=[p.d])
        p.b.free_async(p.d, stream)
    p.b.build()


# Events


@pytest.mark.parametrize(
    "wait",
    [
        lambda p: p.b.wait(p.s, p.e),
        lambda p: p.b.event_synchronize(p.e),
        lambda p: p.b.event_query(p.e),
    ],
)
def test_an_event_that_was_never_recorded(wait: Callable[[Parts], None], p: Parts) -> None:
    wait(p)
    p.b.record(p.e, p.s)  # too late
    p.refuse(ProgramError, "event 'e' has not been recorded, so CUDA would not wait at all")


def test_a_wait_takes_the_latest_record(p: Parts) -> None:
    p.b.record(p.e, p.s)
    p.run(p.s, writes=[p.d])
    p.b.wait(p.t, p.e)
    p.run(p.t, reads=[p.d])
    p.refuse(DataRaceError, "reads bytes 0 to 64 of 'd', which operation 1")


def test_a_later_record_replaces_the_one_before(p: Parts) -> None:
    p.run(p.s, writes=[p.d])
    p.b.record(p.e, p.s)
    p.b.record(p.e, p.t)
    p.b.event_synchronize(p.e)
    p.run(p.t, reads=[p.d])
    p.refuse(DataRaceError, "record an event in 's1' after operation 0")


# Streams


def test_two_streams_race(p: Parts) -> None:
    p.b.memcpy(p.d, p.x, p.s)
    p.run(p.t, reads=[p.d.span(32, 32)], writes=[p.f])
    p.refuse(
        DataRaceError,
        "operation 1 of thread 'main' (Launch 'scale' in stream 's2') reads bytes 32 to 64 of 'd', "
        "which operation 0 of thread 'main' (Memcpy H2D 'x' -> 'd' in stream 's1') writes, and "
        "nothing orders them",
    )


def test_different_bytes_do_not_race(p: Parts) -> None:
    p.run(p.s, writes=[p.d.span(0, 32)])
    p.run(p.t, writes=[p.d.span(32, 32)])
    p.b.build()


def test_two_reads_do_not_race(p: Parts) -> None:
    p.run(p.s, reads=[p.d])
    p.run(p.t, reads=[p.d])
    p.b.build()


def test_events_order_through_a_third_stream(p: Parts) -> None:
    third, other = p.b.stream("s3"), p.b.event("e2")
    p.run(p.s, writes=[p.d])
    p.b.record(p.e, p.s)
    p.b.wait(third, p.e)
    p.b.record(other, third)
    p.b.wait(p.t, other)
    p.run(p.t, writes=[p.d])
    p.b.build()


def test_a_pdl_launch_is_ordered_after_its_primary(p: Parts) -> None:
    p.run(p.s, writes=[p.d])
    p.b.launch(KERNEL, p.s, grid=1, block=1, work=Work(), inputs=[p.d], pdl=True)
    p.b.build()


def synchronise_stream(p: Parts) -> None:
    p.b.stream_synchronize(p.s)


def synchronise_device(p: Parts) -> None:
    p.b.device_synchronize()


def synchronise_event(p: Parts) -> None:
    p.b.record(p.e, p.s)
    p.b.event_synchronize(p.e)


def poll(p: Parts) -> None:
    p.b.record(p.e, p.s)
    p.b.event_query(p.e)


def free_something(p: Parts) -> None:
    p.b.malloc(p.f)
    p.b.free(p.f)


HOST_WAITS = [synchronise_stream, synchronise_device, synchronise_event, poll, free_something]


@pytest.mark.parametrize("wait", HOST_WAITS)
def test_the_host_orders_what_it_waited_for(wait: Callable[[Parts], None], p: Parts) -> None:
    p.b.memcpy(p.x, p.d, p.s)
    wait(p)
    p.b.host_work("check", 10, inputs=[p.x])
    p.run(p.t, writes=[p.d])
    p.b.build()


def malloc_something(p: Parts) -> None:
    p.b.malloc(p.f)


def synchronise_the_other_stream(p: Parts) -> None:
    p.run(p.t)
    p.b.stream_synchronize(p.t)


@pytest.mark.parametrize(
    "no_wait", [lambda p: None, malloc_something, synchronise_the_other_stream]
)
def test_the_host_does_not_order_what_it_did_not_wait_for(
    no_wait: Callable[[Parts], None], p: Parts
) -> None:
    p.b.memcpy(p.x, p.d, p.s)
    no_wait(p)
    p.b.host_work("check", 10, inputs=[p.x])
    p.refuse(
        DataRaceError,
        "(HostWork 'check') reads bytes 0 to 64 of 'x', which operation 0 of thread 'main' "
        "(Memcpy D2H 'd' -> 'x' in stream 's1') writes, and nothing orders them: "
        "synchronise stream 's1' between them",
    )


def test_host_work_comes_before_later_operations(p: Parts) -> None:
    p.b.host_work("fill", 10, outputs=[p.x])
    p.b.memcpy(p.d, p.x, p.s)
    p.b.build()


def test_the_host_may_not_fill_a_pinned_source_again_at_once(p: Parts) -> None:
    p.b.memcpy(p.d, p.x, p.s)
    p.b.host_work("fill", 10, outputs=[p.x])
    p.refuse(DataRaceError, "(HostWork 'fill') writes bytes 0 to 64 of 'x', which operation 0")


def test_the_host_may_fill_a_pageable_source_again_at_once(p: Parts) -> None:
    p.b.memcpy(p.d, p.y, p.s)
    p.b.host_work("fill", 10, outputs=[p.y])
    p.b.build()


def test_a_copy_from_pageable_memory_may_still_run_when_the_call_returns(p: Parts) -> None:
    p.b.memcpy(p.d, p.y, p.s, blocking=True)
    p.run(p.t, reads=[p.d])
    p.refuse(DataRaceError, "reads bytes 0 to 64 of 'd'")


def test_a_copy_from_pageable_memory_does_not_wait_for_a_host_function(p: Parts) -> None:
    p.b.host_func("fill", p.s, [p.b.host_body("fill", 1, outputs=[p.y])])
    p.b.memcpy(p.d, p.y, p.s)
    p.refuse(DataRaceError, "reads bytes 0 to 64 of 'y', which operation 0")


def test_a_blocking_copy_from_pageable_memory_does(p: Parts) -> None:
    p.b.host_func("fill", p.s, [p.b.host_body("fill", 1, outputs=[p.y])])
    p.b.memcpy(p.d, p.y, p.s, blocking=True)
    p.b.build()


def test_a_copy_to_pageable_memory_holds_the_host(p: Parts) -> None:
    p.run(p.s, writes=[p.d])
    p.b.memcpy(p.y, p.d, p.s)
    p.b.host_work("check", 10, inputs=[p.y])
    p.run(p.t, writes=[p.d])
    p.b.build()


def test_a_blocking_copy_with_pinned_memory_holds_the_host(p: Parts) -> None:
    p.b.memcpy(p.d, p.x, p.s, blocking=True)
    p.run(p.t, writes=[p.d])
    p.b.build()


def test_a_blocking_copy_within_a_device_does_not(p: Parts) -> None:
    p.b.memcpy(p.d, p.f, p.s, blocking=True)
    p.run(p.t, writes=[p.d])
    p.refuse(DataRaceError, "writes bytes 0 to 64 of 'd'")


def test_host_functions_run_in_stream_order(p: Parts) -> None:
    p.b.memcpy(p.x, p.d, p.s)
    p.b.host_func("check", p.s, [p.b.host_body("check", 5, inputs=[p.x], outputs=[p.x])])
    p.b.memcpy(p.d, p.x, p.s)
    p.b.build()


# Default streams


def test_the_legacy_stream_orders_blocking_streams(p: Parts) -> None:
    one, two = p.b.stream("b1", blocking=True), p.b.stream("b2", blocking=True)
    p.run(one, writes=[p.d])
    p.run(p.b.legacy_stream())
    p.run(two, writes=[p.d])
    p.b.build()


def test_the_legacy_stream_leaves_non_blocking_streams_alone(p: Parts) -> None:
    p.run(p.s, writes=[p.d])
    p.run(p.b.legacy_stream(), reads=[p.d])
    p.refuse(DataRaceError, "(Launch 'scale' in stream 'default') reads")


def test_the_legacy_stream_of_another_device_orders_nothing(p: Parts) -> None:
    one, two = p.b.stream("b1", blocking=True), p.b.stream("b2", blocking=True)
    p.run(one, writes=[p.d])
    p.run(p.b.legacy_stream(device=1))
    p.run(two, writes=[p.d])
    p.refuse(DataRaceError, "in stream 'b2'")


def test_the_per_thread_stream_synchronises_with_the_legacy_one(p: Parts) -> None:
    p.run(p.b.per_thread_stream(), writes=[p.d])
    p.run(p.b.legacy_stream(), writes=[p.d])
    p.run(p.b.per_thread_stream(), writes=[p.d])
    p.b.build()


# Host threads


def test_two_threads_in_one_stream_race(p: Parts) -> None:
    for name in ("a", "b"):
        with p.b.thread(name):
            p.run(p.s, writes=[p.d])
    p.refuse(
        DataRaceError,
        "nothing orders them: let both threads meet at a host barrier, thread 'a' after operation "
        "0 and thread 'b' before operation 0",
    )


def test_a_barrier_puts_their_operations_in_stream_order(p: Parts) -> None:
    with p.b.thread("a"):
        p.run(p.s, writes=[p.d])
        p.b.host_barrier("issued")
    with p.b.thread("b"):
        p.b.host_barrier("issued")
        p.run(p.s, writes=[p.d])
    p.b.build()


def test_a_barrier_does_not_order_two_streams(p: Parts) -> None:
    with p.b.thread("a"):
        p.run(p.s, writes=[p.d])
        p.b.host_barrier("issued")
    with p.b.thread("b"):
        p.b.host_barrier("issued")
        p.run(p.t, writes=[p.d])
    p.refuse(DataRaceError, "record an event in 's1' after operation 0 and let 's2' wait")


def test_a_synchronisation_reaches_another_thread_through_a_barrier(p: Parts) -> None:
    with p.b.thread("a"):
        p.run(p.s, writes=[p.d])
        p.b.stream_synchronize(p.s)
        p.b.host_barrier("done")
    with p.b.thread("b"):
        p.b.host_barrier("done")
        p.run(p.t, writes=[p.d])
    p.b.build()


def test_a_device_synchronisation_covers_what_other_threads_issued_before(p: Parts) -> None:
    with p.b.thread("a"):
        p.run(p.s, writes=[p.d])
        p.b.host_barrier("issued")
        p.run(p.s, writes=[p.f])
    with p.b.thread("b"):
        p.b.host_barrier("issued")
        p.b.device_synchronize()
        p.run(p.t, writes=[p.d])
    p.b.build()
    with p.b.thread("b"):
        p.run(p.t, writes=[p.f])
    p.refuse(DataRaceError, "'f'")


def test_a_stream_synchronisation_covers_what_other_threads_issued_before(p: Parts) -> None:
    with p.b.thread("a"):
        p.run(p.s, writes=[p.d])
        p.b.host_barrier("issued")
        p.run(p.s, writes=[p.f])
    with p.b.thread("b"):
        p.b.host_barrier("issued")
        p.b.stream_synchronize(p.s)
        p.run(p.t, writes=[p.d])
    p.b.build()
    with p.b.thread("b"):
        p.run(p.t, writes=[p.f])
    p.refuse(DataRaceError, "'f'")


def test_what_another_thread_lets_a_stream_wait_for_later_does_not_count(p: Parts) -> None:
    with p.b.thread("a"):
        p.run(p.s)
        p.run(p.t, writes=[p.d])
        p.b.record(p.e, p.t)
        p.b.host_barrier("issued")
        p.b.wait(p.s, p.e)  # before or after what thread b issues now
    with p.b.thread("b"):
        p.b.host_barrier("issued")
        p.run(p.s, reads=[p.d])
    p.refuse(DataRaceError, "operation 1 of thread 'b' (Launch 'scale' in stream 's1') reads")


def test_each_thread_has_its_own_per_thread_stream(p: Parts) -> None:
    stream = p.b.per_thread_stream()
    with p.b.thread("a"):
        p.run(stream, writes=[p.d])
        p.b.host_barrier("issued")
    with p.b.thread("b"):
        p.b.host_barrier("issued")
        p.run(stream, writes=[p.d])
    p.refuse(DataRaceError, "'per-thread default'")


def test_a_record_and_a_wait_of_two_threads_need_an_order(p: Parts) -> None:
    with p.b.thread("a"):
        p.b.record(p.e, p.s)
    with p.b.thread("b"):
        p.b.wait(p.t, p.e)
    p.refuse(ProgramError, "may come in either order: let both threads meet at a host barrier")


def test_a_wait_before_a_record_of_another_thread_needs_an_order_too(p: Parts) -> None:
    with p.b.thread("a"):
        p.b.record(p.e, p.s)
        p.b.wait(p.s, p.e)
    with p.b.thread("b"):
        p.b.record(p.e, p.t)
    p.refuse(ProgramError, "(StreamWaitEvent 'e' in stream 's1') may come in either order")


def test_two_unordered_records_make_a_wait_uncertain(p: Parts) -> None:
    for name, stream in (("a", p.s), ("b", p.t)):
        with p.b.thread(name):
            p.b.record(p.e, stream)
            p.b.host_barrier("recorded")
    with p.b.thread("a"):
        p.b.event_synchronize(p.e)
    p.refuse(ProgramError, "(EventRecord 'e' in stream 's1') may come in either order")


def test_malloc_and_free_of_two_threads_need_an_order(p: Parts) -> None:
    with p.b.thread("a"):
        p.b.malloc(p.d)
    with p.b.thread("b"):
        p.b.free(p.d)
    p.refuse(ProgramError, "(Free 'd') and operation 0 of thread 'a' (Malloc 'd') may come")


# All-reduce


def test_an_all_reduce_orders_its_streams(p: Parts) -> None:
    far, d1 = p.b.stream("far", device=1), p.b.device("d1", 64, device=1)
    p.run(p.s, writes=[p.d])
    p.b.all_reduce([p.d, d1], [p.s, far])
    p.b.memcpy(p.d, d1, far)
    p.b.build()


def test_an_all_reduce_waits_for_nothing_else(p: Parts) -> None:
    far, d1 = p.b.stream("far", device=1), p.b.device("d1", 64, device=1)
    p.run(p.t, writes=[p.d])
    p.b.all_reduce([p.d, d1], [p.s, far])
    p.refuse(DataRaceError, "(AllReduce 'd', 'd1') writes bytes 0 to 64 of 'd'")
