"""The sections of a report, each a function of the same inputs, in the order of reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from jaeger_guard.report.inputs import Inputs
from jaeger_guard.report.model import Section
from jaeger_guard.report.sections.audit_chain import audit_chain
from jaeger_guard.report.sections.canary import canary
from jaeger_guard.report.sections.clauses import clauses
from jaeger_guard.report.sections.coverage import coverage
from jaeger_guard.report.sections.detectors import detectors
from jaeger_guard.report.sections.exceptions import exceptions
from jaeger_guard.report.sections.findings import findings
from jaeger_guard.report.sections.keys import keys
from jaeger_guard.report.sections.policy import policy
from jaeger_guard.report.sections.retention import retention
from jaeger_guard.report.sections.sampling import sampling
from jaeger_guard.report.sections.transport import transport

SECTIONS: Final[tuple[Callable[[Inputs], Section], ...]] = (
    policy,
    exceptions,
    coverage,
    canary,
    findings,
    sampling,
    transport,
    keys,
    retention,
    clauses,
    detectors,
    audit_chain,
)
