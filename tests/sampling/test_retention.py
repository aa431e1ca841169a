"""How long traces may be kept: set by policy for whole traces, shortened by what is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from opentelemetry.util._once import Once

from jaeger_guard import (
    ConfigurationError,
    Export,
    GuardSpanProcessor,
    Policy,
    PrivacySampler,
    Retention,
    Sampling,
    SamplingRule,
    configuration,
    configure,
)
from servers.jaeger_retention import TwoStores, running_two_stores
from servers.process import poll

KEY = "privacy.retention"
EMAIL = "jo" + "@example.com"


class Kept:
    """A provider whose guard has a policy about retention, and what came out."""

    def __init__(
        self, retention: Retention, service: str = "shop", sampling: Any = None, **resource: str
    ) -> None:
        self.exporter = InMemorySpanExporter()
        policy = Policy(rules=(), retention=retention)
        provider = TracerProvider(
            resource=Resource({"service.name": service, **resource}),
            sampler=sampling,
            shutdown_on_exit=False,
        )
        guard = GuardSpanProcessor(SimpleSpanProcessor(self.exporter), policy=policy)
        provider.add_span_processor(guard)
        self.tracer = provider.get_tracer("test")

    def classes(self) -> dict[str, Any]:
        """The class of each span, by name."""
        return {
            span.name: (span.attributes or {}).get(KEY)
            for span in self.exporter.get_finished_spans()
        }

    def of_resource(self) -> Any:
        """The class on the resource."""
        return self.exporter.get_finished_spans()[-1].resource.attributes.get(KEY)


@pytest.mark.parametrize(
    ("retention", "service", "resource", "expected"),
    [
        (Retention(default="long"), "shop", {}, "long"),
        (Retention(services={"billing*": "long"}), "billing-eu", {}, "long"),
        (Retention(services={"billing*": "long"}), "shop", {}, None),
        (Retention(default="short", services={"billing*": "long"}), "shop", {}, "short"),
        # What the resource says already can only be shorter.
        (Retention(default="short"), "shop", {KEY: "long"}, "short"),
        (Retention(default="long"), "shop", {KEY: "short"}, "short"),
    ],
)
def test_by_service(
    retention: Retention, service: str, resource: dict[str, str], expected: str | None
) -> None:
    """The class of a service stands on its resource."""
    kept = Kept(retention, service, **resource)
    kept.tracer.start_span("a").end()
    assert kept.of_resource() == expected


ROUTES = Retention(routes={"/invoices/*": "long", "/search": "short"})


def test_by_route_for_whole_local_traces() -> None:
    """The local root decides by its route, or path, and everything under it inherits."""
    kept = Kept(ROUTES)
    for name, path in (("long", "/invoices/5"), ("short", "/search"), ("none", "/other")):
        with (
            kept.tracer.start_as_current_span(
                name, kind=SpanKind.SERVER, attributes={"url.path": path}
            ),
            kept.tracer.start_as_current_span(f"{name} child"),
        ):
            kept.tracer.start_span(
                f"{name} grandchild", attributes={"url.path": "/invoices/5"}
            ).end()
    assert kept.classes() == {
        "long": "long",
        "long child": "long",
        "long grandchild": "long",
        "short": "short",
        "short child": "short",
        "short grandchild": "short",
        "none": None,
        "none child": None,
        "none grandchild": None,
    }


def test_many_attributes_and_an_application_that_says_otherwise() -> None:
    """Neither eviction nor the application's own word make it longer."""
    kept = Kept(ROUTES)
    for name, path, word in (
        ("a", "/search", "long"),
        ("b", "/invoices/5", "short"),
        ("c", "/search", None),
    ):
        with kept.tracer.start_as_current_span(name, attributes={"url.path": path}) as span:
            for number in range(200):
                span.set_attribute(f"key{number}", number)
            if word:
                span.set_attribute(KEY, word)
    assert kept.classes() == {"a": "short", "b": "short", "c": "short"}


def test_what_is_known_later_only_shortens() -> None:
    """A route that turns out to be short counts; one that turns out to be long doesn't."""
    kept = Kept(Retention(routes={"/a/*": "long", "/short": "short", "/long": "long"}))
    for name, path, route in (("a", "/a/b", "/short"), ("b", "/short", "/long")):
        with kept.tracer.start_as_current_span(name, attributes={"url.path": path}) as span:
            span.set_attribute("http.route", route)
    assert kept.classes() == {"a": "short", "b": "short"}


