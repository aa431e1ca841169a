"""What a guard does about sampling: pins decisions at the start, and decides again at the end.

Theory of operation.

1. *Start.* The sampler's "minimal" is taken off the attributes and pinned; rules on the scope are
   asked; a retention class is set at the local root, and inherited.
2. *While it runs*, a refusal of consent pins the current span, and those around it as they end.
3. *End.* A pinned span goes on as its skeleton, or not at all. This is on the application's thread,
   so that nothing of the content waits in a queue.
4. *Scrubbing.* Others are judged by their final route, name and attributes, and by what is found. A
   span that is dropped then takes along those of its local children that are still queued, or start
   later. Children that had gone before are orphans: they are counted, since they bias rates.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

from jaeger_guard.categories import ALL, addresses
from jaeger_guard.forks import call_in_forked_children
from jaeger_guard.policy import CompiledPolicy, Sampling
from jaeger_guard.sampling.marks import MINIMAL
from jaeger_guard.sampling.memory import Recent
from jaeger_guard.sampling.pinning import hear, inherit, mark, refuse
from jaeger_guard.sampling.pins import ATTRIBUTE, PINNED_IDS, PINS, Pin, pin_of
from jaeger_guard.sampling.retaining import RETENTION_KEY, SHORT, Retaining, shorter
from jaeger_guard.sampling.rules import LOCAL, REMOTE, ROOT, Rules
from jaeger_guard.sampling.sampler import (
    MINIMAL_KEY,
    MINIMAL_VALUE,
    REASON_KEY,
    PrivacySampler,
)
from jaeger_guard.spans import SpanContent, Verdict, is_minimal, minimal_span, with_attribute
from jaeger_guard.spans.content import attributes_of
from jaeger_guard.telling import tell
from jaeger_guard.types import Finding

_LOGGER: Final = logging.getLogger("jaeger_guard.sampling")

_MOST_REMEMBERED: Final = 8192

_Ended = TypeVar("_Ended", ReadableSpan, SpanContent)


class Enforcement:
    """The sampling side of one guard; implements `spans.Fate`.

    Args:
        policy: Its `[sampling]` and `[retention]` hold whatever samples.
    """

    def __init__(self, policy: CompiledPolicy) -> None:
        self._sampler: PrivacySampler | None = None
        self._beside = False
        self._policy_sampling = policy.sampling
        self._rules: tuple[Rules, ...] = ()
        if policy.sampling is not None:
            self._rules = (Rules(policy.sampling),)
        self._retaining = None if policy.retention is None else Retaining(policy.retention)
        self._shortened: Recent[None] = Recent(_MOST_REMEMBERED)  # trace ids
        self.late: Recent[None] = Recent(_MOST_REMEMBERED)  # ids of spans dropped after their end
        self._minimal: Recent[None] = Recent(_MOST_REMEMBERED)  # ids of spans counted as minimal
        self._around: Recent[str] = Recent(_MOST_REMEMBERED)  # ids of spans around a refusal
        self._sent: Recent[int] = Recent(_MOST_REMEMBERED)  # by parent's id, children that went
        self._by_finding: dict[str, Verdict] = {}
        self._watches_starts = self._decides_beside = False
        self._settle()
        self._counts: Counter[str] = Counter()
        self._late_drops: Counter[str] = Counter()
        self._renew_lock()
        call_in_forked_children(self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = threading.RLock()  # re-entrant: a signal handler may end a span

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to do at all."""
        return bool(self._sampler or self._rules or self._retaining)

    @property
    def drops_by_findings(self) -> bool:
        """Whether what is found can drop a span, so that it has to be scrubbed before it is shown."""
        return Verdict.DROP in self._by_finding.values()

    def adopt(self, sampler: PrivacySampler, *, beside: bool) -> None:
        """Enforce what a sampler says, at the end too.

        Args:
            sampler: The sampler.
            beside: Whether spans can start that it wasn't asked about as it is now: another sampler
                wraps it, such as ParentBased, or the policy says more than it was made with.
        """
        self._sampler = sampler
        self._beside = beside
        rules = [sampler.rules]
        if self._policy_sampling is not None and not _includes(
            sampler.sampling, self._policy_sampling
        ):
            rules.append(Rules(self._policy_sampling))
        self._rules = tuple(rules)
        self._settle()

    def _settle(self) -> None:
        """Work out what doesn't change from span to span."""
        # What our sampler may not have been asked about, or there is none: others decide at the start.
        self._decides_beside = self._beside or (self._sampler is None and bool(self._rules))
        self._watches_starts = (
            self._decides_beside
            or any(rules.of_scope for rules in self._rules)
            or (self._retaining is not None and self._retaining.has_routes)
        )
        listed = [self._policy_sampling, self._sampler and self._sampler.sampling]
        rules = [rule for sampling in listed if sampling for rule in sampling.findings]
        verdicts = {"drop": Verdict.DROP, "minimal": Verdict.MINIMAL}
        self._by_finding = {
            category: max(matching, key=_SEVERITY.__getitem__)
            for category in ALL
            if (
                matching := [
                    verdicts[rule.decision] for rule in rules if addresses(rule.category, category)
                ]
            )
        }

    def statistics(self) -> dict[str, Any]:
        """Return counts: `minimal`; `late_drops`, by reason; and `orphaned` children of these."""
        with self._lock:
            counts: dict[str, Any] = {
                "minimal": 0,
                "orphaned": 0,
                **self._counts,
                "late_drops": dict(self._late_drops),
            }
        if self._sampler is not None:
            counts["sampler"] = self._sampler.statistics()
        return counts

    def _count_minimal(self, context: SpanContext | None) -> None:
        """Count a span of which only the skeleton goes on, once, however many processors ask."""
        span_id = 0 if context is None else context.span_id
        if span_id not in self._minimal:
            self._minimal.put(span_id, None)
            self._count("minimal")

    def _count(self, what: str, number: int = 1) -> None:
        with self._lock:
            self._counts[what] += number

    # --- the start ----------------------------------------------------------------------------------

    def started(self, span: Any, parent_context: Context | None) -> None:
        """Pin what was decided about a live span."""
        try:
            attributes = span._attributes._dict
            if MINIMAL_KEY in attributes:
                with span._attributes._lock:
                    value = attributes.pop(MINIMAL_KEY, None)
                if value == MINIMAL_VALUE:
                    pin = pin_of(span)
                    pin.minimal = True
                    if REASON_KEY in attributes:
                        pin.kept[REASON_KEY] = attributes[REASON_KEY]
            if self._watches_starts:
                self._watch_start(span, parent_context)
        except Exception as error:  # noqa: BLE001 - a foreign span; fail closed
            self.note_failure(error)
            with contextlib.suppress(Exception):
                pin_of(span).minimal = True

    def _watch_start(self, span: Any, parent_context: Context | None) -> None:
        if self._decides_beside:
            self._decide_beside(span, parent_context)
        for rules in self._rules:
            if rules.of_scope:
                self._by_scope(span, rules)
        if self._retaining is not None and self._retaining.has_routes:
            self._classify(span, parent_context, self._retaining)

    def _decide_beside(self, span: Any, parent_context: Context | None) -> None:
        """Tighten what another sampler decided: our own may not have been asked, or there is none.

        ParentBased asks what it wraps about roots alone. Rates are its business; minimal and refusals
        hold all the same.
        """
        inherit(span, parent_context)
        if self._sampler is not None:
            hear(span, self._sampler, parent_context)
        attributes = span._attributes._dict
        if self._by_rules(span.parent, span.kind, span.name, attributes) is Verdict.MINIMAL:
            pin_of(span).minimal = True
        pin = getattr(span, ATTRIBUTE, None)
        if pin is not None and pin.minimal and self._sampler is not None:
            mark(span, self._sampler, MINIMAL, sampled=not pin.dropped)

    def _by_scope(self, span: Any, rules: Rules) -> None:
        scope = span.instrumentation_scope
        if scope is None or not isinstance(scope.name, str):
            return
        outcome = rules.of_that_scope(
            self._place(span.parent), span.kind, span.name, span._attributes._dict, scope.name
        )
        if outcome is None:
            return
        pin = pin_of(span)
        pin.minimal = True
        if self._sampler is not None and self._sampler.sampling.record_reason:
            pin.kept[REASON_KEY] = outcome.reason
        if self._sampler is not None:
            mark(span, self._sampler, MINIMAL)

    def _classify(self, span: Any, parent_context: Context | None, retaining: Retaining) -> None:
        parent = span.parent
        if parent is None or parent.is_remote:
            word = retaining.of_route(span._attributes._dict, span.kind)
        else:
            around = getattr(trace.get_current_span(parent_context), ATTRIBUTE, None)
            word = around.retention if isinstance(around, Pin) else None
        if word is not None:
            pin = pin_of(span)
            pin.retention = word
            pin.kept[RETENTION_KEY] = word
            span.set_attribute(RETENTION_KEY, word)

    def _place(self, parent: SpanContext | None) -> str:
        if parent is None:
            return ROOT
        if not parent.is_remote:
            return LOCAL
        trusts = self._sampler is None or self._sampler.sampling.trust_remote_parent
        return REMOTE if trusts else ROOT

    # --- while it runs ------------------------------------------------------------------------------

    def consent_stated(self, span: Any, context: Context) -> None:
        """Pin the current span, and those around it, where consent is refused while they run."""
        try:
            self._consent_stated(span, context)
        except Exception as error:  # noqa: BLE001 - a foreign span
            self.note_failure(error)

    def _consent_stated(self, span: Any, context: Context) -> None:
        sampler = self._sampler
        if sampler is None or not sampler.consent_is_refused(context):
            return
        if not span.is_recording():
            return
        if refuse(span, sampler):
            self._note_around(span.parent, sampler.sampling.without_consent)

    def _note_around(self, parent: SpanContext | None, decision: str) -> None:
        if parent is not None and not parent.is_remote:
            self._around.put(parent.span_id, decision)

    # --- the end ------------------------------------------------------------------------------------

    def ended(self, span: ReadableSpan) -> ReadableSpan | None:
        """Answer what goes on of an ended span: itself, its skeleton, or nothing."""
        context = span.context
        if context is None:
            return span
        pin = PINS.get(context.span_id) if context.span_id in PINNED_IDS else None
        if self._around and context.span_id in self._around:
            decision = self._around.pop(context.span_id, "minimal")
            pin = pin or Pin()
            pin.minimal = True
            pin.dropped = pin.dropped or decision == "drop"
            self._note_around(span.parent, decision)
        if pin is None:
            return span
        if pin.dropped:
            self._drop(context.span_id, "by_consent")
            return None
        if pin.minimal:
            self._count_minimal(context)
            return minimal_span(span, pin.kept)
        if pin.retention is not None:
            wanted = shorter(attributes_of(span).get(RETENTION_KEY), pin.retention)
            if attributes_of(span).get(RETENTION_KEY) != wanted:
                return with_attribute(span, RETENTION_KEY, wanted)
        return span

    def drops_with_parent(self, context: SpanContext | None, parent: SpanContext | None) -> bool:
        """Say whether a span's local parent was dropped late, so that it is too."""
        if context is None or parent is None or not self.late:
            return False
        if parent.is_remote or parent.span_id not in self.late:
            return False
        self._drop(context.span_id, "with_parent")
        return True

    def drops_by_rule(self, span: ReadableSpan) -> bool:
        """Say whether a rule drops an ended span, for processors that can't be asked to forget it."""
        try:
            verdict = self._by_rules(span.parent, span.kind, span.name, attributes_of(span))
            if verdict is Verdict.DROP and span.context is not None:
                self._drop(span.context.span_id, "by_rule")
            return verdict is Verdict.DROP
        except Exception as error:  # noqa: BLE001 - a hand-made span; its content is scrubbed
            self.note_failure(error)
            return False

    def _by_rules(
        self, parent: Any, kind: Any, name: str, attributes: Mapping[str, Any]
    ) -> Verdict:
        place = self._place(parent)
        verdict = Verdict.KEEP
        for rules in self._rules:
            outcome = rules.first(place, kind, name, attributes)
            if outcome is not None and outcome.decision != "record":
                said = Verdict(outcome.decision)
                verdict = max(verdict, said, key=_SEVERITY.__getitem__)
        return verdict

    # --- spans.Fate, where spans are scrubbed ---------------------------------------------------------

    @property
    def needs_scrubbed(self) -> bool:
        """Whether findings or a retention class have a say."""
        return bool(self._by_finding) or self._retaining is not None

    def sift(self, spans: Sequence[ReadableSpan]) -> list[ReadableSpan]:
        """Judge raw spans by rules alone; what can't be read is left to who scrubs it."""
        judged: list[ReadableSpan] = []
        for span in spans:
            try:
                judged_span = self._sifted(span)
            except Exception:  # noqa: BLE001 - a hand-made span; scrubbing quarantines it
                judged_span = span
            if judged_span is not None:
                judged.append(judged_span)
        return self._surviving(judged)

    def _sifted(self, span: ReadableSpan) -> ReadableSpan | None:
        if is_minimal(span):
            return span
        context = span.context
        if context is not None and self.late and context.span_id in self.late:
            return None
        verdict = self._by_rules(span.parent, span.kind, span.name, attributes_of(span))
        if verdict is Verdict.KEEP:
            return span
        if verdict is Verdict.DROP:
            if context is not None:
                self._drop(context.span_id, "by_rule")
            return None
        self._count_minimal(context)
        return minimal_span(span, _kept(attributes_of(span)))

    def judge(self, content: SpanContent) -> Verdict:
        """Decide by the final route, name and attributes."""
        context = content.context
        if context is not None and self.late and context.span_id in self.late:
            return Verdict.DROP
        verdict = self._by_rules(content.parent, content.kind, content.name, content.attributes)
        if verdict is Verdict.DROP and context is not None:
            self._drop(context.span_id, "by_rule")
        elif verdict is Verdict.MINIMAL:
            self._count_minimal(context)
        return verdict

    def found(self, content: SpanContent, findings: Sequence[Finding]) -> Verdict:
        """Decide by what was found."""
        if not findings:
            return Verdict.KEEP
        retaining = self._retaining
        if retaining is not None and content.context is not None and retaining.shortens(findings):
            self._shortened.put(content.context.trace_id, None)
        verdict = Verdict.KEEP
        for finding in findings:
            said = self._by_finding.get(finding.category)
            if said is not None:
                verdict = max(verdict, said, key=_SEVERITY.__getitem__)
        if verdict is Verdict.DROP and content.context is not None:
            self._drop(content.context.span_id, "by_finding")
        elif verdict is Verdict.MINIMAL:
            self._count_minimal(content.context)
        return verdict

    def kept(self, content: SpanContent) -> Mapping[str, Any]:
        """Answer what a span that turned out to be minimal has all the same."""
        return _kept(content.attributes)

    def finish(self, content: SpanContent) -> None:
        """Shorten what must not be kept long."""
        retaining = self._retaining
        if retaining is None or content.context is None:
            return
        word = None
        if self._shortened and content.context.trace_id in self._shortened:
            word = SHORT
        elif retaining.has_routes and (content.parent is None or content.parent.is_remote):
            word = retaining.of_route(content.attributes, content.kind)  # by now the route is known
        if word == SHORT and content.attributes.get(RETENTION_KEY) != SHORT:
            self._shortened.put(content.context.trace_id, None)
            content.attributes = {**content.attributes, RETENTION_KEY: SHORT}

    def survivors(self, contents: Sequence[SpanContent | None]) -> list[SpanContent]:
        """Answer what goes on of scrubbed spans."""
        return self._surviving([content for content in contents if content is not None])

    def _surviving(self, spans: list[_Ended]) -> list[_Ended]:
        """Leave out whose parent was dropped; parents end after children: it is read from its end."""
        if self.late:
            spans = [
                span
                for span in reversed(spans)
                if _local_parent(span) not in self.late or not self._drop_with_parent(span)
            ]
            spans.reverse()
        sent = self._sent
        for span in spans:
            identity = _local_parent(span)
            if identity is not None:
                sent.put(identity, sent.get(identity, 0) + 1)
        return spans

    def _drop_with_parent(self, span: _Ended) -> bool:
        return self.drops_with_parent(span.context, span.parent)

    def of_resource(self, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer the retention class of a service."""
        if self._retaining is None:
            return {}
        word = shorter(
            attributes.get(RETENTION_KEY),
            self._retaining.of_service(attributes.get("service.name")),
        )
        return {} if word is None else {RETENTION_KEY: word}

    def _drop(self, span_id: int, reason: str) -> None:
        if span_id in self.late:
            return
        self.late.put(span_id, None)
        with self._lock:
            self._late_drops[reason] += 1
        orphans = self._sent.pop(span_id, 0)
        if orphans:
            self._count("orphaned", orphans)

    def note_failure(self, error: Exception) -> None:
        """Count a failure; tell the first by its type."""
        self._count("sampling_failures")
        if self._counts["sampling_failures"] == 1:
            tell(
                _LOGGER,
                logging.WARNING,
                "what was decided about a span could not be read (%s); further ones are only counted",
                type(error).__name__,
            )


_SEVERITY: Final = {Verdict.KEEP: 0, Verdict.MINIMAL: 1, Verdict.DROP: 2}


def _kept(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Answer what a span has all the same that turned out to be minimal."""
    kept: dict[str, Any] = {}
    if RETENTION_KEY in attributes:  # what isn't a class may be content
        kept[RETENTION_KEY] = "long" if attributes[RETENTION_KEY] == "long" else SHORT
    if REASON_KEY in attributes:
        is_skeleton = len(kept) + 1 == len(attributes)
        kept[REASON_KEY] = attributes[REASON_KEY] if is_skeleton else "decided at its end"
    return kept


def _local_parent(span: ReadableSpan | SpanContent) -> int | None:
    """Answer the id of a span's parent in this process; None also where it isn't one of the SDK's."""
    try:
        parent = span.parent
    except Exception:  # noqa: BLE001 - a hand-made span; scrubbing quarantines it
        return None
    return parent.span_id if type(parent) is SpanContext and not parent.is_remote else None


def _includes(sampling: Sampling, policy: Sampling) -> bool:
    """Say whether a sampler's rules hold the policy's already, in the order of configure()."""
    routes = set(policy.sensitive_routes) <= set(sampling.sensitive_routes)
    return routes and set(policy.rules) <= set(sampling.rules)


def find_sampler(sampler: Any) -> PrivacySampler | None:
    """Find the PrivacySampler in a sampler, which others may have wrapped."""
    waiting, seen = [sampler], 0
    while waiting and seen < 32:
        candidate = waiting.pop()
        seen += 1
        if isinstance(candidate, PrivacySampler):
            return candidate
        waiting += [
            value
            for value in getattr(candidate, "__dict__", {}).values()
            if hasattr(value, "should_sample")
        ]
    return None
