"""Time of copies by size and direction, alone and together."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
from cuda.bindings import runtime

from benchmarks.semantics.lab import MS, Json, Lab, check, median, timed


def copies(lab: Lab) -> Json:
    """Time of a copy by size and direction, alone, queued back to back, and both ways together."""
    device = [check(runtime.cudaMalloc(256 << 20)) for _ in range(2)]
    pinned = [check(runtime.cudaHostAlloc(256 << 20, 0)) for _ in range(2)]
    kind = runtime.cudaMemcpyKind
    h2d, d2h, d2d = (
        kind.cudaMemcpyHostToDevice,
        kind.cudaMemcpyDeviceToHost,
        kind.cudaMemcpyDeviceToDevice,
    )
    events = [check(runtime.cudaEventCreate()) for _ in range(4)]

    def span(issue: Callable[[Any], None], stream: Any, count: int) -> int:
        """ns a copy, from events around ``count`` of them behind a spin that hides the host."""
        lab.spin(stream, MS)
        check(runtime.cudaEventRecord(events[0], stream))
        for _ in range(count):
            issue(stream)
        check(runtime.cudaEventRecord(events[1], stream))
        lab.sync()
        elapsed_ms: float = check(runtime.cudaEventElapsedTime(events[0], events[1]))
        return round(elapsed_ms * 1e6 / count)

    result: Json = {"per_copy_ns": {}}
    for name, dst, src, direction in (
        ("H2D", device[0], pinned[0], h2d),
        ("D2H", pinned[0], device[0], d2h),
        ("D2D", device[1], device[0], d2d),
    ):
        rows = {}
        for power in (2, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28):
            size = 1 << power

            def issue(
                stream: Any, d: Any = dst, s: Any = src, n: int = size, k: Any = direction
            ) -> None:
                check(runtime.cudaMemcpyAsync(d, s, n, k, stream))

            count = 20 if power <= 20 else 4
            rows[size] = median([span(issue, lab.a, count) for _ in range(5)])
        result["per_copy_ns"][name] = rows

    size = 256 << 20

    def together(first: tuple[Any, Any, Any], second: tuple[Any, Any, Any]) -> list[float]:
        """GB/s of two copies that start together on two streams."""
        rates = []
        for _ in range(3):
            lab.sync()
            for index, (stream, (dst, src, direction)) in enumerate(
                zip((lab.a, lab.b), (first, second), strict=True)
            ):
                lab.spin(stream, MS)
                check(runtime.cudaEventRecord(events[2 * index], stream))
                check(runtime.cudaMemcpyAsync(dst, src, size, direction, stream))
                check(runtime.cudaEventRecord(events[2 * index + 1], stream))
            lab.sync()
            pair = [check(runtime.cudaEventElapsedTime(events[i], events[i + 1])) for i in (0, 2)]
            rates.append([size / p / 1e6 for p in pair])
        return [round(statistics.median(r[i] for r in rates), 2) for i in (0, 1)]

    result["GBps_together"] = {
        "H2D+D2H": together((device[0], pinned[0], h2d), (pinned[1], device[1], d2h)),
        "H2D+H2D": together((device[0], pinned[0], h2d), (device[1], pinned[1], h2d)),
        "D2H+D2H": together((pinned[0], device[0], d2h), (pinned[1], device[1], d2h)),
        "D2D+D2D": together((device[0], device[1], d2d), (device[1], device[0], d2d)),
    }
    result["pageable_GBps"] = pageable_rates(lab, device[0], cold=False)
    result["pageable_GBps, cold"] = pageable_rates(lab, device[0], cold=True)
    for size_ in (1 << 12, 1 << 20, 1 << 26):

        def memset(stream: Any, n: int = size_) -> None:
            check(runtime.cudaMemsetAsync(device[0], 0, n, stream))

        result.setdefault("memset_ns", {})[size_] = median(
            [span(memset, lab.a, 10) for _ in range(5)]
        )
    for pointer in device:
        check(runtime.cudaFree(pointer))
    for pointer in pinned:
        check(runtime.cudaFreeHost(pointer))
    return result


def pageable_rates(lab: Lab, device: Any, *, cold: bool) -> dict[str, float]:
    """GB/s of a copy and its synchronisation, by direction and size.

    Warm copies use the same host memory again and again, so that the host's cache holds it; cold
    ones go through 1 GiB, so that it does not.
    """
    kind = runtime.cudaMemcpyKind
    home = np.ones((1 << 30) if cold else (256 << 20), np.uint8)
    rates: dict[str, float] = {}
    for name, direction in (
        ("H2D", kind.cudaMemcpyHostToDevice),
        ("D2H", kind.cudaMemcpyDeviceToHost),
    ):
        for power in (12, 16, 18, 20, 22, 23, 24, 26, 28):
            n = 1 << power
            offsets = [((i + 1) * (200 << 20)) % (home.nbytes - n) if cold else 0 for i in range(5)]
            times = []
            for offset in offsets:
                lab.sync()
                if cold:
                    home[: 128 << 20] += 1  # evicts what was there
                host = home.ctypes.data + offset
                dst, src = (device, host) if name == "H2D" else (host, device)

                def both(d: Any = dst, s: Any = src, n: int = n, k: Any = direction) -> None:
                    check(runtime.cudaMemcpyAsync(d, s, n, k, lab.a))
                    check(runtime.cudaStreamSynchronize(lab.a))

                times.append(timed(both))
            rates[f"{name} {n}"] = round(n / median(times), 3)
    return rates
