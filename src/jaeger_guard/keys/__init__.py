"""Keys: fields that only a role's key opens, pseudonyms, epochs and their destruction.

What others need to open a field: `open_field`, with a span's `jaeger_guard.keys` and a `RoleKey`.
Everything here that seals, signs or opens needs the extra `crypto`, which is loaded when it is used.
"""

from __future__ import annotations

from jaeger_guard.keys.errors import DestroyedError, FieldError, TamperedError, WrongRoleError
from jaeger_guard.keys.opening import OpenedField, RoleKey, open_field
from jaeger_guard.keys.token import Place, find_tokens
from jaeger_guard.keys.wraps import KEYS_ATTRIBUTE, Wrap, read_wraps

__all__ = [
    "KEYS_ATTRIBUTE",
    "DestroyedError",
    "FieldError",
    "OpenedField",
    "Place",
    "RoleKey",
    "TamperedError",
    "Wrap",
    "WrongRoleError",
    "find_tokens",
    "open_field",
    "read_wraps",
]
