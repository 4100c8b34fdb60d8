"""The page of the timeline, without a browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "pdl" / "pdl"

Run = Callable[..., Any]
Check = Callable[[Any], Any]
Only = Callable[..., None]


def test_zooming_in_on_a_kernel_and_its_sms(run: Run, sound: Check, only: Only) -> None:
    only(SAMPLE)
    test = run("timeline", part="Figure")
    kernel = next(box for box in test.selectbox if "secondary" in box.options)
    assert kernel.options == ["all kernels", "primary", "secondary"]
    kernel.select("secondary")
    test.selectbox(key="trace/sms").select(4).run()
    sound(test)
