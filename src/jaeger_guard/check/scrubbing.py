"""What a Collector's redaction, transform and attributes processors leave in clear.

Measured on the Collector v0.155.0 with one span that had an e-mail address or a card number on 27
surfaces. None of the processors covers all of them: redaction doesn't see names, OTTL no lists, maps,
numbers or bytes, and nothing a link's attributes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jaeger_guard.check.configuration import Component, Configuration
from jaeger_guard.check.rule import Hit, Rule, Subject
from jaeger_guard.check.tree import Node
from jaeger_guard.weaknesses import Severity

_MEASURED: Final = "measured on the Collector v0.155.0"
_NUMERIC_KEYS: Final = ("gen_ai.usage.input_tokens", "gen_ai.request.max_tokens")
_MOST_REPEATS: Final = 1000  # regexp/syntax, maxRepeat

# What replaces a text on a surface that redaction doesn't see, as OTTL writes it.
_NAMES: Final = (
    ("span names", r"\b(?:span\.)?name\b"),
    ("status texts", r"\bstatus\.message\b"),
    ("event names", r"\bspanevent\.name\b"),
)


def _redactions(configuration: Configuration) -> Iterator[Component]:
    return configuration.components("processors", "redaction")


def _nothing(configuration: Configuration) -> Iterator[Hit]:
    for redaction in _redactions(configuration):
        node = redaction.node
        blocks = any(
            node.is_set(name)
            for name in ("blocked_values", "blocked_key_patterns", "url_sanitizer", "db_sanitizer")
        )
        if node.is_true("allow_all_keys") and not blocks:
            yield Hit(node.place, f"{redaction.id} allows all keys, and blocks no value")


def _only_strings(configuration: Configuration) -> Iterator[Hit]:
    for redaction in _redactions(configuration):
        node = redaction.node
        if node.is_set("blocked_values") and not node.is_true("redact_all_types"):
            place = (node.get("redact_all_types") or node).place
            yield Hit(place, f"{redaction.id} leaves lists, maps and numbers in clear")


def _numbers(configuration: Configuration) -> Iterator[Hit]:
    for redaction in _redactions(configuration):
        if redaction.node.is_true("redact_all_types") and not redaction.node.is_set("ignored_keys"):
            yield Hit(redaction.node.place, f"{redaction.id} makes numbers that match into texts")


def _names_in_clear(configuration: Configuration) -> Iterator[Hit]:
    transforms = {t.id: t for t in configuration.components("processors", "transform")}
    for pipeline in configuration.trace_pipelines:
        names = pipeline.texts("processors")
        if not any(name.partition("/")[0] == "redaction" for name in names):
            continue
        statements = "\n".join(
            str(node.value)
            for name in names
            if name in transforms
            for node in transforms[name].node.walk()
            if isinstance(node.value, str)
        )
        missing = [surface for surface, path in _NAMES if not re.search(path, statements)]
        if missing:
            yield Hit(pipeline.place, f"redaction leaves {', '.join(missing)} in clear")


def _allowed_values(configuration: Configuration) -> Iterator[Hit]:
    for redaction in _redactions(configuration):
        node = redaction.node.get("allowed_values")
        if node is not None and node.items:
            what = f"{redaction.id} lets a whole value through for one match in it"
            yield Hit(node.place, what)


def _summary(configuration: Configuration) -> Iterator[Hit]:
    for redaction in _redactions(configuration):
        node = redaction.node.get("summary")
        if node is not None and node.text() == "debug":
            yield Hit(node.place, f"{redaction.id} writes the keys that it masked into the span")


def _unkeyed(configuration: Configuration) -> Iterator[Hit]:
    for redaction in _redactions(configuration):
        node = redaction.node.get("hash_function")
        if node is not None and node.text() and not node.text().startswith("hmac"):
            yield Hit(node.place, f"{redaction.id} hashes without a key")
    for transform in configuration.components("processors", "transform"):
        for node in transform.node.walk():
            if isinstance(node.value, str) and re.search(
                r"\b(?:SHA1|SHA256|SHA512|MD5|XXH3|XXH128|FNV|Murmur3Hash)\b", node.value
            ):
                yield Hit(node.place, f"{transform.id} hashes without a key, for OTTL has no HMAC")
    for attributes in configuration.components("processors", "attributes", "resource"):
        for action in _actions(attributes):
            if action.text("action") == "hash":
                yield Hit(action.place, f"{attributes.id} hashes without a key")


def _actions(component: Component) -> list[Node]:
    node = component.node.get("actions") or component.node.get("attributes")
    return [] if node is None else node.items


def _only_attributes(configuration: Configuration) -> Iterator[Hit]:
    attributes = {a.id: a for a in configuration.components("processors", "attributes")}
    for pipeline in configuration.trace_pipelines:
        names = pipeline.texts("processors")
        removes = any(
            name in attributes
            and any(
                action.text("action") in ("delete", "hash") for action in _actions(attributes[name])
            )
            for name in names
        )
        others = any(name.partition("/")[0] in ("redaction", "transform") for name in names)
        if removes and not others:
            what = "attributes sees the attributes of spans alone: events and resources stay"
            yield Hit(pipeline.place, what)


def _usage_counts(configuration: Configuration) -> Iterator[Hit]:
    for redaction in _redactions(configuration):
        for node in redaction.node.listed("blocked_key_patterns"):
            if any(_matches(node.text(), key) for key in _NUMERIC_KEYS):
                yield Hit(
                    node.place, f"{redaction.id} masks counts of tokens, which are no secrets"
                )


def _matches(pattern: str, key: str) -> bool:
    try:
        return len(pattern) < 1024 and re.search(pattern, key) is not None
    except re.error:
        return False  # Go's syntax isn't Python's


def _repeats(configuration: Configuration) -> Iterator[Hit]:
    for component in configuration.components("processors", "redaction", "transform", "filter"):
        for node in component.node.walk():
            for found in re.finditer(r"\{\d{0,9},?(\d{4,9})\}|\{(\d{4,9}),\}", str(node.raw or "")):
                if int(found[1] or found[2]) > _MOST_REPEATS:
                    yield Hit(node.place, f"{component.id} repeats more often than Go takes")
                    break


def _split_traces(configuration: Configuration) -> Iterator[Hit]:
    for routing in configuration.components("connectors", "routing"):
        for route in routing.node.listed("table"):
            if route.text("context") == "span":
                yield Hit(route.place, f"{routing.id} moves single spans, and so splits traces")


def _processor(settings: str) -> str:
    return f"processors:\n  {settings}\n"


def _pipeline(transform: str, processors: str = "memory_limiter, transform, redaction") -> str:
    return (
        "receivers: {otlp: {protocols: {}}}\n"
        "processors:\n"
        "  memory_limiter: {check_interval: 1s, limit_mib: 512}\n"
        "  redaction: {allow_all_keys: true, redact_all_types: true, blocked_values: ['@']}\n"
        "  attributes: {actions: [{key: user.email, action: delete}]}\n"
        "  transform:\n"
        f"    trace_statements: [{transform}]\n"
        "exporters: {nop: {}}\n"
        "service:\n"
        "  telemetry: {metrics: {level: none}}\n"
        "  pipelines:\n"
        f"    traces: {{receivers: [otlp], processors: [{processors}], exporters: [nop]}}\n"
    )


_ALL_NAMES: Final = (
    '\'replace_pattern(span.name, "@", "")\','
    ' \'replace_pattern(span.status.message, "@", "")\','
    ' \'replace_pattern(spanevent.name, "@", "")\''
)
_IGNORED: Final = ", ignored_keys: [http.response.status_code]"
_REDACTION: Final = (
    f"redaction: {{allow_all_keys: true, redact_all_types: true, blocked_values: ['@']{_IGNORED}}}"
)

RULES: Final = (
    Rule(
        id="redaction.nothing",
        severity=Severity.HIGH,
        title="redaction allows all keys, and blocks nothing",
        remedy="Give blocked_values and blocked_key_patterns, or allowed_keys without allow_all_keys",
        source="README of the redaction processor",
        subject=Subject.CONFIGURATION,
        look=_nothing,
        bad=_processor("redaction: {allow_all_keys: true}"),
        good=_processor(_REDACTION),
    ),
    Rule(
        id="redaction.only-strings",
        severity=Severity.MEDIUM,
        title="redaction looks at texts alone",
        remedy="Set redact_all_types: true, and name numeric keys in ignored_keys",
        source=f"{_MEASURED}: list items, nested maps and numbers were left in clear",
        subject=Subject.CONFIGURATION,
        look=_only_strings,
        bad=_processor("redaction: {allow_all_keys: true, blocked_values: ['@']}"),
        good=_processor(_REDACTION),
    ),
    Rule(
        id="redaction.numbers",
        severity=Severity.LOW,
        title="redact_all_types without ignored_keys",
        remedy="Name the numeric keys that dashboards and sampling need in ignored_keys",
        source=f"{_MEASURED}: a number that matches a pattern becomes a text",
        subject=Subject.CONFIGURATION,
        look=_numbers,
        bad=_processor(_REDACTION.replace(_IGNORED, "")),
        good=_processor(_REDACTION),
    ),
    Rule(
        id="redaction.names-in-clear",
        severity=Severity.MEDIUM,
        title="redaction without a transform: names and status texts stay in clear",
        remedy="Put a transform before it, with replace_pattern on span.name, span.status.message and "
        "spanevent.name; jaeger-guard render collector writes one",
        source=f"{_MEASURED}: blocked_values are never applied to names, status texts, scopes, tracestate",
        subject=Subject.CONFIGURATION,
        look=_names_in_clear,
        bad=_pipeline(_ALL_NAMES, "memory_limiter, redaction"),
        good=_pipeline(_ALL_NAMES),
    ),
    Rule(
        id="redaction.allowed-values",
        severity=Severity.MEDIUM,
        title="allowed_values let whole values through",
        remedy="Remove allowed_values, and make blocked_values more exact",
        source="the processor's sources: one match anywhere exempts the value, under blocked keys too",
        subject=Subject.CONFIGURATION,
        look=_allowed_values,
        bad=_processor(_REDACTION.replace("}", ", allowed_values: ['example']}")),
        good=_processor(_REDACTION),
    ),
    Rule(
        id="redaction.summary",
        severity=Severity.LOW,
        title="redaction writes which keys it masked into the span",
        remedy="Set summary: silent, or info, which only counts",
        source=f"{_MEASURED}: summary debug lists the keys",
        subject=Subject.CONFIGURATION,
        look=_summary,
        bad=_processor(_REDACTION.replace("}", ", summary: debug}")),
        good=_processor(_REDACTION.replace("}", ", summary: silent}")),
    ),
    Rule(
        id="scrubbing.unkeyed-hash",
        severity=Severity.MEDIUM,
        title="A hash without a key: e-mail addresses and numbers can be guessed back",
        remedy='Use redaction with hash_function: hmac-sha256 and hmac_key: "${env:NAME}"',
        source="GDPR Recital 26; EDPB Guidelines 01/2025 on pseudonymisation",
        subject=Subject.CONFIGURATION,
        look=_unkeyed,
        bad=_processor(_REDACTION.replace("}", ", hash_function: sha3}")),
        good=_processor(
            _REDACTION.replace("}", ', hash_function: hmac-sha256, hmac_key: "${env:HMAC_KEY}"}')
        ),
    ),
    Rule(
        id="scrubbing.only-attributes",
        severity=Severity.MEDIUM,
        title="The attributes processor alone removes personal data",
        remedy="Use redaction and transform, which also see events, resources and names",
        source=f"{_MEASURED}: what stood in resources and events stayed",
        subject=Subject.CONFIGURATION,
        look=_only_attributes,
        bad=_pipeline(_ALL_NAMES, "memory_limiter, attributes"),
        good=_pipeline(_ALL_NAMES, "memory_limiter, attributes, transform, redaction"),
    ),
    Rule(
        id="redaction.usage-counts",
        severity=Severity.LOW,
        title="A key pattern that masks counts of tokens",
        remedy="Anchor it, such as (?i)(^|[._-])token($|[._-])",
        source=f"{_MEASURED}: the pattern `token` made gen_ai.usage.input_tokens into ****",
        subject=Subject.CONFIGURATION,
        look=_usage_counts,
        bad=_processor(_REDACTION.replace("}", ", blocked_key_patterns: [token]}")),
        good=_processor(
            _REDACTION.replace("}", ", blocked_key_patterns: ['(?i)(^|[._-])token($|[._-])']}")
        ),
    ),
    Rule(
        id="scrubbing.too-many-repeats",
        severity=Severity.MEDIUM,
        title="A pattern that Go's regexp refuses",
        remedy="Leave the upper bound out: {12,} for {12,4096}",
        source=f"{_MEASURED}: a repeat over {_MOST_REPEATS} is refused, and the Collector doesn't start",
        subject=Subject.CONFIGURATION,
        look=_repeats,
        bad=_processor(_REDACTION.replace("'@'", "'[a-z]{12,4096}@'")),
        good=_processor(_REDACTION.replace("'@'", "'[a-z]{12,}@'")),
    ),
    Rule(
        id="routing.split-traces",
        severity=Severity.LOW,
        title="Spans are routed one by one",
        remedy="Route by resource, or give all spans of a trace their class before",
        source=f"{_MEASURED}: a sibling of a long span went to the other store",
        subject=Subject.CONFIGURATION,
        look=_split_traces,
        bad="connectors:\n  routing: {table: [{context: span, condition: 'true', pipelines: [traces]}]}\n",
        good="connectors:\n  routing: {table: [{context: resource, condition: 'true', pipelines: [traces]}]}\n",
    ),
)
