"""What is decided about a trace where it begins, and what a rule with a rate leaves of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from opentelemetry.trace.span import TraceState

from jaeger_guard.sampling.marks import MINIMAL, REFUSED
from jaeger_guard.sampling.rules import Outcome
from jaeger_guard.sampling.threshold import (
    NEVER,
    OT,
    RANDOM_MASK,
    OtMember,
    format_threshold,
    with_members,
)


@dataclass(frozen=True, slots=True)
class Root:
    """A decision about a trace that begins here: kept with a threshold, or without a known one."""

    threshold: int | None
    state: TraceState | None


UNKNOWN: Final = Root(None, None)  # "must erase the OpenTelemetry threshold value"
_MOST_KEPT: Final = 4096
_KEPT: Final[dict[int, Root]] = {}  # making a tracestate costs more than all the rest


def keep_by(threshold: int) -> Root | None:
    """Answer what is written where a trace is kept by a threshold; None where nothing can be."""
    if threshold >= NEVER:
        return None
    known = _KEPT.get(threshold)
    if known is None:
        known = Root(threshold, TraceState([(OT, f"th:{format_threshold(threshold)}")]))
        if len(_KEPT) < _MOST_KEPT:
            _KEPT[threshold] = known
    return known


def by_rule(outcome: Outcome, randomness: int) -> Root | None:
    """Answer what is written where a rule keeps a trace; None where it doesn't."""
    if outcome.decision == "drop":
        return None
    threshold = 0 if outcome.threshold is None else outcome.threshold
    if randomness < threshold:
        return None
    if outcome.limiter is None:
        return keep_by(threshold)
    return UNKNOWN if outcome.limiter.allow() else None


def narrowed(outcome: Outcome, state: TraceState, trace_id: int) -> TraceState | None:
    """Answer the tracestate under a rule with a rate; None where the span isn't kept."""
    member = OtMember.read(state)
    threshold = outcome.threshold
    if threshold is not None and randomness_of(member, trace_id) < threshold:
        return None
    if outcome.limiter is not None:
        if not outcome.limiter.allow():
            return None
        member = member.with_threshold(None)
    elif threshold is not None and member.threshold is not None:
        member = member.with_threshold(max(member.threshold, threshold))
    return with_members(state, {OT: member.text()})


def randomness_of(member: OtMember, trace_id: int) -> int:
    """Answer the randomness of a trace: `rv` where it stands, else the last 56 bits of its id."""
    return trace_id & RANDOM_MASK if member.randomness is None else member.randomness


def joined(letters: str, added: str) -> str:
    """Answer the letters of two marks, each once."""
    return "".join(letter for letter in (REFUSED, MINIMAL) if letter in letters + added)
