"""What ``timeline help`` tells about things that several commands share."""

from __future__ import annotations

__all__ = ["TOPICS"]

_TRACES = """\
A TRACE is any of these. What it is shows in its content; no option says it:

  a folder that timeline wrote (record, run, import), with meta.json in it, or a zip of one
  JSON, gzipped or not, of PyTorch (Kineto), JAX, Triton's Proton, Chrome's trace events
  an SQLite export of Nsight Systems, or its report, through the nsys of this machine
  a trace of Perfetto, gzipped or not

timeline import keeps it in the native form, a folder of Parquet files that any Arrow tool reads.
Limits guard against files that would exhaust this machine; timeline import --max-rows and others
raise them."""

_WINDOWS = """\
A SPAN is START:END, counted from the trace's first activity. A time has a unit: ns, us, ms or s.
Either end may be left out.

  1.5ms:2ms    half a millisecond
  800us:       from there to the end
  :3s          the first three seconds

Activities count with the part inside it. Without --window the repeat of median makespan is
measured, or the whole trace where there are no repeats."""

_PATTERNS = """\
A PATTERN holds of a kernel's whole name, or of its function's alone: * stands for anything, ? for
one character, [abc] for one of these. nvtx:PATTERN takes what NVTX ranges of such a name issued.
Quote it, or the shell puts file names in its place.

  'ncclDevKernel*'    kernels whose name begins so
  '*gemm*'            kernels with gemm in their name
  'nvtx:forward*'     what ranges such as forward/layer3 issued"""

_THRESHOLDS = """\
A threshold is a measure, what it is of in brackets, and a limit. A change is a loss only where the
repeats' noise does not explain it.

  makespan: +3%                    at most 3 % longer than the baseline's
  overlap_ratio[H2D,SM]: -0.05     at most 0.05 lower than the baseline's
  pipeline_efficiency >= 0.9       whatever the baseline has
  findings[pageable-copy] == 0     no such finding

They stand in [tool.timeline.check] of pyproject.toml, or after --threshold."""

_ENVIRONMENT = """\
TIMELINE_CUPTI        the libcupti to load, in place of the one that is found
CUDA_HOME, CUDA_PATH  a CUDA toolkit, looked into for CUPTI and headers
XDG_CACHE_HOME        where compiled kernels are kept (default: ~/.cache)
NO_COLOR              no colours on a terminal
NVTX_DISABLE          switches the nvtx package off; its ranges are then missing from recordings
NCCL_*                what NCCL reads; timeline changes none of it"""

TOPICS = {
    "traces": _TRACES,
    "windows": _WINDOWS,
    "patterns": _PATTERNS,
    "thresholds": _THRESHOLDS,
    "environment": _ENVIRONMENT,
}
"""By name, each a page of text."""
