"""Measure one other library on the same spans; it runs in an environment that has that library.

Usage: peer.py NAME SPANS ROUNDS. It prints the medians of CPU time as JSON, in microseconds for each
span: the library's own work, and the SDK's encoding in the same process. Only what the libraries
offer in public is used.
"""

from __future__ import annotations

import json
import logging
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent.parent))

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from benchmarks.corpus import Traffic, batches, recorded

Spans = list[Any]
Step = Callable[[Spans], object]


def mistral() -> Step:
    """mistralai: `RedactingSpanExporter` with its default policy, before an exporter that does nothing."""
    from mistralai.extra.observability import RedactingSpanExporter
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    class Nowhere(SpanExporter):
        def export(self, spans: Sequence[Any]) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    return RedactingSpanExporter(Nowhere()).export  # type: ignore[no-any-return]


def aws() -> Step:
    """AWS distro: `AttributeRedactingSpanProcessor` by key; it looks into no value."""
    from amazon.opentelemetry.distro.attribute_redacting_span_processor import (
        AttributeRedactingSpanProcessor,
    )

    keys = ["user.email", "enduser.*", "db.statement", "*.authorization", "gen_ai.*.messages"]
    processor = AttributeRedactingSpanProcessor(keys)

    def step(spans: Spans) -> None:
        for span in spans:
            processor.on_end(span)

    return step


def logfire() -> Step:
    """logfire: `Scrubber` with its default patterns, on the dictionary that it makes of a span."""
    from logfire._internal.scrubbing import Scrubber

    scrubber = Scrubber(None)

    def step(spans: Spans) -> None:
        for span in spans:
            scrubber.scrub_span(
                {
                    "name": span.name,
                    "context": span.context,
                    "parent": span.parent,
                    "resource": span.resource,
                    "attributes": span.attributes or {},
                    "events": span.events,
                    "links": span.links,
                    "kind": span.kind,
                    "status": span.status,
                    "start_time": span.start_time,
                    "end_time": span.end_time,
                    "instrumentation_scope": span.instrumentation_scope,
                }
            )

    return step


def presidio() -> Step:
    """presidio-analyzer: every pattern recognizer for English on every text; no language model."""
    from presidio_analyzer import PatternRecognizer, RecognizerRegistry

    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    recognizers = [each for each in registry.recognizers if isinstance(each, PatternRecognizer)]

    def step(spans: Spans) -> None:
        for span in spans:
            for text in _texts(span):
                for recognizer in recognizers:
                    recognizer.analyze(text, recognizer.supported_entities)

    return step


def _texts(span: Any) -> Iterator[str]:
    yield span.name
    if span.status.description:
        yield span.status.description
    for owner in (span, *span.events, *span.links):
        for value in (owner.attributes or {}).values():
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, str):
                    yield item


PEERS: dict[str, Callable[[], Step]] = {
    "mistralai": mistral,
    "aws": aws,
    "logfire": logfire,
    "presidio": presidio,
}


def main(name: str, spans: str, rounds: str) -> None:
    """Measure in turns, a first round aside; a processor that changes spans gets new ones."""
    steps: dict[str, Step] = {
        "peer": PEERS[name](),
        "sdk": lambda batch: encode_spans(batch).SerializeToString(),
    }
    seconds: dict[str, list[float]] = {side: [] for side in steps}
    for turn in range(int(rounds) + 1):
        for side, step in steps.items():
            made = batches(recorded(Traffic(spans=int(spans))))
            began = time.thread_time()
            for batch in made:
                step(batch)
            if turn:
                seconds[side].append(time.thread_time() - began)
    per_span = {side: 1e6 * statistics.median(each) / int(spans) for side, each in seconds.items()}
    print(json.dumps(per_span))


if __name__ == "__main__":
    main(*sys.argv[1:])
