"""configure() and protect(): what is set is honoured or refused, by name and without its value."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import (
    ConcurrentMultiSpanProcessor,
    ReadableSpan,
    Span,
    SpanProcessor,
    SynchronousMultiSpanProcessor,
    TracerProvider,
)
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
)
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler, TraceIdRatioBased
from opentelemetry.util._once import Once

from jaeger_guard import Export, Guard, GuardSpanProcessor, Policy, Rule, configuration
from jaeger_guard.configuration import building, configure, protect
from jaeger_guard.configuration.environment import LIMITS, Switches
from jaeger_guard.configuration.policies import choose_scrubber
from jaeger_guard.errors import ConfigurationError
from servers.otlp_sink import GrpcSink, HttpSink

EMAIL = "jo" + "@example.com"
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
MARKER = "[REDACTED:contact.email]"
KEEPING = Policy(rules=(Rule(key="note", action="unsafe_keep"),))

Environment = Callable[..., None]
Configured = Callable[..., Guard]


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start and end without a global provider, and without any variable that matters."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "JAEGER_GUARD_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_BSP_EXPORT_TIMEOUT", "2000")
    forget(monkeypatch)
    yield
    if configuration._installed is not None:
        configuration._installed.guard.shutdown()


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the global provider away, as applications' test suites do."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(configuration, "_installed", None)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Set variables."""

    def put(**variables: str) -> None:
        for name, text in variables.items():
            monkeypatch.setenv(name, text)

    return put


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    """A receiver of OTLP over HTTP."""
    with HttpSink() as server:
        yield server


@pytest.fixture
def provider() -> Iterator[TracerProvider]:
    """A provider that somebody else built."""
    built = TracerProvider()
    yield built
    built.shutdown()


def to(server: HttpSink) -> Export:
    """Export to a sink."""
    return Export(endpoint=server.endpoint, protocol="http/protobuf")


def record(source: Any, name: str = "GET /orders", **attributes: Any) -> None:
    """Record one span."""
    with source.get_tracer("test").start_as_current_span(name, attributes=attributes):
        pass


def redirect_console(guard: Guard) -> io.StringIO:
    """Show what the console exporter prints; it holds on to the stdout of its import."""
    printed = io.StringIO()
    for processor in guard.tracer_provider._active_span_processor._span_processors:
        if isinstance(exporter := getattr(processor, "span_exporter", None), ConsoleSpanExporter):
            exporter.out = printed
    return printed


def values(server: HttpSink | GrpcSink) -> dict[str, Any]:
    """Show the attributes of the last span that arrived."""
    return {entry.key: entry.value.string_value for entry in server.spans[-1].attributes}


def refused(what: str, call: Callable[[], object], *hidden: str) -> ConfigurationError:
    """Expect a ConfigurationError at `what`, and that nothing is installed nor shown of `hidden`."""
    before = trace._TRACER_PROVIDER
    with pytest.raises(ConfigurationError) as caught:
        call()
    error = caught.value
    assert what in error.where
    assert error.remedy
    chain: BaseException | None = error
    while chain is not None:
        assert not [text for text in hidden if text in f"{chain!r}{chain}"]
        chain = chain.__context__
    assert trace._TRACER_PROVIDER is before
    return error


# --- one line -----------------------------------------------------------------------------------


def test_one_line_guards_and_exports(sink: HttpSink, environment: Environment) -> None:
    """With nothing but the standard variables, spans of the global provider arrive scrubbed."""
    environment(
        OTEL_EXPORTER_OTLP_ENDPOINT=sink.endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_SERVICE_NAME="shop",
    )
    guard = configure()
    assert trace.get_tracer_provider() is guard.tracer_provider
    record(trace, note=f"mail {EMAIL}", route="/orders/{id}")
    assert guard.force_flush()
    assert values(sink) == {"note": f"mail {MARKER}", "route": "/orders/{id}"}
    assert b"shop" in sink.payloads[0]


def test_processors_added_later_are_guarded(environment: Environment) -> None:
    """A processor that somebody adds afterwards sees scrubbed spans."""
    environment(OTEL_TRACES_EXPORTER="none")
    guard, memory = configure(), InMemorySpanExporter()
    guard.tracer_provider.add_span_processor(SimpleSpanProcessor(memory))
    record(trace, note=EMAIL)
    (span,) = memory.get_finished_spans()
    assert span.attributes == {"note": MARKER}


def test_the_same_settings_give_the_same_guard(environment: Environment) -> None:
    """A second call is harmless where it says the same, whatever else changed around it."""
    first = configure(resource={"service.name": "shop"}, policy=["baseline"])
    environment(OTEL_SEMCONV_STABILITY_OPT_IN="http", OTEL_METRIC_EXPORT_INTERVAL="1")
    assert configure(resource={"service.name": "shop"}, policy=["baseline"]) is first


