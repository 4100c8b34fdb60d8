"""The pytest plugin: the fixture ``timeline`` guards overlap in a test suite.

::

    def test_copies_stay_hidden(timeline):
        timeline.check(timeline.record(step))

    @pytest.mark.timeline(backend="sim", device="h200")
    def test_the_schedule_overlaps(timeline):
        timeline.require(timeline.run(program()), "overlap_ratio[H2D,SM] >= 0.9")

``pytest --timeline-update`` makes what the tests show the baseline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from timeline.pytest_plugin.guard import Timeline
    from timeline.pytest_plugin.session import Session

__all__ = ["Timeline"]

MARKER = (
    "timeline(thresholds=(), ranges=(), windows=(), name='', repeat=5, backend='auto', "
    "device=None): how the fixture timeline runs and checks in this test"
)

_SESSION = pytest.StashKey["Session"]()


def __getattr__(name: str) -> Any:
    if name != "Timeline":
        raise AttributeError(f"module 'timeline.pytest_plugin' has no attribute {name!r}")
    from timeline.pytest_plugin.guard import Timeline

    return Timeline


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("timeline", "guarding the overlap of GPU engines")
    group.addoption(
        "--timeline-baseline",
        metavar="FILE",
        help="the baseline (default: that of [tool.timeline.check], or overlap.json)",
    )
    group.addoption(
        "--timeline-update",
        action="store_true",
        help="make what the tests show the baseline, and say what changes",
    )
    group.addoption(
        "--timeline-pictures",
        metavar="DIR",
        help="where to draw the timelines of tests that fail (default: timeline-check)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", MARKER)


def _session(config: pytest.Config) -> Session:
    """What the tests of this process share; made when the first of them needs it."""
    from timeline.pytest_plugin.session import Session

    if _SESSION not in config.stash:
        config.stash[_SESSION] = Session.of(config)
    return config.stash[_SESSION]


@pytest.fixture
def timeline(request: pytest.FixtureRequest) -> Timeline:
    """Run, record or load, and check against the baseline."""
    from timeline.pytest_plugin.guard import Timeline, options_of

    marker = request.node.get_closest_marker("timeline")
    return Timeline(_session(request.config), request.node.nodeid, options_of(marker))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's new entries to the controller; write them where there is none above."""
    config = session.config
    if _SESSION not in config.stash:
        return
    if hasattr(config, "workeroutput"):
        config.workeroutput["timeline"] = config.stash[_SESSION].packed()
    else:
        config.stash[_SESSION].write()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist measured."""
    packed = getattr(node, "workeroutput", {}).get("timeline")
    if packed:
        _session(node.config).take(packed)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what an update changed."""
    lines = config.stash[_SESSION].told if _SESSION in config.stash else []
    if lines:
        terminalreporter.section("timeline baseline")
        for line in lines:
            terminalreporter.write_line(line)
