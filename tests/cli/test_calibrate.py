import json
from pathlib import Path

import pytest

from timeline.backends.sim.devices import load_device
from timeline.cli import main

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
RECORDINGS = str(SAMPLES / "stream_priority")


def test_it_writes_a_device_and_says_how_far_off_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine.toml"
    assert main(["calibrate", RECORDINGS, "-o", str(out)]) == 0
    said = capsys.readouterr()
    assert "1 recordings fitted, 1 held out" in said.out
    assert "gaps.to_copy" in said.out
    assert load_device(out).calibration.held_out == ("stream_priority/equal",)
    how = ["--backend", "sim", "--device", str(out), "-o", str(tmp_path / "run")]
    assert main(["run", "five_kernels", *how]) == 0


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", RECORDINGS, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["held_out"] == ["stream_priority/equal"]
    kernel = next(q for q in found["quantities"] if q["place"] == "gaps.copy_copy")
    assert kernel["source"] == "recordings"
    assert kernel["held_out"]["observations"] > 0


def test_an_existing_file_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mine.toml"
    out.write_text("mine")
    assert main(["calibrate", RECORDINGS, "-o", str(out)]) == 2
    assert "add --overwrite" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main(["calibrate", RECORDINGS, "-o", str(out), "--overwrite"]) == 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--gpu", "A100"], "no recordings to fit a device from"),
        (["--base", "nothing"], "no simulated device named 'nothing'"),
        (["--semantics", "nothing.json"], "not what benchmarks.semantics writes"),
    ],
)
def test_bad_input(more: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", RECORDINGS, *more]) == 2
    assert message in capsys.readouterr().err
