"""Open tokens with the private keys of a role: what `jaeger-guard reveal` does.

A field is opened in two steps: the wrap of its data key for one's role gives the data key, and that
gives the value. Whoever opens many fields of one span unwraps once (`RoleKey.unwrap` remembers).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jaeger_guard.generations import Generations
from jaeger_guard.keys.cryptographic import hpke_suite
from jaeger_guard.keys.errors import DestroyedError, TamperedError, WrongRoleError
from jaeger_guard.keys.token import (
    Place,
    Token,
    authenticated,
    category_of_code,
    read_token,
    unpad,
)
from jaeger_guard.keys.wraps import DATA_KEY_BYTES, Wrap, read_wraps, wrap_info

_MOST_REMEMBERED = 4096


@dataclass(frozen=True, slots=True, eq=False)
class RoleKey:
    """The private key of one role for one epoch.

    Attributes:
        role: The role.
        epoch: Its epoch.
        private_key: An X25519 private key of `cryptography`.
    """

    role: str
    epoch: int
    private_key: Any = field(repr=False)
    _known: Generations[bytes, bytes] = field(
        init=False, repr=False, default_factory=lambda: Generations(_MOST_REMEMBERED)
    )

    def unwrap(self, wrap: Wrap) -> bytes:
        """Take the data key out of a wrap for this role and epoch.

        Raises:
            TamperedError: The wrap isn't as it was written, or was made for another key.
        """
        known = self._known.get(wrap.sealed + wrap.key_id)
        if known is not None:
            return known
        try:
            data_key: bytes | None = hpke_suite().decrypt(
                wrap.sealed, self.private_key, wrap_info(wrap.key_id, self.role, self.epoch)
            )
        except Exception:  # noqa: BLE001 - whatever it raises, the wrap is none of ours
            data_key = None
        if data_key is None or len(data_key) != DATA_KEY_BYTES:
            raise TamperedError("a wrap for this role doesn't open")
        self._known.put(wrap.sealed + wrap.key_id, data_key)
        return data_key


class OpenedField(NamedTuple):
    """A field that was opened.

    Attributes:
        value: The text that stood there; it may hold further tokens.
        category: Its data category; None where this version doesn't know it.
        role: The role whose key opened it.
        epoch: The epoch of that key.
        key_id: The data key's id, in hexadecimal, for the audit record.
    """

    value: str
    category: str | None
    role: str
    epoch: int
    key_id: str

    def __repr__(self) -> str:
        return f"OpenedField(category={self.category!r}, role={self.role!r}, epoch={self.epoch})"


def open_field(
    token: str,
    wraps: str | Sequence[Wrap],
    key_name: Place,
    role_keys: RoleKey | Iterable[RoleKey],
) -> OpenedField:
    """Open one token.

    Args:
        token: The token, `jg1.…`, and nothing around it.
        wraps: The span's attribute `jaeger_guard.keys`, as it stands or read by `read_wraps`.
        key_name: The attribute's key; for what is nested in it, the key and the path inside it.
        role_keys: The private keys that one holds, of one role or several.

    Raises:
        WrongRoleError: The span has no wrap of this token's data key for any of these roles.
        DestroyedError: It has one, for an epoch whose private key isn't among these.
        TamperedError: The token or its wrap isn't as it was written, or stands elsewhere than it was
            written for.
    """
    parts = read_token(token)
    if parts is None:
        raise TamperedError("it has the sign of a token, and not its shape")
    held = [role_keys] if isinstance(role_keys, RoleKey) else list(role_keys)
    ours = _wraps_for(parts, read_wraps(wraps) if isinstance(wraps, str) else wraps, held)
    by_epoch = {(key.role, key.epoch): key for key in held}
    for wrap in ours:
        key = by_epoch.get((wrap.role, wrap.epoch))
        if key is not None:
            category = category_of_code(parts.category)
            value = _open(parts, key.unwrap(wrap), category, key_name)
            return OpenedField(value, category, key.role, key.epoch, parts.key_id.hex())
    raise DestroyedError(ours[0].role, ours[0].epoch)


def _wraps_for(token: Token, wraps: Sequence[Wrap], held: Sequence[RoleKey]) -> list[Wrap]:
    mine = [wrap for wrap in wraps if wrap.key_id == token.key_id]
    if not mine:
        raise TamperedError("the span carries no wrap of the key that this token was sealed under")
    roles = {key.role for key in held}
    ours = [wrap for wrap in mine if wrap.role in roles]
    if not ours:
        raise WrongRoleError("the field was written for other roles")
    return ours


def _open(token: Token, data_key: bytes, category: str | None, place: Place) -> str:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    padded: bytes | None = None
    if category is not None:
        beside = authenticated(token.key_id, category, place)
        with contextlib.suppress(InvalidTag):
            padded = AESGCM(data_key).decrypt(token.nonce, token.sealed, beside)
    value = None if padded is None else unpad(padded)
    text: str | None = None
    if value is not None:
        # Whoever has the public key can seal what is no text.
        with contextlib.suppress(UnicodeDecodeError):
            text = value.decode("utf-8", "surrogatepass")
    if text is None:
        raise TamperedError("the token was changed, or stands elsewhere than it was written for")
    return text
