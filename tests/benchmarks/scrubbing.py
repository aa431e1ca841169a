"""Measure scrubbing and encoding in this process, beside the SDK's encoding of the same spans."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final
from unittest import mock

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind

import jaeger_guard.scrubber
from benchmarks.corpus import Traffic, batches, descriptions, recorded
from benchmarks.measuring import Row, Side, Work, contest
from jaeger_guard.detectors import installed_detectors
from jaeger_guard.detectors.detector import Detector
from jaeger_guard.policy import CompiledPolicy, Policy, Rule, compile_policy, load_policy
from jaeger_guard.scanner import scanner_of
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.spans import GuardedSpan, GuardedState, SpanScrubber
from jaeger_guard.wire import Encoder, ScrubbingEncoder

Batches = list[list[ReadableSpan]]
SIZES: Final = (1, 8, 64, 512, 2048)
_PROMPTS_KEPT: Final = Policy(rules=(Rule(category="content.prompt", action="keep"),))


def baseline(*more: Policy) -> CompiledPolicy:
    """Compile the baseline, with policies of a user's before it."""
    return compile_policy(load_policy([*more, "baseline"], "the benchmark"))


def over(spans: Batches, step: Callable[[list[ReadableSpan]], object]) -> Work:
    """Return work that takes each batch through `step`."""

    def work() -> None:
        for batch in spans:
            step(batch)

    return work


SAME_AGAIN: Final = "mixed, the same spans again"


def drawn_anew(
    made: Batches, traffic: Traffic, size: int = 512, *, same: bool = False
) -> Callable[[int], None]:
    """Return what puts other spans of the same sort into `made` before each round.

    A process meets the same routes, statements and hosts again, and new ids, offsets and messages:
    to go over the same spans once more flatters whoever remembers, so that is a row of its own.

    Args:
        made: The batches of a round.
        traffic: What the spans are like.
        size: Of a batch.
        same: Whether each round has the same spans.
    """

    def draw(turn: int) -> None:
        seed = traffic.seed + (0 if same else turn)
        made[:] = batches(recorded(replace(traffic, seed=seed)), size)

    return draw


def repetition(spans: int, _: int) -> list[Row]:
    """The share of attributes of which key and value were met before, in another round's spans."""
    met: set[tuple[str, str]] = set()
    share = 0.0
    for turn in range(2):
        pairs = [
            (key, f"{type(value).__name__} {value}")
            for *_, attributes, _ in descriptions(Traffic(spans=spans, seed=Traffic().seed + turn))
            for key, value in attributes.items()
        ]
        share = sum(pair in met for pair in pairs) / len(pairs)
        met.update(pairs)
    return [Row("The spans", "attributes met before, key and value", 100 * share, "%")]


def sdk_encoding(spans: Batches) -> Side:
    """The yardstick: what the SDK's exporters do before they send."""
    return lambda: over(spans, lambda batch: encode_spans(batch).SerializeToString())


class Guarded:
    """The sides that this library has: with memories that last, or fresh ones for each round."""

    def __init__(self, policy: CompiledPolicy, spans: Batches, *, fresh: bool = False) -> None:
        self._policy = policy
        self._spans = spans
        self._fresh = fresh
        self._renew()

    def _renew(self) -> None:
        if self._fresh:
            scanner_of.cache_clear()  # it remembers words
        self._by = SpanScrubber(Scrubber(self._policy))
        self._wire = ScrubbingEncoder(self._by)

    def _prepared(self) -> None:
        if self._fresh:
            self._renew()

    def worker(self) -> Work:
        """Scrub a batch and encode it, as the worker does."""
        self._prepared()
        return over(self._spans, self._wire.encode)

    def scrub(self) -> Work:
        """Scrub a batch."""
        self._prepared()
        return over(self._spans, self._by.scrub_batch)

    def lazy(self) -> Work:
        """Read guarded views by hand, as a foreign exporter does."""
        self._prepared()
        by = self._by

        def read(batch: Sequence[ReadableSpan]) -> None:
            for span in batch:
                view = GuardedSpan(GuardedState.pending(span, by))
                _ = view.name, view.attributes, view.events, view.links, view.status
                _ = view.resource, view.instrumentation_scope

        return over(self._spans, read)


