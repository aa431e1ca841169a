"""Where a spool may lie: a directory of ours, on a file system of this machine, not readable by others.

Leases and SQLite's WAL both need a file system that one host alone uses ("All processes using a
database must be on the same host computer; WAL does not work over a network filesystem",
sqlite.org/wal.html).
"""

from __future__ import annotations

import logging
import os
import re
import stat
from pathlib import Path
from typing import Final

from jaeger_guard.detectors.pasted import name_of_file
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.telling import tell

_LOGGER: Final = logging.getLogger("jaeger_guard.export")
_MOUNTS: Final = Path("/proc/self/mounts")

_SHARED: Final = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse", "gfs", "gfs2", "glusterfs",
        "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "prl_fs", "smb2", "smb3", "smbfs",
        "vboxsf", "virtiofs", "vmhgfs", "wekafs",
    }
)  # fmt: skip
_LOCAL_FUSE: Final = frozenset(
    {"fuse.fuse-overlayfs", "fuse.mergerfs", "fuse.ntfs-3g", "fuse.encfs", "fuse.gocryptfs"}
)
_VOLATILE: Final = frozenset({"tmpfs", "ramfs"})


def prepare_directory(directory: Path, where: str, *, survives_power_loss: bool) -> None:
    """Make the directory where it is missing, and check that a spool may lie there.

    Args:
        directory: The spool directory.
        where: What set it, for errors.
        survives_power_loss: Whether the spool is to survive the machine's end.

    Raises:
        ConfigurationError: It can't be made or written, others may write to it, or its file
            system can't hold what the spool promises.
    """

    def refuse(what: str, remedy: str) -> ConfigurationError:
        return ConfigurationError(f"{name_of_file(directory)} {what}", where, remedy)

    kind = file_system(directory)
    if is_shared(kind):
        raise refuse(
            f"lies on a file system that other machines may use ({kind})",
            "Name a directory on a local disk",
        )
    status = _made(directory)
    if status is None:
        raise refuse("can't be made, or isn't a directory", "Name one that this process may write")
    if status.st_uid not in (os.geteuid(), 0):
        raise refuse("belongs to another user", "Give it to the user that this process runs as")
    if status.st_mode & 0o022:  # in a sticky one, too, others could fill it up to its bound
        raise refuse("can be written by others", "Name one of this service alone, of mode 0700")
    if not _is_writable(directory):
        raise refuse(
            "can't be written, or is on a read-only file system", "Mount a writable volume there"
        )
    if kind in _VOLATILE:
        if survives_power_loss:
            raise refuse(
                f'lies in memory ({kind}), where mode="write_ahead" can\'t keep its promise',
                'Name a directory on a disk, or set mode="on_failure"',
            )
        tell(
            _LOGGER,
            logging.WARNING,
            "the spool lies in memory (%s): it survives a restart of the process, not the machine's",
            kind,
        )


def file_system(path: Path, mounts: str | None = None) -> str:
    """Answer the type of the file system that a path lies on; empty where that can't be told.

    Args:
        path: A path; its last parts needn't exist yet.
        mounts: The table of mounts, as /proc/self/mounts writes it (fstab(5)); default: that file.
    """
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text("utf-8", "surrogateescape")
        except OSError:
            return ""
    wanted = Path(os.path.realpath(path))
    found, depth = "", -1
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[1]))
        # Of two mounts on one point the later hides the earlier.
        if wanted.is_relative_to(point) and len(point.parts) >= depth:
            found, depth = fields[2], len(point.parts)
    return found


def is_shared(kind: str) -> bool:
    """Say whether a type of file system may be used by several machines; unknown FUSE ones may.

    A FUSE file system needn't name itself ("fuse" alone, as goofys does); a block device's is "fuseblk".
    """
    return kind in _SHARED or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE)


def _made(directory: Path) -> os.stat_result | None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.stat()
    except (OSError, ValueError):
        return None
    return status if stat.S_ISDIR(status.st_mode) else None


def _is_writable(directory: Path) -> bool:
    # Tried, since access(2) doesn't know all that forbids it; the name is one that a store cleans up.
    probe = directory / f"probe-{os.getpid()}-{os.urandom(4).hex()}.tmp"
    try:
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        probe.unlink()
    except OSError:
        return False
    return True
