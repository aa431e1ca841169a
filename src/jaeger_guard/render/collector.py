"""A Collector that does what the policy says, for services in other languages.

Theory of operation. Spans pass, in this order:

1. `filter`: what a sampling rule drops.
2. `transform`: attributes that are dropped by their key; texts that the next step doesn't reach (names of
   spans and events, status messages, scopes, tracestate, keys), each detector once; networks of clients.
3. `redaction`: values of any type, by key and by what they hold. What is pseudonymized has an instance of
   its own, since one has one mode: the same HMAC key gives the pseudonyms that a process gives.
4. `tail_sampling`: the policy's rates. Then batches, and mutual TLS to Jaeger.

What the Collector has no form for is listed, as comments, as notes, and in `not-expressed.json`; nothing is
left out silently. Regular expressions are those that `re2` writes; rules for them, and the order above, come
of measuring (docs/deploy.md).
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy import Treatment
from jaeger_guard.policy.inspection import Inspection
from jaeger_guard.render import collector_keys as keys
from jaeger_guard.render.collector_sampling import filters, tail_sampling
from jaeger_guard.render.collector_statements import statements
from jaeger_guard.render.collector_values import Chosen, choose
from jaeger_guard.render.target import RenderedFile, Rendering, Source, Target
from jaeger_guard.render.yaml_text import to_yaml
from jaeger_guard.types import Action

HMAC_KEY: Final = "COLLECTOR_HMAC_KEY"
_OLDEST: Final = "0.165.0"
_PATH: Final = r"/[A-Za-z0-9._/-]{1,255}"
_HOST: Final = r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorOptions:
    """What a policy doesn't say.

    Attributes:
        listen: The address that the receivers listen on, without a port.
        certificates: Directory of tls.crt, tls.key and ca.crt.
        endpoint: Host and port of the Jaeger's OTLP/gRPC.
        detectors: `common`, or `all` that can be expressed.

    Raises:
        ConfigurationError: One can't be used.
    """

    listen: str = "127.0.0.1"
    certificates: str = "/etc/otelcol/tls"
    endpoint: str = "jaeger:4317"
    detectors: str = "common"

    def __post_init__(self) -> None:
        if not re.fullmatch(_HOST, self.listen):
            raise ConfigurationError("not an address", "--listen", "Set one such as 127.0.0.1")
        if not re.fullmatch(_PATH, self.certificates):
            raise ConfigurationError(
                "not an absolute path", "--certificates", "Name one such as /etc/otelcol/tls"
            )
        if not re.fullmatch(rf"{_HOST}:[0-9]{{1,5}}", self.endpoint):
            remedy = "Set host and port, such as jaeger:4317"
            raise ConfigurationError("not a host and a port", "--endpoint", remedy)


@dataclass(slots=True)
class Gaps:
    """What the Collector has no form for, in the order in which it was met."""

    found: list[dict[str, str]] = field(default_factory=list)

    def add(self, what: str, why: str, instead: str) -> None:
        """Note one; `instead` is what happens there."""
        self.found.append({"what": what, "why": why, "instead": instead})


def render_collector(source: Source, options: CollectorOptions) -> Rendering:
    """Render the configuration, and the list of what it can't express."""
    inspection = Inspection(source.policies)
    gaps = Gaps()
    chosen = choose(inspection.treatments, options.detectors, gaps.add)
    _always(gaps)
    processors: dict[str, Any] = {
        "memory_limiter": {
            "check_interval": "1s",
            "limit_percentage": 75,
            "spike_limit_percentage": 20,
        }
    }
    dropped = filters(source.compiled.sampling, gaps.add)
    if dropped:
        processors["filter/policy"] = dropped
    processors["transform/policy"] = {
        "error_mode": "ignore",
        "trace_statements": statements(inspection, chosen, gaps.add),
    }
    processors |= _redactions(inspection, chosen, gaps)
    sampled = tail_sampling(source.compiled.sampling, gaps.add)
    if sampled:
        processors["tail_sampling"] = sampled
    processors["batch"] = {"timeout": "1s"}
    document = _document(options, processors)
    listed = json.dumps(gaps.found, indent=2, ensure_ascii=False) + "\n"
    head = _head(source, gaps)
    return Rendering(
        files=(
            RenderedFile("collector.yaml", head + to_yaml(_escaped(document))),
            RenderedFile("not-expressed.json", listed),
        ),
        notes=tuple(f"{gap['what']}: {gap['why']}; {gap['instead']}" for gap in gaps.found),
    )


