"""Read audit files, and say whether the chain in them is whole.

What a chain shows by itself: a record that was edited, dropped from the middle, moved or repeated. What
it can't show: that records were cut off its end, or all of it was written anew. That takes a head that
was kept elsewhere, or the public key of the checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jaeger_guard.audit.chain import REMOVED, files_in
from jaeger_guard.audit.records import LONGEST_LINE, NOTHING_BEFORE, Record, digest_of, parse
from jaeger_guard.audit.signing import CHECKPOINT, check
from jaeger_guard.errors import MissingExtraError

MOST_FAULTS: Final = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a chain.

    Attributes:
        where: File and line.
        what: What is wrong there.
    """

    where: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last record of a chain, as it is kept elsewhere.

    Attributes:
        number: Its number; None where only the digest is known.
        digest: Its digest.
    """

    number: int | None
    digest: str

    def __str__(self) -> str:
        return self.digest if self.number is None else f"{self.number}:{self.digest}"

    @classmethod
    def parse(cls, text: str) -> Head | None:
        """Read `NUMBER:DIGEST` or a digest alone; None where it is neither."""
        number, colon, digest = text.strip().lower().rpartition(":")
        if len(digest) != len(NOTHING_BEFORE) or set(digest) - set("0123456789abcdef"):
            return None
        if not colon:
            return cls(number=None, digest=digest)
        plain = number.isascii() and number.isdecimal() and len(number) <= 15
        return cls(number=int(number), digest=digest) if plain else None


@dataclass(slots=True, kw_only=True)
class Verification:
    """What was seen of a chain.

    Attributes:
        faults: What is wrong, the first hundred.
        more_faults: How many there are besides.
        files: How many files were read.
        records: How many records.
        first: Number of the first that is there; earlier ones were removed by rotation.
        head: The last record; None where there is none.
        checkpoints: How many signatures were checked.
        signed: Number of the last record that a checkpoint vouches for; 0: none.
        keys: Fingerprints of the keys that signed.
        signatures_checked: Whether signatures could be checked (the extra `crypto`).
    """

    faults: list[Fault] = field(default_factory=list)
    more_faults: int = 0
    files: int = 0
    records: int = 0
    first: int = 0
    head: Head | None = None
    checkpoints: int = 0
    signed: int = 0
    keys: set[str] = field(default_factory=set)
    signatures_checked: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def note(self, where: str, what: str) -> None:
        """Note a fault."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(where, what))
        else:
            self.more_faults += 1


def audit_files(paths: Sequence[Path]) -> list[Path]:
    """List the files that are meant by files and directories.

    Raises:
        OSError: A directory can't be read.
    """
    found: list[Path] = []
    for path in paths:
        found.extend(files_in(path) if path.is_dir() else [path])
    return found


def read(paths: Sequence[Path]) -> Iterator[Record]:
    """Read the records of files and directories, in order; what is none is left out.

    This verifies nothing; see `verify`.

    Raises:
        OSError: A file can't be read.
    """
    for _, line in _lines(audit_files(paths)):
        record = parse(line.removesuffix(b"\n"))
        if record is not None:
            yield record


def verify(
    paths: Sequence[Path], *, head: Head | None = None, public_key: bytes | None = None
) -> Verification:
    """Check a chain.

    Args:
        paths: Files, in the order that they were written in, or directories.
        head: A head that was kept elsewhere: it must still be in the chain.
        public_key: The key that checkpoints must be signed by; None: each by the one that it names.

    Raises:
        OSError: A file can't be read.
    """
    files = audit_files(paths)
    seen = Verification(files=len(files))
    walk = _Walk(seen, head, public_key)
    for where, line in _lines(files):
        walk.step(where, line)
    walk.finish()
    return seen


def _lines(files: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    for path in files:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE + 2):
                number += 1
                yield f"{path.name}, line {number}", line


