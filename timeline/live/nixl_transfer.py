"""Blocks from GPU 0 to GPU 1, by peer copies or by NIXL between two agents of this process."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import cupy as cp
import numpy as np

from timeline.backends.cuda.kernel_source import kernels_folder
from timeline.live.repeats import phase, session

SLOTS = 2
STEP = 64
DISTINCT = 1 << 20
PACKAGES = ("nixl", "nixl_cu13", "nixl_cu12")


def main() -> None:
    """Run the variant."""
    run = session({"rounds": 12, "block_mib": 32, "iters": 256})
    if cp.cuda.runtime.getDeviceCount() < 2:
        raise SystemExit("nixl_transfer: needs 2 GPUs")
    work = Work(run.values["rounds"], run.values["block_mib"] << 18, run.values["iters"])
    if run.variant == "nixl":
        link = Link(work.here, work.there)
        run.versions["nixl"] = link.version
        once = lambda: by_host(work, link)  # noqa: E731
    else:
        once = lambda: by_events(work)  # noqa: E731
    run.versions["cupy"] = cp.__version__
    run.run(once, work.clear, work.check)


class Work:
    """Buffers on both devices, the kernels on them, streams and events.

    Parameters
    ----------
    count : int
        float32 elements of a block.
    """

    def __init__(self, rounds: int, count: int, iters: int) -> None:
        self.rounds, self.count, self.iters = rounds, count, iters
        self.values = (np.arange(count + rounds * STEP) % DISTINCT).astype(np.float32)
        with cp.cuda.Device(0):
            self.source = cp.asarray(self.values)
            self.half, self.here = ([cp.empty(count, cp.float32) for _ in range(SLOTS)]
                                    for _ in range(2))  # fmt: skip
            self.producer, self.link = (cp.cuda.Stream(non_blocking=True) for _ in range(2))
            self.produced, self.sent = (events() for _ in range(2))
            self._produce = kernel("produce")
        with cp.cuda.Device(1):
            self.there = [cp.empty(count, cp.float32) for _ in range(SLOTS)]
            self.results = cp.zeros((rounds, count), cp.float32)
            self.consumer = cp.cuda.Stream(non_blocking=True)
            self.consumed = events()
            self._consume = kernel("consume")
        for device, peer in ((0, 1), (1, 0)):
            with cp.cuda.Device(device):
                if cp.cuda.runtime.deviceCanAccessPeer(device, peer):
                    enable_peer(peer)

    def produce(self, index: int) -> None:
        """Two kernels on device 0."""
        slot = index % SLOTS
        with cp.cuda.Device(0), self.producer:
            self._launch(self._produce, self.source[index * STEP :], self.half[slot], 1)
            self._launch(self._produce, self.half[slot], self.here[slot], 2)
            self.produced[slot].record(self.producer)

    def consume(self, index: int) -> None:
        """One kernel on device 1."""
        slot = index % SLOTS
        with cp.cuda.Device(1), self.consumer:
            self._launch(self._consume, self.there[slot], self.results[index], 3)
            self.consumed[slot].record(self.consumer)

    def _launch(self, function: Any, source: Any, target: Any, shift: int) -> None:
        blocks = -(-self.count // 1024)
        arguments = (source, target, np.uint64(self.count), np.uint32(self.iters))
        function((blocks,), (256,), (*arguments, np.float32(1), np.float32(shift)))

    def synchronize(self) -> None:
        """Wait for both devices."""
        for device in (0, 1):
            cp.cuda.Device(device).synchronize()

    def clear(self) -> None:
        """Leave nothing of the last repeat."""
        with cp.cuda.Device(1):
            self.results.fill(-1)
        self.synchronize()

    def check(self) -> None:
        """Compare every block with the known answer."""
        for index in range(self.rounds):
            first = index * STEP
            wanted = self.values[first : first + self.count] + np.float32(6 * self.iters)
            with cp.cuda.Device(1):
                if not np.array_equal(self.results[index].get(), wanted):
                    raise SystemExit(f"nixl_transfer: block {index} is not the known answer")


def enable_peer(peer: int) -> None:
    """Let the current device reach ``peer``; it may do so already."""
    try:
        cp.cuda.runtime.deviceEnablePeerAccess(peer)
    except cp.cuda.runtime.CUDARuntimeError as error:
        if "AlreadyEnabled" not in str(error):
            raise


def kernel(name: str) -> Any:
    """``kernels/elementwise.cu`` under a name that the timeline shows."""
    folder = kernels_folder()
    options = ("--std=c++17", f"-I{folder}", f"-Delementwise={name}")
    return cp.RawKernel((folder / "elementwise.cu").read_text(), name, options=options)


def events() -> list[Any]:
    """An event a slot, without timing."""
    return [cp.cuda.Event(disable_timing=True) for _ in range(SLOTS)]


class Link:
    """Two NIXL agents, a transfer prepared for each slot."""

    def __init__(self, here: Sequence[Any], there: Sequence[Any]) -> None:
        api, self.version = load()
        config = api.nixl_agent_config(backends=["UCX"])
        self._sender = api.nixl_agent("sender", config)
        self._receiver = api.nixl_agent("receiver", config)
        self._registered = [
            agent.register_memory([(*place(array), "") for array in arrays], "VRAM")
            for agent, arrays in ((self._sender, here), (self._receiver, there))
        ]
        peer = self._sender.add_remote_agent(self._receiver.get_agent_metadata())
        name = peer.decode() if isinstance(peer, bytes) else peer
        self._transfers = [
            self._sender.initialize_xfer(
                "WRITE",
                self._sender.get_xfer_descs([place(source)], "VRAM"),
                self._sender.get_xfer_descs([place(target)], "VRAM"),
                name,
            )
            for source, target in zip(here, there, strict=True)
        ]

    def send(self, slot: int) -> None:
        """Post the transfer of a slot, and poll until it is done."""
        handle = self._transfers[slot]
        state = self._sender.transfer(handle)
        while state == "PROC":
            state = self._sender.check_xfer_state(handle)
        if state != "DONE":
            raise SystemExit(f"nixl_transfer: NIXL answered {state}")


def place(array: Any) -> tuple[int, int, int]:
    """Address, length and device of an array, as NIXL describes memory."""
    return array.data.ptr, array.nbytes, array.device.id


def load() -> tuple[Any, str]:
    """NIXL's Python API, and the version of its package."""
    for package in PACKAGES:
        try:
            found = importlib.import_module(f"{package}._api")
        except ImportError:
            continue
        return found, version_of(package)
    raise SystemExit("nixl_transfer: NIXL is not installed; run: pip install 'cuda-timeline[nixl]'")


