"""Keys of attributes as the Collector is told of them: patterns of the lexicon's words, and exact names.

A phrase is looked for where it ends a key, so that what says something about the secret (`token_count`,
`email_verified`) stays; digits may follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from jaeger_guard import conventions, vocabulary
from jaeger_guard.policy.merging import Clause

_JOINT: Final = "[._ -]?"
_BEFORE: Final = "(?:^|[._ -])"
_AFTER: Final = "(?:[._ -]?[0-9]+)?$"
# Numbers under these are counts, codes, sizes and ports: a mask would make texts of them.
_NUMBERS: Final = frozenset(
    [
        "port",
        "status_code",
        "status",
        "size",
        "count",
        "length",
        "lineno",
        "number",
        "duration",
        "duration_ms",
        "pid",
        "ppid",
        "input_tokens",
        "output_tokens",
        "total_tokens",
        "max_tokens",
        "prompt_tokens",
        "completion_tokens",
        "offset",
        "partition",
        "retry_count",
        "body_size",
        "resend_count",
    ]
)


def key_patterns(categories: Iterable[str]) -> tuple[str, ...]:
    """Write what finds the keys whose values are of one of some categories, a pattern for each."""
    wanted = set(categories)
    return tuple(
        pattern
        for category in sorted(wanted)
        for pattern in (*_phrases(category), *_exact(category))
    )


def _phrases(category: str) -> Iterator[str]:
    ascii_phrases = [
        phrase
        for table in (vocabulary.PHRASES, vocabulary.LAST)
        for phrase in table.get(category, "").split("|")
        if phrase and phrase.isascii()
    ]
    if category == "credential.password":
        stems = "|".join(stem for stem in vocabulary.STEMS if stem.isascii())
        yield f"(?i)(?:{stems}){_AFTER}"
    if ascii_phrases:
        spelled = sorted({_JOINT.join(phrase.split(" ")) for phrase in ascii_phrases})
        yield f"(?i){_BEFORE}(?:{'|'.join(spelled)}){_AFTER}"
        # camelCase: the phrase begins with a capital behind a small letter.
        humps = sorted(
            {"".join(word.capitalize() for word in phrase.split(" ")) for phrase in ascii_phrases}
        )
        yield f"[a-z0-9](?:{'|'.join(humps)})[0-9]*$"
    whole = vocabulary.WHOLE.get(category, "")
    if whole:
        yield f"(?i)^(?:{whole.replace(' ', _JOINT)})$"


def _exact(category: str) -> Iterator[str]:
    keys = conventions.CATEGORY_KEYS.get(category, "").split()
    if keys:
        yield f"(?i)^(?:{'|'.join(re.escape(key) for key in sorted(keys))})$"
    families = {
        "content.prompt": conventions.PROMPT_FAMILIES,
        "content.sql_literal": conventions.LITERAL_FAMILIES,
    }.get(category, ())
    if families:
        yield f"(?i)^(?:{'|'.join(re.escape(family) for family in sorted(families))})"


def secret_headers() -> tuple[str, ...]:
    """Write what finds the headers that hold credentials, and cookies."""
    names = sorted(
        {
            *conventions.SECRET_HEADERS,
            "authorization",
            "proxy-authorization",
            "cookie",
            "set-cookie",
        }
    )
    spelled = "|".join(name.replace("-", "[_-]") for name in names)
    return (f"(?i)^(?:http|rpc)\\..*\\.(?:header|metadata)\\.(?:{spelled})$",)


def numeric_keys() -> tuple[str, ...]:
    """List keys of the conventions whose values are numbers that dashboards and sampling need."""
    return tuple(key for key in known_keys() if key.rpartition(".")[2] in _NUMBERS)


def known_keys() -> tuple[str, ...]:
    """List the keys that the conventions call technical, or take apart: an allow-list."""
    keys = {
        f"{namespace}.{name}" if namespace else name
        for namespace, names in conventions.SAFE_KEYS.items()
        for name in names.split()
    }
    for formatted in conventions.FORMAT_KEYS.values():
        keys.update(formatted.split())
    keys.update(conventions.MACHINE_KEYS.split())
    keys.update(_OF_SAFE_NAMESPACES)
    return tuple(sorted(keys))


# Those of the namespaces that are technical as a whole which nearly every service has.
_OF_SAFE_NAMESPACES: Final = [
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "http.method",
    "http.status_code",
    "server.port",
    "network.protocol.name",
    "network.protocol.version",
    "network.transport",
    "network.type",
    "service.name",
    "service.version",
    "service.namespace",
    "service.instance.id",
    "deployment.environment.name",
    "telemetry.sdk.name",
    "telemetry.sdk.language",
    "telemetry.sdk.version",
    "otel.status_code",
    "otel.scope.name",
    "rpc.system",
    "rpc.service",
    "rpc.method",
    "rpc.grpc.status_code",
    "db.system",
    "db.system.name",
    "db.collection.name",
    "messaging.system",
    "messaging.operation.name",
    "messaging.operation.type",
    "messaging.destination.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "thread.id",
    "thread.name",
    "code.function.name",
    "code.line.number",
    "k8s.pod.name",
    "k8s.namespace.name",
    "k8s.container.name",
    "k8s.node.name",
    "cloud.provider",
    "cloud.region",
    "host.name",
    "process.pid",
    "process.runtime.name",
    "process.runtime.version",
    "privacy.retention",
    "url.scheme",
    "error.type",
]


def glob_pattern(glob: str) -> str:
    """Write a rule's glob over keys for RE2."""
    body = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in glob)
    return f"(?i)^{body}$"


def is_by_key_alone(clause: Clause) -> bool:
    """Say whether a rule names a key and nothing else."""
    return clause.key is not None and clause.category is None and clause.surface is None


def parameter_names(categories: Iterable[str]) -> str:
    """Write the names of query parameters whose values are of one of some categories."""
    phrases = {
        _JOINT.join(phrase.split(" "))
        for category in categories
        for table in (vocabulary.PHRASES, vocabulary.LAST, vocabulary.WHOLE)
        for phrase in table.get(category, "").split("|")
        if phrase and phrase.isascii()
    }
    return "|".join(sorted(phrases))