def _per_span(seconds: float, spans: int) -> float:
    return 1e6 * seconds / spans


def yardsticks(spans: int, rounds: int) -> list[Row]:
    """What the SDK itself costs: recording, the batch processor, encoding."""
    described = list(descriptions(Traffic(spans=spans)))
    made = batches(recorded(Traffic(spans=spans)))
    processor = BatchSpanProcessor(_Nowhere(), max_queue_size=spans + 512)

    def recording(*processors: SpanProcessor) -> Side:
        provider = TracerProvider(shutdown_on_exit=False)
        for each in processors:
            provider.add_span_processor(each)
        tracer = provider.get_tracer("benchmark")

        def work() -> None:
            for _, name, kind, attributes, _ in described:
                _record(tracer, name, kind, attributes)

        return lambda: work

    found = contest(
        {
            "plain SDK: create and end": recording(),
            "SDK with BatchSpanProcessor: create and end": recording(processor),
            "SDK: OTLP encode + serialize": sdk_encoding(made),
        },
        rounds,
    )
    processor.shutdown()  # type: ignore[no-untyped-call]
    return [
        Row("The SDK", name, _per_span(seconds, spans), "us/span")
        for name, seconds in found.items()
    ]


class _Nowhere(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


def _record(tracer: Any, name: str, kind: SpanKind, attributes: dict[str, Any]) -> None:
    span = tracer.start_span(name, kind=kind)
    for key, value in attributes.items():
        span.set_attribute(key, value)
    span.end()


def traffics(spans: int, rounds: int) -> list[Row]:
    """Scrubbing and encoding of each sort of traffic over the SDK's encoding of the same."""
    mixed = Traffic(spans=spans)
    part = replace(mixed, spans=max(spans // 5, 500))
    gen_ai = replace(part, spans=max(spans // 20, 200), kinds=("gen_ai",))  # long ones
    cases = (
        ("mixed", mixed, baseline(), False, (0.5, 0.35)),
        (SAME_AGAIN, part, baseline(), False, (0.5, 0.35)),
        ("no cache hits", replace(part, unique=True), baseline(), True, (0.9, 0.7)),
        ("gen_ai", gen_ai, baseline(), False, (1.3, 1.3)),
        ("gen_ai, prompts kept and searched", gen_ai, baseline(_PROMPTS_KEPT), False, (1.3, 1.3)),
        ("0 % dirty", replace(part, dirty=0.0), baseline(), False, None),
        ("50 % dirty", replace(part, dirty=0.5), baseline(), False, None),
    )
    rows = []
    for name, traffic, policy, fresh, goals in cases:
        made: Batches = []
        # Each with memories of its own, or the second would know what the first met.
        worker, lazy, scrub = (Guarded(policy, made, fresh=fresh) for _ in range(3))
        found = contest(
            {
                "sdk": sdk_encoding(made),
                "worker": worker.worker,
                "lazy": lazy.lazy,
                "scrub": scrub.scrub,
            },
            rounds,
            drawn_anew(made, traffic, same=name == SAME_AGAIN),
        )
        worker_goal, lazy_goal = goals or (None, None)
        cost = _per_span(found["worker"], traffic.spans)
        rows += [
            Row("Worker: scrub + encode", f"{name}: cost", cost, "us/span"),
            Row(
                "Worker: scrub + encode",
                f"{name}: over the SDK's encoding",
                found["worker"] / found["sdk"],
                goal=worker_goal,
            ),
            Row(
                "Lazy path: scrub alone",
                f"{name}: over the SDK's encoding",
                found["lazy"] / found["sdk"],
                goal=lazy_goal,
            ),
            Row(
                "A batch: scrub alone",
                f"{name}: over the SDK's encoding",
                found["scrub"] / found["sdk"],
            ),
        ]
    return rows


def batch_sizes(spans: int, rounds: int) -> list[Row]:
    """The worker's cost by the size of a batch, over the SDK's encoding of the same batches."""
    traffic = Traffic(spans=max(spans // 5, 2048))
    rows = []
    for size in SIZES:
        cut: Batches = []
        guarded = Guarded(baseline(), cut)
        found = contest(
            {"sdk": sdk_encoding(cut), "worker": guarded.worker},
            rounds,
            drawn_anew(cut, traffic, size),
        )
        rows.append(
            Row("Worker: by batch size", f"batches of {size}", found["worker"] / found["sdk"])
        )
    return rows


def wire(spans: int, rounds: int) -> list[Row]:
    """Encoding alone: the memo helps repetitive traffic, and doesn't hurt unique traffic."""
    rows = []
    for name, unique in (("repetitive", False), ("unique values", True)):
        made = batches(recorded(Traffic(spans=max(spans // 5, 500), unique=unique)))
        by = SpanScrubber(Scrubber(baseline()))
        scrubbed = [by.scrub_batch(batch) for batch in made]

        def encoding(encoder: Callable[[], Encoder], contents: list[Any] = scrubbed) -> Side:
            def prepare() -> Work:
                encode = encoder().encode
                return lambda: [encode(batch) for batch in contents]

            return prepare

        def kept_encoder(one: Encoder = Encoder()) -> Encoder:  # noqa: B008 - one for all rounds
            return one

        found = contest(
            {
                "sdk": sdk_encoding(made),
                # Traffic whose values are unique never meets them again.
                "memo": encoding(Encoder if unique else kept_encoder),
                "none": encoding(lambda: Encoder(memo_bytes=0)),
            },
            rounds,
        )
        rows += [
            Row("Encoding alone", f"{name}: over the SDK's encoding", found["memo"] / found["sdk"]),
            Row(
                "Encoding alone",
                f"{name}: with the memo over without",
                found["memo"] / found["none"],
                goal=2.0,
            ),
        ]
    return rows


def generated_policy(number: int) -> Policy:
    """Make a policy of thirty rules, as companies write them: keys of theirs, and categories."""
    rng = random.Random(number)
    parts = ("order", "cart", "user", "tenant", "job", "batch", "invoice", "claim", "visit")
    rules = tuple(
        Rule(
            key=f"{rng.choice(parts)}{number}.{rng.choice(parts)}_{position}{rng.choice(('', '.*'))}",
            action=rng.choice(("redact", "drop", "keep", "mask")),
        )
        for position in range(27)
    )
    general = tuple(
        Rule(category=category, action=rng.choice(("redact", "mask")))
        for category in ("contact.email", "financial.card", "network.mac")
    )
    return Policy(name=f"generated-{number}", rules=(*rules, *general))


def policies(spans: int, rounds: int) -> list[Row]:
    """One, three and ten merged policies; what depends on a key alone is decided once per key."""
    made = batches(recorded(Traffic(spans=max(spans // 5, 500))))
    compiled = {
        count: baseline(*(generated_policy(number) for number in range(count - 1)))
        for count in (1, 3, 10)
    }
    found = contest(
        {str(count): Guarded(policy, made).worker for count, policy in compiled.items()}, rounds
    )
    return [
        Row("Merged policies", f"{count} over one", found[str(count)] / found["1"], goal=1.15)
        for count in (3, 10)
    ]


def detectors(spans: int, rounds: int) -> list[Row]:
    """More detectors, most of which find nothing, cost little: their gates are asked together."""
    made = batches(recorded(Traffic(spans=max(spans // 5, 500), unique=True)))
    everyone = installed_detectors()
    # Of each family alike: some cost more than others.
    sets = {count: everyone[:: len(everyone) // count][:count] for count in (65, 200)}
    sets[len(everyone)] = everyone

    def side(entries: Sequence[Detector]) -> Side:
        def prepare() -> Work:
            chosen = mock.Mock(return_value=tuple(entries))
            with mock.patch.object(jaeger_guard.scrubber, "installed_detectors", chosen):
                by = SpanScrubber(Scrubber(baseline()))
            return over(made, by.scrub_batch)

        return prepare

    found = contest({str(count): side(entries) for count, entries in sets.items()}, rounds)
    return [
        Row(
            "Detectors",
            f"scrubbing with {count} of them over 65, no cache hits",
            found[str(count)] / found["65"],
            goal=1.5 if count == 200 else None,
        )
        for count in sets
        if count != 65
    ]
