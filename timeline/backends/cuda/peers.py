"""Devices that reach each other's memory."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from timeline.backends.cuda.api import Api

__all__ = ["link_peers"]

_ALREADY_ENABLED = 704


def link_peers(api: Api, devices: Sequence[int]) -> tuple[str, ...]:
    """Let each device reach the memory of the others; a sentence for each that can't.

    Peer access stays on when a run ends: other code in the process may have asked for it too.
    """
    runtime, apart = api.runtime, []
    for device in devices:
        api.check(runtime.cudaSetDevice(device), f"opening device {device}")
    for device, peer in permutations(devices, 2):
        result = runtime.cudaDeviceCanAccessPeer(device, peer)
        if not api.check(result, "cudaDeviceCanAccessPeer"):
            apart.append(
                f"Device {device} can't reach the memory of device {peer}: CUDA takes peer copies "
                "between them through the host."
            )
            continue
        api.check(runtime.cudaSetDevice(device), "cudaSetDevice")
        status = runtime.cudaDeviceEnablePeerAccess(peer, 0)[0]
        if int(status) == _ALREADY_ENABLED:
            runtime.cudaGetLastError()
        else:
            api.check((status,), f"peer access from device {device} to {peer}")
    return tuple(apart)
