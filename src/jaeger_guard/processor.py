"""GuardSpanProcessor: whatever is behind it sees scrubbed spans, and can't harm the application.

It is a `SynchronousMultiSpanProcessor`, so it may stand for the one inside a TracerProvider
(`TracerProvider(active_span_processor=GuardSpanProcessor(...))`), where every processor that is
added later is behind it too; or it is added to a provider as one processor among others.

What a processor behind it raises is caught, counted, and told once by the names of its types alone:
the exception's text may hold a span's data. Its siblings are served all the same.

What isn't an `Exception` (KeyboardInterrupt, gevent's Timeout) is somebody's control flow, and passes.

At the start of a span, a processor gets the live span, since it may have to write to it: one that
keeps it can read raw data later. `foreign_starters` lists the processors that take part in starts.
"""

from __future__ import annotations

import concurrent.futures
import logging
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import (
    ConcurrentMultiSpanProcessor,
    ReadableSpan,
    Span,
    SpanProcessor,
    SynchronousMultiSpanProcessor,
)

from jaeger_guard.batching import ExportPipeline
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.forks import call_in_forked_children
from jaeger_guard.policy import Policy, compile_policy, load_policy
from jaeger_guard.sampling import PrivacySampler
from jaeger_guard.sampling.enforcement import Enforcement, find_sampler
from jaeger_guard.sampling.pins import PINS
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.spans import GuardedSpan, GuardedState, SpanScrubber, minimal_span
from jaeger_guard.telling import tell
from jaeger_guard.types import Surface

_LOGGER: Final = logging.getLogger("jaeger_guard.processor")

PolicySpec = str | os.PathLike[str] | Policy | Sequence[str]


def span_scrubber(policy: PolicySpec, where: str) -> SpanScrubber:
    """Load and compile a policy, and build what scrubs spans by it.

    Raises:
        ConfigurationError: Names the file, what is wrong in it, and the remedy.
    """
    return SpanScrubber(Scrubber(compile_policy(load_policy(policy, where))))


