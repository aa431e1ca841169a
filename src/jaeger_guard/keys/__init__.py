"""Keys: fields that only a role's key opens, pseudonyms, epochs and their destruction.

What others need to open a field: `load_role_keys`, and `open_field` with a span's `jaeger_guard.keys`.
Everything here that seals, signs or opens needs the extra `crypto`, which is loaded when it is used.
"""

from __future__ import annotations

from jaeger_guard.keys.errors import DestroyedError, FieldError, TamperedError, WrongRoleError
from jaeger_guard.keys.loading import load_role_keys
from jaeger_guard.keys.opening import OpenedField, RoleKey, open_field
from jaeger_guard.keys.providers import KeyFiles, KeyProvider
from jaeger_guard.keys.ring import EpochState, RoleRing, State
from jaeger_guard.keys.sealing import Passphrase, Seal, SealingKey, WrongPassphraseError
from jaeger_guard.keys.token import Place, find_tokens
from jaeger_guard.keys.wraps import KEYS_ATTRIBUTE, Wrap, read_wraps

__all__ = [
    "KEYS_ATTRIBUTE",
    "DestroyedError",
    "EpochState",
    "FieldError",
    "KeyFiles",
    "KeyProvider",
    "OpenedField",
    "Passphrase",
    "Place",
    "RoleKey",
    "RoleRing",
    "Seal",
    "SealingKey",
    "State",
    "TamperedError",
    "Wrap",
    "WrongPassphraseError",
    "WrongRoleError",
    "find_tokens",
    "load_role_keys",
    "open_field",
    "read_wraps",
]
