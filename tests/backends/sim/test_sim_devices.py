"""Device files: what is shipped, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from timeline.backends.sim import SimBackend, devices, load_device
from timeline.errors import UsageError

TINY = Path(__file__).with_name("tiny.toml")


@pytest.mark.parametrize("name", devices())
def test_shipped_devices_are_sound(name: str) -> None:
    model = load_device(name)
    assert sum(model.sm.gpcs) == model.sm.count
    assert model.sm.block_shared_bytes <= model.sm.shared_bytes
    assert model.source


def test_the_devices_there_are() -> None:
    assert {"h200", "a100", "laptop"} <= set(devices())
    assert load_device("laptop").copy.engines == 1


def test_an_unknown_device_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no simulated device named 'h20'; did you mean 'h200'"):
        SimBackend("h20")


def _edited(tmp_path: Path, old: str, new: str) -> Path:
    text = TINY.read_text()
    assert old in text
    path = tmp_path / "device.toml"
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("count = 4", "", "sm: 'count' is missing"),
        ("count = 4", "count = 4.5", "count: must be int, not 4.5"),
        ("count = 4", "count = -4", "count: must not be negative"),
        ("count = 4", "count = 4\ncuont = 4", "no key named 'cuont'; did you mean 'count'"),
        ("[[1, 40], [4, 100]]", "[[4, 40], [1, 100]]", "x ascending"),
        ("[[1, 40], [4, 100]]", "[4, 100]", "must be a list of .x, y. points"),
        ('free_waits = "device"', 'free_waits = "all"', "must be one of nothing, device"),
        ("other = 0", "some = 0", "calls: must be a table of calls with 'other'"),
        ("[sm]", "[sm", "not TOML"),
    ],
)
def test_a_malformed_file_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_device(_edited(tmp_path, old, new))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        SimBackend(tmp_path / "none.toml")


def test_a_changed_device() -> None:
    model = load_device(TINY).replace(sm={"count": 8}, name="Other")
    assert (model.sm.count, model.name) == (8, "Other")
    with pytest.raises(UsageError, match=r"no key of .sm. named 'counts'"):
        model.replace(sm={"counts": 8})
    with pytest.raises(UsageError, match="no section of a device named 'sms'"):
        model.replace(sms={"count": 8})


def test_a_trace_says_what_was_simulated(sim: Any) -> None:
    from timeline.program import Builder

    b = Builder("p", technique="none", chunks=4)
    b.memset(b.device("d", 8), 0, b.stream("s"))
    meta = SimBackend(TINY).run(b.build()).meta
    assert meta.source == "sim"
    assert meta.epoch_ns == 0
    assert meta.labels == {"technique": "none", "chunks": 4}
    assert meta.provenance["device_file"].endswith("tiny.toml")
    assert [(d.id, d.name, d.sm_count) for d in meta.devices] == [(0, "Tiny", 4)]
    assert len(meta.repeats) == 1
