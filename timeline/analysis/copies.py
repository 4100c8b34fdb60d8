"""How much of the copying was paid for by compute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from timeline.analysis.work import Work
from timeline.engines import COPY_ENGINES, SM

__all__ = ["Copies", "copies"]


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies to and from the device: B(copy) = B(H2D) ∪ B(D2H) ∪ B(P2P).

    Attributes
    ----------
    copy_ns : int
        |B(copy)|, ns.
    hidden_ns : int
        |B(copy) ∩ B(SM)|, ns.
    """

    copy_ns: int
    hidden_ns: int

    @property
    def hidden_ratio(self) -> float | None:
        """|B(copy) ∩ B(SM)| / |B(copy)|; None without copies."""
        return self.hidden_ns / self.copy_ns if self.copy_ns else None

    @property
    def exposed_ns(self) -> int:
        """|B(copy)| − |B(copy) ∩ B(SM)|: copying during which no kernel ran, ns."""
        return self.copy_ns - self.hidden_ns


def copies(work: Work) -> Copies:
    """Hidden and exposed copy time. Copies within the device are not counted."""
    copying = sum(1 << i for i, name in enumerate(work.engines) if name in COPY_ENGINES)
    computing = 1 << work.engines.index(SM)
    by_set = work.coverage.by_set_ns
    sets = np.arange(len(by_set))
    any_copy = (sets & copying) != 0
    hidden = any_copy & ((sets & computing) != 0)
    return Copies(int(by_set[any_copy].sum()), int(by_set[hidden].sum()))
