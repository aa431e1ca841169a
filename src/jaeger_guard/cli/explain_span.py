"""`jaeger-guard explain --span NAME`: what sampling decides about a span, and what becomes of its values.

Attributes come from standard input, one `key=value` a line, and no value is shown.
"""

from __future__ import annotations

import argparse
import json
import os
from typing import TYPE_CHECKING, Any, Final

from jaeger_guard.cli.command import ExitStatus, Terminal
from jaeger_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from jaeger_guard.policy import CompiledPolicy

_KINDS: Final = ("internal", "server", "client", "producer", "consumer")
_MOST_LINES: Final = 1024  # a span has 128 attributes, unless its limit was raised


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that go with --span."""
    parser.add_argument(
        "--span",
        metavar="NAME",
        help="explain a span of that name; its attributes as key=value lines on standard input",
    )
    parser.add_argument(
        "--kind", choices=_KINDS, default="server", help="the span's kind (default: server)"
    )
    parser.add_argument(
        "--parent",
        choices=("root", "remote", "local"),
        default="root",
        help="what the span's parent is; it is sampled (default: root, there is none)",
    )
    parser.add_argument(
        "--consent-refused", action="store_true", help="as if consent had been refused"
    )


def explain(
    arguments: argparse.Namespace, terminal: Terminal, policy: CompiledPolicy, text: str
) -> ExitStatus:
    """Explain a span whose attributes are in `text`."""
    from opentelemetry.trace import SpanKind

    from jaeger_guard.configuration.samplers import effective_sampling
    from jaeger_guard.sampling.explaining import explain_span
    from jaeger_guard.scrubber import Scrubber
    from jaeger_guard.types import Surface

    attributes = _attributes(text)
    decided = explain_span(
        effective_sampling(None, os.environ, policy),
        policy.retention,
        name=arguments.span,
        kind=SpanKind[arguments.kind.upper()],
        attributes=attributes,
        parent=arguments.parent,
        refused=arguments.consent_refused,
    )
    scrubber = Scrubber(policy)
    explained = []
    if decided.decision == "record":
        explained = [scrubber.explain("", arguments.span, Surface.NAME)]
        explained += [scrubber.explain(key, value) for key, value in attributes.items()]
    if arguments.json:
        answer: dict[str, Any] = {
            "span": decided.as_dict(),
            "name": explained[0].as_dict() if explained else None,
            "attributes": [explanation.as_dict() for explanation in explained[1:]],
        }
        terminal.write(json.dumps(answer, indent=2))
        return ExitStatus.DONE
    lines = [str(decided)]
    for number, explanation in enumerate(explained):
        lines.append(f"name{explanation}" if number == 0 else str(explanation))
    terminal.write(printable("\n".join(lines)))
    return ExitStatus.DONE


def _attributes(text: str) -> dict[str, str]:
    attributes = {}
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > _MOST_LINES:
        raise ConfigurationError(
            f"there are more than {_MOST_LINES} lines",
            "standard input",
            "Send one span's attributes",
        )
    for number, line in enumerate(lines, 1):
        key, equals, value = line.partition("=")
        if not equals or not key.strip():
            raise ConfigurationError(
                "the line is not key=value", f"standard input, line {number}", "Write key=value"
            )
        attributes[key.strip()] = value
    return attributes


def printable(text: str) -> str:
    """Write what a terminal would obey as escapes: a key may hold anything."""
    return "".join(
        character if character.isprintable() or character == "\n" else ascii(character)[1:-1]
        for character in text
    )
