"""Alert rules for Prometheus over the metrics that a guard has about itself (docs/metrics.md).

A metric's name is what OpenTelemetry's exporters make of it for Prometheus: dots become underscores, the
unit and `_total` follow (opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics).
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.render.target import RenderedFile, Rendering, Source, Target
from jaeger_guard.render.yaml_text import to_yaml

if TYPE_CHECKING:
    from jaeger_guard.telemetry import Instrument

_UNITS: Final[Mapping[str, str]] = MappingProxyType({"By": "_bytes", "s": "_seconds"})
_LABEL: Final = r"[a-zA-Z_][a-zA-Z0-9_]{0,63}"


def prometheus_name(instrument: Instrument) -> str:
    """Return what Prometheus calls a metric."""
    unit = _UNITS.get(instrument.unit, "")
    total = "_total" if instrument.kind == "counter" else ""
    return instrument.name.replace(".", "_") + unit + total


def metric(name: str) -> str:
    """Return what Prometheus calls one of our metrics.

    Raises:
        KeyError: There is none of that name.
    """
    from jaeger_guard.telemetry import (
        INSTRUMENTS,  # with OpenTelemetry, which `--help` doesn't need
    )

    return {each.name: prometheus_name(each) for each in INSTRUMENTS}[f"jaeger_guard.{name}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alert:
    name: str
    expression: str
    severity: str
    summary: str
    description: str
    lasts: str = "0s"


def _alerts(job: str) -> tuple[_Alert, ...]:
    remaining, oldest = metric("certificate.remaining"), metric("queue.oldest")
    scrubbed, findings = metric("spans.scrubbed"), metric("findings")
    day = 24 * 3600
    credentials = f'{findings}{{category=~"credential[.].*"}}'
    return (
        _Alert(
            name="JaegerGuardSpansDropped",
            expression=f"sum by ({job}, reason) (increase({metric('spans.dropped')}[15m])) > 0",
            severity="critical",
            summary="{{ $labels.job }} loses spans ({{ $labels.reason }})",
            description="A queue or spool is full, too old, or can't be read. See docs/export.md.",
        ),
        _Alert(
            name="JaegerGuardSpansQuarantined",
            expression=f"sum by ({job}) (increase({metric('spans.quarantined')}[15m])) > 0",
            severity="warning",
            summary="{{ $labels.job }} sends spans without their content",
            description="They could not be scrubbed or encoded, so nothing of them was let out.",
        ),
        _Alert(
            name="JaegerGuardSpansRejected",
            expression=f"sum by ({job}, reason) (increase({metric('spans.rejected')}[15m])) > 0",
            severity="warning",
            summary="The backend refuses spans of {{ $labels.job }} ({{ $labels.reason }})",
            description="They are gone: what a backend refuses isn't sent again.",
        ),
        _Alert(
            name="JaegerGuardExportWaits",
            expression=f"max by ({job}, stage) ({oldest}) > 600",
            severity="warning",
            summary="Spans of {{ $labels.job }} wait for more than ten minutes",
            description="The backend is away or too slow; they wait on {{ $labels.stage }}.",
            lasts="5m",
        ),
        _Alert(
            name="JaegerGuardSpoolCannotWrite",
            expression=f"sum by ({job}) (increase({metric('spool.write_failures')}[15m])) > 0",
            severity="critical",
            summary="{{ $labels.job }} can't write its spool",
            description="Most likely its disk is full; what memory doesn't hold is lost.",
        ),
        _Alert(
            name="JaegerGuardSpoolSetAside",
            expression=f"sum by ({job}) (increase({metric('spool.set_aside')}[1h])) > 0",
            severity="warning",
            summary="{{ $labels.job }} found a spool file that it can't open",
            description="It is damaged, foreign, or sealed under a key that is gone.",
        ),
        _Alert(
            name="JaegerGuardCertificateEnds",
            expression=f"min by ({job}, certificate) ({remaining}) < {14 * day}",
            severity="warning",
            summary="The {{ $labels.certificate }} certificate of {{ $labels.job }} ends soon",
            description="In {{ $value | humanizeDuration }}. A renewed file is read without a restart.",
        ),
        _Alert(
            name="JaegerGuardCertificateEnded",
            expression=f"min by ({job}, certificate) ({remaining}) <= 0",
            severity="critical",
            summary="The {{ $labels.certificate }} certificate of {{ $labels.job }} has ended",
            description="Nothing is exported until it is renewed.",
        ),
        _Alert(
            name="JaegerGuardCredentialsFound",
            expression=(
                f"sum by ({job}, category) (rate({credentials}[1h]))"
                f" > 10 * sum by ({job}, category) (rate({credentials}[1h] offset 1d)) + 0.01"
            ),
            severity="warning",
            summary="{{ $labels.job }} puts more {{ $labels.category }} into spans than before",
            description="They were taken out. What writes them there writes them to logs as well.",
            lasts="15m",
        ),
        _Alert(
            name="JaegerGuardSilent",
            expression=(
                f"sum by ({job}) (rate({scrubbed}[30m] offset 1h)) > 0"
                f" unless sum by ({job}) (rate({scrubbed}[30m])) > 0"
            ),
            severity="warning",
            summary="{{ $labels.job }} scrubs no spans any more",
            description="Tracing is off, or spans leave by a way that isn't guarded: see check.",
            lasts="15m",
        ),
    )


def render_prometheus(source: Source, job: str = "job") -> Rendering:
    """Render the alert rules; `job` is the label that tells services apart.

    Raises:
        ConfigurationError: The label isn't one.
    """
    if not re.fullmatch(_LABEL, job):
        raise ConfigurationError("not a label of Prometheus", "--label", "Name one such as job")
    rules: list[dict[str, Any]] = [
        {
            "alert": alert.name,
            "expr": alert.expression,
            "for": alert.lasts,
            "labels": {"severity": alert.severity},
            "annotations": {
                "summary": alert.summary.replace("$labels.job ", f"$labels.{job} "),
                "description": alert.description,
            },
        }
        for alert in _alerts(job)
    ]
    head = (
        "# Alert rules for the metrics of jaeger-guard, rendered by it.\n"
        f"# The policy in force has the digest {source.compiled.digest}\n"
    )
    text = head + to_yaml({"groups": [{"name": "jaeger_guard", "rules": rules}]})
    notes = ("metrics need a MeterProvider in each guarded process; see docs/metrics.md",)
    return Rendering(files=(RenderedFile("jaeger-guard-alerts.yaml", text),), notes=notes)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--label",
        metavar="NAME",
        default="job",
        help="the label that tells services apart (default: job)",
    )


def _render(source: Source, arguments: argparse.Namespace) -> Rendering:
    return render_prometheus(source, arguments.label)


TARGET: Final = Target(
    name="prometheus",
    summary="alert rules for a guard's metrics",
    add_arguments=_add_arguments,
    render=_render,
)
