"""Pseudonyms: the same value gives the same text within a category, a purpose and an epoch.

Theory of operation. From the services' shared key, a key is derived for each domain (the category, or a
group of categories that policy joins), purpose and epoch; the value's HMAC-SHA-256 under that key, cut to
128 bits, is its pseudonym (RFC 2104; NIST SP 800-107, 5.3.3 for the length). Without the key nobody can
try values out, and two domains, purposes or epochs have nothing in common.

A pseudonym of ours, `jp1.` and 32 characters, ends in a tag over itself under another derived key: so it
is known when it comes by a second time, and nobody passes a value off as one.

The other kind is what the redaction processor of the OpenTelemetry Collector writes with
`hash_function: hmac-sha256`: HMAC-SHA-256 over the matched text under the shared key, in hexadecimal. It
has neither categories nor epochs, and can't be known again; it joins a fleet in other languages.

What a pseudonym permits, and that it is personal data still, is said in docs/pseudonyms.md.
"""

from __future__ import annotations

import hmac
import re
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from jaeger_guard.categories import addresses
from jaeger_guard.generations import Generations
from jaeger_guard.keys.token import decode, encode

PSEUDONYM_PREFIX: Final = "jp1."
_DIGEST_BYTES: Final = 16
_TAG_BYTES: Final = 8
_CHARACTERS: Final = (_DIGEST_BYTES + _TAG_BYTES) * 4 // 3
PSEUDONYM: Final = re.compile(
    rf"(?<![A-Za-z0-9_-])jp1\.[A-Za-z0-9_-]{{{_CHARACTERS}}}(?![A-Za-z0-9_-])"
)
COLLECTOR_PSEUDONYM: Final = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])")
_MOST_KEYS: Final = 4096
_BLOCK: Final = 64  # bytes of SHA-256
_MADE: Final[weakref.WeakSet[Pseudonymizer]] = weakref.WeakSet()


class _Hmac:
    """HMAC-SHA-256 under one key, whose two beginnings are computed once: a third of the cost."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        if len(key) > _BLOCK:
            key = sha256(key).digest()
        padded = key.ljust(_BLOCK, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in padded))

    def digest(self, message: bytes) -> bytes:
        inner = self._inner.copy()
        inner.update(message)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()

    def __reduce__(self) -> Any:
        raise TypeError("a key stays in its process")


@dataclass(frozen=True, slots=True)
class Domains:
    """What of categories shares its pseudonyms.

    Attributes:
        joined: Names of groups, each with patterns of categories that are one domain.
    """

    joined: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def of(self, category: str) -> str:
        """Return the domain of a category: its group's, else its own."""
        for name, patterns in self.joined:
            if any(addresses(pattern, category) for pattern in patterns):
                return f"+{name}"  # no category begins so
        return category


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Pseudonymizer:
    """Makes pseudonyms under one shared key.

    Args:
        key: The key, of 32 bytes or more.
        purpose: What they are for, where a rule doesn't say.
        epoch_seconds: How long an epoch is; they begin at multiples of it since 1970, in UTC.
        domains: Which categories are joined.
        as_collector: Whether they are as the Collector's redaction processor writes them.
        now: Answers the time, in seconds since 1970.
    """

    key: bytes = field(repr=False)
    purpose: str = ""
    epoch_seconds: int = 7 * 86_400
    domains: Domains = Domains()
    as_collector: bool = False
    now: Callable[[], float] = field(default=time.time, repr=False)
    _keys: Generations[tuple[str, str, int], _Hmac] = field(init=False, repr=False)
    _check: _Hmac = field(init=False, repr=False)
    _shared: _Hmac = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_keys", Generations(_MOST_KEYS))
        object.__setattr__(self, "_shared", _Hmac(self.key))
        check = self._shared.digest(b"jaeger_guard pseudonym check 1\0")
        object.__setattr__(self, "_check", _Hmac(check))
        _MADE.add(self)

    @property
    def epoch(self) -> int:
        """The number of the current epoch; 0 where there are none."""
        return 0 if self.as_collector else int(self.now() // self.epoch_seconds)

    @property
    def candidates(self) -> re.Pattern[str]:
        """What has the shape of a pseudonym."""
        return COLLECTOR_PSEUDONYM if self.as_collector else PSEUDONYM

    def pseudonym(self, text: str, category: str, purpose: str | None = None) -> str:
        """Return the pseudonym of a text in a category, now."""
        message = text.encode("utf-8", "surrogatepass")
        if self.as_collector:
            return self._shared.digest(message).hex()
        asked = (category, self.purpose if purpose is None else purpose, self.epoch)
        digest = (self._keys.young.get(asked) or self._key(asked)).digest(message)[:_DIGEST_BYTES]
        return PSEUDONYM_PREFIX + encode(digest + self._check.digest(digest)[:_TAG_BYTES])

    def is_own(self, text: str) -> bool:
        """Say whether a text is a pseudonym under this key; never for the Collector's."""
        if len(text) != len(PSEUDONYM_PREFIX) + _CHARACTERS or not text.startswith(
            PSEUDONYM_PREFIX
        ):
            return False
        data = decode(text[len(PSEUDONYM_PREFIX) :])
        if data is None:
            return False
        tag = self._check.digest(data[:_DIGEST_BYTES])[:_TAG_BYTES]
        return hmac.compare_digest(tag, data[_DIGEST_BYTES:])

    def _key(self, asked: tuple[str, str, int]) -> _Hmac:
        known = self._keys.get(asked)
        if known is None:
            category, purpose, epoch = asked
            parts = (self.domains.of(category), purpose, str(epoch))
            derived = self._shared.digest(b"jaeger_guard pseudonym 1\0" + _parts(parts))
            known = _Hmac(derived)
            self._keys.put(asked, known)
        return known


def is_pseudonym(text: str) -> bool:
    """Say whether a text is a pseudonym under the key of any policy in this process."""
    return any(made.is_own(text) for made in list(_MADE))


def _parts(texts: Sequence[str]) -> bytes:
    """Write texts such that no others give the same bytes."""
    raw = [text.encode("utf-8", "surrogatepass") for text in texts]
    return b"".join(b"%d:%b" % (len(each), each) for each in raw)
