"""Say what a sampler would decide about a span, and why, without deciding anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from opentelemetry.trace import SpanKind

from jaeger_guard.policy import Retention, Sampling
from jaeger_guard.sampling.retaining import Retaining
from jaeger_guard.sampling.rules import LOCAL, ROOT, Rules
from jaeger_guard.sampling.threshold import probability_of

_NOT_CONFIGURED: Final = (
    "no sampling is configured here, so the SDK's sampler keeps what OTEL_TRACES_SAMPLER says: this is "
    "what a PrivacySampler decides by default"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanExplanation:
    """What becomes of a span by sampling, and why.

    Attributes:
        decision: "drop", "minimal" or "record".
        reason: The rule that decided.
        probability: Which part of the traces is kept; None where a limit or a parent decides.
        per_second: How many are kept a second at the most; None: no limit.
        retention: The class by its route; None where none is set.
        findings: Decisions that what is found in it can still make, by category.
        notes: What else has a say.
    """

    decision: str
    reason: str
    probability: float | None
    per_second: float | None
    retention: str | None
    findings: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "decision": self.decision,
            "reason": self.reason,
            "probability": self.probability,
            "per_second": self.per_second,
            "retention": self.retention,
            "findings": dict(self.findings),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        lines = [f"span: {self.decision}, because of {self.reason}"]
        if self.probability is not None and self.decision != "drop":
            lines.append(f"  kept with probability {self.probability:g}")
        if self.per_second is not None:
            lines.append(f"  at most {self.per_second:g} a second")
        if self.retention is not None:
            lines.append(f"  kept {self.retention} (privacy.retention)")
        lines += [f"  {what} where {category} is found" for category, what in self.findings]
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


def explain_span(
    sampling: Sampling | None,
    retention: Retention | None,
    *,
    name: str,
    kind: SpanKind,
    attributes: Mapping[str, Any],
    parent: str = ROOT,
    refused: bool = False,
) -> SpanExplanation:
    """Say what would be decided about a span.

    Args:
        sampling: The settings of a `PrivacySampler`; None: its defaults, with a note of that.
        retention: The policy's `[retention]`.
        name: The span's name.
        kind: Its kind.
        attributes: Its attributes.
        parent: "root", "remote" or "local"; the parent is sampled.
        refused: Whether consent was refused.
    """
    configured = sampling is not None
    sampling = Sampling() if sampling is None else sampling
    place = parent if parent != "remote" or sampling.trust_remote_parent else ROOT
    outcome = Rules(sampling).first(place, kind, name, attributes)
    decision, reason, per_second = "record", "the parent", None
    probability = None
    if outcome is not None:
        decision, reason = outcome.decision, outcome.reason
        if outcome.threshold is not None:
            probability = probability_of(outcome.threshold)
        elif outcome.limiter is None and place == ROOT:
            probability = 1.0
        per_second = None if outcome.limiter is None else outcome.limiter.per_second
    elif place == ROOT:
        probability = 1.0 if sampling.probability is None else sampling.probability
        reason = "the default" if sampling.remote is None else "what a Jaeger says"
    if refused and sampling.without_consent != "record" and decision != "drop":
        stricter = sampling.without_consent == "drop" or decision == "record"
        decision = sampling.without_consent if stricter else decision
        reason = "consent that was refused" if stricter else reason
    return SpanExplanation(
        decision=decision,
        reason=reason,
        probability=probability,
        per_second=per_second,
        retention=_retention(retention, attributes, kind, parent),
        findings=tuple((rule.category, rule.decision) for rule in sampling.findings),
        notes=_notes(sampling, place)
        if configured
        else (_NOT_CONFIGURED, *_notes(sampling, place)),
    )


def _retention(
    retention: Retention | None, attributes: Mapping[str, Any], kind: SpanKind, parent: str
) -> str | None:
    if retention is None or parent == LOCAL:  # inherited from the local root
        return None
    return Retaining(retention).of_route(attributes, kind)


def _notes(sampling: Sampling, place: str) -> tuple[str, ...]:
    notes = []
    if place != ROOT:
        notes.append("nothing is kept under a parent that was dropped, minimal under a minimal one")
    elif sampling.remote is not None:
        notes.append("the probability is a ceiling for what the Jaeger says")
    if any(rule.scope is not None for rule in sampling.rules):
        notes.append("a rule on the instrumentation scope may make it minimal")
    if sampling.without_consent != "record":
        notes.append(f"{sampling.without_consent} where consent is refused")
    return tuple(notes)
