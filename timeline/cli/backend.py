"""The options that say where and how a Program runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from timeline.backends.choice import BACKENDS
from timeline.cli.output import notice
from timeline.errors import UsageError

if TYPE_CHECKING:
    from timeline.backends import Backend, RunOptions
    from timeline.techniques import Technique

__all__ = ["add_arguments", "open_chosen", "run_options", "suited"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command."""
    group = parser.add_argument_group("where and how to run")
    group.add_argument(
        "--backend",
        choices=BACKENDS,
        default="auto",
        help="auto takes the GPU, or the simulator where there is none (default: auto)",
    )
    group.add_argument(
        "--device", metavar="NAME", help="device to simulate, or its TOML file (default: h200)"
    )
    group.add_argument(
        "--collector",
        choices=("auto", "cupti", "events"),
        default="auto",
        help="what measures on a GPU (default: CUPTI, or CUDA events where it can't load)",
    )
    group.add_argument(
        "--repeat", type=_at_least(1), default=1, metavar="N", help="recorded runs (default: 1)"
    )
    group.add_argument(
        "--warmup", type=_at_least(0), default=1, metavar="N", help="runs before (default: 1)"
    )
    group.add_argument(
        "--no-gate",
        dest="gate",
        action="store_false",
        help="let the streams run while the host still enqueues",
    )
    group.add_argument(
        "--no-stamps", dest="stamps", action="store_false", help="no time stamps inside kernels"
    )


def run_options(args: argparse.Namespace) -> RunOptions:
    """What the options say of the run."""
    from timeline.backends import RunOptions

    return RunOptions(repeat=args.repeat, warmup=args.warmup, gate=args.gate, stamps=args.stamps)


def open_chosen(args: argparse.Namespace) -> Backend:
    """The backend that the options name; a notice says so when it isn't the GPU.

    Raises
    ------
    UsageError
        For a device to simulate, or one that isn't known, where it makes no sense.
    UnavailableError
        When ``--backend cuda`` can't run on this machine.
    """
    from timeline.backends import open_backend, why_not_cuda

    if args.backend == "cuda" and args.device:
        raise UsageError("--device names what to simulate; it does not go with --backend cuda")
    backend = open_backend(args.backend, collector=args.collector, device=args.device)
    if args.backend == "auto" and backend.name == "sim":
        notice(f"simulated, not measured: {why_not_cuda()}")
    return backend


def suited(args: argparse.Namespace, backend: Backend, technique: Technique, gpus: int) -> Backend:
    """The simulator, with a notice, where ``auto`` took a GPU that lacks what a technique needs.

    Parameters
    ----------
    gpus : int
        Devices that the technique is to use.
    """
    from timeline.backends import open_backend, why_not_cuda
    from timeline.recording.live import missing

    if args.backend != "auto" or backend.name != "cuda":
        return backend
    reason = why_not_cuda(gpus) or missing(technique)
    if reason is None:
        return backend
    notice(f"{technique.id}: simulated, not measured: {reason}")
    return open_backend("sim", device=args.device)


def _at_least(lowest: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if value < lowest:
            raise argparse.ArgumentTypeError(f"{value} is less than {lowest}")
        return value

    return number
