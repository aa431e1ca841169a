"""What a service protects values with: the roles' public keys, and the key of pseudonyms.

`FieldKeys` is the runtime behind the actions `encrypt` and `pseudonymize`. It never raises: where a value
can't be encrypted as policy says (no epoch is current, no role may read its category), it answers None,
the value is redacted, and that is counted.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from jaeger_guard.categories import addresses
from jaeger_guard.forks import call_in_forked_children
from jaeger_guard.keys.datakeys import DataKey, forget, issue
from jaeger_guard.keys.pseudonyms import Pseudonymizer
from jaeger_guard.keys.sources import PublishedFile
from jaeger_guard.keys.token import LONGEST_VALUE, Place

_LOOK_EVERY: Final = 2.0  # seconds between two looks at whether the epochs are still the same
WITHOUT_EPOCH: Final = "without_epoch"
WITHOUT_ROLE: Final = "without_role"
TOO_LONG: Final = "too_long"


@dataclass(frozen=True, slots=True)
class Reader:
    """A role that may read categories.

    Attributes:
        categories: Patterns of what it may read.
        file: Its public keys.
    """

    categories: tuple[str, ...]
    file: PublishedFile

    def may_read(self, category: str) -> bool:
        """Say whether this role may read a category."""
        return any(addresses(pattern, category) for pattern in self.categories)


class Sealed(NamedTuple):
    """A token, and the data key that it was sealed under."""

    token: str
    key: DataKey


class FieldKeys:
    """Encrypts for roles and makes pseudonyms; threads may share it.

    Args:
        roles: Who may read what, by the role's name.
        pseudonyms: Makes pseudonyms; None where policy asks for none.
        now: Answers the time, in seconds since 1970.

    Attributes:
        pseudonyms: As given.
    """

    def __init__(
        self,
        roles: Mapping[str, Reader],
        pseudonyms: Pseudonymizer | None = None,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.pseudonyms = pseudonyms
        self._roles = dict(roles)
        self._now = now
        self._sealers: dict[tuple[str, ...], _Sealer] = {}  # as many as the policy has sets
        self._sets: dict[tuple[str, tuple[str, ...]], _Sealer | None] = {}
        self._counts: Counter[str] = Counter()
        self._renew_lock()
        call_in_forked_children(self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = threading.RLock()  # guards the counts; a signal handler may end a span

    def __repr__(self) -> str:
        return f"FieldKeys({', '.join(sorted(self._roles))})"

    def readers(self, category: str, roles: tuple[str, ...]) -> tuple[str, ...]:
        """Return which roles may read a category: of those named, or of all where none is."""
        named = roles or tuple(self._roles)
        return tuple(sorted(role for role in set(named) if self._roles[role].may_read(category)))

    def encrypt(
        self, text: str, category: str, place: Place, roles: tuple[str, ...]
    ) -> Sealed | None:
        """Seal a text for those of `roles` that may read its category; all, where none is named.

        None where none may, or for one of them no epoch is current.
        """
        try:
            sealer = self._sets[category, roles]
        except KeyError:
            sealer = self._sealer(category, roles)
        if sealer is None:
            self._count(WITHOUT_ROLE)
            return None
        if len(text) > LONGEST_VALUE // 4:  # bytes of a character, at the most
            self._count(TOO_LONG)
            return None
        key = sealer.key(self._now())
        if key is None:
            self._count(WITHOUT_EPOCH)
            return None
        return Sealed(key.seal(text, category, place), key)

    def statistics(self) -> Mapping[str, int]:
        """Return how many values were redacted because they could not be encrypted, and why."""
        with self._lock:
            return {name: self._counts[name] for name in (WITHOUT_EPOCH, WITHOUT_ROLE, TOO_LONG)}

    def _count(self, why: str) -> None:
        with self._lock:
            self._counts[why] += 1

    def _sealer(self, category: str, roles: tuple[str, ...]) -> _Sealer | None:
        readers = self.readers(category, roles)
        sealer = None
        if readers:
            files = [self._roles[role].file for role in readers]
            sealer = self._sealers.setdefault(readers, _Sealer(files))
        self._sets[category, roles] = sealer
        return sealer


class _Sealer:
    """The data key of one set of roles, and its renewal."""

    __slots__ = ("_files", "_key", "_look_at")

    def __init__(self, files: Sequence[PublishedFile]) -> None:
        self._files = tuple(files)
        self._key: DataKey | None = None
        self._look_at = 0.0

    def key(self, now: float) -> DataKey | None:
        """Return the key to seal under; None where some role has no current epoch."""
        key = self._key
        # A clock that was set back is no reason to wait for the moment that it had once shown.
        if now < self._look_at <= now + _LOOK_EVERY and (key is None or key.serves(now)):
            return key
        return self._renewed(now)

    def _renewed(self, now: float) -> DataKey | None:
        epochs = [(file.role, file.keys().at(now)) for file in self._files]
        current = tuple((role, epoch) for role, epoch in epochs if epoch is not None)
        key = self._key
        if key is not None and key.epochs != current:
            key.ends = min(key.ends, now)  # its epoch was ended early: it isn't kept for longer
        if len(current) < len(epochs):
            key = None
            forget(now)  # nothing is issued, perhaps never again
        elif key is None or not key.serves(now) or key.epochs != current:
            key = issue(current, now)
        self._key = key
        self._look_at = now + _LOOK_EVERY
        return key
