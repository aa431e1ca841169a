"""The passphrase that private keys are sealed by: from the environment, or asked for; never an argument."""

from __future__ import annotations

import os
from typing import Final

from jaeger_guard.errors import ConfigurationError

PASSPHRASE_VARIABLE: Final = "JAEGER_GUARD_KEY_PASSPHRASE"


def ask_passphrase() -> str:
    """Return the passphrase.

    Raises:
        ConfigurationError: There is none, and nobody to ask.
    """
    given = os.environ.get(PASSPHRASE_VARIABLE, "")
    if given:
        return given
    from getpass import getpass

    try:
        return getpass("Passphrase of the role's keys: ")
    except EOFError:
        pass
    what = "there is no passphrase, and nobody to ask"
    raise ConfigurationError(what, "--role-key", f"Set {PASSPHRASE_VARIABLE}")
