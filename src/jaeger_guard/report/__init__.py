"""Evidence for an auditor: what was observed of a guard in a period, and what could not be seen.

Observed facts only: whether they are enough for a law or a standard is for people to judge. A section is a
file in `sections/`; each reads the same `Inputs`.
"""

from jaeger_guard.report.canary import Canary, send_canary
from jaeger_guard.report.inputs import Inputs, Period, read_running
from jaeger_guard.report.making import FORMATS, make_report
from jaeger_guard.report.model import Report, Row, Section, Table

__all__ = [
    "FORMATS",
    "Canary",
    "Inputs",
    "Period",
    "Report",
    "Row",
    "Section",
    "Table",
    "make_report",
    "read_running",
    "send_canary",
]
