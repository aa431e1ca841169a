"""The key ring of a security team: roles, their epochs, and what is done to them.

Theory of operation. A ring is kept by a `KeyProvider` as five kinds of documents:

1. `ROLE.json`, the index of a role: its epochs with their times and public keys, signed. It never
   forgets an epoch, so that what was destroyed can be told from what never was.
2. `ROLE.EPOCH.key`, a private key, sealed.
3. `ROLE.EPOCH.destroyed.json`, the signed receipt of its destruction.
4. `signing.key`, the Ed25519 key that signs all of these and what is published, sealed.

5. `spool.NUMBER.key`, a key that services seal their spools with, sealed as the private keys are.

Epochs follow one another without a gap. Which one is current is a question of the clock alone, so that
services that hold the published file need not be told.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.keys.cryptographic import require_crypto
from jaeger_guard.keys.opening import RoleKey
from jaeger_guard.keys.providers import KeyProvider
from jaeger_guard.keys.published import (
    Epoch,
    PublicKeys,
    read_public_keys,
    sign,
    write_public_keys,
)
from jaeger_guard.keys.recording import KeyRecord
from jaeger_guard.keys.sealing import (
    SALT_BYTES,
    Seal,
    canonical,
    open_key,
    read_document,
    salt_of,
    seal_key,
)
from jaeger_guard.keys.wraps import ROLE

SIGNING_KEY: Final = "signing.key"
RECEIPT: Final = "jaeger_guard destruction 1"
DAY: Final = 86_400  # seconds
DEFAULT_EPOCH_DAYS: Final = 7
MOST_EPOCH_DAYS: Final = 3660
_RESERVED: Final = frozenset({"signing", "spool"})  # would take the names of those keys
_SPOOL_KEY: Final = re.compile(r"spool\.([1-9][0-9]{0,8})\.key")
_SPOOL_KEY_BYTES: Final = 32  # AES-256


class State(Enum):
    """What an epoch is now."""

    NEXT = "next"
    CURRENT = "current"
    PAST = "past"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochState:
    """One epoch of one role, as `jaeger-guard keys list` shows it."""

    role: str
    epoch: int
    state: State
    starts: int
    ends: int
    fingerprint: str


class RoleRing:
    """The roles of one place, and what is done to their keys.

    Args:
        provider: Where they are kept.
        seal: What private keys are sealed by; asked for only where one is opened or made.
        record: Told of each operation, without any key, before it is answered for.
        now: Answers the time, in seconds since 1970.
    """

    def __init__(
        self,
        provider: KeyProvider,
        seal: Seal,
        *,
        record: KeyRecord | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._provider = provider
        self._seal = seal
        self._record = record
        self._now = now

    def __repr__(self) -> str:
        return "RoleRing()"

    # What is there ---------------------------------------------------------------------------------

    def roles(self) -> list[str]:
        """Return the names of all roles."""
        names = self._provider.names()
        return sorted(
            name.removesuffix(".json")
            for name in names
            if name.endswith(".json") and ROLE.fullmatch(name.removesuffix(".json"))
        )

    def states(self, roles: Sequence[str] | None = None) -> list[EpochState]:
        """Return every epoch of every role, the oldest of each first; needs no passphrase.

        Raises:
            ConfigurationError: An index can't be read.
        """
        now = self._now()
        return [
            EpochState(
                role=role,
                epoch=epoch.number,
                state=self._state(role, epoch, now),
                starts=epoch.starts,
                ends=epoch.ends,
                fingerprint=epoch.fingerprint,
            )
            for role in (self.roles() if roles is None else roles)
            for epoch in sorted(self._index(role).epochs, key=lambda epoch: epoch.number)
        ]

    def role_keys(self, roles: Sequence[str] | None = None) -> list[RoleKey]:
        """Open the private keys that are left, of all roles or some.

        Raises:
            WrongPassphraseError: They were sealed by something else.
            ConfigurationError: A document can't be read.
        """
        require_crypto("opening a role's keys", self._provider.where)
        found = []
        for role in self.roles() if roles is None else roles:
            for epoch in self._index(role).epochs:
                name = _key_name(role, epoch.number)
                content = self._provider.read(name)
                if content is not None:
                    found.append(read_role_key(content, self._seal, self._called(name)))
        return found

    # What is done ----------------------------------------------------------------------------------

    def init(self, role: str, epoch_days: int = DEFAULT_EPOCH_DAYS) -> PublicKeys:
        """Make a role, with an epoch that begins now and the one behind it.

        Raises:
            ConfigurationError: It is there already, or its name is none.
        """
        require_crypto("a key ring", self._provider.where)
        self._check_role(role)
        if not 1 <= epoch_days <= MOST_EPOCH_DAYS:
            what = "an epoch's length is out of range"
            raise ConfigurationError(what, "epoch_days", f"Give 1 to {MOST_EPOCH_DAYS} days")
        with self._provider.locked():
            if self._provider.read(_index_name(role)) is not None:
                what = f"the role {role} is there already"
                remedy = "Begin a new epoch with: jaeger-guard keys rotate"
                raise ConfigurationError(what, self._provider.where, remedy)
            signing_key, salt = self._signing_key(create=True)
            start = int(self._now())
            span = epoch_days * DAY
            epochs = (
                self._make(role, 1, start, start + span, salt),
                self._make(role, 2, start + span, start + 2 * span, salt),
            )
            keys = self._write_index(role, epochs, signing_key)
            self._tell("init", role=role, epochs=[1, 2])
        return keys

    def rotate(self, role: str, *, planned: bool = False) -> PublicKeys:
        """Begin the next epoch now, and make one behind it.

        Args:
            planned: Let the current epoch run to its end, and only see to it that there is a next.

        Raises:
            ConfigurationError: There is no such role.
        """
        require_crypto("a key ring", self._provider.where)
        with self._provider.locked():
            signing_key, salt = self._signing_key()
            index = self._trusted_index(role, signing_key)
            now = int(self._now())
            gone = [epoch for epoch in index.epochs if self._is_destroyed(role, epoch)]
            alive = [epoch for epoch in index.epochs if epoch not in gone]
            span = index.epochs[-1].ends - index.epochs[-1].starts
            if not planned:
                alive = _begin_next(alive, now, span)
            made: list[int] = []
            while not _has_current_and_next(alive, now):
                number = max(epoch.number for epoch in (*gone, *alive)) + 1
                start = max([now, *(epoch.ends for epoch in alive)])
                alive.append(self._make(role, number, start, start + span, salt))
                made.append(number)
            epochs = sorted((*gone, *alive), key=lambda epoch: epoch.number)
            keys = self._write_index(role, epochs, signing_key)
            current = next(epoch.number for epoch in alive if epoch.starts <= now < epoch.ends)
            self._tell("rotate", role=role, epochs=made, current=current)
        return keys

    def publish(self, role: str) -> bytes:
        """Return the signed file of the public keys that are current or ahead.

        Raises:
            ConfigurationError: There is no such role, or nothing to publish.
        """
        require_crypto("a key ring", self._provider.where)
        signing_key, _ = self._signing_key()
        index = self._trusted_index(role, signing_key)
        now = self._now()
        epochs = [
            epoch
            for epoch in index.epochs
            if self._state(role, epoch, now) in (State.CURRENT, State.NEXT)
        ]
        if not epochs:
            what = f"no epoch of the role {role} is current or ahead"
            remedy = "Begin one with: jaeger-guard keys rotate"
            raise ConfigurationError(what, self._provider.where, remedy)
        content = write_public_keys(role, epochs, signing_key)
        self._tell("publish", role=role, epochs=[epoch.number for epoch in epochs])
        return content

    def destroy(self, role: str, number: int, by: str) -> dict[str, Any]:
        """Destroy the private key of an epoch, and return the signed receipt.

        What was written for that epoch alone can be read by nobody from then on, wherever it lies.

        Args:
            role: The role.
            number: The epoch.
            by: Who does it, for the receipt.

        Raises:
            ConfigurationError: There is no such epoch, or it was destroyed before.
        """
        require_crypto("a key ring", self._provider.where)
        with self._provider.locked():
            epochs = {epoch.number: epoch for epoch in self._index(role).epochs}
            epoch = epochs.get(number)
            if epoch is None:
                what = f"the role {role} has no epoch {number}"
                remedy = "Look them up with: jaeger-guard keys list"
                raise ConfigurationError(what, self._provider.where, remedy)
            if self._provider.read(_receipt_name(role, number)) is not None:
                what = f"epoch {number} of the role {role} was destroyed before"
                raise ConfigurationError(what, self._provider.where, "Its receipt lies there")
            signing_key, _ = self._signing_key()  # first: without it, there is no receipt
            self._provider.destroy(_key_name(role, number))
            receipt = sign(
                {
                    "format": RECEIPT,
                    "role": role,
                    "epoch": number,
                    "starts": epoch.starts,
                    "ends": epoch.ends,
                    "public_key_fingerprint": epoch.fingerprint,
                    "destroyed_at": _written(self._now()),
                    "by": by,
                },
                signing_key,
            )
            self._provider.write(_receipt_name(role, number), canonical(receipt) + b"\n")
            self._tell("destroy", role=role, epoch=number, fingerprint=epoch.fingerprint, by=by)
        return receipt

    def renew_spool_key(self, keep: int = 1) -> list[bytes]:
        """Make a new key for spools; return it and the `keep` before it, which still open what waits.

        The others are destroyed: a spool that was sealed with one of them can be read by nobody.

        Raises:
            ConfigurationError: The place can't be written.
        """
        require_crypto("a key ring", self._provider.where)
        with self._provider.locked():
            _, salt = self._signing_key(create=True)
            names = (_SPOOL_KEY.fullmatch(name) for name in self._provider.names())
            numbers = sorted((int(name[1]) for name in names if name), reverse=True)
            number = numbers[0] + 1 if numbers else 1
            secret = os.urandom(_SPOOL_KEY_BYTES)
            about = {"use": "spool", "number": number}
            document = seal_key(secret, about, self._seal, salt)
            self._provider.write(_spool_key_name(number), document)
            kept, gone = numbers[:keep], numbers[keep:]
            for old in gone:
                self._provider.destroy(_spool_key_name(old))
            self._tell("spool", number=number, kept=kept, destroyed=gone)
            return [secret, *map(self._spool_key, kept)]

    # Documents -------------------------------------------------------------------------------------

    def _spool_key(self, number: int) -> bytes:
        name = _spool_key_name(number)
        content = self._provider.read(name)
        private, document = open_key(content or b"", self._seal, self._called(name))
        if document.get("use") != "spool":
            raise ConfigurationError("it is no key of a spool", self._called(name), "Restore it")
        return private

    def _index(self, role: str) -> PublicKeys:
        self._check_role(role)
        content = self._provider.read(_index_name(role))
        if content is None:
            what = f"there is no role {role}"
            remedy = "Make it with: jaeger-guard keys init"
            raise ConfigurationError(what, self._provider.where, remedy)
        return read_public_keys(content, self._called(_index_name(role)))

    def _trusted_index(self, role: str, signing_key: Any) -> PublicKeys:
        """Read an index that this ring itself signed: what it says of public keys is published."""
        index = self._index(role)
        if index.signer != signing_key.public_key().public_bytes_raw():
            raise ConfigurationError(
                "it was signed by another key than this ring's",
                self._called(_index_name(role)),
                "Somebody replaced it; restore it, and look into that",
            )
        return index

    def _write_index(self, role: str, epochs: Sequence[Epoch], signing_key: Any) -> PublicKeys:
        content = write_public_keys(role, epochs, signing_key)
        self._provider.write(_index_name(role), content)
        return read_public_keys(content, self._provider.where)

    def _make(self, role: str, number: int, starts: int, ends: int, salt: bytes) -> Epoch:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        private_key = X25519PrivateKey.generate()
        epoch = Epoch(number, starts, ends, private_key.public_key().public_bytes_raw())
        about = {"use": "role", "role": role, "epoch": number, "fingerprint": epoch.fingerprint}
        document = seal_key(private_key.private_bytes_raw(), about, self._seal, salt)
        self._provider.write(_key_name(role, number), document)
        return epoch

    def _signing_key(self, *, create: bool = False) -> tuple[Any, bytes]:
        """Return the key that signs, and the salt that all keys of this place are sealed with."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        content = self._provider.read(SIGNING_KEY)
        where = self._called(SIGNING_KEY)
        if content is not None:
            private, document = open_key(content, self._seal, where)
            if document.get("use") != "signing":
                raise ConfigurationError("it is no signing key", where, "Restore the file")
            return Ed25519PrivateKey.from_private_bytes(private), salt_of(document)
        if not create:
            raise ConfigurationError("there is no signing key", where, "Restore the file")
        key, salt = Ed25519PrivateKey.generate(), os.urandom(SALT_BYTES)
        sealed = seal_key(key.private_bytes_raw(), {"use": "signing"}, self._seal, salt)
        self._provider.write(SIGNING_KEY, sealed)
        return key, salt

    def _state(self, role: str, epoch: Epoch, now: float) -> State:
        if self._is_destroyed(role, epoch):
            return State.DESTROYED
        if now < epoch.starts:
            return State.NEXT
        return State.CURRENT if now < epoch.ends else State.PAST

    def _is_destroyed(self, role: str, epoch: Epoch) -> bool:
        return self._provider.read(_receipt_name(role, epoch.number)) is not None

    def _check_role(self, role: str) -> None:
        if ROLE.fullmatch(role) is None or role in _RESERVED:
            what = "a role's name is 1 to 32 lower-case letters, digits, '-' and '_'"
            raise ConfigurationError(what, "role", "Name it such as support")

    def _called(self, name: str) -> str:
        return f"{self._provider.where}, {name}"

    def _tell(self, operation: str, **about: object) -> None:
        if self._record is not None:
            self._record(operation, about)


