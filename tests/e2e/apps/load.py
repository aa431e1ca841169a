"""Record spans at a steady rate, exported by a guard or by the stock exporter, and tell how it went.

Asked by JSON on the first line of standard input; answers JSON lines on standard output:
`{"event": "ready"}` when it starts, `{"event": "recorded"}` after the last span, `{"event": "done"}`.
It records until its input is closed, or `spans` are reached.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

from opentelemetry import trace

from e2e.planted import EMAIL

PER_TRACE = 100
DEEPEST_QUEUE = 4000  # the load waits for a machine that is too slow: that isn't what is measured


def tell(event: str, **facts: Any) -> None:
    """Write one line."""
    print(json.dumps({"event": event, **facts}), flush=True)


def start_stock(asked: dict[str, Any]) -> Any:
    """Install a provider with the SDK's own processor and exporter."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    certificates: dict[str, Any] = {}
    if asked["protocol"] == "grpc":
        import grpc
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc

        def read(name: str) -> bytes | None:
            return open(asked[name], "rb").read() if asked.get(name) else None

        certificates["credentials"] = grpc.ssl_channel_credentials(
            read("ca_file"), read("key_file"), read("cert_file")
        )
        exporter: Any = Grpc(
            endpoint=asked["endpoint"], headers=asked.get("headers"), **certificates
        )
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http

        exporter = Http(
            endpoint=asked["endpoint"] + "/v1/traces",
            certificate_file=asked.get("ca_file"),
            client_certificate_file=asked.get("cert_file"),
            client_key_file=asked.get("key_file"),
            headers=asked.get("headers"),
        )
    provider = TracerProvider(resource=Resource.create({"service.name": asked["service"]}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider


def start_guard(asked: dict[str, Any]) -> Any:
    """Install a guarded provider, with a spool where one is asked for."""
    from jaeger_guard import Export, Spool, configure

    names = ("endpoint", "protocol", "ca_file", "cert_file", "key_file", "bearer_token_file")
    fields: dict[str, Any] = {name: asked[name] for name in (*names, "timeout") if asked.get(name)}
    if asked.get("spool"):
        fields["spool"] = Spool(**asked["spool"])
    return configure(export=Export(**fields), resource={"service.name": asked["service"]})


def limit_files(asked: dict[str, Any]) -> None:
    """Make the disk full, as far as this process is concerned."""
    if asked.get("largest_file"):
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (asked["largest_file"], hard))


def record(asked: dict[str, Any], statistics: Any, stopped: threading.Event) -> dict[str, Any]:
    """Record spans at the rate that is asked for; answer how many, and how long each took."""
    tracer = trace.get_tracer("load")
    clock, per_tick = time.perf_counter, max(1, int(asked["rate"]) // 100)
    number, times = 0, []
    began, worked = clock(), time.thread_time()
    root: Any = None
    while not stopped.is_set() and number < asked.get("spans", 10**9):
        if statistics is not None and statistics().get("queued_raw_spans", 0) > DEEPEST_QUEUE:
            time.sleep(0.01)
            continue
        for _ in range(per_tick):
            started = clock()
            if number % PER_TRACE == 0:
                root = tracer.start_span("load", attributes={"n": number})
                root.end()
            else:
                parent = trace.set_span_in_context(root)
                span = tracer.start_span("load", parent, attributes={"n": number})
                span.set_attribute("note", f"mail to {EMAIL}, please")
                span.set_attribute("http.route", "/customers/{id}/orders")
                span.end()
            times.append(clock() - started)
            number += 1
        ahead = began + number / asked["rate"] - clock()
        if ahead > 0:
            time.sleep(ahead)
    times.sort()
    return {
        "recorded": number,
        "seconds": clock() - began,
        "cpu_us": 1e6 * (time.thread_time() - worked) / max(1, number),
        "p99_us": 1e6 * times[int(0.99 * len(times))] if times else 0.0,
    }


def await_drained(guard: Any, seconds: float) -> None:
    """Wait until nothing is on disk or in memory any more."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        counts = guard.statistics()
        waiting = ("queued_raw_spans", "queued_spans", "spooled_spans")
        if not any(counts.get(name) for name in waiting):
            return
        time.sleep(0.05)


def main() -> None:
    """Do what was asked."""
    asked = json.loads(sys.stdin.readline())
    limit_files(asked)
    stock = asked["mode"] == "stock"
    owner = start_stock(asked) if stock else start_guard(asked)
    stopped = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        stopped.set()

    tell("ready", pid=os.getpid())
    threading.Thread(target=listen, daemon=True).start()
    facts = record(asked, None if stock else owner.statistics, stopped)
    tell("recorded", **facts)
    if not stock and asked.get("drain"):
        owner.force_flush(10_000)
        await_drained(owner, asked["drain"])
    counts = {} if stock else owner.statistics()
    owner.shutdown()
    if not stock:
        counts = owner.statistics() | {"spooled_spans": counts.get("spooled_spans", 0)}
        facts["findings"] = sum(counts.pop("findings", {}).values())
    tell("done", **facts, counts={k: v for k, v in counts.items() if isinstance(v, int)})


if __name__ == "__main__":
    main()
