"""Where keys are kept: a small Protocol, and a directory of files.

Whatever is kept is a small document under a name, such as `support.1.key`. Private keys are sealed
before they come here, so that a place needs not be trusted with them, only with not losing them.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

from jaeger_guard.errors import ConfigurationError

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}")
_LONGEST: Final = 1024 * 1024
_LOCK: Final = ".lock"


class KeyProvider(Protocol):
    """Keeps documents by name; another place for keys is a class with these."""

    @property
    def where(self) -> str:
        """What errors call the place."""
        ...

    def names(self) -> Sequence[str]:
        """Return the names of all documents."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return a document; None where there is none."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Keep a document, in place of one that has the name already: whole, or not at all."""
        ...

    def destroy(self, name: str) -> None:
        """Remove a document such that this place can't give it back; nothing where there is none."""
        ...

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Keep others from writing meanwhile, as far as the place can."""
        ...


class KeyFiles:
    """Keeps documents as files of a directory that its owner alone can read.

    Args:
        directory: The directory; it is made where `create` is set.
        create: Whether to make it.
        where: What errors call it.

    Raises:
        ConfigurationError: It isn't there, belongs to somebody else, or is open to others.
    """

    def __init__(
        self, directory: Path, *, create: bool = False, where: str = "key directory"
    ) -> None:
        self._directory = directory
        self._where = where
        if create:
            with contextlib.suppress(OSError):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            status = os.stat(directory)
        except (OSError, ValueError):
            status = None
        if status is None or not stat.S_ISDIR(status.st_mode):
            raise self._refuse("it is no directory", "Make one with: jaeger-guard keys init")
        check_owner(status, "the directory", "0700", where)

    def __repr__(self) -> str:
        return "KeyFiles()"

    @property
    def where(self) -> str:
        """What errors call the place."""
        return self._where

    def names(self) -> Sequence[str]:
        """Return the names of all files."""
        return sorted(name for name in os.listdir(self._directory) if _NAME.fullmatch(name))

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None where there is none.

        Raises:
            ConfigurationError: Others can read or change it, or it can't be read.
        """
        return read_private_file(self._path(name), f"{self.where}, {name}", missing_ok=True)

    def write(self, name: str, content: bytes) -> None:
        """Write a file beside the one of that name, and put it in its place.

        Raises:
            ConfigurationError: It can't be written.
        """
        path = self._path(name)
        beside = path.with_name(f".{name}.new")
        try:
            with contextlib.suppress(FileNotFoundError):
                beside.unlink()
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(beside, flags, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
            self._sync()
            return
        except OSError:
            pass
        raise self._refuse(f"{name} can't be written", "Make the directory writable, with room")

    def destroy(self, name: str) -> None:
        """Overwrite a file and remove it.

        What the disk keeps of it elsewhere (copies on write, spare blocks, snapshots, backups) is out
        of reach from here; what lies there is sealed.

        Raises:
            ConfigurationError: It is there, and can't be removed.
        """
        path = self._path(name)
        try:
            with os.fdopen(os.open(path, os.O_RDWR | os.O_NOFOLLOW), "r+b") as file:
                size = os.fstat(file.fileno()).st_size
                for content in (os.urandom(size), bytes(size)):
                    file.seek(0)
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            path.unlink()
            self._sync()
            return
        except FileNotFoundError:
            return
        except OSError:
            pass
        raise self._refuse(f"{name} can't be removed", "Remove it by hand")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory's lock, which a process that dies gives back."""
        import fcntl

        descriptor = os.open(self._directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _path(self, name: str) -> Path:
        assert _NAME.fullmatch(name) is not None  # made of roles and numbers, which are checked
        return self._directory / name

    def _sync(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _refuse(self, what: str, remedy: str) -> ConfigurationError:
        return ConfigurationError(what, self.where, remedy)


def check_owner(status: os.stat_result, what: str, mode: str, where: str) -> None:
    """Check that a file or directory is its owner's alone, and the owner is who asks, or root.

    Raises:
        ConfigurationError: It isn't.
    """
    if status.st_mode & 0o077:
        raise ConfigurationError(
            f"{what} is open to others than its owner", where, f"Set its mode to {mode}"
        )
    if status.st_uid not in (os.geteuid(), 0):
        raise ConfigurationError(
            f"{what} belongs to another user", where, "Give it to the user who runs this"
        )


def read_private_file(path: Path, where: str, *, missing_ok: bool = False) -> bytes | None:
    """Read a file that only its owner may read; None where it is missing and may be.

    Raises:
        ConfigurationError: It can't be read, is no file, or is open to others.
    """
    content: bytes | None = None
    status: os.stat_result | None = None
    try:
        # Not blocking: a named pipe would wait for a writer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode):
                content = file.read(_LONGEST + 1)
    except FileNotFoundError:
        if missing_ok:
            return None
    except (OSError, ValueError):
        pass  # refused below: the error here quotes the name
    if status is not None and stat.S_ISREG(status.st_mode):
        check_owner(status, "the file", "0600", where)
    if content is None or len(content) > _LONGEST:
        raise ConfigurationError("the file can't be read", where, "Name a file of your own")
    return content
