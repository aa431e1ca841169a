"""Which place for keys is meant by a text: a directory, or HashiCorp Vault."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jaeger_guard.keys.providers import KeyFiles, KeyProvider

_VAULT: Final = "vault:"


def is_vault(text: str) -> bool:
    """Say whether a text means Vault: `vault:MOUNT/PATH`."""
    return text.startswith(_VAULT)


def open_place(text: str, where: str, *, create: bool = False) -> KeyProvider:
    """Open the place that a text means.

    Args:
        text: A directory, or `vault:MOUNT/PATH`.
        where: What named it, for errors.
        create: Whether a directory is made where it is missing.

    Raises:
        ConfigurationError: It can't be used.
        MissingExtraError: Vault is meant, and the extra isn't installed.
    """
    if is_vault(text):
        from jaeger_guard.keys.vault import VaultKeys

        return VaultKeys.from_environment(text.removeprefix(_VAULT), where)
    return KeyFiles(Path(text), create=create, where=where)