class GuardSpanProcessor(SynchronousMultiSpanProcessor):
    """Hands each ended span on to the processors behind it as a `GuardedSpan`.

    Args:
        processors: The processors behind it, in order; more may be added later.
        policy: A preset's name, several, a path, or a Policy.

    Raises:
        ConfigurationError: The policy can't be used, or an argument isn't a span processor.
    """

    # The processors, and those of them that may do something at a start: our own export doesn't, and
    # each span has one. Together, since threads read it.
    _told_apart: tuple[Sequence[SpanProcessor], Sequence[SpanProcessor]] = (), ()

    def __init__(self, *processors: SpanProcessor, policy: PolicySpec = "baseline") -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the SDK's has no types
        for processor in processors:
            if not isinstance(processor, SpanProcessor):
                raise ConfigurationError(
                    f"a {type(processor).__name__} is not a span processor",
                    "GuardSpanProcessor(*processors)",
                    "Wrap an exporter in BatchSpanProcessor(...)",
                )
        scrubber = span_scrubber(policy, "GuardSpanProcessor(policy=)")
        self._adopt(scrubber)
        self._span_processors = tuple(processors)

    @classmethod
    def around(cls, scrubber: SpanScrubber, *processors: SpanProcessor) -> GuardSpanProcessor:
        """Build a guard that shares a scrubber, with its caches and counts."""
        guard = cls.__new__(cls)
        SynchronousMultiSpanProcessor.__init__(guard)  # type: ignore[no-untyped-call]
        guard._adopt(scrubber)
        guard._span_processors = tuple(processors)
        return guard

    def _adopt(self, scrubber: SpanScrubber) -> None:
        self.scrubber = scrubber
        self.isolation = Isolation()
        self.guard: object | None = None  # the handle that `protect` gave out for it
        self.sampling = SamplingSide(scrubber)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Pass the live span on; what a processor raises stays here."""
        sampling = self.sampling
        if getattr(span, "_sampler", None) is not sampling.met:
            sampling.meet(span)
        if sampling.active:
            sampling.enforcement.started(span, parent_context)
        processors, foreign = self._told_apart
        if processors is not self._span_processors:
            foreign = self._tell_apart()
        for processor in foreign:
            try:
                processor.on_start(span, parent_context=parent_context)
            except Exception as error:  # noqa: BLE001 - a foreign processor raises anything
                self.isolation.note(processor, "on_start", error)

    def _tell_apart(self) -> Sequence[SpanProcessor]:
        processors = self._span_processors
        foreign = tuple(each for each in processors if not isinstance(each, ExportPipeline))
        self._told_apart = processors, foreign
        return foreign

    def _on_ending(self, span: Span) -> None:
        processors, foreign = self._told_apart
        if processors is not self._span_processors:
            foreign = self._tell_apart()
        for processor in foreign:
            deliver_ending(self.scrubber, self.isolation, processor, span)

    def _consent_stated(self, span: Any, context: Context) -> None:
        """Take note that consent was said or refused while a span runs; `consent` calls it."""
        self.sampling.enforcement.consent_stated(span, context)

    def on_end(self, span: ReadableSpan) -> None:
        """Pass a guarded view on, one for each processor; our own export takes the raw span."""
        state: GuardedState | None = None
        if self.sampling.active:
            remaining = self.sampling.remaining(span, self._span_processors)
            if remaining is None:
                return
            span, state = remaining
        for processor in self._span_processors:
            try:
                if isinstance(processor, ExportPipeline):
                    processor.on_end(span)
                    continue
                if state is None:
                    state = state_of(span, self.scrubber)
                processor.on_end(GuardedSpan(state))
            except Exception as error:  # noqa: BLE001 - a foreign processor raises anything
                self.isolation.note(processor, "on_end", error)

    def shutdown(self) -> None:
        """Shut every processor down, whatever the others do."""
        for processor in self._span_processors:
            try:
                processor.shutdown()
            except Exception as error:  # noqa: BLE001 - a foreign processor raises anything
                self.isolation.note(processor, "shutdown", error)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Flush every processor in turn within the time; False where one didn't or it ran out."""
        deadline = time.monotonic() + timeout_millis / 1000
        flushed = True
        for processor in self._span_processors:
            left = max(0, math.ceil((deadline - time.monotonic()) * 1000))
            if left == 0 and timeout_millis > 0:
                return False
            try:
                flushed = processor.force_flush(left) is not False and flushed
            except Exception as error:  # noqa: BLE001 - a foreign processor raises anything
                self.isolation.note(processor, "force_flush", error)
                flushed = False
        return flushed


class ConcurrentGuard(ConcurrentMultiSpanProcessor):
    """The same guard in the place of a ConcurrentMultiSpanProcessor; only made by `guard_multi`."""

    scrubber: SpanScrubber
    isolation: Isolation
    guard: object | None
    sampling: SamplingSide

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Pass the live span on to every processor at once."""
        self.sampling.started(span, parent_context)
        self._everywhere(
            "on_start", lambda processor: processor.on_start(span, parent_context=parent_context)
        )

    def _consent_stated(self, span: Any, context: Context) -> None:
        self.sampling.enforcement.consent_stated(span, context)

    def _on_ending(self, span: Span) -> None:
        self._everywhere(
            "_on_ending",
            lambda processor: deliver_ending(self.scrubber, self.isolation, processor, span),
        )

    def on_end(self, span: ReadableSpan) -> None:
        """Pass a guarded view on to every processor at once, one for each."""
        remaining = self.sampling.remaining(span, self._span_processors)
        if remaining is None:
            return
        span, settled = remaining
        state = settled or state_of(span, self.scrubber)

        def deliver(processor: SpanProcessor) -> None:
            if isinstance(processor, ExportPipeline):
                processor.on_end(span)
            else:
                processor.on_end(GuardedSpan(state))

        self._everywhere("on_end", deliver)

    def shutdown(self) -> None:
        """Shut every processor down."""
        self._everywhere("shutdown", lambda processor: processor.shutdown())

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Flush every processor at once within the time."""
        outcomes = self._everywhere(
            "force_flush",
            lambda processor: processor.force_flush(timeout_millis),
            timeout_millis / 1000,
        )
        return all(outcome is not False for outcome in outcomes)

    def _everywhere(
        self, what: str, call: Callable[[SpanProcessor], Any], timeout: float | None = None
    ) -> list[Any]:
        def isolated(processor: SpanProcessor) -> Any:
            try:
                return call(processor)
            except Exception as error:  # noqa: BLE001 - a foreign processor raises anything
                self.isolation.note(processor, what, error)
                return False

        futures = []
        for processor in self._span_processors:
            try:
                futures.append(self._executor.submit(isolated, processor))
            except RuntimeError:  # the pool is gone at exit: here and now, then
                isolated(processor)
        done, waiting = concurrent.futures.wait(futures, timeout)
        return [future.result() for future in done] + [False for _ in waiting]