def test_findings_shorten_what_is_left_of_a_trace() -> None:
    """The span itself, and those of its trace that are still to go; others stay."""
    kept = Kept(Retention(routes={"/*": "long"}, findings=["contact.*"]))
    with kept.tracer.start_as_current_span("root", attributes={"url.path": "/x"}):
        kept.tracer.start_span("before").end()
        assert kept.classes() == {"before": "long"}
        kept.tracer.start_span("found", attributes={"note": EMAIL}).end()
        assert kept.classes()["found"] == "short"
        kept.tracer.start_span("after").end()
    kept.tracer.start_span("other", attributes={"url.path": "/x"}).end()
    assert kept.classes() == {
        "before": "long",
        "found": "short",
        "after": "short",
        "root": "short",
        "other": "long",
    }


def test_minimal_spans_have_it_too() -> None:
    """A skeleton goes to the storage that its trace goes to."""
    sampling = Sampling(rules=[SamplingRule(name="secret", decision="minimal")])
    kept = Kept(ROUTES, sampling=PrivacySampler(sampling))
    kept.tracer.start_span("claim").end()
    kept.tracer.start_span("secret", attributes={"url.path": "/invoices/5", "n": 1}).end()
    last = kept.exporter.get_finished_spans()[-1]
    assert dict(last.attributes or {}) == {KEY: "long"}


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Retention(default="forever"), "default"),  # type: ignore[arg-type]
        (lambda: Retention(routes={"/a": "medium"}), "routes"),
        (lambda: Retention(services=["a"]), "services"),  # type: ignore[list-item]
        (lambda: Retention(findings=["helth.*"]), "findings"),
    ],
)
def test_what_is_wrong_is_named(make: Any, field: str) -> None:
    """A class or a category that isn't known is refused by the name of its field."""
    with pytest.raises(ConfigurationError, match=field):
        make()


# --- a real Jaeger with two storages --------------------------------------------------------------


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[TwoStores]:
    """The Jaeger of docs/retention.md."""
    with running_two_stores(tmp_path) as server:
        yield server


@pytest.mark.e2e
def test_two_storages_with_two_lifetimes(
    stores: TwoStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each class is in its own store alone, whole; the short one is forgotten, the long one not."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(configuration, "_installed", None)
    retention = Retention(
        services={"billing": "long"}, routes={"/search": "short"}, findings=["contact.*"]
    )
    certificates = stores.certificates
    guard = configure(
        policy=Policy(rules=(), retention=retention),
        export=Export(
            endpoint=stores.endpoint,
            protocol="http/protobuf",
            ca_file=certificates.ca_file,
            cert_file=certificates.client.cert_file,
            key_file=certificates.client.key_file,
            min_tls="1.3",
            headers=stores.headers,
        ),
        resource={"service.name": "billing"},
    )
    tracer = guard.tracer_provider.get_tracer("test")
    traces: dict[str, int] = {}
    for name, path, note in (
        ("long", "/invoices", "x"),
        ("by route", "/search", "x"),
        ("by finding", "/invoices", EMAIL),
    ):
        with tracer.start_as_current_span(
            name, kind=SpanKind.SERVER, attributes={"url.path": path}
        ) as span:
            tracer.start_span("child", attributes={"note": note}).end()
            traces[name] = span.get_span_context().trace_id
    assert guard.force_flush()
    guard.shutdown()

    def is_there(store: str, name: str) -> bool:
        return stores.names(store, traces[name]) == sorted(["child", name])

    assert poll(lambda: is_there("long", "long"), seconds=60)
    assert stores.names("short", traces["long"]) == []
    for name in ("by route", "by finding"):
        assert poll(lambda name=name: is_there("short", name), seconds=60)  # type: ignore[misc]
        assert stores.names("long", traces[name]) == []
    for name in ("by route", "by finding"):
        assert poll(lambda name=name: stores.names("short", traces[name]) == [], seconds=90)  # type: ignore[misc]
    assert is_there("long", "long")
