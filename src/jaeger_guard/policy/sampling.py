"""What a user says about sampling: `Sampling`, its rules, and where remote strategies come from.

They are plain values: the room `sampling` makes them ready. A policy file holds them in `[sampling]`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from jaeger_guard.categories import is_pattern
from jaeger_guard.policy.tables import (
    LONGEST_GLOB,
    choice,
    flag,
    glob,
    mapping,
    number,
    path,
    read_table,
    schema_of,
    settle,
    texts,
)
from jaeger_guard.policy.words import Fault, Word, category_patterns, kind, quoted, suggest

KINDS: Final = ("internal", "server", "client", "producer", "consumer")
PARENTS: Final = ("root", "remote", "local")
DECISIONS: Final = ("drop", "minimal", "record")
_MOST_PER_SECOND: Final = 1e9
_GLOB_SCHEMA: Final = {"type": "string", "minLength": 1, "maxLength": LONGEST_GLOB}

_RULE_WORDS: Final = (
    Word(
        name="name",
        meaning="The span's name; '*' stands for any characters, '/' too, and '?' for one.",
        schema=_GLOB_SCHEMA,
        read=glob("name"),
    ),
    Word(
        name="attributes",
        meaning="Globs over keys, each with a glob that the value must match; all must hold. "
        "http.route falls back to the path until a route is known.",
        schema={
            "type": "object",
            "additionalProperties": {"type": ["string", "boolean", "number"]},
        },
        read=mapping("attributes"),
    ),
    Word(
        name="kind",
        meaning="The span's kind.",
        schema={"enum": list(KINDS)},
        read=choice("kind", KINDS, optional=True),
    ),
    Word(
        name="parent",
        meaning="Whether the span has no parent, one in another process, or one in this.",
        schema={"enum": list(PARENTS)},
        read=choice("parent", PARENTS, optional=True),
    ),
    Word(
        name="scope",
        meaning="The name of the instrumentation scope; such a rule can only say minimal.",
        schema=_GLOB_SCHEMA,
        read=glob("scope"),
    ),
    Word(
        name="decision",
        meaning="What becomes of the span; minimal keeps it, and none of its content.",
        schema={"enum": list(DECISIONS), "default": "record"},
        read=choice("decision", DECISIONS),
    ),
    Word(
        name="probability",
        meaning="Which part of the traces is kept; without it, all.",
        schema={"type": "number", "minimum": 0, "maximum": 1},
        read=number("probability", 0, 1),
    ),
    Word(
        name="per_second",
        meaning="How many are kept a second at the most.",
        schema={"type": "number", "exclusiveMinimum": 0, "maximum": _MOST_PER_SECOND},
        read=number("per_second", 0, _MOST_PER_SECOND, above=True),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingRule:
    """What becomes of spans that match: everything that the rule names must hold.

    Attributes:
        name: A glob over the span's name: `*` stands for any characters, `/` too, `?` for one.
        attributes: Globs over attribute keys, each with a glob over the value.
        kind: "internal", "server", "client", "producer", "consumer", or a SpanKind.
        parent: "root", "remote" or "local".
        scope: A glob over the name of the instrumentation scope. A sampler isn't told of it, so such
            a rule holds from the span's start on, and can only say "minimal".
        decision: "drop"; "minimal": the span is kept without its content; "record".
        probability: Which part of the traces is kept, 0 to 1; without it, all.
        per_second: How many are kept a second at the most.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    name: str | None = None
    attributes: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    kind: object = None
    parent: Literal["root", "remote", "local"] | None = None
    scope: str | None = None
    decision: Literal["drop", "minimal", "record"] = "record"
    probability: float | None = None
    per_second: float | None = None

    def __post_init__(self) -> None:
        settle(self, _RULE_WORDS, "SamplingRule", self._faults)

    def _faults(self) -> list[Fault]:
        faults = []
        if self.decision == "drop" and (
            self.probability is not None or self.per_second is not None
        ):
            faults.append(
                Fault("decision", "a rule that drops has no rate", "Remove the rate, or say record")
            )
        if self.scope is not None and (
            self.decision != "minimal"
            or self.probability is not None
            or self.per_second is not None
        ):
            what = "a rule on the scope can only make spans minimal: samplers aren't told of it"
            faults.append(Fault("scope", what, 'Say decision = "minimal" without a rate'))
        return faults


