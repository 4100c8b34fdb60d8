"""Why each activity started when it did: what it waited for, on the device and on the host.

:class:`Execution` joins the activities of a device with the calls of the host threads that issued
them. From any activity one can walk back in time, each step to what ended last of all that it had
to wait for; the steps of such a walk fill the time between two points without a gap, so whatever is
made of them (:mod:`timeline.analysis.critical_path`, :mod:`timeline.analysis.idle_causes`) adds up
exactly.
"""

from timeline.analysis.execution.host_calls import HostCalls, host_calls
from timeline.analysis.execution.predecessors import Predecessors, predecessors
from timeline.analysis.execution.walk import Cause, Execution, Row, Steps, Via, execution

__all__ = [
    "Cause",
    "Execution",
    "HostCalls",
    "Predecessors",
    "Row",
    "Steps",
    "Via",
    "execution",
    "host_calls",
    "predecessors",
]
