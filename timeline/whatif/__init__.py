"""What would a change give? A recording, lifted to its causes, changed, and run again.

A replay is no simulation from first principles: durations, lags and the host's pace are those of
the recording, and a fix changes only what it names. So an unchanged replay gives the recorded
schedule back, and what a prediction says of a fix is the difference that the fix makes.
"""

from timeline.whatif.fix import Change, Fix, Parameter
from timeline.whatif.fixes import FIXES
from timeline.whatif.lift import lift
from timeline.whatif.prediction import Prediction, Replays, predict, rank
from timeline.whatif.replay import Schedule, replay
from timeline.whatif.scenario import Scenario

__all__ = [
    "FIXES",
    "Change",
    "Fix",
    "Parameter",
    "Prediction",
    "Replays",
    "Scenario",
    "Schedule",
    "lift",
    "predict",
    "rank",
    "replay",
]