_FINDING_WORDS: Final = (
    Word(
        name="category",
        meaning="The data category, or branch, that was found.",
        schema={"enum": list(category_patterns())},
        read=lambda value: (
            value
            if isinstance(value, str) and is_pattern(value)
            else Fault(
                "category",
                f"the category {quoted(value)} isn't known",
                suggest(value, category_patterns()),
            )
        ),
    ),
    Word(
        name="decision",
        meaning="What becomes of a span in which it was found.",
        schema={"enum": ["drop", "minimal"]},
        read=choice("decision", ("drop", "minimal")),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRule:
    """What becomes of a span in which a category was found when it was scrubbed.

    Attributes:
        category: A data category, such as `health.record`, or a branch, such as `health.*`.
        decision: "minimal", or "drop": with those of its local children that are still queued, or
            start later.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    category: str
    decision: Literal["drop", "minimal"]

    def __post_init__(self) -> None:
        settle(self, _FINDING_WORDS, "FindingRule", list)


_REMOTE_WORDS: Final = (
    Word(
        name="endpoint",
        meaning="Base URL of Jaeger's sampling endpoint, such as https://jaeger:5778.",
        schema={"type": "string", "minLength": 1},
        read=lambda value: (
            value
            if isinstance(value, str) and value.strip()
            else Fault("endpoint", "the endpoint is no URL", "Write https://jaeger:5778")
        ),
    ),
    Word(
        name="interval",
        meaning="Seconds between two polls.",
        schema={"type": "number", "minimum": 0.01, "maximum": 86400},
        read=number("interval", 0.01, 86400, optional=False),
    ),
)


@dataclass(frozen=True, slots=True)
class JaegerRemote:
    """Sampling strategies of a Jaeger, polled; local rules are a ceiling that it can't raise.

    Attributes:
        endpoint: Base URL of its sampling endpoint; `/api/sampling?service=` is added.
        interval: Seconds between two polls.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    endpoint: str
    interval: float = 60.0

    def __post_init__(self) -> None:
        settle(self, _REMOTE_WORDS, "JaegerRemote", list)

    def __repr__(self) -> str:
        return f"JaegerRemote(endpoint=…, interval={self.interval})"  # what was pasted isn't told


def _rules(value: object) -> object:
    if not isinstance(value, list | tuple):
        return Fault("rules", f"rules is a {kind(value)}, not a list", "Give SamplingRule(...)s")
    if not all(isinstance(rule, SamplingRule) for rule in value):
        return Fault("rules", "rules holds something else", "Give SamplingRule(...)s")
    return tuple(value)


def _findings(value: object) -> object:
    if isinstance(value, list | tuple) and all(isinstance(rule, FindingRule) for rule in value):
        return tuple(value)
    return Fault("findings", "findings holds something else", "Give FindingRule(...)s")


def _remote(value: object) -> object:
    if value is None or isinstance(value, JaegerRemote):
        return value
    what = f"remote is a {kind(value)}, not a JaegerRemote"
    return Fault("remote", what, 'Give JaegerRemote(endpoint="https://…")')


_RULE_SCHEMA: Final = schema_of(_RULE_WORDS)
_FINDING_SCHEMA: Final = schema_of(_FINDING_WORDS, ("category", "decision"))
_REMOTE_SCHEMA: Final = schema_of(_REMOTE_WORDS, ("endpoint",))

SAMPLING_WORDS: Final = (
    Word(
        name="probability",
        meaning="Which part of the traces is kept where no rule decides.",
        schema={"type": "number", "minimum": 0, "maximum": 1},
        read=number("probability", 0, 1),
    ),
    Word(
        name="rules",
        meaning="In order; the first that matches decides.",
        schema={"type": "array", "items": _RULE_SCHEMA},
        read=_rules,
    ),
    Word(
        name="remote",
        meaning="A Jaeger that says how to sample what no rule decides about.",
        schema=_REMOTE_SCHEMA,
        read=_remote,
    ),
    Word(
        name="without_consent",
        meaning="What becomes of spans where consent was refused.",
        schema={"enum": ["record", "minimal", "drop"], "default": "record"},
        read=choice("without_consent", ("record", "minimal", "drop")),
    ),
    Word(
        name="trust_remote_parent",
        meaning="Whether callers may say whether and how a trace is sampled.",
        schema={"type": "boolean", "default": True},
        read=flag("trust_remote_parent"),
    ),
    Word(
        name="peer_key_file",
        meaning="File with the key that services sign their decisions with.",
        schema={"type": "string", "minLength": 1},
        read=path("peer_key_file"),
    ),
    Word(
        name="sensitive_routes",
        meaning="Globs over http.route whose requests are recorded minimally.",
        schema={"type": "array", "items": _GLOB_SCHEMA},
        read=texts("sensitive_routes"),
    ),
    Word(
        name="findings",
        meaning="What becomes of a span in which a category was found.",
        schema={"type": "array", "items": _FINDING_SCHEMA},
        read=_findings,
    ),
    Word(
        name="default_rules",
        meaning="Whether health checks and metrics endpoints are dropped.",
        schema={"type": "boolean", "default": True},
        read=flag("default_rules"),
    ),
    Word(
        name="record_reason",
        meaning="Whether spans say which rule decided, in jaeger_guard.sampling.reason.",
        schema={"type": "boolean", "default": False},
        read=flag("record_reason"),
    ),
    Word(
        name="scrub_start",
        meaning="Whether attributes are scrubbed before any processor sees the span start.",
        schema={"type": "boolean", "default": False},
        read=flag("scrub_start"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """Which spans are recorded, and which of them minimally: without their content.

    Attributes:
        probability: Which part of the traces is kept where no rule decides, 0 to 1; default all.
        rules: In order; the first that matches decides.
        remote: A Jaeger that says how to sample what no rule decides about.
        without_consent: What becomes of spans where consent was refused: "record", "minimal" or
            "drop".
        trust_remote_parent: Whether a caller's sampled flag and threshold are followed, and whether
            what it says about consent and minimal may tighten ours. False at the edge.
        peer_key_file: File with the key that services sign what they say about consent and minimal
            with: 32 bytes as base64 text. With it, only what verifies counts.
        sensitive_routes: Globs over `http.route` whose requests are recorded minimally.
        findings: What becomes of a span in which a category was found.
        default_rules: Whether health checks and metrics endpoints are dropped.
        record_reason: Whether spans say which rule decided, in `jaeger_guard.sampling.reason`.
        scrub_start: Whether attributes are scrubbed before any processor sees the span start; each
            span then costs the application's thread its scrubbing.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    probability: float | None = None
    rules: Sequence[SamplingRule] = ()
    remote: JaegerRemote | None = None
    without_consent: Literal["record", "minimal", "drop"] = "record"
    trust_remote_parent: bool = True
    peer_key_file: str | os.PathLike[str] | None = field(default=None, repr=False)  # a key, pasted
    sensitive_routes: Sequence[str] = ()
    findings: Sequence[FindingRule] = ()
    default_rules: bool = True
    record_reason: bool = False
    scrub_start: bool = False

    def __post_init__(self) -> None:
        settle(self, SAMPLING_WORDS, "Sampling", list)

    def over(self, other: Sampling) -> Sampling:
        """Return this with what `other` says besides.

        Rates and rules of this come first. Of what protects people, the stricter holds, whoever
        says it: no layer can take back what another one asked for.
        """
        consents = ("record", "minimal", "drop")
        return replace(
            self,
            probability=other.probability if self.probability is None else self.probability,
            rules=(*self.rules, *other.rules),
            remote=self.remote or other.remote,
            without_consent=max(self.without_consent, other.without_consent, key=consents.index),
            trust_remote_parent=self.trust_remote_parent and other.trust_remote_parent,
            peer_key_file=self.peer_key_file or other.peer_key_file,
            sensitive_routes=tuple(
                dict.fromkeys((*self.sensitive_routes, *other.sensitive_routes))
            ),
            findings=(*self.findings, *other.findings),
            default_rules=self.default_rules and other.default_rules,
            record_reason=self.record_reason or other.record_reason,
            scrub_start=self.scrub_start or other.scrub_start,
        )


def read_sampling(given: object, where: str) -> Sampling:
    """Read the table `[sampling]` of a policy file.

    Raises:
        ConfigurationError: Names the place, what is wrong, and the remedy.
    """
    if isinstance(given, dict):
        given = dict(given)
        for name, make, words in (
            ("rules", SamplingRule, _RULE_WORDS),
            ("findings", FindingRule, _FINDING_WORDS),
        ):
            if isinstance(listed := given.get(name), list):
                given[name] = [
                    read_table(entry, make, words, f"{where}.{name} {position}")
                    for position, entry in enumerate(listed, 1)
                ]
        if isinstance(given.get("remote"), dict):
            given["remote"] = read_table(
                given["remote"], JaegerRemote, _REMOTE_WORDS, f"{where}.remote"
            )
    sampling: Sampling = read_table(given, Sampling, SAMPLING_WORDS, where)
    return sampling
