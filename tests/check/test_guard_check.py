"""`guard.check()` on a running guard: what reads raw spans beside it, and what was configured in code.

Each case is a process of its own, forked from one that has imported everything: providers that other tests
left behind would be found, too.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

BEGIN = """
import json, os, sys
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
import jaeger_guard
from jaeger_guard import Export, Policy, Rule, Sampling

class KeepsSpans(SpanProcessor):
    def on_start(self, span, parent_context=None):
        self.span = span

class Raises(SpanProcessor):
    def on_end(self, span):
        raise ValueError("hunter2")

local = Export(endpoint="http://localhost:1", timeout=0.1)
"""
END = """
for number, script in enumerate(json.load(sys.stdin)):
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            exec(script)
            found = [finding.as_dict() for finding in guard.check()]
            os.write(writing, json.dumps(found).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as answer:
        print(answer.read().decode() or "null")
    os.wait()
"""
CASES = [
    ("guard = jaeger_guard.configure(export=local)", []),
    ("guard = jaeger_guard.protect(TracerProvider())", []),
    (
        "guard = jaeger_guard.configure(export=local)\n"
        "guard.tracer_provider.add_span_processor(SimpleSpanProcessor(InMemorySpanExporter()))",
        [],
    ),
    (
        "guard = jaeger_guard.configure(export=local)\n"
        "guard.tracer_provider.add_span_processor(KeepsSpans())",
        ["guard.foreign-processor"],
    ),
    (
        "guard = jaeger_guard.configure(export=local)\n"
        "other = TracerProvider()\n"
        "other.add_span_processor(SimpleSpanProcessor(InMemorySpanExporter()))\n"
        "other.get_tracer('library')",
        ["guard.unguarded-provider"],
    ),
    (
        "guard = jaeger_guard.protect(TracerProvider())\n"
        "other = TracerProvider()\n"
        "other.add_span_processor(SimpleSpanProcessor(InMemorySpanExporter()))\n"
        "trace.set_tracer_provider(other)",
        ["guard.replaced"],
    ),
    (
        "guard = jaeger_guard.configure(export=local)\n"
        "guard.tracer_provider._active_span_processor = SimpleSpanProcessor(InMemorySpanExporter())",
        ["guard.removed"],
    ),
    (
        "guard = jaeger_guard.configure(export=local, sampling=Sampling(probability=0.5),"
        " policy=Policy(rules=(Rule(category='contact.*', action='redact'),),"
        " sampling=Sampling(sensitive_routes=('/login',))))\n"
        "guard.tracer_provider.sampler = ALWAYS_ON",
        ["guard.sampler"],
    ),
    (
        "guard = jaeger_guard.configure(export=local)\nguard.tracer_provider.sampler = ALWAYS_OFF",
        ["service.nothing-sampled"],
    ),
    (
        "guard = jaeger_guard.configure(export=local)\nguard.shutdown()",
        ["guard.stopped"],
    ),
    (
        "guard = jaeger_guard.configure(export=local)\n"
        "guard.tracer_provider.add_span_processor(Raises())\n"
        "guard.tracer_provider.get_tracer('t').start_span('x').end()",
        ["guard.failing-processor"],
    ),
    (
        "guard = jaeger_guard.configure(export=Export(endpoint='https://jaeger.example:4317'))",
        ["service.anonymous", "service.system-trust", "service.tls-1.2"],
    ),
    (
        "guard = jaeger_guard.configure("
        "export=Export(endpoint='http://jaeger.example:4317', unsafe_plaintext=True))",
        ["service.plaintext"],
    ),
    (
        "os.environ['JAEGER_GUARD_ENABLED'] = 'false'\nguard = jaeger_guard.configure()",
        ["service.disabled"],
    ),
    (
        "os.environ['JAEGER_GUARD_UNSAFE_PASSTHROUGH'] = 'true'\n"
        "guard = jaeger_guard.configure(export=local)",
        ["service.passthrough"],
    ),
]


@pytest.fixture(scope="module")
def checked() -> list[list[dict[str, str]]]:
    """What is found in each case."""
    done = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", "-c", BEGIN + END],
        input=json.dumps([script for script, _ in CASES]),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={"PATH": "/usr/bin:/bin", "OTEL_BSP_EXPORT_TIMEOUT": "200"},
    )
    assert done.returncode == 0, done.stderr
    assert "hunter2" not in done.stdout
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_running_guard(checked: list[list[dict[str, str]]], number: int) -> None:
    """Exactly what was done is found, the worst first."""
    assert [finding["id"] for finding in checked[number]] == CASES[number][1], CASES[number][0]
