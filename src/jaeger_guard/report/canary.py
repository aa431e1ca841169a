"""The canary: a span with planted values, sent through the configured pipeline and looked for in the store.

What is planted looks real and belongs to nobody. It has to arrive without any of it: a span that doesn't
arrive shows that the pipeline is broken, one that arrives as it was that nothing is scrubbed.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jaeger_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from jaeger_guard.stored.query import QueryApi

SERVICE: Final = "jaeger-guard-canary"
DEADLINE: Final = 60.0  # seconds until a span has to be readable
_PAUSE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """What became of a planted span.

    Attributes:
        trace_id: By which it was looked for.
        arrived: Whether the store has it.
        leaked: The categories of which a planted value is in the store.
        planted: The categories that were planted.
        problem: Why it could not be sent or looked for; empty where it could.
    """

    trace_id: str = ""
    arrived: bool = False
    leaked: tuple[str, ...] = ()
    planted: tuple[str, ...] = ()
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Whether the span arrived, and nothing that was planted with it."""
        return self.arrived and not self.leaked and not self.problem


def planted() -> dict[str, str]:
    """Draw a value for each of some categories; each has a part that stands nowhere else."""
    digits = "".join(secrets.choice("0123456789") for _ in range(9))
    number = f"411111{digits}"
    token = "".join(
        secrets.choice("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789")
        for _ in range(36)
    )
    return {
        "contact.email": f"canary-{secrets.token_hex(6)}@mail.example.org",
        "credential.token": f"ghp_{token}",
        "credential.password": f"pw-{secrets.token_urlsafe(12)}",
        "financial.card": number + _check_digit(number),
    }


def _check_digit(number: str) -> str:
    """Compute the last digit by ISO/IEC 7812-1, Annex B."""
    doubled = (
        sum(divmod(2 * int(digit), 10)) if place % 2 == 0 else int(digit)
        for place, digit in enumerate(reversed(number))
    )
    return str(-sum(doubled) % 10)


def send_canary(
    environ: Mapping[str, str], api: QueryApi, policy: Any = None, deadline: float = DEADLINE
) -> Canary:
    """Send one span by what the environment configures, and look for it in the store.

    It never raises for what a pipeline or a store does: that is what it is to find out.

    Args:
        environ: The environment variables.
        api: The store's query API.
        policy: The policy, where it isn't the environment's.
        deadline: Seconds until the span has to be readable.
    """
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    from jaeger_guard.configuration.arguments import Arguments
    from jaeger_guard.configuration.building import build

    values = planted()
    names = tuple(sorted(values))
    try:
        arguments = Arguments(policy=policy, sampling=ALWAYS_ON, resource={"service.name": SERVICE})
        guard = build(arguments, environ)
    except ConfigurationError as error:
        return Canary(planted=names, problem=str(error))
    trace_id = ""
    try:
        tracer = guard.tracer_provider.get_tracer("jaeger_guard.canary")
        with tracer.start_as_current_span("jaeger-guard canary") as span:
            trace_id = f"{span.get_span_context().trace_id:032x}"
            span.set_attribute("canary.note", f"mail {values['contact.email']}")
            span.set_attribute("user.password", values["credential.password"])
            span.set_attribute("canary.card", values["financial.card"])
            span.add_event("canary", {"note": f"token {values['credential.token']}"})
        if not guard.tracer_provider._disabled:
            guard.force_flush(int(deadline * 1000))
    finally:
        guard.shutdown()
    if trace_id == "0" * 32:
        return Canary(planted=names, problem="the guard is off: no span is recorded or sent")
    return _look(api, trace_id, values, names, deadline)


def _look(
    api: QueryApi, trace_id: str, values: Mapping[str, str], names: tuple[str, ...], deadline: float
) -> Canary:
    from jaeger_guard.stored.query import NotFoundError
    from jaeger_guard.stored.units import StoredError

    end = time.monotonic() + deadline
    problem = ""
    while True:
        try:
            text = json.dumps([unit.value for unit in api.trace(trace_id)])
        except NotFoundError:
            text, problem = "", ""
        except StoredError as error:
            text, problem = "", str(error)
        if "jaeger-guard canary" in text:
            leaked = tuple(sorted(name for name, value in values.items() if value in text))
            return Canary(trace_id=trace_id, arrived=True, leaked=leaked, planted=names)
        if time.monotonic() >= end:
            return Canary(trace_id=trace_id, planted=names, problem=problem)
        time.sleep(_PAUSE)
