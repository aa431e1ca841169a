"""Run `e2e.apps.load` in a child process, and read what it tells."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from e2e.children import TESTS

LONGEST: Final = 600.0  # seconds for any one thing that is awaited


class Load:
    """A process under load.

    Args:
        asked: What `e2e.apps.load` is asked for.
        directory: Where its log lies.
    """

    def __init__(self, asked: Mapping[str, Any], directory: Path) -> None:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OTEL_", "JAEGER_GUARD_"))
            # The stock exporter would trust this bundle, and go through this proxy.
            and not name.upper().endswith(("_CA_BUNDLE", "_PROXY"))
        }
        self.log_file = directory / f"{asked['service']}.log"
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "e2e.apps.load"],
                env=kept
                | {
                    "PYTHONPATH": str(TESTS),
                    "OTEL_BSP_SCHEDULE_DELAY": "200",
                    "OTEL_BSP_EXPORT_TIMEOUT": "4000",
                },
                cwd=directory,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._events: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asked, default=str) + "\n")
        self.process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def await_event(self, event: str) -> dict[str, Any]:
        """Wait for a line of that kind.

        Raises:
            AssertionError: The process ended before.
        """
        while (found := self._events.get(timeout=LONGEST)) is not None:
            if found["event"] == event:
                return found
        raise AssertionError(f"no {event}: {self.log_file.read_text()[-2000:]}")

    def stop_recording(self) -> None:
        """Have it record no more."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def finish(self) -> dict[str, Any]:
        """Have it record no more, and answer what it tells at its end."""
        self.stop_recording()
        done = self.await_event("done")
        self.process.wait(timeout=LONGEST)
        return done

    def kill(self) -> None:
        """End it with SIGKILL, where it still runs."""
        self.process.kill()
        self.process.wait(timeout=30)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None and not pipe.closed:
                try:
                    pipe.close()
                except OSError:  # what it never read
                    pass

    def _listen(self) -> None:
        assert self.process.stdout is not None
        try:
            for line in self.process.stdout:
                self._events.put(json.loads(line))
        except ValueError:  # closed under us
            pass
        self._events.put(None)
