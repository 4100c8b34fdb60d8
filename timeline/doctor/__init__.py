"""What of timeline works on this machine, and what to do about the rest."""

from timeline.doctor.abilities import Ability, abilities
from timeline.doctor.check import Check, State
from timeline.doctor.gpu import gpu
from timeline.doctor.packages import packages
from timeline.doctor.profilers import profilers

__all__ = ["Ability", "Check", "State", "abilities", "checkup"]


def checkup() -> tuple[Check, ...]:
    """Look at the packages, the GPU, CUPTI, and at who else profiles.

    CUDA is initialised, nothing is run on the GPU.
    """
    return (*packages(), *gpu(), *profilers())
