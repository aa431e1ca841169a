"""Load the private keys that a person holds: from a key file, or a key directory."""

from __future__ import annotations

import os
from pathlib import Path

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.keys.cryptographic import require_crypto
from jaeger_guard.keys.opening import RoleKey
from jaeger_guard.keys.providers import KeyFiles, read_private_file
from jaeger_guard.keys.ring import RoleRing, read_role_key
from jaeger_guard.keys.sealing import Seal


def load_role_keys(path: str | os.PathLike[str], seal: Seal, where: str) -> list[RoleKey]:
    """Load the keys of a key file (`support.1.key`), or all that are left in a key directory.

    Args:
        path: The file or directory.
        seal: What they are sealed by: `Passphrase(ask)`, or `SealingKey(secret)`.
        where: What named it, for errors.

    Raises:
        WrongPassphraseError: They were sealed by something else.
        ConfigurationError: There is no key, or others can read it.
    """
    require_crypto("opening encrypted fields", where)
    place = Path(path)
    if place.is_dir():
        found = RoleRing(KeyFiles(place, where=where), seal).role_keys()
        if not found:
            what = "there is no private key in it"
            raise ConfigurationError(what, where, "Name a key file or a key directory")
        return found
    content = read_private_file(place, where)
    assert content is not None  # or it raised
    return [read_role_key(content, seal, where)]
