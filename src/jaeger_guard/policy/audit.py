"""Where a service's audit is written: the table `[audit]` of a policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from jaeger_guard.audit.log import DEFAULT_FILE_BYTES, DEFAULT_KEEP_FILES, LEAST_FILE_BYTES
from jaeger_guard.policy.tables import number, path, read_table, settle
from jaeger_guard.policy.words import Word

DEFAULT_INTERVAL: Final = 300.0  # seconds
_LARGEST_FILE: Final = 1024 * 1024 * 1024
_MOST_FILES: Final = 10_000
_LONGEST_INTERVAL: Final = 24 * 60 * 60


def _whole(name: str, lowest: int, highest: int) -> Callable[[object], object]:
    def read(value: object) -> object:
        given = number(name, lowest, highest, optional=False)(value)
        return int(given) if isinstance(given, float) else given

    return read


AUDIT_WORDS: Final = (
    Word(
        name="directory",
        meaning="Where the files of the audit lie; without it, there is none.",
        schema={"type": "string", "minLength": 1},
        read=path("directory"),
    ),
    Word(
        name="key_file",
        meaning="PEM file of the Ed25519 private key that signs checkpoints, outside the directory.",
        schema={"type": "string", "minLength": 1},
        read=path("key_file"),
    ),
    Word(
        name="file_bytes",
        meaning="How long one file gets, in bytes.",
        schema={
            "type": "integer",
            "minimum": LEAST_FILE_BYTES,
            "maximum": _LARGEST_FILE,
            "default": DEFAULT_FILE_BYTES,
        },
        read=_whole("file_bytes", LEAST_FILE_BYTES, _LARGEST_FILE),
    ),
    Word(
        name="keep_files",
        meaning="How many files are kept; the oldest go, and a record says so.",
        schema={
            "type": "integer",
            "minimum": 2,
            "maximum": _MOST_FILES,
            "default": DEFAULT_KEEP_FILES,
        },
        read=_whole("keep_files", 2, _MOST_FILES),
    ),
    Word(
        name="interval",
        meaning="Seconds between two records of counts.",
        schema={
            "type": "number",
            "minimum": 1,
            "maximum": _LONGEST_INTERVAL,
            "default": DEFAULT_INTERVAL,
        },
        read=number("interval", 1, _LONGEST_INTERVAL, optional=False),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Where a service's audit is written, and how much of it is kept.

    Attributes:
        directory: A directory of this user alone, on a local disk; made where it is missing. None:
            there is no audit, unless JAEGER_GUARD_AUDIT_DIRECTORY names one.
        key_file: PEM file of an Ed25519 private key, mode 0600, that signs checkpoints; `jaeger-guard
            audit key` makes one. None: the chain alone, without signatures.
        file_bytes: How long one file gets, in bytes; 8 MiB.
        keep_files: How many files are kept; 16.
        interval: Seconds between two records of counts; 300.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    directory: str | None = None
    key_file: str | None = None
    file_bytes: int = DEFAULT_FILE_BYTES
    keep_files: int = DEFAULT_KEEP_FILES
    interval: float = DEFAULT_INTERVAL

    def __post_init__(self) -> None:
        settle(self, AUDIT_WORDS, "Audit", list)

    def over(self, other: Audit) -> Audit:
        """Return this: a service has one audit, the one of the policy that comes first."""
        return self if self.directory is not None else other


def read_audit(given: object, where: str) -> Audit:
    """Read the table `[audit]` of a policy file.

    Raises:
        ConfigurationError: Names the place, what is wrong, and the remedy.
    """
    audit: Audit = read_table(given, Audit, AUDIT_WORDS, where)
    return audit
