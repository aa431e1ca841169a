"""Importing jaeger_guard only defines: it costs next to nothing, and changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import jaeger_guard

PUBLIC = {
    "Audit",
    "ConfigurationError",
    "Consent",
    "Exemption",
    "Export",
    "FindingRule",
    "Guard",
    "GuardError",
    "GuardLogRecordProcessor",
    "GuardSpanProcessor",
    "JaegerRemote",
    "Metrics",
    "MissingExtraError",
    "Policy",
    "PrivacySampler",
    "Propagation",
    "Pseudonyms",
    "Recognition",
    "Retention",
    "Role",
    "Rule",
    "Sampling",
    "SamplingRule",
    "Spool",
    "__version__",
    "configure",
    "consent",
    "protect",
}


def in_new_process(script: str, *options: str, **environment: str) -> Any:
    """Run a script with an environment of its own; answer what it prints as JSON."""
    home = Path(jaeger_guard.__file__).parent.parent
    ended = subprocess.run(
        [sys.executable, *options, "-c", script],
        env={"PYTHONPATH": str(home), "PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert ended.stderr == ""
    return json.loads(ended.stdout)


def test_import_loads_nothing_else() -> None:
    """Neither the SDK nor regex nor any room of ours is loaded, and no thread is started."""
    loaded = in_new_process(
        """
import json, sys, threading
before = set(sys.modules)
import jaeger_guard
print(json.dumps([sorted(set(sys.modules) - before), threading.active_count()]))
"""
    )
    modules, threads = loaded
    foreign = {name for name in modules if name.partition(".")[0] not in sys.stdlib_module_names}
    assert foreign == {"jaeger_guard", "jaeger_guard._version"}
    assert threads == 1


@pytest.mark.parametrize("name", sorted(PUBLIC - {"__version__"}))
def test_a_name_is_loaded_without_work(name: str) -> None:
    """Loading any public name reads no environment of ours, compiles no detector, starts nothing."""
    work = in_new_process(
        f"""
import json, os, re, sys, threading
read, compiled = set(), set()
class Watching(type(os.environ)):
    def __getitem__(self, name): read.add(name); return super().__getitem__(name)
    def __iter__(self): read.add("*"); return super().__iter__()
import opentelemetry.sdk.trace, opentelemetry.sdk._logs, opentelemetry.sdk.resources
os.environ.__class__ = Watching
compile_pattern = re._compiler.compile
re._compiler.compile = lambda *a, **b: compiled.add(str(a[0])) or compile_pattern(*a, **b)
from jaeger_guard import {name}
threads, read = threading.active_count(), sorted(read)
from jaeger_guard.detectors import DETECTORS
patterns = {{detector.pattern for detector in DETECTORS}}
print(json.dumps([read, sorted(compiled & patterns), threads, len(patterns)]))
"""
    )
    read, compiled, threads, patterns = work
    assert not [variable for variable in read if variable.startswith(("JAEGER_", "OTEL_", "*"))]
    assert compiled == []
    assert patterns > 100
    assert threads == 1


def test_a_broken_environment_is_no_error_of_import() -> None:
    """What is set wrongly is told by configure(), not by an import."""
    everything = in_new_process(
        """
import json
from jaeger_guard import *
print(json.dumps(sorted(name for name in dir() if name[0] != "_" and name != "json")))
""",
        JAEGER_GUARD_ENABLED="perhaps",
        JAEGER_GUARD_POLICY="none",
        OTEL_BSP_MAX_QUEUE_SIZE="x",
    )
    assert set(everything) == PUBLIC - {"__version__"}


def test_public_names() -> None:
    """`__all__` is sorted and complete, `dir` lists it, and each name is what it says."""
    assert list(jaeger_guard.__all__) == sorted(PUBLIC)
    assert set(dir(jaeger_guard)) >= PUBLIC
    for name in PUBLIC - {"__version__"}:
        assert getattr(jaeger_guard, name).__name__ == name
    assert jaeger_guard.__version__.count(".") >= 2


def test_an_unknown_name() -> None:
    """A typo is an AttributeError, as with any module."""
    with pytest.raises(AttributeError, match="configrue"):
        jaeger_guard.configrue  # noqa: B018


def test_rooms_are_still_modules() -> None:
    """Names that are loaded late don't hide the modules."""
    from jaeger_guard import categories, markers

    assert categories.__name__ == "jaeger_guard.categories"
    assert markers.__name__ == "jaeger_guard.markers"


def test_import_time_beside_the_sdk(record_property: Any) -> None:
    """The package alone costs a small part of the CPU that the SDK does; all names, a few SDKs'."""
    script = """
import json, time
def timed(statement):
    began = time.process_time()
    exec(statement)
    return time.process_time() - began
print(json.dumps([timed("import jaeger_guard"), timed("import opentelemetry.sdk.trace"),
                  timed("from jaeger_guard import *")]))
"""
    runs = [in_new_process(script) for _ in range(3)]
    alone, sdk, everything = (min(run[step] for run in runs) for step in range(3))
    record_property("milliseconds", [round(1000 * step, 1) for step in (alone, sdk, everything)])
    print(f"import jaeger_guard {alone:.4f} s, the SDK {sdk:.4f} s, all names {everything:.4f} s")
    assert alone < sdk / 4
    assert everything < 6 * sdk