def _head(source: Source, gaps: Gaps) -> str:
    names = re.sub(r"[^\w.,/ -]", "?", ", ".join(source.compiled.names))[:200]
    lines = [
        "A Collector for services in other languages, rendered by jaeger-guard.",
        f"Policy: {names}, digest {source.compiled.digest}",
        f"Needs the contrib processors of v{_OLDEST} or newer: before, patterns had no order, and the",
        "lines of a value were hashed apart.",
        "",
        "Not expressed here (not-expressed.json has the same list):",
    ]
    for gap in gaps.found:
        lines.append(f"- {gap['what']}: {gap['why']}; {gap['instead']}")
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def _always(gaps: Gaps) -> None:
    """Note what no Collector can do, whatever the policy says."""
    gaps.add(
        "attributes and tracestate of links",
        "there is no context for links",
        "they pass as they came",
    )
    gaps.add(
        "attributes that are bytes",
        "patterns don't look into them",
        "they go where their key is masked, and pass elsewhere",
    )
    gaps.add(
        "lists and maps",
        "redaction masks them as one text",
        "where something was masked they become JSON texts",
    )
    gaps.add(
        "consent, retention by route, exceptions and formats within formats",
        "they are decided in the process",
        "services in other languages have none of them",
    )


def _redactions(inspection: Inspection, chosen: Chosen, gaps: Gaps) -> dict[str, Any]:
    """Make the instances of `redaction`: pseudonyms first, then what is masked."""
    treatments = inspection.treatments
    by_key = _by_key(inspection, gaps)
    common: dict[str, Any] = {
        "allow_all_keys": True,
        "redact_all_types": True,
        "ignored_keys": sorted({*keys.numeric_keys(), *by_key.unseen, "privacy.retention"}),
        "summary": "silent",
    }
    pseudonyms = [c for c, each in treatments.items() if each.action is Action.PSEUDONYMIZE]
    masked = [c for c, each in treatments.items() if _is_masked(each) and c not in pseudonyms]
    instances: dict[str, Any] = {}
    if pseudonyms:
        gaps.add(
            "the key id of pseudonyms, and pseudonyms of names and status texts",
            "redaction's HMAC has no prefix, and sees attributes alone",
            f"attributes get a bare HMAC-SHA256 under ${HMAC_KEY}, other texts a mask",
        )
        keys_of_policy = inspection.compiled.keys
        maker = None if keys_of_policy is None else keys_of_policy.pseudonyms
        if maker is not None and not maker.as_collector:
            gaps.add(
                "pseudonyms by category, purpose and epoch",
                "redaction's HMAC knows none of these",
                'they can\'t be joined with those of processes, unless [pseudonyms] says mode = "collector"',
            )
        instances["redaction/pseudonymize"] = {
            **common,
            "blocked_key_patterns": list(keys.key_patterns(pseudonyms)),
            "blocked_values": [
                each.source for each in chosen.patterns if each.category in pseudonyms
            ],
            "hash_function": "hmac-sha256",
            "hmac_key": f"${{env:{HMAC_KEY}}}",
        }
    allow_list = _is_masked(treatments["content.unknown"])
    instances["redaction/mask"] = {
        **common,
        "allow_all_keys": not allow_list,
        **(
            {"allowed_keys": sorted({*keys.known_keys(), *by_key.kept, *by_key.unseen})}
            if allow_list
            else {}
        ),
        "blocked_key_patterns": [
            *keys.key_patterns(masked),
            *(keys.secret_headers() if "credential.token" in masked else ()),
            *by_key.masked,
        ],
        "blocked_values": [each.source for each in chosen.patterns if each.category in masked],
        "db_sanitizer": {
            "sql": {"enabled": True, "attributes": ["db.statement", "db.query.text"]},
            "redis": {"enabled": True, "attributes": ["db.statement", "db.query.text"]},
            "mongo": {"enabled": True, "attributes": ["db.statement", "db.query.text"]},
        },
    }
    partly = sorted(
        {each.action.value for c, each in treatments.items() if c in masked}
        & {"mask", "generalize", "encrypt"}
    )
    if partly:
        gaps.add(
            f"the actions {', '.join(partly)}",
            "redaction knows one mask, and keeps no part of a value",
            "the whole finding becomes ****",
        )
    return instances


@dataclass(slots=True)
class _ByKey:
    masked: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


