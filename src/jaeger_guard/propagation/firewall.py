"""What may cross the process boundary beside a request, by a policy: both ways, with its counts.

Theory of operation. A propagator writes baggage from the Context, so the Context that propagators are
given holds only what may leave: keys that are permitted, values as the guard scrubs an attribute of
that key, within the bounds of W3C Baggage. What a propagator of another kind writes besides is looked
at where it is set. Inbound, nothing is scrubbed, for an application may need what it was sent; what a
policy doesn't take, and what is too long or holds control characters, is left out.

Nothing here raises; what can't be judged stays here.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote_plus, unquote_plus

from opentelemetry.context import Context

from jaeger_guard.forks import call_in_forked_children
from jaeger_guard.generations import Generations
from jaeger_guard.policy import Propagation
from jaeger_guard.propagation.destinations import host_of_url, hosts_of
from jaeger_guard.propagation.permits import HostList, KeyList, lists_of
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.types import Finding

# W3C Trace Context, section 3.3.1.1 (32 members) and 3.3.1.5 ("at least 512 characters"; entries
# larger than 128 characters are removed first, then from the end).
_MOST_STATES: Final = 32
_LONGEST_STATES: Final = 512
_LARGE_STATE: Final = 128
_OURS: Final = ("jaeger_guard", "ot")  # what a refusal of consent and the sampling travel in
# Headers that hold ids and flags of a trace, of B3, Jaeger, AWS X-Ray, OpenTracing, Datadog and
# Google Cloud; some ids are decimal, and one in ten of those would pass for a card.
_IDENTITY: Final = re.compile(
    r"traceparent|b3|x-b3-[a-z]+|uber-trace-id|jaeger-debug-id|x-amzn-trace-id|ot-tracer-[a-z]+"
    r"|x-datadog-(?:trace-id|parent-id|sampling-priority)|x-cloud-trace-context|sentry-trace"
)
_IDS: Final = re.compile(r"[0-9A-Za-z=:;,./_-]{0,512}")
_LISTS: Final = ("baggage", "jaeger-baggage")
# `uberctx-KEY` of Jaeger, `ot-baggage-KEY` of OpenTracing.
_MEMBERS: Final = re.compile(r"(?:uberctx|ot-baggage|baggage)-(.+)", re.DOTALL)
_MOST_REMEMBERED: Final = 1024  # members
_LONGEST_REMEMBERED: Final = 256  # characters of a member
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Firewall:
    """Judges what crosses the boundary. Threads may share it.

    Args:
        scrubber: What values are scrubbed with.
        settings: The policy's table; None: its defaults.
        trusts_callers: Whether baggage of callers is taken without a list of keys.
        always_taken: Keys of baggage that callers may refuse consent by.
    """

    def __init__(
        self,
        scrubber: Scrubber,
        settings: Propagation | None = None,
        *,
        trusts_callers: bool = True,
        always_taken: Iterable[str] = (),
    ) -> None:
        settings = settings or Propagation()
        self._settings = settings
        self._scrubber = scrubber
        self._keys = KeyList(lists_of(settings, "baggage"))
        self._inbound = KeyList(lists_of(settings, "inbound_baggage"))
        self._baggage_hosts = HostList(lists_of(settings, "baggage_hosts"))
        self._trace_hosts = HostList(lists_of(settings, "trace_hosts"))
        self._trusts = trusts_callers
        self._always = frozenset(always_taken)
        # Members that leave as they are, with their encoded length: most are sent with each request.
        self._clean: Generations[tuple[str, str], int] = Generations(_MOST_REMEMBERED)
        self._withheld: Counter[str] = Counter()
        self._renew_lock()
        call_in_forked_children(self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = threading.RLock()  # re-entrant: a signal handler may send a request

    def count(self, reason: str) -> None:
        """Count something that was kept from crossing."""
        with self._lock:
            self._withheld[reason] += 1

    def statistics(self) -> dict[str, int]:
        """Return how often something was withheld, by reason."""
        with self._lock:
            return dict(sorted(self._withheld.items()))

    # --- whom to ---------------------------------------------------------------------------------

    def lets_trace(self, context: Context) -> bool:
        """Say whether anything at all may go where a request goes."""
        return self._permits(self._trace_hosts, context)

    def lets_baggage(self, context: Context) -> bool:
        """Say whether baggage may go where a request goes."""
        return self._permits(self._baggage_hosts, context)

    def _permits(self, listed: HostList, context: Context) -> bool:
        if not listed.is_given:
            return True
        try:
            hosts = hosts_of(context)
        except Exception:  # noqa: BLE001 - a foreign span raises anything
            hosts = None
        if hosts is None:
            return self._settings.unknown_hosts == "allow"
        return all(listed.permits(host) for host in hosts)

    def lets(self, url: str) -> tuple[bool, bool]:
        """Say whether anything, and whether baggage, may go to where a URL points."""
        hosts = [host for host in (host_of_url(url),) if host is not None]
        allowed = self._settings.unknown_hosts == "allow"
        return tuple(  # type: ignore[return-value]  # there are two
            not listed.is_given or (all(map(listed.permits, hosts)) if hosts else allowed)
            for listed in (self._trace_hosts, self._baggage_hosts)
        )

    # --- out -------------------------------------------------------------------------------------

    def outgoing(self, baggage: Mapping[str, object]) -> dict[str, object]:
        """Return what of baggage may leave, scrubbed, in its order and within the bounds."""
        kept: dict[str, object] = {}
        room = self._settings.most_bytes
        for key, value in baggage.items():
            needed = self._clean.get((key, value)) if type(value) is str else None
            if needed is None:
                scrubbed = self._member(key, value)
                if scrubbed is None:
                    continue
                encoded = len(quote_plus(scrubbed))
                needed = len(quote_plus(key)) + 1 + encoded
                if encoded > self._settings.longest_value:
                    self.count("size")
                    continue
                if scrubbed is value and len(key) + len(scrubbed) <= _LONGEST_REMEMBERED:
                    self._clean.put((key, scrubbed), needed)
                value = scrubbed
            needed += 1 if kept else 0
            if needed > room or len(kept) >= self._settings.most_members:
                self.count("size")
                continue
            room -= needed
            kept[key] = value
        return kept

    def _member(self, key: object, value: object) -> str | None:
        """Return a member's value as it may leave; None where the member stays."""
        if not isinstance(key, str) or not self._keys.permits(key):
            self.count("key")
            return None
        try:
            text = value if type(value) is str else str(value)
            if len(text) > self._settings.longest_value:
                self.count("size")
                return None
            scrubbed, found = self._scrubber.value(key, text)
            if found.dropped or self._scrubber.key(key) != key:
                self.count("value")
                return None
            if scrubbed is not text:
                self.count("value")
            return scrubbed if isinstance(scrubbed, str) else str(scrubbed)
        except Exception:  # noqa: BLE001 - one border per member; its text may hold the value
            self.count("failure")
            return None

    def tracestate(self, header: str) -> str:
        """Return a tracestate as it may leave: scrubbed, 32 members and 512 characters at the most."""
        pairs = []
        for member in header.split(","):
            key, equals, value = member.strip(" \t").partition("=")
            if equals and key:
                pairs.append((key, value))
        findings: list[Finding] = []
        scrubbed = self._scrubber.tracestate(tuple(pairs), findings)
        if findings:
            self.count("tracestate")
        return self._within_bounds([f"{key}={value}" for key, value in scrubbed])

    def _within_bounds(self, members: list[str]) -> str:
        """Keep ours, which refusals travel in, then the small ones, from the left."""
        total = sum(map(len, members)) + len(members) - 1
        if len(members) <= _MOST_STATES and total <= _LONGEST_STATES:
            return ",".join(members)
        self.count("size")

        def rank(position: int) -> tuple[bool, bool, int]:
            member = members[position]
            ours = member.partition("=")[0] in _OURS
            return not ours, len(member) > _LARGE_STATE, position

        kept: list[int] = []
        room = _LONGEST_STATES
        for position in sorted(range(len(members)), key=rank):
            needed = len(members[position]) + (1 if kept else 0)
            if needed > room or len(kept) >= _MOST_STATES:
                break  # of the others, those on the right go first
            room -= needed
            kept.append(position)
        return ",".join(members[position] for position in sorted(kept))

    def header(self, name: str, value: object, *, baggage: bool) -> str | None:
        """Return what a propagator of any kind may set under a name; None where nothing.

        Args:
            name: The header's name.
            value: What it would set.
            baggage: Whether baggage may go where the request goes.
        """
        text = value if isinstance(value, str) else str(value)
        lowered = name.lower()
        if _CONTROL.search(name) or _CONTROL.search(text):  # it would end the header
            self.count("header")
            return None
        if lowered == "tracestate":
            return self.tracestate(text) or None
        if _IDENTITY.fullmatch(lowered):
            if _IDS.fullmatch(text):
                return text
            self.count("header")
            return None
        member = _MEMBERS.fullmatch(lowered)
        if (lowered in _LISTS or member) and not baggage:
            self.count("host")
            return None
        if lowered in _LISTS:
            return self._list(text)
        key = lowered if member is None else member[1]
        if member is None or self._keys.permits(unquote_plus(key)):
            plain = unquote_plus(text)
            for candidate in (plain, text):
                scrubbed, found = self._scrubber.value(unquote_plus(key), candidate)
                if found.dropped or scrubbed != candidate:
                    self.count("header")
                    return None
            if len(text) <= self._settings.longest_value:
                return text
        self.count("header")
        return None

    def _list(self, header: str) -> str | None:
        """Return a baggage header with the members that may leave as they are."""
        kept: list[str] = []
        room = self._settings.most_bytes
        for entry in header[: 2 * self._settings.most_bytes].split(","):
            key, equals, value = entry.strip(" \t").partition("=")
            if not equals:
                continue
            plain = unquote_plus(value)
            scrubbed = self._member(unquote_plus(key.strip()), plain)
            if scrubbed is None or scrubbed != plain:
                continue
            needed = len(entry) + (1 if kept else 0)
            if needed > room or len(kept) >= self._settings.most_members:
                self.count("size")
                continue
            room -= needed
            kept.append(entry)
        return ",".join(kept) or None

    # --- in --------------------------------------------------------------------------------------

    def incoming(
        self, before: Mapping[str, object], after: Mapping[str, object]
    ) -> dict[str, object]:
        """Return baggage without what a caller sent in vain; what was there before stays."""
        kept: dict[str, object] = {}
        room, members = self._settings.most_bytes, self._settings.most_members
        for key, value in after.items():
            if key in before and before[key] is value:
                kept[key] = value
                continue
            if not self._takes(key):
                self.count("inbound_key")
                continue
            if not isinstance(value, str) or _CONTROL.search(key) or _CONTROL.search(value):
                self.count("inbound_value")
                continue
            encoded = len(value) if len(value) > room else len(quote_plus(value))
            needed = len(key) + encoded + 2
            if encoded > self._settings.longest_value or needed > room or members < 1:
                self.count("inbound_size")
                continue
            room, members = room - needed, members - 1
            kept[key] = value
        return kept

    def _takes(self, key: Any) -> bool:
        if not isinstance(key, str):
            return False
        if key in self._always:
            return True
        return self._inbound.permits(key) if self._inbound.is_given else self._trusts
