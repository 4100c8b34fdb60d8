"""What cost time in a trace, what it cost, and what would mend it.

One module a cause: each looks at the work of one device and gives evidence, with the cost of it in
ns and how that was computed. A cause that costs less than :data:`LEAST_SHARE` of the makespan is no
finding; one that the trace can't tell about is named as unknown.
"""

from timeline.findings.case import Case, case_of
from timeline.findings.catalog import DETECTORS
from timeline.findings.detector import Detector, Evidence
from timeline.findings.diagnose import diagnose, findings
from timeline.findings.examine import examine
from timeline.findings.gains import Gains
from timeline.findings.model import LEAST_SHARE, Diagnosis, Finding, Site, Unknown

__all__ = [
    "DETECTORS",
    "LEAST_SHARE",
    "Case",
    "Detector",
    "Diagnosis",
    "Evidence",
    "Finding",
    "Gains",
    "Site",
    "Unknown",
    "case_of",
    "diagnose",
    "examine",
    "findings",
]
