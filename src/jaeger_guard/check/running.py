"""What is weak in a guard that runs: who reads raw spans beside it, and what was configured in code.

It looks at the objects themselves, not at what the environment would make: `configure(export=...)` and
processors that were added later count.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from jaeger_guard.check.own import Service, rate_of
from jaeger_guard.check.rule import Hit, Rule, Subject
from jaeger_guard.configuration.bypasses import is_guarded, processors_behind, told_of
from jaeger_guard.guard import Guard
from jaeger_guard.processor import foreign_starters
from jaeger_guard.sampling import PrivacySampler
from jaeger_guard.weaknesses import Place, Severity


@dataclass(frozen=True, slots=True)
class Running:
    """A guard, and the other providers of its process.

    Attributes:
        guard: The guard.
        others: Other TracerProviders of the SDK that gave out a tracer, and had a bypass then.
    """

    guard: Guard
    others: tuple[TracerProvider, ...]

    @classmethod
    def of(cls, guard: Guard) -> Running:
        """Look around in this process."""
        own = guard.tracer_provider
        return cls(guard, tuple(each for each in told_of() if each is not own))

    @property
    def sampler(self) -> Any:
        """The sampler that decides now; the SDK may be given another one."""
        return self.guard.tracer_provider.sampler

    def service(self) -> Service:
        """What was configured, as the rules about a service ask."""
        guard = self.guard
        return Service(
            environ=os.environ,
            policy=guard.policy,
            export=guard.export,
            enabled=not guard.tracer_provider._disabled,
            passthrough=guard.policy.names == ("unsafe passthrough",),
            probability=rate_of(self.sampler),
        )


def _names(things: list[str]) -> str:
    return ", ".join(sorted(set(things)))


def _starters(running: Running) -> Iterator[Hit]:
    names = foreign_starters(processors_behind(running.guard.tracer_provider))
    if names:
        yield Hit(Place("guard", "processors"), f"live spans are seen by {_names(names)}")


def _bypasses(running: Running) -> Iterator[Hit]:
    for number, provider in enumerate(running.others, 1):
        if not is_guarded(provider):
            types = [type(processor).__qualname__ for processor in processors_behind(provider)]
            place = Place("process", f"TracerProvider {number}")
            yield Hit(place, f"spans go on unscrubbed to {_names(types)}")


def _replaced(running: Running) -> Iterator[Hit]:
    current = trace._TRACER_PROVIDER
    own = running.guard.tracer_provider
    if current is not None and current is not own and not is_guarded(current):
        what = f"the global TracerProvider is another one, a {type(current).__qualname__}"
        yield Hit(Place("process", "global TracerProvider"), what)


def _unguarded(running: Running) -> Iterator[Hit]:
    if not is_guarded(running.guard.tracer_provider):
        yield Hit(Place("guard", "tracer_provider"), "the guard's own processor was replaced")


def _sampler(running: Running) -> Iterator[Hit]:
    policy = running.guard.policy
    if (policy.sampling or policy.consent) and not isinstance(running.sampler, PrivacySampler):
        what = (
            f"the policy says how to sample, which a {type(running.sampler).__qualname__} ignores"
        )
        yield Hit(Place("guard", "sampler"), what)


def _stopped(running: Running) -> Iterator[Hit]:
    if running.guard.is_shut_down:
        yield Hit(Place("guard"), "the guard was shut down: spans are lost")


def _failing(running: Running) -> Iterator[Hit]:
    failures = running.guard.statistics().get("processor_failures") or {}
    if failures:
        yield Hit(Place("guard", "processors"), f"these raised an error: {_names(list(failures))}")


def _rule(
    id_: str,
    severity: Severity,
    title: str,
    remedy: str,
    look: Callable[[Running], Iterator[Hit]],
    bad: str,
) -> Rule[Running]:
    return Rule(
        id=f"guard.{id_}",
        severity=severity,
        title=title,
        remedy=remedy,
        source="docs/architecture.md",
        subject=Subject.GUARD,
        look=look,
        bad=bad,
        good="guard = jaeger_guard.configure()",
    )


RULES: Final = (
    _rule(
        "foreign-processor", Severity.MEDIUM,
        "A processor that takes part in the starts of spans: one that keeps a span reads raw data",
        "Remove it, or make sure that it keeps no span", _starters,
        "guard.tracer_provider.add_span_processor(KeepsSpans())",
    ),
    _rule(
        "unguarded-provider", Severity.HIGH, "Another TracerProvider of this process isn't guarded",
        "Call jaeger_guard.protect(provider) where it is made", _bypasses,
        "TracerProvider().add_span_processor(BatchSpanProcessor(exporter))",
    ),
    _rule(
        "replaced", Severity.HIGH, "The global TracerProvider is another one, which isn't guarded",
        "Call jaeger_guard.protect() for it, or don't install it", _replaced,
        "trace.set_tracer_provider(TracerProvider())",
    ),
    _rule(
        "removed", Severity.CRITICAL, "The guard's provider isn't guarded any more",
        "Find out who replaced its processor", _unguarded,
        "guard.tracer_provider._active_span_processor = BatchSpanProcessor(exporter)",
    ),
    _rule(
        "sampler", Severity.MEDIUM, "The sampler in use doesn't follow the policy",
        "Give PrivacySampler(Sampling(...)) to the provider", _sampler,
        "provider.sampler = ALWAYS_ON",
    ),
    _rule(
        "stopped", Severity.MEDIUM, "The guard was shut down",
        "Call configure() again", _stopped, "guard.shutdown()",
    ),
    _rule(
        "failing-processor", Severity.LOW, "A processor raised errors",
        "See its log; the guard goes on without it", _failing,
        "guard.tracer_provider.add_span_processor(Raises())",
    ),
)  # fmt: skip
