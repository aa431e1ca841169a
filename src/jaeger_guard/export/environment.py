"""Read settings from environment variables, remembering which variable each one came from.

The environment is passed in, never looked up here, so that a test or an embedding application
decides what is seen. Error messages name the variable and never its text: some hold credentials.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn

from jaeger_guard.errors import ConfigurationError

_TRUE: Final = frozenset({"true", "1"})
_FALSE: Final = frozenset({"false", "0"})


@dataclass(frozen=True, slots=True)
class Setting:
    """A text that was set somewhere.

    Attributes:
        text: What was set; hidden from `repr`, because it may be a credential.
        where: The environment variable or parameter that set it.
    """

    text: str = field(repr=False)
    where: str

    def refuse(self, what: str, remedy: str) -> NoReturn:
        """Raise the error that this setting can't be honoured."""
        raise ConfigurationError(what, self.where, remedy) from None

    def as_boolean(self) -> bool:
        """Read `true` or `false`.

        Raises:
            ConfigurationError: It is neither.
        """
        word = self.text.strip().lower()
        if word not in _TRUE | _FALSE:
            self.refuse("neither true nor false", "Set true or false")
        return word in _TRUE

    def as_seconds(self) -> float:
        """Read a positive, finite number of seconds.

        Raises:
            ConfigurationError: It is anything else.
        """
        try:
            seconds = float(self.text)
        except ValueError:
            seconds = math.nan
        if not (math.isfinite(seconds) and seconds > 0):
            self.refuse("not a positive number of seconds", "Set a number such as 10 or 2.5")
        return seconds


@dataclass(frozen=True, slots=True)
class EnvironmentReader:
    """Finds the first of several variables that is set; an empty one counts as not set.

    The OpenTelemetry specification, "Environment Variable Specification", section "Parsing empty
    value": an empty value MUST be treated as if the variable were unset.
    """

    environ: Mapping[str, str] = field(repr=False)

    def first(self, *names: str) -> Setting | None:
        """Answer the setting of the first variable that is set, in the order given."""
        for name in names:
            if text := self.environ.get(name, "").strip():
                return Setting(text, name)
        return None
