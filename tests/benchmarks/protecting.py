"""What encrypting and pseudonymizing cost, per value and per span, beside age and JWE per value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import pyrage
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from joserfc import jwe
from joserfc.jwk import OKPKey
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from benchmarks.measuring import Row, Work, contest
from jaeger_guard.categories import CONTACT_EMAIL
from jaeger_guard.keys.pseudonyms import Pseudonymizer
from jaeger_guard.keys.published import Epoch, PublicKeys
from jaeger_guard.keys.service import FieldKeys, Reader
from jaeger_guard.policy import Policy, Rule, compile_policy
from jaeger_guard.policy.compiled import CompiledPolicy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.spans import SpanScrubber
from jaeger_guard.wire import ScrubbingEncoder

_KEY: Final = bytes(range(32))
_PLACE: Final = "user.email"
_GROUP: Final = "Encrypting and pseudonymizing"


class _File:
    """A role's public keys that stand in no file."""

    role = "support"

    def __init__(self) -> None:
        public = X25519PrivateKey.generate().public_key().public_bytes_raw()
        self._keys = PublicKeys("support", (Epoch(1, 0, 2**40, public),), b"")

    def keys(self) -> PublicKeys:
        """Return them."""
        return self._keys


def _keys() -> FieldKeys:
    file: Any = _File()
    readers = {"support": Reader(("contact.*",), file)}
    return FieldKeys(readers, Pseudonymizer(_KEY))


def _email(number: int) -> str:
    return f"customer.{number:08}@example.com"  # 29 characters


def _each(number: int, answer: Callable[[str], object]) -> Callable[[], Work]:
    def prepare() -> Work:
        texts = [_email(index) for index in range(number)]

        def work() -> None:
            for text in texts:
                answer(text)

        return work

    return prepare


def values(number: int, rounds: int) -> list[Row]:
    """One value at a time: an e-mail address of 29 characters."""
    keys = _keys()
    made = keys.pseudonyms
    assert made is not None
    collector = Pseudonymizer(_KEY, as_collector=True)
    recipient = [pyrage.x25519.Identity.generate().to_public()]
    their_key = OKPKey.generate_key("X25519")
    header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM"}
    few = max(number // 20, 50)  # they cost so much more
    ours = contest(
        {
            "encrypt": _each(number, lambda text: keys.encrypt(text, CONTACT_EMAIL, _PLACE, ())),
            "pseudonymize": _each(number, lambda text: made.pseudonym(text, CONTACT_EMAIL)),
            "as the Collector": _each(number, lambda text: collector.pseudonym(text, "")),
        },
        rounds,
    )
    theirs = contest(
        {
            "age": _each(few, lambda text: pyrage.encrypt(text.encode(), recipient)),
            "JWE": _each(few, lambda text: jwe.encrypt_compact(header, text, their_key)),
        },
        rounds,
    )
    sealed = keys.encrypt(_email(1), CONTACT_EMAIL, _PLACE, ())
    assert sealed is not None
    lengths: Mapping[str, int] = {
        "age, in base64": len(pyrage.encrypt(_email(1).encode(), recipient)) * 4 // 3,
        "JWE": len(jwe.encrypt_compact(header, _email(1), their_key)),
    }
    micros = {name: 1e6 * spent / number for name, spent in ours.items()}
    micros |= {name: 1e6 * spent / few for name, spent in theirs.items()}
    return [
        Row(_GROUP, "a value: encrypt", micros["encrypt"], "us", goal=5.0),
        Row(_GROUP, "a value: pseudonymize", micros["pseudonymize"], "us"),
        Row(_GROUP, "a value: pseudonymize as the Collector", micros["as the Collector"], "us"),
        Row(_GROUP, "a value: age", micros["age"], "us"),
        Row(_GROUP, "a value: JWE", micros["JWE"], "us"),
        Row(_GROUP, "length of a token", len(sealed.token), "characters", goal=100),
        *(Row(_GROUP, f"length: {name}", length, "characters") for name, length in lengths.items()),
    ]


def _spans(number: int) -> list[ReadableSpan]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("shop")
    for index in range(number):
        attributes: dict[str, Any] = {
            "http.request.method": "GET",
            "http.route": "/orders/{id}",
            "http.response.status_code": 200,
            "server.address": "shop.internal",
            "user.email": _email(index),
        }
        with tracer.start_as_current_span("GET /orders/{id}", attributes=attributes):
            pass
    return list(exporter.get_finished_spans())


def _policy(action: str) -> CompiledPolicy:
    compiled = compile_policy(Policy(rules=()))
    if action == "redact":
        return compiled
    # No files for the roles: what a policy's file would name stands in memory.
    keyed = compile_policy(
        Policy(rules=(Rule(category="contact.email", action="mask"),), name=action)
    )
    return _with(keyed, action)


def _with(compiled: CompiledPolicy, action: str) -> CompiledPolicy:
    from dataclasses import replace

    from jaeger_guard.types import Action

    layers = compiled._layers
    own = tuple(
        replace(clause, treatment=replace(clause.treatment, action=Action(action)))
        for clause in layers.own
    )
    return CompiledPolicy(replace(layers, own=own), compiled.names, compiled.digest, keys=_keys())


def spans(number: int, rounds: int) -> list[Row]:
    """A span with one e-mail address of its own: scrubbed and encoded, by what becomes of the address."""
    number = min(number, 4000)
    raw = _spans(number)
    actions = ("redact", "pseudonymize", "encrypt")

    def side(action: str) -> Callable[[], Work]:
        def prepare() -> Work:
            encoder = ScrubbingEncoder(SpanScrubber(Scrubber(_policy(action))))
            encoder.encode(raw[:200])
            return lambda: encoder.encode(raw)

        return prepare

    found = contest({action: side(action) for action in actions}, rounds)
    return [
        Row(_GROUP, f"a span with one address: {action}", 1e6 * found[action] / number, "us")
        for action in actions
    ]


def protecting(number: int, rounds: int) -> list[Row]:
    """All of it."""
    return [*values(number, rounds), *spans(number, rounds)]