def version_of(package: str) -> str:
    """Version of an installed package, or a word that says it is not known."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package.replace("_", "-"))
    except PackageNotFoundError:
        return "not known"


def by_events(work: Work) -> None:
    """Everything is enqueued at once; the devices wait for each other's events."""
    nbytes = 4 * work.count
    with phase("pipeline"):
        for index in range(work.rounds):
            slot = index % SLOTS
            with phase(f"round {index}", "batch"):
                if index >= SLOTS:
                    work.producer.wait_event(work.sent[slot])
                work.produce(index)
                with cp.cuda.Device(0):
                    work.link.wait_event(work.produced[slot])
                    if index >= SLOTS:
                        work.link.wait_event(work.consumed[slot])
                    cp.cuda.runtime.memcpyPeerAsync(
                        work.there[slot].data.ptr, 1, work.here[slot].data.ptr, 0, nbytes,
                        work.link.ptr,
                    )  # fmt: skip
                    work.sent[slot].record(work.link)
                with cp.cuda.Device(1):
                    work.consumer.wait_event(work.sent[slot])
                work.consume(index)
    with phase("finish"):
        work.synchronize()


def by_host(work: Work, link: Link) -> None:
    """The host waits for a block, sends it, polls until it is there, and lets it be read."""
    with phase("pipeline"):
        work.produce(0)
        for index in range(work.rounds):
            slot = index % SLOTS
            with phase(f"round {index}", "batch"):
                if index + 1 < work.rounds:
                    work.produce(index + 1)
                work.produced[slot].synchronize()
                if index >= SLOTS:
                    work.consumed[slot].synchronize()
                with phase(f"transfer {index}", "transfer"):
                    link.send(slot)
                work.consume(index)
    with phase("finish"):
        work.synchronize()


if __name__ == "__main__":
    main()
