"""Notice that a file was replaced, as Kubernetes, cert-manager and editors do it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def stamp_of(paths: Iterable[Path]) -> tuple[tuple[int, int, int] | None, ...]:
    """Answer what changes when one of the files does; None in the place of one that isn't there.

    Symbolic links are followed, so that Kubernetes' swap of `..data` is a change of the inode
    ("Secrets", "Mounted Secrets are updated automatically").
    """
    return tuple(_stamp(path) for path in paths)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # ValueError: a null character
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
