"""Statements of OTTL: what is dropped by its key, and the texts that `redaction` doesn't reach.

A regular expression stands in double quotes here, in which a backslash is doubled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from jaeger_guard import conventions
from jaeger_guard.markers import marker
from jaeger_guard.policy import Retention, Treatment
from jaeger_guard.policy.inspection import Inspection
from jaeger_guard.render import collector_keys as keys
from jaeger_guard.render.collector_values import Chosen, Note
from jaeger_guard.types import Action

# The SDK's own members of a tracestate (`ot`); nothing is known of others.
_OWN_TRACESTATE: Final = "^(?:ot=[a-z0-9.:;]*)?$"
_QUERIES: Final = ("url.full", "url.query", "http.url", "http.target")


def statements(inspection: Inspection, chosen: Chosen, note: Note) -> list[dict[str, Any]]:
    """Write the statements, by context."""
    dropped = _dropped(inspection)
    contexts = {
        "resource": [
            *_deletions("resource.attributes", dropped),
            *_replaced("resource.schema_url", chosen),
            *_retention(inspection.compiled.retention, note),
        ],
        "scope": [
            *_deletions("scope.attributes", dropped),
            *_replaced("scope.name", chosen),
            *_replaced("scope.version", chosen),
        ],
        "span": [
            *_deletions("span.attributes", dropped),
            *_keys("span.attributes", chosen),
            *_networks(inspection.treatments["network.ip"], note),
            *_parameters(inspection),
            *_replaced("span.name", chosen),
            *_replaced("span.status.message", chosen),
            f'set(span.trace_state, "") where not IsMatch(span.trace_state, {quoted(_OWN_TRACESTATE)})',
        ],
        "spanevent": [
            *_deletions("spanevent.attributes", dropped),
            *_keys("spanevent.attributes", chosen),
            *_replaced("spanevent.name", chosen),
        ],
    }
    return [
        {"context": context, "statements": found} for context, found in contexts.items() if found
    ]


def quoted(text: str) -> str:
    """Write a text as OTTL has it."""
    doubled = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{doubled}"'


def _dropped(inspection: Inspection) -> tuple[str, ...]:
    """Write what finds the keys whose attributes go as a whole."""
    categories = [
        category
        for category, treatment in inspection.treatments.items()
        if treatment.action is Action.DROP
    ]
    by_rule = [
        keys.glob_pattern(clause.key or "")
        for clause in inspection.conditional
        if keys.is_by_key_alone(clause) and clause.treatment.action is Action.DROP
    ]
    return (*keys.key_patterns(categories), *by_rule)


def _deletions(path: str, patterns: tuple[str, ...]) -> Iterator[str]:
    for pattern in patterns:
        yield f"delete_matching_keys({path}, {quoted(pattern)})"


def _replaced(path: str, chosen: Chosen) -> Iterator[str]:
    for each in chosen.patterns:
        yield f"replace_pattern({path}, {quoted(each.source)}, {quoted(marker(each.category))})"


def _keys(path: str, chosen: Chosen) -> Iterator[str]:
    """Replace what stands in keys themselves, such as an address that somebody used as one."""
    for each in chosen.patterns:
        yield (
            f'replace_all_patterns({path}, "key", {quoted(each.source)}, {quoted(marker(each.category))})'
        )


def _networks(treatment: Treatment, note: Note) -> Iterator[str]:
    """Leave the network of a client's address, where its key says that it is one."""
    if treatment.action is not Action.GENERALIZE:
        return
    prefix = treatment.parameters.ipv4_prefix
    octets = prefix // 8
    if prefix % 8 or not octets:
        note(
            "the network of an IPv4 address",
            "only whole octets can be left",
            "one octet less is left",
        )
    octets = max(octets, 1)
    groups = max(treatment.parameters.ipv6_prefix // 16, 1)
    four = rf"^((?:[0-9]{{1,3}}\.){{{octets - 1}}}[0-9]{{1,3}})(?:\.[0-9]{{1,3}}){{{4 - octets}}}$"
    six = rf"^((?:[0-9a-fA-F]{{1,4}}:){{{groups}}})[0-9a-fA-F:.]*$"
    note(
        "client addresses elsewhere than under their keys",
        "a server's address, or a version, looks the same",
        "they pass",
    )
    for key in sorted({*conventions.PEER_KEYS.split(), "client.address", "http.client_ip"}):
        path = f"span.attributes[{quoted(key)}]"
        client = (
            f"{path} != nil and span.kind != SPAN_KIND_CLIENT and span.kind != SPAN_KIND_PRODUCER"
        )
        yield f"replace_pattern({path}, {quoted(four)}, {quoted('${1}' + '.0' * (4 - octets))}) where {client}"
        yield f"replace_pattern({path}, {quoted(six)}, {quoted('${1}:')}) where {client}"


def _parameters(inspection: Inspection) -> Iterator[str]:
    """Replace the values of query parameters whose names say that they are secret or personal."""
    categories = [
        category
        for category, treatment in inspection.treatments.items()
        if treatment.action not in (Action.KEEP, Action.UNSAFE_KEEP)
        and category.partition(".")[0]
        in ("credential", "contact", "person", "identity", "financial")
    ]
    names = keys.parameter_names(categories)
    if names:
        pattern = f"(?i)((?:^|[?&;])(?:{names})=)[^&#;]+"
        for key in _QUERIES:
            path = f"span.attributes[{quoted(key)}]"
            yield f"replace_pattern({path}, {quoted(pattern)}, {quoted('${1}REDACTED')}) where {path} != nil"


def _retention(retention: Retention | None, note: Note) -> Iterator[str]:
    if retention is None:
        return
    if retention.routes or retention.findings:
        note(
            "retention by route and by finding",
            "a trace's class is inherited from its local root, in the process",
            "the class of the service holds",
        )
    path = 'resource.attributes["privacy.retention"]'
    given = retention.services
    pairs = given.items() if isinstance(given, Mapping) else given
    for glob, kept in pairs:
        matched = f'IsMatch(resource.attributes["service.name"], {quoted(keys.glob_pattern(glob))})'
        yield f"set({path}, {quoted(kept)}) where {path} == nil and {matched}"
    if retention.default is not None:
        yield f"set({path}, {quoted(retention.default)}) where {path} == nil"