@pytest.mark.parametrize(
    "settings",
    [
        {"policy": KEEPING},
        {"export": Export(endpoint="https://other:4317")},
        {"resource": {"service.name": "other"}},
        {"sampling": ALWAYS_OFF},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_other_settings_are_an_error(settings: dict[str, Any]) -> None:
    """A second call that means something else is refused, and the first guard goes on."""
    first = configure()
    error = refused("configure()", lambda: configure(**settings))
    assert "already" in error.what
    assert configure() is first


def test_another_environment_is_an_error(environment: Environment) -> None:
    """A second call after a setting's variable changed is refused, too."""
    configure()
    environment(OTEL_SERVICE_NAME="other")
    refused("configure()", configure)


def test_after_shutdown_configure_starts_afresh(sink: HttpSink) -> None:
    """Also with other settings; the new provider is the global one, and exports."""
    first = configure(export=to(sink))
    first.shutdown()
    assert first.is_shut_down
    second = configure(export=to(sink), policy=KEEPING)
    assert second is not first
    assert trace.get_tracer_provider() is second.tracer_provider
    record(trace, note=EMAIL)
    assert second.force_flush()
    assert values(sink) == {"note": EMAIL}


def test_a_provider_that_was_shut_down_is_replaced(sink: HttpSink) -> None:
    """Whoever shuts the provider down and not the guard doesn't get a dead one afterwards."""
    first = configure(export=to(sink))
    first.tracer_provider.shutdown()
    assert configure(export=to(sink)) is not first
    record(trace)
    assert configure(export=to(sink)).force_flush()
    assert len(sink.spans) == 1


def test_a_global_that_tests_reset(sink: HttpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a test suite takes the global provider away, the next call installs one again."""
    first = configure(export=to(sink))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)  # and leaves the Once as it is
    second = configure(export=to(sink))
    assert second is not first
    assert trace.get_tracer_provider() is second.tracer_provider
    first.shutdown()


def test_two_threads_at_once() -> None:
    """Threads that configure at once get one guard."""
    guards: list[Guard] = []
    threads = [threading.Thread(target=lambda: guards.append(configure())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(guards) == 8
    assert len(set(guards)) == 1


def test_a_provider_installed_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody else installs one while ours is being built, nothing is overridden."""
    build = building.build
    other = TracerProvider(shutdown_on_exit=False)

    def build_slowly(*settings: Any) -> Guard:
        guard = build(*settings)
        trace.set_tracer_provider(other)
        return guard

    monkeypatch.setattr(building, "build", build_slowly)
    with pytest.raises(ConfigurationError, match="another thread"):
        configure()
    assert trace.get_tracer_provider() is other


# --- precedence ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "argument", "service"),
    [
        ({}, None, "unknown_service"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=b,team=x"}, None, "b"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=b", "OTEL_SERVICE_NAME": "c"}, None, "c"),
        ({"OTEL_SERVICE_NAME": "c"}, {"service.name": "d"}, "d"),
        ({"OTEL_SERVICE_NAME": "c"}, {"team": "x"}, "c"),
        ({"OTEL_SERVICE_NAME": "c"}, Resource({"service.name": "e"}), "e"),
        ({"OTEL_SERVICE_NAME": "c"}, Resource({"team": "x"}), "c"),
    ],
)
def test_the_service_name(
    variables: Mapping[str, str], argument: Any, service: str, environment: Environment
) -> None:
    """Argument, then OTEL_SERVICE_NAME, then OTEL_RESOURCE_ATTRIBUTES, then the SDK's default."""
    environment(**variables)
    attributes = configure(resource=argument).tracer_provider.resource.attributes
    assert str(attributes["service.name"]).startswith(service)
    assert "telemetry.sdk.language" in attributes
    if "team" in str(variables) + str(getattr(argument, "attributes", argument)):
        assert attributes["team"] == "x"


def test_the_policy(environment: Environment, tmp_path: Path) -> None:
    """Argument, then JAEGER_GUARD_POLICY, then baseline."""
    file = tmp_path / "ours.toml"
    file.write_text('[[rules]]\nkey = "note"\naction = "keep"\n')
    assert choose_scrubber(None, {}, Switches.read({}), "").scrubber.policy.names == ("baseline",)
    environment(JAEGER_GUARD_POLICY=str(file))
    guard = configure()
    assert guard.scrub("note", EMAIL) == EMAIL
    guard.shutdown()
    assert configure(policy="baseline").scrub("note", EMAIL) == MARKER


def test_the_exporter(environment: Environment) -> None:
    """Argument, then JAEGER_GUARD_EXPORT_*, then the TRACES form, then the general one."""
    with HttpSink() as general, HttpSink() as traces, HttpSink() as ours, HttpSink() as given:
        environment(
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            OTEL_EXPORTER_OTLP_ENDPOINT=general.endpoint,
        )
        sinks = [general, traces, ours, given]
        for expected, (variable, argument) in zip(
            sinks,
            [
                ("", None),
                ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", None),
                ("JAEGER_GUARD_EXPORT_ENDPOINT", None),
                ("", to(given)),
            ],
            strict=True,
        ):
            if variable:
                environment(**{variable: expected.endpoint})
            guard = configure(export=argument)
            record(trace, name=expected.endpoint)
            guard.shutdown()
            assert [span.name for span in expected.spans] == [expected.endpoint]


@pytest.mark.parametrize(
    ("name", "argument", "description"),
    [
        ("", "", "ParentBased{root:AlwaysOnSampler"),
        (" always_on ", "", "AlwaysOnSampler"),
        ("ALWAYS_OFF", "", "AlwaysOffSampler"),
        ("traceidratio", "0.25", "TraceIdRatioBased{0.25}"),
        ("traceidratio", "", "TraceIdRatioBased{1.0}"),
        ("parentbased_always_on", "nonsense", "ParentBased{root:AlwaysOnSampler"),
        ("parentbased_always_off", "", "ParentBased{root:AlwaysOffSampler"),
        ("parentbased_traceidratio", " 1 ", "ParentBased{root:TraceIdRatioBased{1.0}"),
    ],
)
def test_known_samplers(
    name: str, argument: str, description: str, environment: Environment
) -> None:
    """Each name of the specification gives its sampler; an empty variable counts as not set."""
    environment(OTEL_TRACES_SAMPLER=name, OTEL_TRACES_SAMPLER_ARG=argument)
    assert configure().tracer_provider.sampler.get_description().startswith(description)


def test_a_sampler_that_is_given_wins(environment: Environment) -> None:
    """The argument comes before OTEL_TRACES_SAMPLER, even where that one is nonsense."""
    environment(OTEL_TRACES_SAMPLER="nonsense")
    given = TraceIdRatioBased(0.5)
    assert configure(sampling=given).tracer_provider.sampler is given


@pytest.mark.parametrize("argument", ["half", "-0.1", "1.1", "nan", "inf", "0,5"])
def test_a_malformed_sampler_argument(argument: str, environment: Environment) -> None:
    """The SDK would warn, and sample everything; here it is an error."""
    environment(OTEL_TRACES_SAMPLER="parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG=argument)
    refused("OTEL_TRACES_SAMPLER_ARG", configure)


def test_an_unknown_sampler(environment: Environment) -> None:
    """The SDK would warn, and sample everything; here it is an error that lists the known ones."""
    environment(OTEL_TRACES_SAMPLER="parentbased_jaeger_remote")
    error = refused("OTEL_TRACES_SAMPLER", configure)
    assert "parentbased_traceidratio" in error.remedy


class OtherSampler(TraceIdRatioBased):
    """A sampler of another distribution."""


def fail(_: str) -> Sampler:
    """Fail as a sampler's factory may."""
    raise ValueError(TOKEN)


@pytest.mark.parametrize("works", [True, False])
def test_a_sampler_of_another_distribution(
    works: bool, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry point is loaded and given the argument; what it raises isn't quoted."""

    class EntryPoint:
        def load(self) -> Callable[[str], Sampler]:
            return (lambda text: OtherSampler(float(text))) if works else fail

    found: list[object] = []

    def entry_points(**by: str) -> list[EntryPoint]:
        found.append(by)
        return [EntryPoint()]

    monkeypatch.setattr(metadata, "entry_points", entry_points)
    environment(OTEL_TRACES_SAMPLER="Other", OTEL_TRACES_SAMPLER_ARG="0.5")
    if works:
        sampler = configure().tracer_provider.sampler
        assert isinstance(sampler, OtherSampler)
        assert sampler.rate == 0.5
    else:
        refused("OTEL_TRACES_SAMPLER", configure, TOKEN)
    assert {"group": "opentelemetry_traces_sampler", "name": "Other"} in found


def test_span_limits(environment: Environment) -> None:
    """The limits of the specification hold: attributes beyond are dropped, and counted."""
    environment(OTEL_TRACES_EXPORTER="none", OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT="2",
                OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT="3")  # fmt: skip
    guard, memory = configure(), InMemorySpanExporter()
    guard.tracer_provider.add_span_processor(SimpleSpanProcessor(memory))
    record(trace, a="12345", b="1", c="1")
    (span,) = memory.get_finished_spans()
    assert dict(span.attributes or {}) == {"b": "1", "c": "1"}
    assert span.dropped_attributes == 1


@pytest.mark.parametrize("text", ["many", "-1", "1.5"])
@pytest.mark.parametrize("variable", LIMITS)
def test_malformed_limits(variable: str, text: str, environment: Environment) -> None:
    """A limit that is no number is an error that names the variable."""
    environment(**{variable: text})
    refused(variable, configure, text)


def test_the_queue(environment: Environment, sink: HttpSink) -> None:
    """OTEL_BSP_* bound our queue: a batch of one leaves at once."""
    environment(OTEL_BSP_MAX_EXPORT_BATCH_SIZE="1", OTEL_BSP_SCHEDULE_DELAY="60000")
    configure(export=to(sink))
    record(trace)
    assert sink.wait_for(1)


def test_a_malformed_queue(environment: Environment) -> None:
    """An OTEL_BSP_* variable that can't be honoured is an error of configure()."""
    environment(OTEL_BSP_MAX_QUEUE_SIZE="0")
    refused("OTEL_BSP_MAX_QUEUE_SIZE", configure)


# --- what is exported at all --------------------------------------------------------------------


@pytest.mark.parametrize(
    "named",
    ["otlp", "OTLP", "jaeger_guard", " ", "console,otlp", "otlp,none", "otlp_proto_http"],
)
def test_exporters_that_send(named: str, environment: Environment, sink: HttpSink) -> None:
    """otlp, and our own name for it, send; an empty variable is the default."""
    environment(
        OTEL_TRACES_EXPORTER=named,
        OTEL_EXPORTER_OTLP_ENDPOINT=sink.endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
    )
    guard = configure()
    printed = redirect_console(guard)
    record(trace)
    assert guard.force_flush()
    assert len(sink.spans) == 1
    assert ("GET /orders" in printed.getvalue()) == ("console" in named)


def test_none_sends_nothing(environment: Environment, sink: HttpSink) -> None:
    """OTEL_TRACES_EXPORTER=none exports nothing, unless `export=` says so."""
    environment(
        OTEL_TRACES_EXPORTER="none",
        OTEL_EXPORTER_OTLP_ENDPOINT=sink.endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
    )
    guard = configure()
    record(trace)
    guard.shutdown()
    assert sink.received == []
    guard = configure(export=to(sink))
    record(trace)
    assert guard.force_flush()
    assert len(sink.spans) == 1


def test_the_console_is_guarded(environment: Environment) -> None:
    """OTEL_TRACES_EXPORTER=console prints scrubbed spans, and sends none."""
    environment(OTEL_TRACES_EXPORTER="console")
    guard = configure()
    printed = redirect_console(guard)
    record(trace, note=EMAIL)
    assert MARKER in printed.getvalue()
    assert EMAIL not in printed.getvalue()
    assert "sent" not in guard.statistics()


def test_an_unknown_exporter(environment: Environment) -> None:
    """The SDK would leave the application untraced; here it is an error."""
    environment(OTEL_TRACES_EXPORTER="otlp,zipkin")
    refused("OTEL_TRACES_EXPORTER", configure)


@pytest.mark.parametrize(
    "variables", [{"OTEL_SDK_DISABLED": "TRUE"}, {"JAEGER_GUARD_ENABLED": "false"}]
)
def test_off_exports_nothing(
    variables: Mapping[str, str], environment: Environment, sink: HttpSink
) -> None:
    """Off: no export of ours, no console, no processor added later; files needn't be there."""
    environment(
        OTEL_TRACES_EXPORTER="otlp,console", OTEL_EXPORTER_OTLP_CERTIFICATE="/missing", **variables
    )
    guard, memory = configure(export=to(sink)), InMemorySpanExporter()
    printed = redirect_console(guard)
    guard.tracer_provider.add_span_processor(SimpleSpanProcessor(memory))
    record(trace)
    if "JAEGER_GUARD_ENABLED" in variables:
        guard.tracer_provider._active_span_processor.on_end(ReadableSpan("by hand"))
    guard.shutdown()
    assert sink.received == []
    assert printed.getvalue() == ""
    assert memory.get_finished_spans() == ()


def test_off_does_not_turn_off_others(environment: Environment) -> None:
    """A service that is off passes its caller's trace on; it doesn't say "not sampled" to peers."""
    environment(JAEGER_GUARD_ENABLED="0")
    configure()
    caller = trace.SpanContext(1, 2, is_remote=True, trace_flags=trace.TraceFlags(1))
    context = trace.set_span_in_context(trace.NonRecordingSpan(caller))
    span = trace.get_tracer("test").start_span("x", context)
    assert span.get_span_context() == caller


def test_off_beside_a_provider(environment: Environment, provider: TracerProvider) -> None:
    """Off means off for a provider that somebody else built, and for its issued tracers."""
    memory, later = InMemorySpanExporter(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    issued = provider.get_tracer("issued")
    trace.set_tracer_provider(provider)
    environment(JAEGER_GUARD_ENABLED="false")
    configure()
    provider.add_span_processor(SimpleSpanProcessor(later))
    issued.start_span("x").end()
    record(provider)
    assert memory.get_finished_spans() == later.get_finished_spans() == ()


@pytest.mark.parametrize(
    "variable",
    ["JAEGER_GUARD_ENABLED", "JAEGER_GUARD_STRICT", "JAEGER_GUARD_UNSAFE_PASSTHROUGH"],
)
def test_malformed_switches(variable: str, environment: Environment) -> None:
    """A switch that is neither true nor false is an error, never a guess."""
    environment(**{variable: "ture"})
    refused(variable, configure, "ture")


# --- unsafe -------------------------------------------------------------------------------------


def test_passthrough(
    environment: Environment, sink: HttpSink, caplog: pytest.LogCaptureFixture
) -> None:
    """JAEGER_GUARD_UNSAFE_PASSTHROUGH passes everything raw, and says so once."""
    environment(JAEGER_GUARD_UNSAFE_PASSTHROUGH="true")
    guard = configure(export=to(sink), resource={"owner": EMAIL})
    assert configure(export=to(sink), resource={"owner": EMAIL}) is guard
    tracer = trace.get_tracer("test", TOKEN, attributes={"a": EMAIL})
    with tracer.start_as_current_span(f"GET /{EMAIL}", attributes={"password": TOKEN}) as span:
        span.set_attribute("url.full", f"https://u:{TOKEN}@h/?q={EMAIL}")
        span.set_attribute(EMAIL, "key")
        span.add_event(EMAIL, {"authorization": TOKEN})
        span.set_status(trace.StatusCode.ERROR, EMAIL)
    assert guard.force_flush()
    payload = sink.payloads[0]
    assert payload.count(EMAIL.encode()) == 7
    assert payload.count(TOKEN.encode()) == 4
    assert b"REDACTED" not in payload
    assert caplog.text.count("UNSAFE_PASSTHROUGH") == 1


def test_strict_refuses_passthrough(environment: Environment) -> None:
    """Strict mode and pass-through contradict each other."""
    environment(JAEGER_GUARD_UNSAFE_PASSTHROUGH="1", JAEGER_GUARD_STRICT="1")
    refused("JAEGER_GUARD_UNSAFE_PASSTHROUGH", configure)


def test_unsafe_rules_warn_once(caplog: pytest.LogCaptureFixture) -> None:
    """Each guard says once which of its rules leave values unseen; baseline says nothing."""
    configure().shutdown()
    assert caplog.records == []
    configure(policy=KEEPING)
    configure(policy=KEEPING)
    (entry,) = caplog.records
    assert entry.levelno == logging.WARNING
    assert "unsafe_keep in: custom rule 1" in entry.getMessage()


def test_strict_refuses_unsafe_rules(environment: Environment) -> None:
    """In strict mode an unsafe_keep is an error, that names the rule."""
    environment(JAEGER_GUARD_STRICT="true")
    error = refused("configure(policy=)", lambda: configure(policy=KEEPING))
    assert "custom rule 1" in error.what


# --- no value in errors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "variable", ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"]
)
@pytest.mark.parametrize("text", [f"authorization {TOKEN}", f"a=b,{TOKEN}", f'a="{TOKEN}"'])
def test_malformed_headers_are_not_shown(
    variable: str, text: str, environment: Environment, caplog: pytest.LogCaptureFixture
) -> None:
    """Malformed headers are an error without their value; the SDK's parser would log them."""
    caplog.set_level(logging.DEBUG)
    environment(**{variable: text}, OTEL_EXPORTER_OTLP_ENDPOINT="https://h:4317")
    refused(variable, configure, TOKEN)
    assert TOKEN not in caplog.text


def test_malformed_resource_attributes_are_not_shown(
    environment: Environment, caplog: pytest.LogCaptureFixture
) -> None:
    """An entry without "=" is an error without its value; the SDK would log it."""
    environment(OTEL_RESOURCE_ATTRIBUTES=f"team=x,{TOKEN}")
    refused("OTEL_RESOURCE_ATTRIBUTES", configure, TOKEN)
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("JAEGER_GUARD_POLICY", f"key.{TOKEN}"),
        ("JAEGER_GUARD_POLICY", f"https://u:{TOKEN}@h/p.toml"),
        ("JAEGER_GUARD_POLICY", f"[[rules]]\nkey = '{TOKEN}'"),
        ("JAEGER_GUARD_POLICY", f"~{TOKEN}/p.toml"),
        ("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", f"otel,{TOKEN}"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", TOKEN),
        ("OTEL_TRACES_EXPORTER", TOKEN),
        ("OTEL_TRACES_SAMPLER", TOKEN),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", f"https://h:{TOKEN}"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", TOKEN),
    ],
)
def test_a_secret_in_the_wrong_variable_is_not_shown(
    variable: str, text: str, environment: Environment, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever was pasted where it doesn't belong, the variable is named and its text isn't."""
    caplog.set_level(logging.DEBUG)
    environment(**{variable: text})
    refused(variable, configure, TOKEN)
    assert TOKEN not in caplog.text


def test_a_limit_that_the_sdk_reads_when_imported() -> None:
    """The SDK fails at import, quoting the text; configure() looks before it imports."""
    program = (
        "import jaeger_guard\n"
        "try:\n    jaeger_guard.configure()\n"
        "except jaeger_guard.ConfigurationError as error:\n    print(error.where)\n"
    )
    environ = {**os.environ, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": TOKEN}
    child = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environ
    )
    assert child.stdout.strip() == "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"
    assert child.stderr == ""


@pytest.mark.parametrize("named", ["otel", "process, os", "*", ""])
def test_detectors_of_resources_that_are_there(named: str, environment: Environment) -> None:
    """Names of detectors that are installed are taken as the SDK takes them."""
    environment(OTEL_EXPERIMENTAL_RESOURCE_DETECTORS=named, OTEL_TRACES_EXPORTER="none")
    attributes = configure().tracer_provider.resource.attributes
    assert ("process.pid" in attributes) == (named in ("process, os", "*"))


def test_misspelt_variables_are_told_once(
    environment: Environment, caplog: pytest.LogCaptureFixture
) -> None:
    """A variable of ours that nothing reads is warned of with the closest, and never its text."""
    environment(
        JAEGER_GUARD_POLCY=TOKEN,
        JAEGER_GUARD_EXPORT_CAFILE="ca.pem",
        JAEGER_GUARD_EXPORT_TIMEOUT="3",
        JAEGER_GUARD_SPARE="",
        OTEL_TRACES_EXPORTER="none",
    )
    assert configure() is configure()
    assert [record.getMessage() for record in caplog.records] == [
        "JAEGER_GUARD_EXPORT_CAFILE is not known to this version;"
        " did you mean JAEGER_GUARD_EXPORT_CA_FILE?",
        "JAEGER_GUARD_POLCY is not known to this version; did you mean JAEGER_GUARD_POLICY?",
    ]


def test_strict_refuses_misspelt_variables(
    environment: Environment, provider: TracerProvider
) -> None:
    """Strict mode refuses what is only warned of otherwise, whoever built the provider."""
    environment(JAEGER_GUARD_STRICT="true", JAEGER_GUARD_UNSAFE_PASSTROUGH=TOKEN)
    for call in (configure, lambda: protect(provider)):
        error = refused("JAEGER_GUARD_UNSAFE_PASSTROUGH", call, TOKEN)
        assert "JAEGER_GUARD_UNSAFE_PASSTHROUGH" in error.remedy


def test_what_is_kept_of_the_environment_is_not_shown(environment: Environment) -> None:
    """Nothing that configure() remembers shows a credential."""
    environment(
        OTEL_EXPORTER_OTLP_HEADERS=f"authorization={TOKEN}",
        OTEL_EXPORTER_OTLP_ENDPOINT="https://h:4317",
    )
    configure()
    assert TOKEN not in repr(configuration._installed)


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ({"policy": 5}, "configure(policy=)"),
        ({"policy": []}, "configure(policy=)"),
        ({"policy": ["baseline", 5]}, "configure(policy=)"),
        ({"policy": "no-such-preset"}, "configure(policy=)"),
        ({"policy": "./missing.toml"}, "missing.toml"),
        ({"export": "https://jaeger:4317"}, "configure(export=)"),
        ({"export": object()}, "configure(export=)"),
        ({"sampling": 0.5}, "configure(sampling=)"),
        ({"sampling": TraceIdRatioBased}, "configure(sampling=)"),
        ({"resource": "shop"}, "configure(resource=)"),
        ({"resource": 5}, "configure(resource=)"),
        ({"resource": {5: "x"}}, "configure(resource=)"),
        ({"resource": {"": "x"}}, "configure(resource=)"),
        ({"resource": [("service.name", "x")]}, "configure(resource=)"),
    ],
)
def test_wrong_types(arguments: dict[str, Any], where: str) -> None:
    """Each argument of a wrong type is an error that names it; nothing is installed."""
    refused(where, lambda: configure(**arguments))


def test_a_policy_in_the_environment_that_is_wrong(environment: Environment) -> None:
    """The variable is named, not an argument that nobody gave."""
    environment(JAEGER_GUARD_POLICY="basline")
    assert "baseline" in refused("JAEGER_GUARD_POLICY", configure).remedy


def test_a_missing_ca_file(environment: Environment, tmp_path: Path) -> None:
    """A file for TLS that isn't there is an error at configure(), not a silent fallback."""
    environment(
        OTEL_EXPORTER_OTLP_CERTIFICATE=str(tmp_path / "ca.pem"),
        OTEL_EXPORTER_OTLP_ENDPOINT="https://h:4317",
    )
    assert str(tmp_path / "ca.pem") in str(refused("", configure))


# --- providers that someone else built ----------------------------------------------------------


class Keeping(SpanProcessor):
    """Takes part in starts, and keeps what it gets at the end."""

    def __init__(self) -> None:
        self.ended: list[ReadableSpan] = []

    def on_start(self, span: Span, parent_context: Any = None) -> None:
        """Write, as Langfuse or Sentry do."""
        span.set_attribute("written", "yes")

    def on_end(self, span: ReadableSpan) -> None:
        """Keep it."""
        self.ended.append(span)


@pytest.mark.parametrize("multi", [SynchronousMultiSpanProcessor, ConcurrentMultiSpanProcessor])
@pytest.mark.parametrize("through", ["configure", "protect"])
def test_an_existing_provider_is_protected(
    multi: Any, through: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Issued tracers, processors from before with real exporters, and later ones: all guarded."""
    provider = TracerProvider(active_span_processor=multi())
    before, batched, after = (InMemorySpanExporter() for _ in range(3))
    provider.add_span_processor(SimpleSpanProcessor(before))
    provider.add_span_processor(BatchSpanProcessor(batched))
    issued = provider.get_tracer("issued")
    running = issued.start_span("running", attributes={"note": EMAIL})
    trace.set_tracer_provider(provider)
    guard = configure() if through == "configure" else protect(provider)
    assert guard.tracer_provider is provider
    provider.add_span_processor(SimpleSpanProcessor(after))
    running.end()
    issued.start_span("issued", attributes={"note": EMAIL}).end()
    record(trace, name="new", note=EMAIL)
    assert guard.force_flush()
    for exporter in (before, batched, after):
        spans = exporter.get_finished_spans()
        assert sorted(span.name for span in spans) == ["issued", "new", "running"]
        assert [dict(span.attributes or {}) for span in spans] == [{"note": MARKER}] * 3
    assert (configure() if through == "configure" else protect(provider)) is guard
    guard.shutdown()
    if multi is ConcurrentMultiSpanProcessor:
        provider._active_span_processor._executor.shutdown()  # type: ignore[union-attr]
    assert caplog.records == []


def test_nothing_is_sent_from_an_existing_provider(
    provider: TracerProvider, environment: Environment, sink: HttpSink
) -> None:
    """Somebody else's provider exports by itself: ours is added only where `export=` is given."""
    environment(OTEL_EXPORTER_OTLP_ENDPOINT=sink.endpoint,
                OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf")  # fmt: skip
    trace.set_tracer_provider(provider)
    guard = configure()
    record(trace)
    assert guard.force_flush()
    assert sink.received == []


def test_our_sender_beside_an_existing_provider(provider: TracerProvider, sink: HttpSink) -> None:
    """With `export=` spans also go where it says, scrubbed, and are in the statistics."""
    memory = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    trace.set_tracer_provider(provider)
    guard = configure(export=to(sink))
    record(trace, note=EMAIL)
    assert guard.force_flush()
    assert values(sink) == {"note": MARKER}
    assert len(memory.get_finished_spans()) == 1
    assert guard.statistics()["sent"] == 1
    assert configure(export=to(sink)) is guard


def test_our_sender_beside_a_guard_made_by_hand(
    sink: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that is guarded already, but doesn't export, can be given our sender; once."""
    provider = TracerProvider(active_span_processor=GuardSpanProcessor())
    trace.set_tracer_provider(provider)
    guard = configure(export=to(sink))
    record(trace, note=EMAIL)
    assert guard.force_flush()
    assert values(sink) == {"note": MARKER}
    assert protect(provider) is guard
    monkeypatch.setattr(configuration, "_installed", None)
    refused("configure(export=)", lambda: configure(export=Export(endpoint="https://h:4317")))
    guard.shutdown()


@pytest.mark.parametrize("argument", [{"sampling": ALWAYS_ON}, {"resource": {"service.name": "x"}}])
def test_an_existing_provider_keeps_what_it_is(
    argument: dict[str, Any], provider: TracerProvider
) -> None:
    """Its sampler and resource can't be changed, so asking for it is an error."""
    trace.set_tracer_provider(provider)
    (name,) = argument
    refused(f"configure({name}=)", lambda: configure(**argument))
    assert type(provider._active_span_processor) is SynchronousMultiSpanProcessor


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_BSP_MAX_QUEUE_SIZE": "none"},
        {"JAEGER_GUARD_STRICT": "perhaps"},
        {"JAEGER_GUARD_POLICY": "nothing-like-it"},
    ],
)
def test_a_refusal_leaves_a_provider_alone(
    variables: Mapping[str, str], provider: TracerProvider, environment: Environment
) -> None:
    """Everything is checked before the provider is touched."""
    environment(**variables)
    trace.set_tracer_provider(provider)
    refused(next(iter(variables)), lambda: configure(export=Export(endpoint="https://h:4317")))
    assert type(provider._active_span_processor) is SynchronousMultiSpanProcessor


@pytest.mark.parametrize("foreign", [trace.NoOpTracerProvider(), object(), None])
def test_a_foreign_provider_is_refused(foreign: Any) -> None:
    """What isn't the SDK's can't be guarded: an error, never a warning."""
    refused("protect(provider)", lambda: protect(foreign))
    if foreign is not None:
        trace.set_tracer_provider(foreign)
        refused("protect(provider)", configure)


class OtherMulti(SynchronousMultiSpanProcessor):
    """A multi-processor of another distribution, with insides of its own."""


@pytest.mark.parametrize("kind", [OtherMulti, Keeping])
def test_an_unknown_multi_processor_is_refused(kind: Any) -> None:
    """A provider whose processor is of an unknown kind is an error with a remedy."""
    multi = kind()
    provider = TracerProvider(active_span_processor=multi)
    error = refused("protect(provider)", lambda: protect(provider))
    assert type(multi).__name__ in error.what
    assert "active_span_processor=GuardSpanProcessor" in error.remedy
    provider.shutdown()


def test_another_policy_for_a_guarded_provider(provider: TracerProvider) -> None:
    """A provider has one policy; a second one is refused."""
    protect(provider)
    refused("protect(provider)", lambda: protect(provider, policy=KEEPING))


def test_protecting_what_configure_built(sink: HttpSink) -> None:
    """protect() of a provider that configure() built gives the guard that is there."""
    guard = configure(export=to(sink))
    assert protect(guard.tracer_provider) is guard


def test_who_sees_live_spans_is_told(
    provider: TracerProvider, caplog: pytest.LogCaptureFixture
) -> None:
    """A processor that takes part in starts is named in a warning, and works all the same."""
    keeping = Keeping()
    provider.add_span_processor(keeping)
    protect(provider)
    assert "Keeping" in caplog.text
    record(provider, note=EMAIL)
    assert dict(keeping.ended[0].attributes or {}) == {"note": MARKER, "written": "yes"}


def test_strict_refuses_who_sees_live_spans(
    provider: TracerProvider, environment: Environment
) -> None:
    """In strict mode such a processor is an error, and the provider stays as it was."""
    environment(JAEGER_GUARD_STRICT="1")
    provider.add_span_processor(Keeping())
    assert "Keeping" in refused("protect(provider)", lambda: protect(provider)).what
    assert type(provider._active_span_processor) is SynchronousMultiSpanProcessor


def test_unsafe_rules_of_protect_warn_once(
    provider: TracerProvider, caplog: pytest.LogCaptureFixture
) -> None:
    """protect() says once what its policy leaves unscrubbed."""
    protect(provider, policy=KEEPING)
    protect(provider, policy=KEEPING)
    assert caplog.text.count("unsafe_keep in") == 1


def test_a_policy_of_protect_that_is_wrong(provider: TracerProvider) -> None:
    """The error names protect(), not configure()."""
    refused("protect(policy=)", lambda: protect(provider, policy="no-such-preset"))


def test_protect_while_spans_end(provider: TracerProvider) -> None:
    """A provider is protected while threads use it: no span is lost, and none raises."""
    memory = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer, stop = provider.get_tracer("busy"), threading.Event()
    counts: list[int] = []

    def work() -> None:
        ended = 0
        while not stop.is_set():
            tracer.start_span("busy").end()
            ended += 1
        counts.append(ended)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    protect(provider)
    time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    assert len(counts) == 3  # a thread that raised would not have counted
    assert len(memory.get_finished_spans()) == sum(counts)
