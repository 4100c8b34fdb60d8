"""A GPU, PyTorch's memory on it, and launches of Programs' kernels, timed: for bring-up scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch

from timeline.backends.cuda.api import Api, load_api
from timeline.backends.cuda.handles import StreamHandle
from timeline.backends.cuda.launch import Functions, check_params, launch_config
from timeline.backends.cuda.params import Params
from timeline.backends.cuda.tensor_maps import encode
from timeline.program import Buffer, Builder, Launch

HELD_CYCLES = 6_000_000


class DeviceBench:
    """The first device and a stream of its own."""

    def __init__(self) -> None:
        torch.cuda.init()
        torch.zeros(1, device="cuda")
        self.name: str = torch.cuda.get_device_name(0)
        self._api: Api = load_api()
        self._functions = Functions(self._api)
        self._torch_stream = torch.cuda.Stream()
        number = self._torch_stream.cuda_stream
        self._stream = StreamHandle(
            self._api.runtime.cudaStream_t(number), self._api.driver.CUstream(number)
        )
        self._held: list[Any] = []

    def prepared(self, b: Builder, addresses: Mapping[Buffer, int]) -> Callable[[], None]:
        """The one launch of a Program, with its buffers at these addresses, ready to be issued."""
        (op,) = (op for op in b.build().ops() if isinstance(op, Launch))
        loaded = self._functions.load(op.kernel, 0)
        extra = (0,) if op.kernel.stamp_roles else ()
        params = Params(op.args, extra, partial(encode, self._api))
        check_params(self._api, op, loaded, params)
        params.resolve({buffer.id: address for buffer, address in addresses.items()})
        config = launch_config(self._api, op, loaded, self._stream)
        self._held.append(params)
        launch, check = self._api.driver.cuLaunchKernelEx, self._api.check

        def issue() -> None:
            check(launch(config, loaded.function, params.address, 0), op.kernel.name)

        return issue

    def run(self, issue: Callable[[], object]) -> None:
        """Issue it and wait; what PyTorch did before comes first."""
        torch.cuda.synchronize()
        issue()
        torch.cuda.synchronize()

    def ns(self, issue: Callable[[], object], times: int) -> float:
        """Ns a call, of ``times`` in a row that are issued before the first one starts."""
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        with torch.cuda.stream(self._torch_stream):
            torch.cuda._sleep(HELD_CYCLES)
            begin.record()
            for _ in range(times):
                issue()
            end.record()
        torch.cuda.synchronize()
        return float(begin.elapsed_time(end)) * 1e6 / times
