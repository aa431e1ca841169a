"""What may cross the process boundary beside a request: the table `[propagation]` of a policy.

A list that is left out permits everything, which is scrubbed all the same; one that is there permits
what it names, and an empty one nothing. Where several policies have a list, each has to permit it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from jaeger_guard.policy.tables import choice, read_table, settle, texts
from jaeger_guard.policy.words import Fault, Word, kind

# W3C Baggage, section 3.3.2 ("Limits"): what a platform must propagate at least, and what the SDK
# propagates at the most.
MOST_MEMBERS: Final = 180
MOST_BYTES: Final = 8192
LONGEST_VALUE: Final = 4096
_UNKNOWN_HOSTS: Final = ("withhold", "allow")
_HOST: Final = r"[A-Za-z0-9_.*?-]{1,253}"


def _optional(name: str) -> Callable[[object], object]:
    read = texts(name)
    return lambda value: None if value is None else read(value)


def _hosts(name: str) -> Callable[[object], object]:
    read = _optional(name)

    def checked(value: object) -> object:
        answer = read(value)
        if answer is None or isinstance(answer, Fault):
            return answer
        for entry in answer:  # type: ignore[attr-defined]
            if network_of(entry) is None and not re.fullmatch(_HOST, entry):
                return Fault(
                    name,
                    f"{name} holds something else than hosts",
                    f'Write names or addresses alone: {name} = ["*.internal", "10.0.0.0/8"]',
                )
        return tuple(entry.lower() for entry in answer)  # type: ignore[attr-defined]

    return checked


def _whole(name: str, lowest: int, highest: int) -> Callable[[object], object]:
    def read(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int):
            return Fault(
                name, f"{name} is a {kind(value)}, not a whole number", f"Write {name} = {highest}"
            )
        if not lowest <= value <= highest:
            return Fault(name, f"{name} is out of range", f"Give {lowest} to {highest}")
        return value

    return read


_LIST: Final = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 256}}


def _limit(name: str, meaning: str, highest: int) -> Word:
    return Word(
        name=name,
        meaning=meaning,
        schema={"type": "integer", "minimum": 0, "maximum": highest, "default": highest},
        read=_whole(name, 0, highest),
    )


PROPAGATION_WORDS: Final = (
    Word(
        name="baggage",
        meaning="Keys of baggage that may leave, as globs; without it, all whose values are clean.",
        schema=_LIST,
        read=_optional("baggage"),
    ),
    Word(
        name="baggage_hosts",
        meaning="Hosts that baggage goes to: globs over names, addresses and networks; without it, "
        "all.",
        schema=_LIST,
        read=_hosts("baggage_hosts"),
    ),
    Word(
        name="trace_hosts",
        meaning="Hosts that the trace context (and whatever else) goes to; without it, all.",
        schema=_LIST,
        read=_hosts("trace_hosts"),
    ),
    Word(
        name="unknown_hosts",
        meaning="What happens under a list of hosts where no client span shows the host.",
        schema={"enum": list(_UNKNOWN_HOSTS), "default": "withhold"},
        read=choice("unknown_hosts", _UNKNOWN_HOSTS),
    ),
    Word(
        name="inbound_baggage",
        meaning="Keys of baggage that are taken from callers, as globs; without it, all, and none "
        "where trust_remote_parent is false.",
        schema=_LIST,
        read=_optional("inbound_baggage"),
    ),
    _limit("most_members", "How many members of baggage pass, in and out.", MOST_MEMBERS),
    _limit("most_bytes", "How many bytes of baggage pass, in and out.", MOST_BYTES),
    _limit(
        "longest_value",
        "The longest value of baggage that passes, encoded, in bytes.",
        LONGEST_VALUE,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Propagation:
    """What may leave beside a request, to whom, and what is taken from callers.

    Attributes:
        baggage: Globs over keys that may leave; None: all.
        baggage_hosts: Hosts that baggage goes to; None: all.
        trace_hosts: Hosts that anything goes to, the trace context included; None: all.
        unknown_hosts: "withhold" or "allow", under a list of hosts, where the host isn't known.
        inbound_baggage: Globs over keys that are taken from callers; None: all, and none where
            callers aren't trusted.
        most_members: How many members of baggage pass, 180 at the most.
        most_bytes: How many bytes of baggage pass, 8,192 at the most.
        longest_value: How long an encoded value may be, in bytes, 4,096 at the most.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    baggage: Sequence[str] | None = None
    baggage_hosts: Sequence[str] | None = None
    trace_hosts: Sequence[str] | None = None
    unknown_hosts: Literal["withhold", "allow"] = "withhold"
    inbound_baggage: Sequence[str] | None = None
    most_members: int = MOST_MEMBERS
    most_bytes: int = MOST_BYTES
    longest_value: int = LONGEST_VALUE
    besides: Propagation | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        settle(self, PROPAGATION_WORDS, "Propagation", list)

    def over(self, other: Propagation) -> Propagation:
        """Return what permits only what both permit."""
        merged = Propagation(
            baggage=self.baggage,
            baggage_hosts=self.baggage_hosts,
            trace_hosts=self.trace_hosts,
            unknown_hosts="allow"
            if self.unknown_hosts == other.unknown_hosts == "allow"
            else "withhold",
            inbound_baggage=self.inbound_baggage,
            most_members=min(self.most_members, other.most_members),
            most_bytes=min(self.most_bytes, other.most_bytes),
            longest_value=min(self.longest_value, other.longest_value),
        )
        further = other if self.besides is None else self.besides.over(other)
        object.__setattr__(merged, "besides", further)
        return merged


Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def network_of(entry: str) -> Network | None:
    """Read an address or a network, `10.0.0.0/8`; None where an entry is neither."""
    try:
        return ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return None


def read_propagation(given: object, where: str) -> Propagation:
    """Read the table `[propagation]` of a policy file.

    Raises:
        ConfigurationError: Names the place, what is wrong, and the remedy.
    """
    propagation: Propagation = read_table(given, Propagation, PROPAGATION_WORDS, where)
    return propagation
