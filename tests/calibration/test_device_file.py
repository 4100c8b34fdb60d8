"""Device files as text, from recordings and probes."""

import json
import shutil
from pathlib import Path

import pytest

from timeline.backends.sim.devices import device_text, load_device
from timeline.calibration import calibrate, device_file, read_recordings
from timeline.calibration.device_file import remarks
from timeline.calibration.probes import read_probes
from timeline.errors import TraceError, UsageError

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
H200, H100 = "NVIDIA H200", "NVIDIA H100 80GB HBM3"
PROBES = SAMPLES / "calibration" / "h100_semantics.json"


@pytest.fixture(scope="module")
def text() -> str:
    recordings = read_recordings([SAMPLES / "stream_priority", SAMPLES / "event_dag"])
    found = calibrate(recordings, load_device("h200"), [PROBES])
    return device_file(found, "h200", device_text("h200"))


def test_a_file_reads_back(text: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    device = load_device(str(file))
    assert device.name == H100
    assert device.memory.bytes == 85017493504
    assert len(device.calibration.held_out) >= len(device.calibration.recordings) / 2
    assert device.calibration.probes == ("h100_semantics.json",)
    assert device.sm.gpcs == load_device("h200").sm.gpcs


def test_every_number_says_where_it_comes_from(text: str) -> None:
    found = remarks(text)
    assert found["gaps.kernel"].startswith("R ")
    assert found["sm.resident_grids"] == "P concurrency.resident"
    assert found["sm.register_unit"] == "G, per warp"
    assert found["copy.staging_bytes"].startswith("h200: M, ")
    plain = [
        place
        for place in remarks(device_text("h200"))
        if place not in found and not place.startswith("calibration")
    ]
    assert not plain


def test_remarks_stand_behind_a_value_above_it_or_behind_its_section() -> None:
    text = "[a]  # general\nx = 1\n# above\ny = [1, 2]\nz = 3# behind\n[b]\nx = 4\n"
    assert remarks(text) == {"a.x": "general", "a.y": "above", "a.z": "behind"}


def test_probes_are_of_the_gpu_that_is_fitted() -> None:
    with pytest.raises(UsageError, match="measured on NVIDIA H100 80GB HBM3"):
        read_probes([PROBES], H200)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"device": 1}', '{"device": {"name": "NVIDIA H200"}, "gaps": {}}']
)
def test_other_files_are_no_probes(text: str, tmp_path: Path) -> None:
    file = tmp_path / "probes.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TraceError, match=r"not what benchmarks\.semantics writes"):
        read_probes([file], H200)


def test_parts_that_were_skipped_tell_nothing(tmp_path: Path) -> None:
    content = json.loads(PROBES.read_text())
    assert "skipped" in content["peer"]
    assert "peer.copy_ns" not in read_probes([PROBES], H100).curves
    both = [PROBES, PROBES.with_name("h100_peer.json")]
    assert len(read_probes(both, H100).curves["peer.copy_ns"]) == 9


def test_recordings_of_several_gpus_are_not_mixed() -> None:
    places = [SAMPLES / "stream_priority", SAMPLES / "five_kernels"]
    if len({each.gpu for place in places for each in read_recordings([place])}) == 1:
        pytest.skip("the samples are all of one GPU")
    with pytest.raises(UsageError, match="choose one with --gpu"):
        read_recordings(places)
    assert {each.gpu for each in read_recordings(places, "h100")} == {H100}


def test_two_recordings_of_one_variant_are_told_apart(tmp_path: Path) -> None:
    for where in ("stream_priority", "again/stream_priority"):
        shutil.copytree(SAMPLES / "stream_priority" / "high", tmp_path / where / "high")
    names = [each.name for each in read_recordings([tmp_path])]
    assert names == ["again/stream_priority/high", "stream_priority/high"]
