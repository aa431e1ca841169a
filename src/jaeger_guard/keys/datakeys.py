"""Data keys: what a process seals values under, and how it knows its own tokens again.

Theory of operation. A data key belongs to one process, one set of roles and one epoch of each. It is made
at first use, wrapped once to each role's public key, and held in memory alone.

1. A forked child makes its own: it shares the parent's memory, so under the parent's key it might draw a
   nonce that the parent drew. The process's id, asked each time, tells; no hook has to run for that. A
   grandchild may get the id of a process that has ended, or of another namespace's; so forks are counted
   besides.
2. Nonces are random, 96 bits, and a key seals `MOST_MESSAGES` at the most: among 2^24, two are equal with
   a chance of 2^-49 (NIST SP 800-38D, 8.3, allows 2^32, at 2^-33).
3. Keys are remembered by their id until their epoch ends, so that a token that comes by a second time is
   known. Then they are forgotten: a destroyed epoch must not live on in the memory of a service.

There is no lock. Two threads may make a key each at the same time; both are good.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Final

from jaeger_guard.keys.cryptographic import hpke_suite
from jaeger_guard.keys.published import Epoch
from jaeger_guard.keys.token import (
    KEY_ID_BYTES,
    NONCE_BYTES,
    PREFIX,
    Place,
    authenticated,
    category_code,
    category_of_code,
    encode,
    pad,
    read_token,
)
from jaeger_guard.keys.wraps import DATA_KEY_BYTES, Wrap, wrap_info, write_wraps

MOST_MESSAGES: Final = 2**24
_MOST_ISSUED: Final = 1024
_NONCES: Final = 256  # drawn at once: each draw is a call of the system, which lets others run


_forks = 0


def _count_fork() -> None:
    global _forks
    _forks += 1


os.register_at_fork(after_in_child=_count_fork)


class DataKey:
    """One data key. Its `repr` shows its id alone.

    Attributes:
        id: 8 random bytes, by which tokens and wraps name it.
        wraps: It, wrapped to each role, as `jaeger_guard.keys` holds it.
        ends: When the first of its epochs ends, in seconds since 1970.
        epochs: The epoch of each of its roles.
    """

    __slots__ = ("_aead", "_forks", "_left", "_nonces", "_process", "ends", "epochs", "id", "wraps")

    def __init__(self, epochs: Iterable[tuple[str, Epoch]]) -> None:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self.epochs = tuple(epochs)
        self.id = os.urandom(KEY_ID_BYTES)
        self.ends: float = min(epoch.ends for _, epoch in self.epochs)
        self._process = os.getpid()
        self._forks = _forks
        self._left = MOST_MESSAGES
        self._nonces: list[bytes] = []
        secret = os.urandom(DATA_KEY_BYTES)
        self._aead: Any = AESGCM(secret)
        self.wraps = write_wraps(
            Wrap(
                self.id,
                role,
                epoch.number,
                hpke_suite().encrypt(
                    secret,
                    X25519PublicKey.from_public_bytes(epoch.public_key),
                    wrap_info(self.id, role, epoch.number),
                ),
            )
            for role, epoch in self.epochs
        )

    def __repr__(self) -> str:
        return f"DataKey({self.id.hex()})"

    def __reduce__(self) -> Any:
        raise TypeError("a data key stays in its process")

    def serves(self, now: float) -> bool:
        """Say whether this process may seal under it at a time."""
        is_ours = self._process == os.getpid() and self._forks == _forks
        return is_ours and self._left > 0 and now < self.ends

    def seal(self, text: str, category: str, place: Place) -> str:
        """Return the token for a text at a place; ask `serves` before."""
        self._left -= 1
        try:
            nonce = self._nonces.pop()
        except IndexError:
            drawn = os.urandom(_NONCES * NONCE_BYTES)
            # Built apart, and handed over by one operation: another thread may pop meanwhile.
            fresh = [drawn[at : at + NONCE_BYTES] for at in range(0, len(drawn), NONCE_BYTES)]
            nonce = fresh.pop()
            self._nonces.extend(fresh)
        value = pad(text.encode("utf-8", "surrogatepass"))
        sealed = self._aead.encrypt(nonce, value, authenticated(self.id, category, place))
        return PREFIX + encode(self.id + category_code(category) + nonce + sealed)

    def sealed(self, token: Any, place: Place) -> bool:
        """Say whether a token, taken apart, was sealed under this key for a place."""
        from cryptography.exceptions import InvalidTag

        category = category_of_code(token.category)
        if category is None:
            return False
        try:
            beside = authenticated(self.id, category, place)
            self._aead.decrypt(token.nonce, token.sealed, beside)
        except InvalidTag:
            return False
        return True


_ISSUED: Final[dict[bytes, DataKey]] = {}


def issue(epochs: Iterable[tuple[str, Epoch]], now: float) -> DataKey:
    """Make a data key, and forget those whose epoch is over."""
    forget(now)
    while len(_ISSUED) >= _MOST_ISSUED:
        _ISSUED.pop(next(iter(_ISSUED)), None)
    key = DataKey(epochs)
    _ISSUED[key.id] = key
    return key


def forget(now: float) -> None:
    """Forget the data keys whose epoch is over."""
    for known in list(_ISSUED.values()):
        if known.ends <= now:
            _ISSUED.pop(known.id, None)


def sealed_here(text: str, place: Place) -> DataKey | None:
    """Return the data key that a token was sealed under in this process, or before it was forked.

    None for a token of another process, one that was changed or moved, and one that is none.
    """
    token = read_token(text)
    if token is None:
        return None
    key = _ISSUED.get(token.key_id)
    return key if key is not None and key.sealed(token, place) else None