class SamplingSide:
    """What a guard knows of the sampler of its spans, and asks about their fate.

    Attributes:
        enforcement: Decides about spans at their start and their end.
        active: Whether it has anything to do.
        met: The sampler that was looked at last.
    """

    def __init__(self, scrubber: SpanScrubber) -> None:
        self._scrubber = scrubber
        known = scrubber.fate  # guards that share a scrubber share what it forgets
        self.enforcement = (
            known if isinstance(known, Enforcement) else Enforcement(scrubber.scrubber.policy)
        )
        self.met: object = None
        self._found: PrivacySampler | None = None
        self.active = False
        self._seen: Sequence[SpanProcessor] = ()
        self._others = False
        self._settle()

    def meet(self, span: Any) -> None:
        """Look at the sampler that made a span; a PrivacySampler is claimed."""
        try:
            self.claim(getattr(span, "_sampler", None), getattr(span, "_limits", None))
            is_random = span.context.trace_flags & _RANDOM_TRACE_ID
            if self._found is not None and span.parent is None and not is_random:
                self._found.draw_randomness()
        except Exception as error:  # noqa: BLE001 - a foreign span or sampler raises anything
            self.met = getattr(span, "_sampler", None)
            self.enforcement.note_failure(error)

    def claim(self, sampler: object, limits: Any = None) -> PrivacySampler | None:
        """Tell the PrivacySampler in a sampler that this guard makes minimal spans minimal."""
        found = find_sampler(sampler)
        self._found = found
        policy = self._scrubber.scrubber.policy
        beside = found is not sampler
        if found is not None and found.tighten(policy.sampling, policy.consent):
            beside = True  # made by hand, with less than the policy says
        # Where spans can't have any attribute, "minimal" can't reach the guard: it stays a drop.
        if found is not None and getattr(limits, "max_span_attributes", None) != 0:
            found.claim(scrub=self._scrub, late=self.enforcement.late)
        if found is not None:
            self.enforcement.adopt(found, beside=beside)
        self._settle()
        self.met = sampler
        return found

    def shutdown(self) -> None:
        """Stop what the sampler does in the background."""
        if self._found is not None:
            self._found.shutdown()

    def _settle(self) -> None:
        self.active = self.enforcement.is_needed
        if self.active:
            self._scrubber.fate = self.enforcement

    def _scrub(self, attributes: Mapping[str, Any], outbound: bool) -> Mapping[str, Any]:
        return self._scrubber.scrubber.attributes(
            Surface.ATTRIBUTE, attributes, [], outbound=outbound
        )

    def started(self, span: Any, parent_context: Context | None) -> None:
        """Do at the start of a span what is to be done."""
        if getattr(span, "_sampler", None) is not self.met:
            self.meet(span)
        if self.active:
            self.enforcement.started(span, parent_context)

    def remaining(
        self, span: ReadableSpan, processors: Sequence[SpanProcessor]
    ) -> tuple[ReadableSpan, GuardedState | None] | None:
        """Answer what goes on of an ended span, and its state where it had to be scrubbed; or None.

        Our own export forgets a span where it scrubs it. Others keep what they were given, so for
        them it is decided here.
        """
        if not self.active or isinstance(span, GuardedSpan):
            return span, None
        try:
            remaining = self.enforcement.ended(span)
            if remaining is None:
                return None
            if processors is not self._seen:
                self._seen, self._others = processors, _others(processors)
            return self._for_others(remaining) if self._others else (remaining, None)
        except Exception as error:  # noqa: BLE001 - a span made by hand, which nothing was pinned to
            self.enforcement.note_failure(error)
            return span, None

    def _for_others(self, span: ReadableSpan) -> tuple[ReadableSpan, GuardedState | None] | None:
        enforcement = self.enforcement
        if enforcement.drops_with_parent(span.context, span.parent):
            return None
        if enforcement.drops_by_findings:
            content = self._scrubber.scrub_or_drop(span)
            return None if content is None else (span, GuardedState(None, None, content))
        return None if enforcement.drops_by_rule(span) else (span, None)


