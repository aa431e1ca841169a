"""Run the drivers in child processes, a module of them in each, and keep what came of them."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from instrumentation.driver import Driver

TESTS: Final = Path(__file__).parent.parent
DRIVERS: Final = Path(__file__).parent / "drivers"
CONVENTIONS: Final = {"old": "", "new": "http,database,gen_ai_latest_experimental"}
CONTENT: Final = {"old": "true", "new": "SPAN_ONLY"}
CAPTURED: Final = ("SERVER_REQUEST", "SERVER_RESPONSE", "CLIENT_REQUEST", "CLIENT_RESPONSE")
SECONDS: Final = 300


def modules() -> list[str]:
    """List the modules of drivers."""
    return sorted(path.stem for path in DRIVERS.glob("*.py"))


@functools.cache
def drivers() -> dict[str, tuple[str, Driver]]:
    """Return all drivers by their names, each with its module."""
    found: dict[str, tuple[str, Driver]] = {}
    for module in modules():
        for driver in import_module(f"instrumentation.drivers.{module}").DRIVERS:
            assert driver.name not in found
            found[driver.name] = (module, driver)
    return found


class Recorded:
    """What came of the drivers: each module is run when it is first asked for.

    Args:
        fixture: Starts a server by the name of its fixture, and answers where it is.
    """

    def __init__(self, fixture: Callable[[str], Any]) -> None:
        self._fixture = fixture
        self._results: dict[tuple[str, str], dict[str, Any]] = {}

    def of(self, name: str, convention: str) -> dict[str, Any]:
        """Return what came of one driver."""
        module, _ = drivers()[name]
        if (module, convention) not in self._results:
            self._results[module, convention] = self._run(module, convention)
        result: dict[str, Any] = self._results[module, convention][name]
        return result

    def _run(self, module: str, convention: str) -> dict[str, Any]:
        among = [driver for home, driver in drivers().values() if home == module]
        servers = {name: self._fixture(name) for driver in among for name in driver.needs}
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OTEL_", "JAEGER_GUARD_"))
        }
        environment |= {
            f"OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_{side}": ".*" for side in CAPTURED
        }
        environment |= {
            "PYTHONPATH": str(TESTS),
            "OTEL_SEMCONV_STABILITY_OPT_IN": CONVENTIONS[convention],
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": CONTENT[convention],
        }
        child = subprocess.run(
            [sys.executable, "-P", "-m", "instrumentation.running", module],
            env=environment,
            input=json.dumps(servers),
            capture_output=True,
            timeout=SECONDS,
            text=True,
            check=False,
        )
        assert child.returncode == 0, child.stderr[-3000:]
        results: dict[str, Any] = json.loads(child.stdout)
        return results