class _Walk:
    """What is known while a chain is walked."""

    def __init__(self, seen: Verification, head: Head | None, public_key: bytes | None) -> None:
        self._seen = seen
        self._kept = head
        self._public_key = public_key
        self._found = head is None
        self._number = 0
        self._digest = NOTHING_BEFORE
        self._beginning: tuple[int, str, str] | None = (
            None  # number, previous and place of the first
        )
        self._removed: set[tuple[object, object]] = set()
        self._removed_unsigned: set[tuple[object, object]] = set()

    def step(self, where: str, line: bytes) -> None:
        """Look at the next line."""
        seen = self._seen
        if not line.endswith(b"\n"):
            seen.note(where, "the line has no end: it was cut off, or is being written")
            if parse(line) is None:
                return
        line = line.removesuffix(b"\n")
        record = parse(line)
        seen.records += 1
        if record is None:
            seen.note(where, "the line is no record: it was edited")
            self._number, self._digest = self._number + 1, digest_of(line)
            return
        if self._beginning is None and self._number == 0:
            self._beginning = (record.number, record.previous, where)
            seen.first = record.number
        else:
            self._compare(where, record)
        self._number, self._digest = record.number, record.digest
        self._look_for_head(where, record)
        if record.event == CHECKPOINT:
            self._check_signature(where, record)
        if record.event == REMOVED:
            told = (record.facts.get("last"), record.facts.get("digest"))
            (self._removed if self._public_key is None else self._removed_unsigned).add(told)

    def _compare(self, where: str, record: Record) -> None:
        expected = self._number + 1
        if record.number > expected:
            missing = record.number - expected
            self._seen.note(where, f"{missing} records are missing before number {record.number}")
        elif record.number < expected:
            what = f"number {record.number} stands where {expected} should: moved or repeated"
            self._seen.note(where, f"{what}, or the chain was continued from an older state")
        elif record.previous != self._digest:
            what = f"number {record.number} doesn't follow from {record.number - 1}"
            self._seen.note(where, f"{what}: that one was edited, or this one put in its place")

    def _look_for_head(self, where: str, record: Record) -> None:
        kept = self._kept
        if kept is None or self._found:
            return
        if record.digest == kept.digest:
            self._found = True
        elif record.number == kept.number:
            what = f"number {record.number} isn't the record that the kept head names"
            self._seen.note(where, f"{what}: the chain was written anew from there or before")
            self._found = True  # told

    def _check_signature(self, where: str, record: Record) -> None:
        seen = self._seen
        if not seen.signatures_checked:
            return
        try:
            fault = check(record, self._public_key)
        except MissingExtraError:
            if self._public_key is not None:
                raise
            seen.signatures_checked = False
            return
        if fault is not None:
            seen.note(where, f"checkpoint {record.number}: {fault}")
            return
        seen.checkpoints += 1
        seen.keys.add(str(record.facts["key"]))
        if seen.is_whole:
            seen.signed = record.number - 1
            self._removed |= self._removed_unsigned
            self._removed_unsigned.clear()

    def finish(self) -> None:
        """Look at what only the whole chain tells."""
        seen = self._seen
        if self._beginning is not None:
            first, previous, where = self._beginning
            at_the_start = first == 1 and previous == NOTHING_BEFORE
            if not at_the_start and (first - 1, previous) not in self._removed:
                signed = "" if self._public_key is None else "signed "
                what = f"the chain begins with number {first}, and no {signed}record tells of a removal"
                seen.note(where, f"{what}: what stood before was taken away")
        if seen.records:
            seen.head = Head(number=self._number, digest=self._digest)
        end = f"the end, number {self._number}"
        if self._kept is not None and not self._found:
            number = self._kept.number
            if number is not None and self._beginning is not None and number < self._beginning[0]:
                seen.note(end, "the kept head is older than what was kept: it can't be looked for")
            else:
                seen.note(end, "the kept head isn't in the chain: records were cut off or replaced")
        if self._public_key is not None and not seen.checkpoints:
            seen.note(end, "no checkpoint is signed by the key that was given")
