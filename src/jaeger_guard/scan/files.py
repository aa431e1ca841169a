"""Files as a source: Jaeger JSON, OTLP JSON, what a Collector's file exporter wrote; gzip too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.scan.source import Look, Part
from jaeger_guard.stored import StoredError, StoredSpan, Unit, open_file, units

_UNITS: Final = 64  # of a part


class FileSource:
    """Looks through files, one after the other.

    Args:
        paths: The files.

    Raises:
        ConfigurationError: One isn't there.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = [path.absolute() for path in paths]
        self._sizes = []
        for path in self._paths:
            try:
                self._sizes.append(path.stat().st_size)
            except (OSError, ValueError):
                missing = True
            else:
                missing = not path.is_file()
            if missing:
                what = "one of the files can't be read, or isn't a file"
                raise ConfigurationError(what, "FILE", "Name files of traces")

    @property
    def identity(self) -> Mapping[str, Any]:
        """The files and their sizes."""
        return {"files": [str(path) for path in self._paths], "sizes": self._sizes}

    def parts(self, look: Look, position: Mapping[str, Any]) -> Iterator[Part]:
        """Look through the files behind a position."""
        at_file, at_unit = int(position.get("file", 0)), int(position.get("units", 0))
        for index in range(at_file, len(self._paths)):
            path = self._paths[index]
            found = units(open_file(path))
            done = 0
            if index == at_file:
                done = sum(1 for _ in _Counted(islice(found, at_unit)))
            failure: StoredError | None = None
            while failure is None:
                part = _Counted(islice(found, _UNITS))  # one at a time is in memory
                tally, _ = look(part, _all)
                failure = part.failure
                if not part.count:
                    break
                done += part.count
                yield self._part(index, done, tally)
            if failure is not None:
                raise StoredError(f"{path.name}: {failure}")
            if not done:
                raise StoredError(f"{path.name}: there is no trace in it")

    def _part(self, index: int, done: int, tally: Any) -> Part:
        return Part(
            tally=tally,
            position={"file": index, "units": done},
            done=index / len(self._paths),
            doing=f"{self._paths[index].name}: {done} parts",
            missed=(f"{self._paths[index].name}: {tally.unread} parts can't be read",)
            if tally.unread
            else (),
        )


class _Counted:
    """Counts what is taken out of units; where they end early, what came before counts."""

    def __init__(self, units: Iterator[Unit]) -> None:
        self._units = units
        self.count = 0
        self.failure: StoredError | None = None

    def __iter__(self) -> Iterator[Unit]:
        try:
            for unit in self._units:
                self.count += 1
                yield unit
        except StoredError as error:
            self.failure = error


def _all(_: StoredSpan) -> bool:
    return True
