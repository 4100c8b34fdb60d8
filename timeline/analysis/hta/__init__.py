"""HolisticTraceAnalysis' temporal breakdown and overlap, as its version 0.5 defines them.

``rows`` takes from a trace what HTA takes for work of the GPU, ``merging`` adds it up as HTA does,
``steps`` goes from the exact figures to HTA's, one of its choices after the other. Read from HTA's
own source (MIT License, Meta Platforms): ``hta/common/trace_parser.py``, ``hta/common/trace.py``,
``hta/utils/utils.py``, ``hta/analyzers/breakdown_analysis.py`` and ``communication_analysis.py``.
"""

from timeline.analysis.hta.figures import Figures
from timeline.analysis.hta.steps import Step, steps

__all__ = ["Figures", "Step", "steps"]
