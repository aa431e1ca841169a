"""Look through one span: scrub it, and note what was found, not what it was.

What a guard has written is no finding: markers are known to the scrubber, a token of an encrypted field
stands beside the wraps of its key, and a pseudonym is known by its form (its tag can be verified by who
has the key alone). A text that only looks like a token is searched as any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from jaeger_guard.categories import CONTENT_WITHHELD
from jaeger_guard.keys import KEYS_ATTRIBUTE, find_tokens, read_wraps
from jaeger_guard.keys.pseudonyms import PSEUDONYM, PSEUDONYM_PREFIX
from jaeger_guard.keys.token import PREFIX, category_of_code, read_token
from jaeger_guard.markers import marker
from jaeger_guard.policy import CompiledPolicy
from jaeger_guard.scan.tally import Place, Tally
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.stored import Origin, StoredSpan
from jaeger_guard.surfaces import Attributes, TraceStatePairs, walk, walk_origin
from jaeger_guard.types import Action, Finding, Surface

_KEPT: Final = (Action.KEEP, Action.UNSAFE_KEEP)
_SERVICE: Final = "service.name"
_NOT_THE_KEYS: Final = f"{KEYS_ATTRIBUTE}.other"
_MOST_DEPTH: Final = 32


class Looker:
    """Looks through spans by one policy, and counts what is found.

    Args:
        policy: The policy.
    """

    def __init__(self, policy: CompiledPolicy) -> None:
        self._scrubber = Scrubber(policy)
        self._origins: dict[int, tuple[Origin, list[Finding]]] = {}

    def new_unit(self) -> None:
        """Forget the resources and scopes of what was looked at before."""
        self._origins.clear()

    def look(self, span: StoredSpan, tally: Tally) -> None:
        """Look through one span, which is scrubbed by that."""
        self._put_own_aside(span)
        tally.spans += 1
        found: list[Finding] = []
        walk(span, _Visitor(self._scrubber, found, outbound=span.is_outbound))
        for origin in (span.resource, span.scope):
            if id(origin) not in self._origins:
                findings: list[Finding] = []
                walk_origin(origin, _Visitor(self._scrubber, findings, outbound=False))
                self._origins[id(origin)] = origin, findings  # held, so that its id stays its own
                self._count(tally, findings, span, "")
        self._count(tally, found, span, span.name)

    def _count(
        self, tally: Tally, findings: list[Finding], span: StoredSpan, operation: str
    ) -> None:
        service = span.resource.attributes.get(_SERVICE, "")
        places = {
            Place(
                category=each.category,
                service=str(service),
                operation=operation,
                surface=each.surface.value,
                key=each.key,
                action=each.action.value,
            )
            for each in findings
            if each.action not in _KEPT
        }
        for place in places:
            tally.add(place, span.start)

    def _put_own_aside(self, span: StoredSpan) -> None:
        """Put a marker where a token of this span's own keys or a pseudonym stands; leave the wraps out."""
        attributes = dict(span.attributes)
        written = attributes.pop(KEYS_ATTRIBUTE, None)
        wraps = read_wraps(written) if isinstance(written, str) else ()
        if isinstance(written, str):
            ours = set(map(str, wraps))
            written = " ".join(entry for entry in written.split(" ") if entry not in ours)
        if written:
            attributes[KEYS_ATTRIBUTE] = written
        known = {wrap.key_id for wrap in wraps}
        span.attributes = _searchable(attributes, known)
        span.events = [(name, _searchable(each, known)) for name, each in span.events]
        span.links = [_searchable(each, known) for each in span.links]


def _searchable(attributes: Mapping[str, Any], known: set[bytes]) -> dict[str, Any]:
    """Return attributes without what a guard wrote; what pretends to be the wraps, under another key:
    the scrubber leaves that attribute to who writes it anew."""
    return {
        _NOT_THE_KEYS if key == KEYS_ATTRIBUTE else key: _without_own(value, known, 0)
        for key, value in attributes.items()
    }


def _without_own(value: Any, known: set[bytes], depth: int) -> Any:
    if isinstance(value, str):
        if PSEUDONYM_PREFIX in value:
            value = PSEUDONYM.sub(marker(CONTENT_WITHHELD), value)
        if PREFIX not in value or not known:
            return value
        pieces, at = [], 0
        for start, end in find_tokens(value):
            token = read_token(value[start:end])
            if token is not None and token.key_id in known:
                category = category_of_code(token.category) or CONTENT_WITHHELD
                pieces += [value[at:start], marker(category)]
                at = end
        return "".join(pieces) + value[at:]
    if depth >= _MOST_DEPTH:
        return value
    if isinstance(value, list):
        return [_without_own(item, known, depth + 1) for item in value]
    if isinstance(value, Mapping):
        return {key: _without_own(item, known, depth + 1) for key, item in value.items()}
    return value


class _Visitor:
    """Scrubs what the walk shows it."""

    __slots__ = ("_findings", "_outbound", "_scrubber")

    def __init__(self, scrubber: Scrubber, findings: list[Finding], *, outbound: bool) -> None:
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
