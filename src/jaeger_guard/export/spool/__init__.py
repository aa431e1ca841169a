"""Keep encoded, scrubbed batches on disk, encrypted, until a backend has them.

Theory of operation.

1. Each process writes to one SQLite file of its own in the spool directory (`file`), and holds a
   lease on it: `flock` on the file itself, which the kernel takes back when the process dies,
   however it dies. A file whose lease is free has lost its owner, and is adopted *whole*: the
   adopter takes the lease, and replays from that very file. No two processes ever have a
   connection to one file, nor two connections one process: SQLite before 3.51.3 may corrupt a WAL
   with several ("WAL-reset bug", sqlite.org/wal.html), and the locking mode EXCLUSIVE needs no
   shared memory either.
2. A connection doesn't survive a fork ("How To Corrupt An SQLite Database File", 2.6). So before
   a fork the store is locked and closed, the parent opens it again, and the child, which drops its
   copy of the lease, gets a file of its own (`store`).
3. A batch is sealed with AES-256-GCM (`sealing`). The key of a file is derived from the ring's key and
   the file's random id, so that a fleet may share one ring without wearing out its nonces; the
   key's id, the file's id and the row's place, time and count are authenticated, so that rows can't be
   swapped, moved or renumbered.
4. All files of the directory together stay below `max_bytes`, -wal and -shm included, and no batch
   gets older than `max_age`. The oldest goes first, and is counted.
5. A file that is damaged, foreign, or sealed under a lost key is *set aside*: renamed, never read
   again, and the first to go when room is needed. It never stops the rest.
6. Nothing but sealed batches is written, and those hold only what the scrubber let through.
"""

from __future__ import annotations

from jaeger_guard.export.spool.settings import ResolvedSpool, Spool
from jaeger_guard.export.spool.store import Spooled, SpoolStore

__all__ = ["ResolvedSpool", "Spool", "SpoolStore", "Spooled"]
