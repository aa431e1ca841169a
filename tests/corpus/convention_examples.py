"""The example values that the semantic conventions document for their attributes.

`semconv_examples.json` holds those of conventions 1.37 and 1.43, as `@opentelemetry/semantic-conventions`
(Apache-2.0) 1.37.0 and 1.45.0 show them. All pass unchanged, but for those of attributes that hold
personal data by their meaning, and of addresses of clients.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from .case import Case
from .draw import Draw

# Attributes that the conventions define as a person's, a session's, a device's or content.
_SENSITIVE: Final = frozenset(
    [
        "app.installation.id",
        "device.id",
        "enduser.id",
        "geo.location.lat",
        "geo.location.lon",
        "geo.postal_code",
        "mcp.session.id",
        "session.id",
        "session.previous_id",
        "user.email",
        "user.full_name",
        "user.id",
        "user.name",
        "client.mac.address",
        "source.mac.address",
        "network.peer.mac.address",
        "http.client_ip",
        "http.request.body.content",
        "http.response.body.content",
        "gen_ai.completion",
        "gen_ai.evaluation.explanation",
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.prompt",
        "gen_ai.retrieval.documents",
        "gen_ai.retrieval.query.text",
        "gen_ai.system_instructions",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
    ]
)
# Their members that say how a message is built, and nothing of what it says.
_STRUCTURE: Final = frozenset(("role", "type", "finish_reason", "id", "name", "date"))
# Generalized: a part of it stays.
_COARSE: Final = ("geo.location", "http.client_ip")
# Literals in statements are data: what is gone, and what stays.
_STATEMENTS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    'SET mykey "WuValue"': (("WuValue",), ("SET mykey",)),
}


def example_values() -> dict[str, list[Any]]:
    """Return the documented examples by attribute."""
    text = Path(__file__).with_name("semconv_examples.json").read_text(encoding="utf-8")
    found: dict[str, list[Any]] = json.loads(text)
    return found


def convention_examples(draw: Draw) -> Iterator[Case]:
    """Each example under its attribute; the seed decides nothing here."""
    for key, values in example_values().items():
        for value in values:
            if isinstance(value, str) and value.startswith('["{ "'):
                continue  # the shape of a value, and none
            if isinstance(value, str) and value in _STATEMENTS:
                gone, stays = _STATEMENTS[value]
                yield Case(kind=key, key=key, value=value, gone=gone, stays=stays)
            elif key in _SENSITIVE:
                planted = (str(value),) if isinstance(value, float) else tuple(_said(value))
                if planted:
                    coarse = key.startswith(_COARSE)
                    yield Case(kind=key, key=key, value=value, gone=planted, coarse=coarse)
            else:
                yield Case(kind=key, key=key, value=value)


def _said(value: Any) -> Iterator[str]:
    """Yield what a value says, its structure aside."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name not in _STRUCTURE:
                yield from _said(member)
    elif isinstance(value, list):
        for item in value:
            yield from _said(item)
    elif isinstance(value, str):
        yield value