def read_role_key(content: bytes, seal: Seal, where: str) -> RoleKey:
    """Open the document of a role's private key.

    Raises:
        WrongPassphraseError: It was sealed by something else.
        ConfigurationError: It holds something else.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    about = read_document(content, where)
    role, epoch = about.get("role"), about.get("epoch")
    if about.get("use") != "role" or not isinstance(role, str) or type(epoch) is not int:
        what = "it is no private key of a role"
        raise ConfigurationError(what, where, "Give a file such as support.1.key")
    private, _ = open_key(content, seal, where)
    return RoleKey(role, epoch, X25519PrivateKey.from_private_bytes(private))


def _begin_next(epochs: Sequence[Epoch], now: int, span: int) -> list[Epoch]:
    """Let the current epoch end now, and the one behind it begin."""
    moved = []
    begun = False
    for epoch in epochs:
        if epoch.starts <= now < epoch.ends:
            if epoch.starts == now:  # it would have no length: two rotations within a second
                moved.append(Epoch(epoch.number, now - 1, now, epoch.public_key))
            else:
                moved.append(Epoch(epoch.number, epoch.starts, now, epoch.public_key))
        elif epoch.starts > now:
            start = now if not begun else moved[-1].ends
            moved.append(Epoch(epoch.number, start, start + span, epoch.public_key))
            begun = True
        else:
            moved.append(epoch)
    return moved


def _has_current_and_next(epochs: Sequence[Epoch], now: int) -> bool:
    current = any(epoch.starts <= now < epoch.ends for epoch in epochs)
    return current and any(epoch.starts > now for epoch in epochs)


def _key_name(role: str, number: int) -> str:
    return f"{role}.{number}.key"


def _receipt_name(role: str, number: int) -> str:
    return f"{role}.{number}.destroyed.json"


def _spool_key_name(number: int) -> str:
    return f"spool.{number}.key"


def _index_name(role: str) -> str:
    return f"{role}.json"


def _written(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def plain_state(state: EpochState) -> Mapping[str, Any]:
    """Return an epoch's state as JSON shows it."""
    return {
        "role": state.role,
        "epoch": state.epoch,
        "state": state.state.value,
        "starts": _written(state.starts),
        "ends": _written(state.ends),
        "public_key_fingerprint": state.fingerprint,
    }
