"""Look for weaknesses: in files of a deployment, in live endpoints, in this service, in a running guard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jaeger_guard.check.configuration import is_loopback
from jaeger_guard.check.files import Looked
from jaeger_guard.check.files import check_files as _check_files
from jaeger_guard.check.own import Service
from jaeger_guard.check.registry import check_by, rules
from jaeger_guard.check.rule import Rule, Subject
from jaeger_guard.check.running import Running
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.weaknesses import Finding, Place, Severity

if TYPE_CHECKING:
    from jaeger_guard.check.live.connection import Client
    from jaeger_guard.guard import Guard

__all__ = [
    "Finding",
    "Looked",
    "Place",
    "Rule",
    "Severity",
    "Subject",
    "check_endpoints",
    "check_files",
    "check_guard",
    "check_service",
    "rules",
]


def check_files(paths: Sequence[Path]) -> Looked:
    """Check configuration files and manifests, as one deployment; the worst first."""
    looked = _check_files(paths)
    return Looked(_sorted(looked.findings), looked.faults)


def check_service(environ: Mapping[str, str]) -> list[Finding]:
    """Check what `configure()` would make of an environment; nothing is installed or started."""
    return _sorted(check_by(Subject.SERVICE, Service.from_environment(environ)))


def check_guard(guard: Guard) -> list[Finding]:
    """Check a running guard, and what else reads spans in its process."""
    running = Running.of(guard)
    return _sorted(
        [*check_by(Subject.GUARD, running), *check_by(Subject.SERVICE, running.service())]
    )


def check_endpoints(
    endpoints: Sequence[str], client: Client | None = None, *, timeout: float = 5.0
) -> Looked:
    """Ask live endpoints what they give to strangers.

    Args:
        endpoints: URLs, or `host:port`.
        client: A certificate to show where a stranger is refused; None: there is none.
        timeout: Seconds for one connection; an endpoint is asked by some twenty.
    """
    from jaeger_guard.check.live.connection import Client
    from jaeger_guard.check.live.observing import Address, observe

    looked = Looked()
    for endpoint in endpoints:
        try:
            address = Address.parse(endpoint)
            observed = observe(
                address, client or Client(), is_loopback=is_loopback(address.text), timeout=timeout
            )
        except ConfigurationError as fault:
            looked.faults.append(fault)
            continue
        looked.findings.extend(check_by(Subject.ENDPOINT, observed))
    return Looked(_sorted(looked.findings), looked.faults)


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    """Leave out what was found twice, and put the worst first."""
    once = {(finding.id, finding.where): finding for finding in findings}
    return sorted(
        once.values(),
        key=lambda f: (-f.severity.rank, f.place.artifact, f.place.line or 0, f.id, f.where),
    )
