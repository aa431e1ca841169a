"""PrivacySampler: decides at a span's start whether it is recorded, and whether with its content.

Theory of operation.

1. *Place.* A span is a root, has a local parent, or a remote one. A remote parent that isn't trusted
   counts as none: its flag, its threshold, its randomness and its marks have no effect, and a fresh
   randomness value (`rv`) is drawn.
2. *What others decided* holds: under a parent that isn't sampled nothing is, under a minimal one all
   is minimal, and a refusal of consent goes on. The trace's tracestate says so (`ot`,
   `jaeger_guard`); a local parent's is believed, since this sampler wrote it, a remote one's where
   it is trusted and verifies.
3. *Consent.* Where it is refused, `without_consent` says what becomes of the span.
4. *Rules.* The first that matches decides. Under a parent, a rate can only keep a part of what the
   parent kept.
5. *The rest*, roots alone: the remote strategy, or the probability.

Each step can only take away. A decision "minimal" travels as the last start attribute, which the
limit on attributes can't evict at the start; the guard takes it off in on_start and pins the span. No
guard, no minimal: the span is dropped instead, and told once.

Whatever raises drops the span, and is counted: a sampler that fails must neither leak nor be seen by
the application.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import Context, get_current
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, Span, SpanContext, SpanKind
from opentelemetry.trace.propagation import _SPAN_KEY
from opentelemetry.trace.span import TraceState
from opentelemetry.util.types import Attributes

from jaeger_guard.consents import is_refused
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy import Consent, Sampling
from jaeger_guard.sampling.callers import claim_by_tracer, draws_random_ids
from jaeger_guard.sampling.decisions import (
    UNKNOWN,
    Root,
    by_rule,
    joined,
    keep_by,
    narrowed,
    randomness_of,
)
from jaeger_guard.sampling.marks import MARK, MINIMAL, REFUSED, Peers, letters_in, read_key
from jaeger_guard.sampling.remote import RemoteStrategies
from jaeger_guard.sampling.rules import LOCAL, REMOTE, ROOT, Rules
from jaeger_guard.sampling.threshold import (
    OT,
    RANDOM_MASK,
    OtMember,
    probability_of,
    threshold_of,
    with_members,
)
from jaeger_guard.telling import tell

if TYPE_CHECKING:
    from jaeger_guard.export import Export

_LOGGER: Final = logging.getLogger("jaeger_guard.sampling")

MINIMAL_KEY: Final = "jaeger_guard.minimal"
# Its value is a number that nobody outside can know, so that no attribute an application takes from
# a request can be mistaken for it; and no text, which a limit could cut.
MINIMAL_VALUE: Final = random.SystemRandom().getrandbits(62)
REASON_KEY: Final = "jaeger_guard.sampling.reason"
_KEEP: Final = Decision.RECORD_AND_SAMPLE
_SAMPLED: Final = 1  # TraceFlags.SAMPLED
_PARENT: Final = "parent"
_MOST_QUESTIONS: Final = 16  # how often a sampler that no tracer asks looks for one
_NO_ATTRIBUTES: Final[Mapping[str, Any]] = {}
_EMPTY: Final = TraceState()

Scrub = Callable[[Mapping[str, Any], bool], Mapping[str, Any]]


class PrivacySampler(Sampler):
    """Samples by rules, consent, rates, and what a Jaeger says; records minimally where asked to.

    Args:
        sampling: What to do.
        export: Whose TLS and credentials `sampling.remote` is asked over.
        service_name: Whose strategy `sampling.remote` is asked for.
        consent: Where a refusal of consent is read from.

    Raises:
        ConfigurationError: The key file can't be used, or `remote` lacks what it needs.
    """

    def __init__(
        self,
        sampling: Sampling | None = None,
        *,
        export: Export | None = None,
        service_name: str | None = None,
        consent: Consent | None = None,
    ) -> None:
        given: object = Sampling() if sampling is None else sampling
        if not isinstance(given, Sampling):
            raise ConfigurationError(
                f"a {type(given).__name__} is not a Sampling",
                "PrivacySampler(sampling)",
                "Give Sampling(...)",
            )
        self.sampling = given
        self.rules = Rules(given)
        self._consent = Consent() if consent is None else consent
        self._without_consent = given.without_consent
        self._trusts = given.trust_remote_parent
        key_file = given.peer_key_file
        self._peers = Peers(
            None if key_file is None else read_key(key_file, "Sampling.peer_key_file")
        )
        probability = 1.0 if given.probability is None else given.probability
        self._threshold = threshold_of(probability)
        self._keep_default = keep_by(self._threshold)
        self._remote = _remote(given, self._threshold, export, service_name)
        self._explains = given.record_reason
        self._claimed = False
        self._scrub: Scrub | None = None
        self._late: Mapping[int, Any] = {}  # span ids that a guard dropped after their end
        self._draws_randomness: bool | None = None  # not known before a tracer asked
        self._questions = _MOST_QUESTIONS
        self._counts: Counter[str] = Counter()

    def __repr__(self) -> str:
        return self.get_description()

    # --- the interface of a Sampler ---------------------------------------------------------------

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Decide; never raises."""
        try:
            context = get_current() if parent_context is None else parent_context
            span = context.get(_SPAN_KEY)
            if isinstance(span, Span):
                parent = span.get_span_context()
                _, parent_id, is_remote, flags, state, is_valid = parent
                if is_valid:
                    if is_remote:
                        return self._under_remote(
                            context, trace_id, name, kind, attributes, flags, state
                        )
                    if not flags & _SAMPLED or parent_id in self._late:
                        return SamplingResult(Decision.DROP, None, state)
                    letters = letters_in(state[MARK]) if MARK in state else ""
                    return self._under(
                        context, trace_id, name, kind, attributes, state, letters, LOCAL
                    )
            return self._root(context, trace_id, name, kind, attributes, None)
        except Exception as error:  # noqa: BLE001 - contexts and attributes of others raise anything
            return self._failed(error)

    def get_description(self) -> str:
        """Describe the sampler, as OpenTelemetry asks for."""
        sampling = self.sampling
        parts = [
            f"rules:{len(sampling.rules) + len(sampling.sensitive_routes)}",
            f"probability:{probability_of(self._threshold):g}",
            f"remote:{'jaeger' if self._remote is not None else 'none'}",
            f"withoutConsent:{sampling.without_consent}",
            f"trustRemoteParent:{'true' if sampling.trust_remote_parent else 'false'}",
            f"peersSigned:{'false' if sampling.peer_key_file is None else 'true'}",
        ]
        return f"PrivacySampler{{{','.join(parts)}}}"

    # --- what a guard tells it ------------------------------------------------------------------

    def claim(self, *, scrub: Scrub | None = None, late: Mapping[int, Any] | None = None) -> None:
        """Take note that a guard makes minimal spans minimal.

        Args:
            scrub: Scrubs start attributes, for `scrub_start`.
            late: Ids of spans that were dropped after their end; their children aren't sampled.
        """
        if scrub is not None and self.sampling.scrub_start:
            self._scrub = scrub
        if late is not None:
            self._late = late
        self._claimed = True

    def tighten(self, sampling: Sampling | None, consent: Consent | None) -> bool:
        """Hold to what a guard's policy asks for besides; say whether that is more than was asked for.

        Of what protects people the stricter holds. Rates stay this sampler's own, and rules are left
        to the guard, which asks both lists.
        """
        before = self._consent, self.sampling
        if consent is not None:
            nothing = self._consent == Consent()
            self._consent = consent if nothing else self._consent.over(consent)
        own = self.sampling
        if sampling is not None:
            stricter = own.over(sampling)
            self.sampling = replace(
                own,
                without_consent=stricter.without_consent,
                trust_remote_parent=stricter.trust_remote_parent,
                sensitive_routes=stricter.sensitive_routes,
                scrub_start=stricter.scrub_start,
            )
        if self.sampling != own:
            self.rules = Rules(self.sampling)
            self._without_consent = self.sampling.without_consent
            self._trusts = self.sampling.trust_remote_parent
        rules_besides = sampling is not None and not set(sampling.rules) <= set(own.rules)
        return rules_besides or before != (self._consent, self.sampling)

    def draw_randomness(self) -> None:
        """Write a randomness value at each root: its trace ids are not random, as its flags say."""
        self._draws_randomness = True

    def consent_is_refused(self, context: Context) -> bool:
        """Say whether consent is refused in a context."""
        return is_refused(context, self._consent, trust_baggage=self._trusts)

    def letters_from(self, parent: SpanContext) -> str:
        """Answer what counts of what a caller says about consent and minimal."""
        if not self._trusts or MARK not in parent.trace_state:
            return ""
        return self._peers.read(parent.trace_state[MARK], parent.trace_id)

    def mark_refusal(self, current: SpanContext, context: Context) -> TraceState | None:
        """Answer the tracestate that goes out from under a span; None where nothing is to be added."""
        if not self.consent_is_refused(context):
            return None
        minimal = MINIMAL if self._without_consent == "minimal" else ""
        return self.marked(current.trace_state, REFUSED + minimal, current.trace_id)

    def marked(self, state: TraceState | None, letters: str, trace_id: int) -> TraceState:
        """Answer a tracestate with a mark that also says what it said before."""
        if state is not None and MARK in state:
            letters = joined(letters_in(state[MARK]), letters)
        return with_members(state, {MARK: self._peers.write(letters, trace_id)})

    def statistics(self) -> dict[str, Any]:
        """Return counts: failures, minimal spans that were dropped, answers of the remote."""
        counts: dict[str, Any] = dict(self._counts)
        if self._remote is not None:
            counts["remote"] = dict(self._remote.statistics())
        return counts

    def shutdown(self) -> None:
        """Stop asking the remote."""
        if self._remote is not None:
            self._remote.shutdown()

    # --- decisions ----------------------------------------------------------------------------------

    def _under_remote(
        self,
        context: Context,
        trace_id: int,
        name: str,
        kind: SpanKind | None,
        attributes: Attributes,
        flags: int,
        state: TraceState,
    ) -> SamplingResult:
        if not self._trusts:
            return self._root(context, trace_id, name, kind, attributes, state)
        letters = ""
        if state and MARK in state:
            letters = self._peers.read(state[MARK], trace_id)
            if not letters:
                state = with_members(state, {MARK: ""})
        member = OtMember.read(state)
        if not flags & _SAMPLED:
            if member.threshold is not None:
                state = with_members(state, {OT: member.with_threshold(None).text()})
            return SamplingResult(Decision.DROP, None, state)
        if member.threshold is not None:
            randomness = randomness_of(member, trace_id)
            if randomness < member.threshold:
                # "should check that the sampled flag matches the expression `rv >= th`, otherwise
                # it should erase the threshold"
                state = with_members(state, {OT: member.with_threshold(None).text()})
        return self._under(context, trace_id, name, kind, attributes, state, letters, REMOTE)

    def _under(
        self,
        context: Context,
        trace_id: int,
        name: str,
        kind: SpanKind | None,
        attributes: Attributes,
        state: TraceState,
        letters: str,
        place: str,
    ) -> SamplingResult:
        """Decide under a parent that is sampled and trusted."""
        added = ""
        reason = _PARENT
        if is_refused(context, self._consent, trust_baggage=self._trusts) or REFUSED in letters:
            added = REFUSED
            reason = "consent refused"
            if self._without_consent == "drop":
                return self._dropped(state, letters, added, trace_id)
            if self._without_consent == "minimal":
                added = REFUSED + MINIMAL
        outcome = self.rules.first(place, kind, name, attributes or _NO_ATTRIBUTES)
        if outcome is not None:
            if outcome.decision == "drop":
                return self._dropped(state, letters, added, trace_id)
            if outcome.threshold is not None or outcome.limiter is not None:
                left = narrowed(outcome, state, trace_id)
                if left is None:
                    return self._dropped(state, letters, added, trace_id)
                state = left
            if outcome.decision == "minimal":
                added = joined(added, MINIMAL)
            if reason == _PARENT:
                reason = outcome.reason
        letters_after = joined(letters, added)
        if letters_after != letters:
            state = with_members(state, {MARK: self._peers.write(letters_after, trace_id)})
        if MINIMAL in letters_after:
            return self._minimal(attributes, state, reason)
        return self._kept(kind, attributes, state, reason)

    def _root(
        self,
        context: Context,
        trace_id: int,
        name: str,
        kind: SpanKind | None,
        attributes: Attributes,
        foreign: TraceState | None,
    ) -> SamplingResult:
        """Decide about a trace that begins here, or whose caller isn't trusted."""
        explicit = None
        draws = self._draws_randomness
        if draws is None:
            draws = self._ask_about_randomness()
        if foreign is not None or draws:
            explicit = random.getrandbits(56)
        randomness = trace_id & RANDOM_MASK if explicit is None else explicit
        letters = ""
        reason = "default"
        if is_refused(context, self._consent, trust_baggage=self._trusts):
            letters = REFUSED
            reason = "consent refused"
            if self._without_consent == "drop":
                return self._dropped(foreign, "", letters, trace_id, untrusted=True)
            if self._without_consent == "minimal":
                letters = REFUSED + MINIMAL
        outcome = self.rules.first(ROOT, kind, name, attributes or _NO_ATTRIBUTES)
        if outcome is None:
            root = self._default(name, randomness)
        else:
            if outcome.decision == "minimal":
                letters = joined(letters, MINIMAL)
            root = by_rule(outcome, randomness)
            reason = outcome.reason if reason == "default" else reason
        if root is None:
            return self._dropped(foreign, "", letters, trace_id, untrusted=True)
        state = root.state
        if foreign is not None or letters or explicit is not None:
            member = OtMember(root.threshold, explicit)
            state = with_members(
                foreign, {OT: member.text(), MARK: self._peers.write(letters, trace_id)}
            )
        if MINIMAL in letters:
            return self._minimal(attributes, state, reason)
        return self._kept(kind, attributes, state, reason)

    def _ask_about_randomness(self) -> bool:
        """Learn from the tracer that asks; without one, soon nobody is asked any more."""
        is_random = draws_random_ids()
        self._questions -= 1
        if is_random is not None or self._questions <= 0:
            self._draws_randomness = is_random is False
        return is_random is False

    def _default(self, name: str, randomness: int) -> Root | None:
        remote = self._remote
        if remote is None:
            return self._keep_default if randomness >= self._threshold else None
        if not remote.is_running:  # a forked child
            remote.ensure_running()
        live = remote.live
        threshold = live.threshold(name)
        if randomness >= threshold:
            if not live.allow():
                return None
            return UNKNOWN if live.limits else keep_by(threshold)
        return UNKNOWN if live.keep_all_the_same(name) else None

    def _kept(
        self, kind: SpanKind | None, attributes: Attributes, state: TraceState | None, reason: str
    ) -> SamplingResult:
        if self._scrub is not None and attributes:
            outbound = kind is SpanKind.CLIENT or kind is SpanKind.PRODUCER
            attributes = self._scrub(attributes, outbound)
        if self._explains:
            attributes = {**(attributes or _NO_ATTRIBUTES), REASON_KEY: reason}
        return SamplingResult(_KEEP, attributes, state)

    def _minimal(
        self, attributes: Attributes, state: TraceState | None, reason: str
    ) -> SamplingResult:
        if not self._claimed and not (claim_by_tracer(self) and self._claimed):
            self._counts["minimal_without_guard"] += 1
            if self._counts["minimal_without_guard"] == 1:
                tell(
                    _LOGGER,
                    logging.WARNING,
                    "spans are to be recorded minimally, but no guard has claimed this sampler: "
                    "they are dropped until its provider has a GuardSpanProcessor, or configure() or "
                    "protect() was called",
                )
            return SamplingResult(Decision.DROP, None, state)
        # Only what judges the span at its end is kept until then: nothing of it goes on.
        given = {**(attributes or _NO_ATTRIBUTES)}
        given.pop(MINIMAL_KEY, None)
        if self._scrub is not None:  # processors that see the start see nothing of it
            given = {}
        if self._explains:
            given[REASON_KEY] = reason
        given[MINIMAL_KEY] = MINIMAL_VALUE  # last, so that it is the last to be evicted
        return SamplingResult(_KEEP, given, state)

    def _dropped(
        self,
        state: TraceState | None,
        letters: str,
        added: str,
        trace_id: int,
        *,
        untrusted: bool = False,
    ) -> SamplingResult:
        """Drop a span; what is said about consent goes on, a threshold of what isn't kept doesn't."""
        changes = {}
        if state and OT in state:
            changes[OT] = "" if untrusted else OtMember.read(state).with_threshold(None).text()
        letters = joined(letters, added)
        if letters or (untrusted and state and MARK in state):
            changes[MARK] = self._peers.write(letters, trace_id)
        if changes:
            state = with_members(state, changes)
        return SamplingResult(Decision.DROP, None, state)

    def _failed(self, error: Exception) -> SamplingResult:
        self._counts["failed"] += 1
        if self._counts["failed"] == 1:
            tell(
                _LOGGER,
                logging.WARNING,
                "a sampling decision failed (%s): the span is dropped, and further ones are only "
                "counted",
                type(error).__name__,
            )
        return SamplingResult(Decision.DROP)


def _remote(
    sampling: Sampling, ceiling: int, export: Export | None, service_name: str | None
) -> RemoteStrategies | None:
    if sampling.remote is None:
        return None
    if export is None or not service_name:
        raise ConfigurationError(
            "a Jaeger is asked over the exporter's TLS, for a service by its name",
            "PrivacySampler(Sampling(remote=))",
            "Give export= and service_name=, or use configure(sampling=)",
        )
    from jaeger_guard.export.polling import prepare_fetcher

    make = prepare_fetcher(sampling.remote.endpoint, service_name, export)
    remote = RemoteStrategies(make, sampling.remote.interval, ceiling)
    remote.ensure_running()  # so that there is an answer before there are many spans
    return remote