def _others(processors: Sequence[SpanProcessor]) -> bool:
    return not all(isinstance(processor, ExportPipeline) for processor in processors)


_RANDOM_TRACE_ID: Final = 2  # W3C Trace Context Level 2, section 3.2.2.5.2


class Isolation:
    """Counts what processors behind a guard raised, and tells of each kind once."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._renew_lock()
        call_in_forked_children(self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = threading.RLock()  # re-entrant: a signal handler may end a span

    def note(self, processor: object, method: str, error: Exception) -> None:
        """Count a failure; log the first of its kind without the exception's text."""
        kind = f"{type(processor).__name__}.{method}"
        with self._lock:
            self._counts[kind] += 1
            first = self._counts[kind] == 1
        if first:
            tell(
                _LOGGER,
                logging.WARNING,
                "%s raised %s; other processors are served all the same, and further failures of this "
                "kind are only counted",
                kind,
                type(error).__name__,
            )

    def counts(self) -> dict[str, int]:
        """Return how often each method of each processor failed."""
        with self._lock:
            return dict(self._counts)


def state_of(span: ReadableSpan, scrubber: SpanScrubber) -> GuardedState:
    """Return what the views of a span share; a span that is guarded already keeps its own."""
    if isinstance(span, GuardedSpan):
        return span.guard_state
    return GuardedState.pending(span, scrubber)


def deliver_ending(
    scrubber: SpanScrubber, isolation: Isolation, processor: SpanProcessor, span: Span
) -> None:
    """Tell a processor that a span is ending, if it wants to know, by a guarded view of it.

    The attributes are frozen by then and setters do nothing, so nothing is taken from it.
    """
    if type(processor)._on_ending is SpanProcessor._on_ending:
        return
    try:
        ended = span if isinstance(span, GuardedSpan) else ending(span)
        view = GuardedSpan(state_of(ended, scrubber))
        processor._on_ending(view)  # type: ignore[arg-type]  # readable is all that it can be
    except Exception as error:  # noqa: BLE001 - a foreign processor raises anything
        isolation.note(processor, "_on_ending", error)


def ending(span: Span) -> ReadableSpan:
    """Answer what may be shown of a span that is ending: of a minimal one, its skeleton."""
    ended = span._readable_span()
    context = span.get_span_context()
    pin = None if context is None else PINS.get(context.span_id)
    return (
        ended if pin is None or not (pin.minimal or pin.dropped) else minimal_span(ended, pin.kept)
    )


def guard_multi(multi: Any, scrubber: SpanScrubber) -> GuardSpanProcessor | ConcurrentGuard:
    """Turn a provider's multi-processor into a guard, in place: issued tracers hold on to it.

    Raises:
        ConfigurationError: It is of a kind whose insides aren't known.
    """
    guards: dict[type, type] = {
        SynchronousMultiSpanProcessor: GuardSpanProcessor,
        ConcurrentMultiSpanProcessor: ConcurrentGuard,
    }
    if type(multi) not in guards:
        raise ConfigurationError(
            f"the provider's processor is a {type(multi).__name__}, which can't be guarded in place",
            "protect(provider)",
            "Build the provider with active_span_processor=GuardSpanProcessor(...)",
        )
    multi.scrubber = scrubber
    multi.isolation = Isolation()
    multi.guard = None
    multi.sampling = SamplingSide(scrubber)
    multi.__class__ = guards[type(multi)]  # last: a span may end at any moment
    return multi  # type: ignore[no-any-return]  # its class was just set


def foreign_starters(processors: Iterable[SpanProcessor]) -> list[str]:
    """Name the processors that take part in starts, and so could keep the live span."""
    return [
        type(processor).__qualname__
        for processor in processors
        if type(processor).on_start is not SpanProcessor.on_start
        and not type(processor).__module__.startswith("opentelemetry.sdk.")
        and not isinstance(processor, GuardSpanProcessor | ExportPipeline)
    ]
