from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

LISTEN = """
import itertools, json, sys
if folder := __import__("os").environ.get("NVTX_UNDER_TEST"):
    sys.path.insert(0, folder)
from timeline.recording import nvtx_package, range_log
tick = itertools.count()
log = range_log.RangeLog(lambda: next(tick))
def listen():
    nvtx_package.listen(log)
def done():
    log.close()
    columns = ("name", "kind", "domain", "category", "color", "payload", "start", "end")
    print(json.dumps([[row[c] for c in columns] for row in log.table().to_pylist()]))
"""

IMPORT = """
import nvtx
from nvtx import annotate, end_range, get_domain, mark, pop_range, push_range, start_range
made = annotate("made before", color="red", domain="d1", category="cat")
@annotate()
def decorated(x):
    return x + 1
"""

USE = """
with made:
    decorated(1)
with annotate("context", color=0xFF112233, payload=5):
    pass
@annotate("by name", domain="d2")
def named():
    raise KeyError
try:
    named()
except KeyError:
    pass
push_range("outer", "green", None, "c2", 1.5)
push_range("inner", domain="d3")
pop_range("d3")
pop_range()
number = start_range("process", category=7)
end_range(number)
mark("tick", color="red")
"""

RED, GREEN, BLUE = 0xFFFF0000, 0xFF008000, 0xFF0000FF
USED: list[list[Any]] = [
    ["made before", "push_pop", "d1", "cat", RED, None],
    ["decorated", "push_pop", "NVTX", None, None, None],
    ["context", "push_pop", "NVTX", None, 0xFF112233, "5"],
    ["by name", "push_pop", "d2", None, None, None],
    ["outer", "push_pop", "NVTX", "c2", GREEN, "1.5"],
    ["inner", "push_pop", "d3", None, BLUE, None],
    ["process", "start_end", "NVTX", "7", None, None],
    ["tick", "mark", "NVTX", None, RED, None],
]

DOMAIN_USE = """
domain = nvtx.Domain("named") if {direct} else nvtx.get_domain("named")
attributes = domain.get_event_attributes(message="step", color="blue", category="k", payload=3)
domain.push_range(attributes)
domain.pop_range()
number = domain.start_range(attributes)
domain.end_range(number)
domain.mark(attributes)
"""


def lines(done: subprocess.CompletedProcess[str]) -> list[list[Any]]:
    assert done.returncode == 0, done.stderr
    rows: list[list[Any]] = json.loads(done.stdout)
    return [row[:6] for row in rows]


@pytest.fixture(params=["silent", "tool"])
def tool(request: pytest.FixtureRequest, environment: dict[str, str]) -> dict[str, str]:
    """NVTX without a tool, and with one that listens: the fake libcupti takes every call."""
    if request.param == "silent":
        return {}
    return {"NVTX_INJECTION64_PATH": environment["TIMELINE_CUPTI"]}


def test_ranges_are_seen_when_nvtx_is_imported_later(run: Run, tool: dict[str, str]) -> None:
    assert lines(run(LISTEN + "listen()\n" + IMPORT + USE + "done()\n", **tool)) == USED


def test_ranges_are_seen_when_nvtx_was_used_before(run: Run, tool: dict[str, str]) -> None:
    before = "push_range('unseen'); pop_range()\nwith made: pass\n"
    found = lines(run(LISTEN + IMPORT + before + "listen()\n" + USE + "done()\n", **tool))
    if not tool:  # nvtx returned the bare function, as no tool listened
        assert found == [row for row in USED if row[0] != "decorated"]
    else:
        assert found == USED


def test_hooks_put_in_early_keep_decorators_alive(run: Run) -> None:
    code = LISTEN + "nvtx_package.hook()\n" + IMPORT + "decorated(1)\nlisten()\n" + USE + "done()\n"
    assert lines(run(code)) == USED


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("first", ["listen", "import"])
def test_domains_keep_names_categories_and_payloads(
    run: Run, tool: dict[str, str], direct: bool, first: str
) -> None:
    start = ("listen()\n" + IMPORT) if first == "listen" else (IMPORT + "listen()\n")
    use = DOMAIN_USE.format(direct=direct)
    kinds = ["push_pop", "start_end", "mark"]
    expected = [["step", kind, "named", "k", BLUE, "3"] for kind in kinds]
    assert lines(run(LISTEN + start + use + "done()\n", **tool)) == expected


def test_what_is_open_at_the_end_ends_there_and_later_calls_do_no_harm(
    run: Run, tool: dict[str, str]
) -> None:
    code = """
listen()
held = start_range("held")
push_range("open")
domain = nvtx.Domain("named")
attributes = domain.get_event_attributes(message="after")
done()
pop_range()
end_range(held)
with made, annotate("after"):
    assert decorated(1) == 2
push_range("after"); pop_range(); mark("after"); end_range(start_range("after"))
domain.push_range(attributes); domain.pop_range(); domain.mark(attributes)
assert not log.table().num_rows
"""
    assert lines(run(LISTEN + IMPORT + code, **tool)) == [
        ["held", "start_end", "NVTX", None, None, None],
        ["open", "push_pop", "NVTX", None, BLUE, None],
    ]


