"""Scrub spans: one, or a batch at once, resources and scopes once each; quarantine what fails.

A resource or a scope is scrubbed once for all spans that share it.

`SpanScrubber.scrub` never raises: where anything goes wrong with one span, that span is quarantined
and counted. What went wrong is told by the type of the exception alone, since its text may hold the
value that it failed at.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanKind

from jaeger_guard.forks import call_in_forked_children
from jaeger_guard.keys.wraps import KEYS_ATTRIBUTE
from jaeger_guard.scrubber import Scrubber, SpanFindings
from jaeger_guard.spans.content import SpanContent, pairs_of, plain, with_tracestate
from jaeger_guard.spans.fate import Fate, Verdict
from jaeger_guard.spans.minimal import is_minimal, minimal_content
from jaeger_guard.spans.quarantine import quarantine
from jaeger_guard.surfaces import Attributes, TraceStatePairs, walk, walk_origin
from jaeger_guard.telling import tell
from jaeger_guard.types import Finding, Surface

_LOGGER: Final = logging.getLogger("jaeger_guard")

_Source = TypeVar("_Source")

_OUTBOUND: Final = (SpanKind.CLIENT, SpanKind.PRODUCER)
_MOST_ORIGINS: Final = 512  # resources and scopes; a process has a few dozen


class SpanScrubber:
    """Scrubs spans by one policy, and counts what it found. Threads may share it."""

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self.fate: Fate | None = None  # set where sampling or retention has a say about ended spans
        self._renew_lock()
        call_in_forked_children(self._renew_lock)
        self._findings: Counter[tuple[str, str, str]] = Counter()
        self._scrubbed = 0
        self.seconds = 0.0  # of the processor's time
        self._quarantined: Counter[str] = Counter()
        self._resources: OrderedDict[int, tuple[Resource, Resource]] = OrderedDict()
        self._scopes: OrderedDict[int, tuple[InstrumentationScope, InstrumentationScope]] = (
            OrderedDict()
        )

    @property
    def scrubber(self) -> Scrubber:
        """What scrubs by the policy as it is now: without the exceptions that have ended."""
        scrubber = self._scrubber
        if time.time() < scrubber.policy.expires:
            return scrubber
        return self._renew(scrubber.current())

    def _renew(self, current: Scrubber) -> Scrubber:
        with self._lock:
            if self._scrubber.policy.expires <= current.policy.expires:
                # In this order: whoever has the new memories has the new scrubber.
                self._scrubber = current
                self._resources, self._scopes = OrderedDict(), OrderedDict()
                tell(
                    _LOGGER,
                    logging.WARNING,
                    "an exception of the policy has ended: what it kept is scrubbed from now on",
                )
            return self._scrubber

    def _renew_lock(self) -> None:
        # Guards the counters and the two memories; re-entrant: a signal handler may end a span.
        self._lock = threading.RLock()

    def scrub(self, span: ReadableSpan) -> SpanContent:
        """Return the scrubbed content of one span; its quarantined skeleton where that fails.

        A span that is dropped for what it is can't be taken back from who asks here: its skeleton
        is returned. Who can do without it asks `scrub_or_drop`.
        """
        content = self._scrub_or_quarantine(span)
        return self._skeleton(span) if content is None else content

    def scrub_alone(self, span: ReadableSpan) -> SpanContent:
        """Return what `scrub` does, and count its time, for a span that is in no batch."""
        started = time.thread_time()
        content = self.scrub(span)
        self.spend(time.thread_time() - started)
        return content

    def _skeleton(self, span: ReadableSpan) -> SpanContent:
        try:
            return self._scrub(minimal_content(SpanContent.of(span), {}), SpanFindings())
        except Exception as error:  # noqa: BLE001 - foreign spans raise all
            return self.quarantine(span, type(error).__name__)

    def scrub_or_drop(self, span: ReadableSpan) -> SpanContent | None:
        """Return what `scrub_alone` does; None where the span is dropped for what it is."""
        started = time.thread_time()
        content = self._scrub_or_quarantine(span)
        self.spend(time.thread_time() - started)
        return content

    def _scrub_or_quarantine(self, span: ReadableSpan) -> SpanContent | None:
        findings = SpanFindings()
        try:
            raw = SpanContent.of(span)
            if self.fate is None:
                content: SpanContent | None = self._scrub(raw, findings)
            else:
                content = self._scrub_by_fate(raw, findings, self.fate, is_decided=is_minimal(span))
        except Exception as error:  # noqa: BLE001 - one border per span; foreign spans raise all
            return self.quarantine(span, type(error).__name__)
        self.count(1, findings)
        return content

    def _scrub_by_fate(
        self, content: SpanContent, findings: SpanFindings, fate: Fate, *, is_decided: bool
    ) -> SpanContent | None:
        """Scrub a span that may turn out to be minimal, or not to go on at all."""
        verdict = Verdict.KEEP if is_decided else fate.judge(content)
        if verdict is Verdict.KEEP:
            content = self._scrub(content, findings)
            verdict = fate.found(content, findings)
            if verdict is Verdict.MINIMAL and not is_decided:
                content = minimal_content(content, fate.kept(content))
        elif verdict is Verdict.MINIMAL:
            content = self._scrub(minimal_content(content, fate.kept(content)), findings)
        if verdict is Verdict.DROP:
            return None
        fate.finish(content)
        return content

    def scrub_batch(self, spans: Sequence[ReadableSpan]) -> list[SpanContent]:
        """Return the scrubbed content of each span, in order; without what `fate` drops."""
        if self.fate is None:
            return [self.scrub(span) for span in spans]
        return self.fate.survivors([self._scrub_or_quarantine(span) for span in spans])

    def quarantine(self, span: ReadableSpan | SpanContent, reason: str) -> SpanContent:
        """Return a span's skeleton, and count it under `reason`, which holds no value."""
        with self._lock:
            self._quarantined[reason] += 1
            first = self._quarantined.total() == 1
        if first:
            tell(
                _LOGGER,
                logging.WARNING,
                "a span could not be scrubbed (%s) and was quarantined: it goes on without its "
                "content; further ones are only counted",
                reason,
            )
        try:
            resource = self.resource(span.resource)
        except Exception:  # noqa: BLE001 - it may be what was wrong
            resource = None
        return quarantine(span, resource)

    def quarantine_unencodable(self, content: Any) -> SpanContent:
        """Return the skeleton of scrubbed content that the encoder refused all the same."""
        skeleton = self.quarantine(content, "unencodable")
        # Its resource may be what was refused: keep what is text.
        skeleton.resource = Resource(
            {
                key: value
                for key, value in plain(skeleton.resource.attributes).items()
                if type(key) is str and type(value) is str and (key + value).isprintable()
            }
        )
        return skeleton

    def resource(self, resource: Resource) -> Resource:
        """Return the scrubbed resource: one object for each source, and never the source.

        Foreign processors see it: what one writes into it doesn't reach the application's own.
        """
        key = id(resource)
        memory, scrubber = self._resources, self._scrubber  # whoever has the new one has both
        known = memory.get(key)
        if known is not None and known[0] is resource:
            return known[1]
        origin = _of_resource(resource)
        findings: list[Finding] = []
        walk_origin(origin, _Visitor(scrubber, findings))
        # Not Resource.create: it would detect the process anew.
        attributes = dict(origin.attributes)
        if self.fate is not None:
            attributes.update(self.fate.of_resource(attributes))
        scrubbed = Resource(attributes, origin.schema_url)
        return self._remember(memory, key, resource, scrubbed, findings)

    def scope(self, scope: InstrumentationScope | None) -> InstrumentationScope | None:
        """Return the scrubbed instrumentation scope: one object for each source, as of resources."""
        if scope is None:
            return None
        key = id(scope)
        memory, scrubber = self._scopes, self._scrubber
        known = memory.get(key)
        if known is not None and known[0] is scope:
            return known[1]
        origin = _of_scope(scope)
        findings: list[Finding] = []
        walk_origin(origin, _Visitor(scrubber, findings))
        scrubbed = InstrumentationScope(
            origin.name, origin.version, origin.schema_url, dict(origin.attributes)
        )
        return self._remember(memory, key, scope, scrubbed, findings)

    def find(self, span: ReadableSpan) -> list[Finding]:
        """Return what scrubbing a span would find, resource and scope included; counts nothing.

        Raises:
            Exception: Whatever a span raises that can't be read.
        """
        findings: list[Finding] = []
        content = SpanContent.of(span)
        walk(content, _Visitor(self.scrubber, findings, outbound=content.kind in _OUTBOUND))
        visitor = _Visitor(self.scrubber, findings)
        walk_origin(_of_resource(content.resource), visitor)
        if content.instrumentation_scope is not None:
            walk_origin(_of_scope(content.instrumentation_scope), visitor)
        return findings

    def scrub_context(self, context: Any) -> Any:
        """Return a span context with a scrubbed tracestate; itself where that is clean or empty."""
        pairs = pairs_of(context)
        if not pairs:
            return context
        findings: list[Finding] = []
        scrubbed = self.scrubber.tracestate(pairs, findings)
        return context if scrubbed is pairs else with_tracestate(context, scrubbed)

    def statistics(self) -> Mapping[str, Any]:
        """Return counts: `scrubbed`, `quarantined`, and `findings` by category, surface, action.

        `not_encrypted`: what policy would encrypt and had to be redacted, by the reason.
        """
        recognizer = self.scrubber.recognizer
        recognition = {} if recognizer is None else {"recognizer": dict(recognizer.counts)}
        keys = self.scrubber.policy.keys
        encryption = {} if keys is None else {"not_encrypted": dict(keys.statistics())}
        with self._lock:
            return {
                **recognition,
                **encryption,
                "scrubbed": self._scrubbed,
                "quarantined": self._quarantined.total(),
                "quarantined_reasons": dict(self._quarantined),
                "findings": {
                    f"{category}/{surface}/{action}": count
                    for (category, surface, action), count in sorted(self._findings.items())
                },
            }

    def _scrub(self, content: SpanContent, findings: SpanFindings) -> SpanContent:
        scrubber = self.scrubber  # first, since it may change what is remembered of resources
        content.resource = self.resource(content.resource)
        content.instrumentation_scope = self.scope(content.instrumentation_scope)
        visitor = _Visitor(scrubber, findings, outbound=content.kind in _OUTBOUND)
        walk(content, visitor)
        if findings.used:
            content.attributes = {**content.attributes, KEYS_ATTRIBUTE: findings.wraps}
        return content

    def count(self, scrubbed: int, findings: list[Finding]) -> None:
        """Count scrubbed spans and what was found in them."""
        with self._lock:
            self._scrubbed += scrubbed
            for finding in findings:
                self._findings[finding.category, finding.surface.value, finding.action.value] += 1

    def spend(self, seconds: float) -> None:
        """Count processor time that scrubbing took."""
        with self._lock:
            self.seconds += seconds

    def _remember(
        self,
        memory: OrderedDict[int, tuple[_Source, _Source]],
        key: int,
        source: _Source,
        scrubbed: _Source,
        findings: list[Finding],
    ) -> _Source:
        """Keep the source with the outcome: its id can't be given to another object meanwhile.

        Answers the outcome; that of another thread where it was faster.
        """
        with self._lock:
            known = memory.get(key)
            if known is not None and known[0] is source:
                return known[1]
            memory[key] = source, scrubbed
            while len(memory) > _MOST_ORIGINS:
                memory.popitem(last=False)
        self.count(0, findings)
        return scrubbed


