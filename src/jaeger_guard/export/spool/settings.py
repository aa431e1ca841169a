"""What a user sets of a spool, and what that comes to with the environment."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from jaeger_guard.detectors.pasted import looks_like_path
from jaeger_guard.errors import ConfigurationError, MissingExtraError
from jaeger_guard.export.environment import EnvironmentReader, Setting
from jaeger_guard.export.spool.keys import (
    KeyCallable,
    KeyRing,
    ring_of_callable,
    ring_of_file,
    ring_of_text,
)
from jaeger_guard.export.spool.places import prepare_directory

ModeName: TypeAlias = Literal["on_failure", "write_ahead"]

DEFAULT_MAX_BYTES: Final = 256 * 1024 * 1024
DEFAULT_MAX_AGE: Final = 24 * 60 * 60.0  # seconds
DEFAULT_REPLAY_RATE: Final = 5000.0  # spans a second and process
LEAST_BYTES: Final = 128 * 1024  # below that not even an empty file and a small batch fit
_OURS: Final = "JAEGER_GUARD_SPOOL_"


@dataclass(frozen=True, slots=True)
class Spool:
    """Where encrypted batches wait for a backend that is away; what is None comes from JAEGER_GUARD_SPOOL_*.

    Attributes:
        directory: A directory of this service alone, on a local disk; made where it is missing.
        max_bytes: Bound of all files in it together, in bytes; 256 MiB.
        max_age: Seconds after which a batch is dropped; 24 hours.
        key_file: File with 32 bytes as base64, mode 0600, outside the directory. More lines are older
            keys, which open what they have sealed.
        mode: "on_failure" (default) writes a batch when the backend has failed: that survives a dead
            backend. "write_ahead" commits each batch before it is sent: that survives kill -9 and
            power loss, too.
        key: A callable that answers the key (32 bytes) or keys, where there is no file; hidden from
            `repr`.
        replay_rate: Spans a second at which a backend that came back is given what waited; 5,000.
    """

    directory: str | os.PathLike[str] | None = None
    max_bytes: int | None = None
    max_age: float | None = None
    key_file: str | os.PathLike[str] | None = None
    mode: ModeName | None = None
    key: KeyCallable | None = field(default=None, repr=False)
    replay_rate: float | None = None

    def __repr__(self) -> str:
        """Show what is set, but nothing that may be a pasted key."""
        parts = []
        for item in fields(self):
            value = getattr(self, item.name)
            if value is None:
                continue
            is_path = item.name in ("directory", "key_file")
            hidden = item.name == "key" or (is_path and not looks_like_path(str(value)))
            parts.append(f"{item.name}={'…' if hidden else repr(value)}")
        return f"Spool({', '.join(parts)})"

    def resolve(self, environ: Mapping[str, str]) -> ResolvedSpool:
        """Merge with the environment, and check all of it, the directory too.

        Raises:
            ConfigurationError: A setting can't be honoured, or there is no key.
            MissingExtraError: The extra `crypto` isn't installed.
        """
        return _Resolution(self, EnvironmentReader(environ)).resolve()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Spool | None:
        """Answer a spool where JAEGER_GUARD_SPOOL_DIRECTORY names one; else None.

        Raises:
            ConfigurationError: Another JAEGER_GUARD_SPOOL_* is set, but no directory.
        """
        if environ.get(_OURS + "DIRECTORY", "").strip():
            return cls()
        for item in fields(cls):
            name = _OURS + item.name.upper()
            if environ.get(name, "").strip():
                raise ConfigurationError(
                    "there is no spool without a directory", name, f"Set {_OURS}DIRECTORY too"
                )
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedSpool:
    """A `Spool` with nothing left open.

    Attributes:
        directory: Where the files lie.
        max_bytes: Bound of all files together.
        max_age: Seconds until a batch is dropped.
        mode: "on_failure" or "write_ahead".
        keys: The ring that seals and opens.
        replay_rate: Spans a second.
    """

    directory: Path
    max_bytes: int
    max_age: float
    mode: ModeName
    keys: KeyRing = field(repr=False, compare=False)
    replay_rate: float = DEFAULT_REPLAY_RATE

    @property
    def writes_ahead(self) -> bool:
        """Whether each batch is committed before it is sent."""
        return self.mode == "write_ahead"


class _Resolution:
    """One run of `Spool.resolve`: the arguments beside the environment."""

    def __init__(self, spool: Spool, environment: EnvironmentReader) -> None:
        self._spool = spool
        self._environment = environment

    def resolve(self) -> ResolvedSpool:
        directory = self._find("directory")
        if directory is None:
            raise ConfigurationError(
                "a spool needs a directory", "Spool.directory", "Name one on a local disk"
            )
        try:
            import cryptography  # noqa: F401 - only whether it is there
        except ImportError:
            raise MissingExtraError("the encrypted spool", "crypto", directory.where) from None
        if "\0" in directory.text:
            directory.refuse("not a path", "Name a directory on a local disk")
        mode = self._mode()
        max_bytes = self._number("max_bytes", DEFAULT_MAX_BYTES, least=LEAST_BYTES, whole=True)
        max_age = self._number("max_age", DEFAULT_MAX_AGE)
        replay_rate = self._number("replay_rate", DEFAULT_REPLAY_RATE, least=1)
        path = Path(os.path.abspath(directory.text))
        keys = self._keys(path)
        prepare_directory(path, directory.where, survives_power_loss=mode == "write_ahead")
        return ResolvedSpool(
            directory=path,
            max_bytes=int(max_bytes),
            max_age=max_age,
            mode=mode,
            keys=keys,
            replay_rate=replay_rate,
        )

    def _find(self, name: str) -> Setting | None:
        argument = getattr(self._spool, name)
        if argument is not None:
            return Setting(str(argument), f"Spool.{name}")
        return self._environment.first(_OURS + name.upper())

    def _mode(self) -> ModeName:
        setting = self._find("mode")
        for mode in get_args(ModeName):
            if setting is None or setting.text == mode:
                chosen: ModeName = mode
                return chosen
        assert setting is not None
        setting.refuse("unknown mode", "Set on_failure or write_ahead")

    def _number(
        self, name: str, default: float, *, least: float = 0.0, whole: bool = False
    ) -> float:
        setting = self._find(name)
        if setting is None:
            return default
        try:
            number = float(int(setting.text)) if whole else float(setting.text)
        except (ValueError, OverflowError):
            number = math.nan
        if not (math.isfinite(number) and number > 0 and number >= least):
            kind = "a whole number" if whole else "a number"
            bound = f"of {least:.0f} or more" if least else "above 0"
            setting.refuse(f"not {kind} {bound}", f"Set one such as {default:.0f}")
        return number

    def _keys(self, directory: Path) -> KeyRing:
        spool = self._spool
        if spool.key is not None and spool.key_file is not None:
            raise ConfigurationError(
                "two sources of the key", "Spool.key", "Leave out either key or key_file"
            )
        if spool.key is not None:
            if not callable(spool.key):
                raise ConfigurationError(
                    "the key is no callable",
                    "Spool.key",
                    "Give a function that answers 32 bytes, or name a key_file",
                )
            return ring_of_callable(spool.key, "Spool.key")
        key_file = self._find("key_file")
        text = None if spool.key_file is not None else self._environment.first(_OURS + "KEY")
        if key_file is not None and text is not None:
            text.refuse("two sources of the key", f"Leave out this, or {_OURS}KEY_FILE")
        if key_file is not None:
            return ring_of_file(Path(key_file.text), key_file.where, directory)
        if text is not None:
            return ring_of_text(text.text, text.where)
        raise ConfigurationError(
            "a spool without a key would lie on the disk in the clear",
            "Spool.key_file",
            f"Name a file with 32 bytes as base64 (openssl rand -base64 32), or set {_OURS}KEY_FILE",
        )