def test_a_range_pushed_before_is_popped_where_it_was_pushed(
    run: Run, tool: dict[str, str]
) -> None:
    code = "push_range('before')\nlisten()\npush_range('ours')\npop_range()\npop_range()\ndone()\n"
    assert [row[0] for row in lines(run(LISTEN + IMPORT + code, **tool))] == ["ours"]


def test_ranges_of_threads_nest_by_thread(run: Run) -> None:
    code = """
import threading
listen()
def work(name):
    with annotate(name + " outer"):
        with annotate(name + " inner"):
            barrier.wait()
barrier = threading.Barrier(2)
threads = [threading.Thread(target=work, args=(n,)) for n in "ab"]
[t.start() for t in threads]; [t.join() for t in threads]
log.close()
rows = {r["name"]: r for r in log.table().to_pylist()}
for name in "ab":
    outer, inner = rows[name + " outer"], rows[name + " inner"]
    assert outer["thread"] == inner["thread"]
    assert outer["start"] < inner["start"] < inner["end"] < outer["end"]
assert rows["a outer"]["thread"] != rows["b outer"]["thread"]
print("[]")
"""
    lines(run(LISTEN + IMPORT + code))


def test_nvtx_that_is_disabled_stays_so(run: Run) -> None:
    code = LISTEN + "listen()\n" + IMPORT + USE + "done()\n"
    assert lines(run(code, NVTX_DISABLE="1")) == []


def test_a_recorded_script_has_its_ranges_on_the_traces_clock(record_script: Run) -> None:
    done = record_script(
        "import nvtx\nwith nvtx.annotate('batch', domain='mine', category='load'):\n    launch(5)\n"
    )
    assert done.returncode == 0, done.stderr
    assert "1 ranges" in done.stderr


def test_torch_and_cupy_that_are_imported_already_are_heard(run: Run) -> None:
    code = """
import types
heard = []
torch = types.ModuleType("torch.cuda.nvtx")
torch._nvtx = types.SimpleNamespace(
    rangePushA=lambda m: heard.append(m), rangePop=lambda: heard.append("pop"),
    rangeStartA=lambda m: 5, rangeEnd=lambda n: heard.append(n), markA=heard.append, other=1)
cupy = types.ModuleType("cupy_backends.cuda.libs.nvtx")
for name in ("RangePush", "RangePushC", "RangePop", "Mark", "MarkC"):
    setattr(cupy, name, lambda *a, name=name: heard.append(name))
sys.modules["torch.cuda.nvtx"], sys.modules["cupy_backends.cuda.libs.nvtx"] = torch, cupy
from timeline.recording.nvtx_libraries import hook_imported
torch._nvtx.rangePushA("before")
listen(); hook_imported(); hook_imported()
assert torch._nvtx.other == 1
assert torch._nvtx.rangePushA("step") == 0
torch._nvtx.rangePop(); torch._nvtx.rangePop()
torch._nvtx.rangeEnd(torch._nvtx.rangeStartA("whole")); torch._nvtx.rangeEnd(5)
cupy.RangePushC("cupy", 0xFF00FF00); cupy.RangePop(); cupy.Mark("here")
assert heard == ["before", "pop", 5], heard
done()
cupy.RangePush("after"); cupy.RangePop()
assert heard[-2:] == ["RangePush", "RangePop"]
"""
    assert lines(run(LISTEN + code)) == [
        ["step", "push_pop", "NVTX", None, None, None],
        ["whole", "start_end", "NVTX", None, None, None],
        ["cupy", "push_pop", "NVTX", None, 0xFF00FF00, None],
        ["here", "mark", "NVTX", None, None, None],
    ]


@pytest.mark.skipif("NVTX_VERSIONS" not in os.environ, reason="NVTX_VERSIONS names no folders")
@pytest.mark.parametrize("folder", os.environ.get("NVTX_VERSIONS", "").split(os.pathsep))
@pytest.mark.parametrize("first", ["listen", "import"])
def test_other_versions_of_nvtx(run: Run, tool: dict[str, str], folder: str, first: str) -> None:
    """Folders made by ``pip install --target FOLDER nvtx==VERSION``."""
    start = ("listen()\n" + IMPORT) if first == "listen" else (IMPORT + "listen()\n")
    found = lines(run(LISTEN + start + USE + "done()\n", NVTX_UNDER_TEST=folder, **tool))
    names = [row[:4] for row in USED if row[0] in [r[0] for r in found]]
    assert [row[:4] for row in found] == names
    assert {row[0] for row in USED} - {row[0] for row in found} <= {"decorated"}