class _Origin:
    """A resource or a scope as the walk sees it; implements `surfaces.OriginParts`."""

    __slots__ = ("attributes", "name", "schema_url", "surface", "version")

    def __init__(
        self,
        surface: Surface,
        name: str,
        version: str | None,
        schema_url: str | None,
        attributes: Any,
    ) -> None:
        self.surface = surface
        self.name = name
        self.version = version
        self.schema_url = schema_url
        self.attributes = plain(attributes)


def _of_resource(resource: Resource) -> _Origin:
    return _Origin(Surface.RESOURCE, "", None, resource.schema_url, resource.attributes)


def _of_scope(scope: InstrumentationScope) -> _Origin:
    return _Origin(
        Surface.SCOPE, scope.name, scope.version, scope.schema_url, scope.attributes or {}
    )


class _Visitor:
    """Scrubs what the walk shows it."""

    __slots__ = ("_findings", "_outbound", "_scrubber")

    def __init__(
        self, scrubber: Scrubber, findings: list[Finding], *, outbound: bool = False
    ) -> None:
        self._scrubber = scrubber
        self._findings = findings
        self._outbound = outbound

    def text(self, surface: Surface, text: str) -> str:
        return self._scrubber.text(surface, text, self._findings)

    def identity(self, surface: Surface, text: str) -> str:
        return self._scrubber.identity(surface, text, self._findings)

    def attributes(self, surface: Surface, attributes: Attributes) -> Attributes:
        return self._scrubber.attributes(
            surface, attributes, self._findings, outbound=self._outbound
        )

    def tracestate(self, pairs: TraceStatePairs) -> TraceStatePairs:
        return self._scrubber.tracestate(pairs, self._findings)