def _by_key(inspection: Inspection, gaps: Gaps) -> _ByKey:
    """Sort the rules that name keys; those that are dropped are statements."""
    found = _ByKey()
    for clause in inspection.conditional:
        action, rule = clause.treatment.action, clause.treatment.rule
        if rule in inspection.exceptions:
            gaps.add(rule, "a Collector's configuration doesn't end by a date", "it is left out")
        elif not keys.is_by_key_alone(clause):
            gaps.add(rule, "a rule on a surface, or on one category under a key", "it is left out")
        elif action is Action.DROP:
            continue
        elif action in (Action.KEEP, Action.UNSAFE_KEEP):
            _keep(found, clause.key or "", action, rule, gaps)
        else:
            found.masked.append(keys.glob_pattern(clause.key or ""))
    return found


def _keep(found: _ByKey, key: str, action: Action, rule: str, gaps: Gaps) -> None:
    if "*" in key or "?" in key:
        gaps.add(rule, "keys that are left alone are exact names there", "it is left out")
    elif action is Action.UNSAFE_KEEP:
        found.unseen.append(key)
    else:
        found.kept.append(key)
        gaps.add(rule, "keys are left alone or searched, with nothing between", "it is searched")


def _is_masked(treatment: Treatment) -> bool:
    return treatment.action not in (Action.KEEP, Action.UNSAFE_KEEP)


def _document(options: CollectorOptions, processors: dict[str, Any]) -> dict[str, Any]:
    directory = options.certificates.rstrip("/")
    pair = {"cert_file": f"{directory}/tls.crt", "key_file": f"{directory}/tls.key"}
    server = {
        **pair,
        "client_ca_file": f"{directory}/ca.crt",
        "client_ca_file_reload": True,
        "min_version": "1.3",
        "reload_interval": "1h",
    }
    client = {
        **pair,
        "ca_file": f"{directory}/ca.crt",
        "min_version": "1.3",
        "reload_interval": "1h",
    }
    # As in the rendered Jaeger: a certificate says which machine sends, credentials that it may.
    known = {"authenticator": "basicauth/otlp"}
    return {
        "extensions": {
            "basicauth/otlp": {"htpasswd": {"inline": "${env:OTLP_USER}:${env:OTLP_PASSWORD}"}},
            "basicauth/jaeger": {
                "client_auth": {
                    "username": "${env:JAEGER_USER}",
                    "password": "${env:JAEGER_PASSWORD}",
                }
            },
        },
        "receivers": {
            "otlp": {
                "protocols": {
                    "grpc": {"endpoint": f"{options.listen}:4317", "auth": known, "tls": server},
                    "http": {"endpoint": f"{options.listen}:4318", "auth": known, "tls": server},
                }
            }
        },
        "processors": processors,
        "exporters": {
            "otlp_grpc": {
                "endpoint": options.endpoint,
                "auth": {"authenticator": "basicauth/jaeger"},
                "tls": client,
            }
        },
        "service": {
            "extensions": ["basicauth/otlp", "basicauth/jaeger"],
            # Else it opens a port for scraping, without authentication.
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": list(processors),
                    "exporters": ["otlp_grpc"],
                }
            },
        },
    }


_VARIABLE: Final = re.compile(r"\$(?!\{env:)")


def _escaped(value: Any) -> Any:
    """Double each `$` that doesn't begin a variable: the Collector expands them in all texts."""
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return _VARIABLE.sub("$$", value) if isinstance(value, str) else value


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    defaults = CollectorOptions()
    for name, metavar, what in (
        ("listen", "ADDRESS", "address that it listens on"),
        ("certificates", "PATH", "directory of tls.crt, tls.key and ca.crt"),
        ("endpoint", "HOST:PORT", "the Jaeger's OTLP/gRPC"),
    ):
        default = getattr(defaults, name)
        parser.add_argument(
            f"--{name}", metavar=metavar, default=default, help=f"{what} (default: {default})"
        )
    parser.add_argument(
        "--detectors",
        choices=("common", "all"),
        default=defaults.detectors,
        help="which detectors are rendered; each costs a microsecond a span (default: common)",
    )


def _render(source: Source, arguments: argparse.Namespace) -> Rendering:
    names = ("listen", "certificates", "endpoint", "detectors")
    return render_collector(
        source, CollectorOptions(**{name: getattr(arguments, name) for name in names})
    )


TARGET: Final = Target(
    name="collector",
    summary="an OpenTelemetry Collector that does what the policy says, for services in other languages",
    add_arguments=_add_arguments,
    render=_render,
)
