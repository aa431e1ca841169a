"""What a Collector or Jaeger shows about itself: metrics, profiles, variables, traces of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from jaeger_guard.check.configuration import Configuration, is_loopback
from jaeger_guard.check.rule import Hit, Rule, Subject
from jaeger_guard.weaknesses import Severity

_MEASURED: Final = "measured on Jaeger v1.76.0"
_AIDS: Final = {"pprof": "profiles and memory", "zpages": "pipelines and spans of its own",
                "expvar": "its command line and variables"}  # fmt: skip
_DEFAULTS: Final = {"pprof": 1777, "zpages": 55679, "expvar": 27777}


def _aid(type_: str) -> Callable[[Configuration], Iterator[Hit]]:
    def look(configuration: Configuration) -> Iterator[Hit]:
        for component in configuration.components("extensions", type_):
            endpoint = component.node.text("endpoint") or f"localhost:{_DEFAULTS[type_]}"
            node = component.node.get("endpoint") or component.node
            what = f"{component.id} shows {_AIDS[type_]} to anybody who reaches it"
            yield Hit(node.place, what, None if is_loopback(endpoint) else Severity.HIGH)

    return look


def _metrics(configuration: Configuration) -> Iterator[Hit]:
    if configuration.service is None:
        return
    metrics = configuration.service.get("telemetry", "metrics")
    what = "its metrics can be scraped without TLS or credentials"
    if metrics is None:
        yield Hit(configuration.service.place, f"{what} on port 8888, since nothing else is said")
        return
    if metrics.text("level") == "none":
        return
    address = metrics.get("address")
    if address is not None:
        if not is_loopback(address.text()):
            yield Hit(address.place, what, Severity.HIGH)
        return
    readers = metrics.get("readers")
    if readers is None:
        yield Hit(metrics.place, f"{what} on port 8888, since no reader is named")
        return
    for reader in readers.items:
        scraped = reader.get("pull", "exporter", "prometheus")
        if scraped is not None and scraped.text("host") not in ("localhost", "127.0.0.1", "::1"):
            yield Hit(scraped.place, what, Severity.HIGH if scraped.get("host") else None)


def _debug_logs(configuration: Configuration) -> Iterator[Hit]:
    if configuration.service is not None:
        level = configuration.service.get("telemetry", "logs", "level")
        if level is not None and level.text().lower() == "debug":
            yield Hit(level.place, "its log tells about single requests")


def _rule(type_: str, title: str, source: str) -> Rule[Configuration]:
    return Rule(
        id=f"debugging.{type_}",
        severity=Severity.MEDIUM,
        title=title,
        remedy=f"Remove {type_} from service.extensions; add it for the hour that you need it",
        source=source,
        subject=Subject.CONFIGURATION,
        look=_aid(type_),
        bad=f"extensions:\n  {type_}: {{endpoint: '127.0.0.1:{_DEFAULTS[type_]}'}}\n",
        good="extensions:\n  healthcheckv2: {use_v2: true, http: {endpoint: '127.0.0.1:13133'}}\n",
    )


RULES: Final = (
    _rule(
        "pprof",
        "pprof is on: profiles, and dumps of memory",
        f"{_MEASURED}: 200 without credentials; there is no option for TLS or authentication",
    ),
    _rule(
        "zpages",
        "zpages are on",
        f"{_MEASURED}: 200 without credentials",
    ),
    _rule(
        "expvar",
        "expvar is on: the command line, with what was passed by --set",
        f"{_MEASURED}: /debug/vars has cmdline",
    ),
    Rule(
        id="telemetry.metrics",
        severity=Severity.MEDIUM,
        title="Metrics of the program itself can be scraped without TLS or credentials",
        remedy="Set metrics: {level: none}, or a reader whose host is 127.0.0.1",
        source=f"{_MEASURED}: port 8888 answers with all metrics, and has no option for TLS",
        subject=Subject.CONFIGURATION,
        look=_metrics,
        bad="service:\n  extensions: [basicauth]\nextensions: {basicauth: {htpasswd: {file: u}}}\n",
        good="service:\n  extensions: [basicauth]\n  telemetry: {metrics: {level: none}}\n"
        "extensions: {basicauth: {htpasswd: {file: u}}}\n",
    ),
    Rule(
        id="telemetry.debug-logs",
        severity=Severity.LOW,
        title="The log's level is debug",
        remedy="Set level: info",
        source="https://opentelemetry.io/docs/collector/internal-telemetry/",
        subject=Subject.CONFIGURATION,
        look=_debug_logs,
        bad="service:\n  extensions: [basicauth]\n"
        "  telemetry: {metrics: {level: none}, logs: {level: debug}}\n",
        good="service:\n  extensions: [basicauth]\n  telemetry: {metrics: {level: none}}\n",
    ),
)
