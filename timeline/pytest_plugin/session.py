"""What the tests of a session share: the rules, the baseline, and what is to be its next form."""

from __future__ import annotations

from pathlib import Path

import pytest

from timeline.check import (
    Baseline,
    Entry,
    Rules,
    project_file,
    read_baseline,
    read_rules,
    write_baseline,
)
from timeline.check.changes import told
from timeline.check.file import baseline_of, baseline_text

__all__ = ["Session"]


class Session:
    """One process of tests: the only one, a worker of pytest-xdist, or what the workers report to.

    Attributes
    ----------
    told : list of str
        What an update changed, for the summary.
    """

    def __init__(self, rules: Rules, path: Path, pictures: Path, *, update: bool) -> None:
        self.rules, self.path, self.pictures, self.update = rules, path, pictures, update
        self.told: list[str] = []
        self._baseline: Baseline | None = None
        self._new: list[Entry] = []

    @classmethod
    def of(cls, config: pytest.Config) -> Session:
        """By the options, and the settings of the project that is tested."""
        root = config.rootpath
        settings = project_file(root)
        rules = read_rules(settings) if settings else Rules()
        given = config.getoption("timeline_baseline")
        path = config.invocation_params.dir / given if given else rules.baseline
        pictures = config.getoption("timeline_pictures")
        return cls(
            rules,
            path or root / "overlap.json",
            config.invocation_params.dir / pictures if pictures else root / "timeline-check",
            update=bool(config.getoption("timeline_update")),
        )

    def baseline(self) -> Baseline:
        """The baseline as it is on disk.

        Raises
        ------
        UsageError
            When there is none, or it is damaged.
        """
        if self._baseline is None:
            self._baseline = read_baseline(self.path)
        return self._baseline

    def keep(self, entry: Entry) -> None:
        """Put an entry into the next baseline."""
        self._new.append(entry)

    def packed(self) -> str:
        """The new entries as text, to be sent to another process."""
        return baseline_text(Baseline(tuple(self._new))) if self._new else ""

    def take(self, packed: str) -> None:
        """Keep the entries of :meth:`packed`."""
        self._new += baseline_of(packed, "a worker's figures").entries

    def write(self) -> None:
        """Write the next baseline, once, if anything is new."""
        if not self._new:
            return
        baseline = self.baseline() if self.path.exists() else Baseline()
        for entry in self._new:
            self.told += told(baseline, entry)
            baseline = baseline.with_entry(entry)
        write_baseline(baseline, self.path)
        self.told.append(f"wrote {self.path}")
