"""Find the tracer that asks for a decision, to learn from it what samplers aren't told.

One thing is whether its trace ids are random: a sampler that took sequential ones for random would
keep nothing, so that no guard ever saw a span to tell it by.

The other is the guard behind it, where none has claimed the sampler yet. With a provider built by hand, a guard learns of the sampler from the
first span that it sees start; a service that records nothing but minimal spans would have none, ever.
So before such a span is dropped, the calls above are looked at for the SDK's tracer: it holds its
processors. This happens only while the sampler is unclaimed.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from opentelemetry.sdk.trace import Tracer

_DEEPEST: Final = 16  # calls between the tracer and us: samplers that wrap one another


def claim_by_tracer(sampler: object) -> bool:
    """Let the guard of the tracer that asks claim the sampler; False where there is none."""
    tracer = _tracer()
    if tracer is None:
        return False
    processor: Any = tracer.span_processor
    for candidate in (processor, *getattr(processor, "_span_processors", ())):
        side = getattr(candidate, "sampling", None)
        claim = getattr(side, "claim", None)
        if claim is not None and claim(tracer.sampler, tracer._span_limits) is sampler:
            return True
    return False


def draws_random_ids() -> bool | None:
    """Say whether the tracer that asks makes random trace ids; None where no tracer asks."""
    tracer = _tracer()
    if tracer is None:
        return None
    is_random = getattr(tracer.id_generator, "is_trace_id_random", None)
    return bool(is_random is not None and is_random())


def _tracer() -> Tracer | None:
    frame = sys._getframe(1)
    for _ in range(_DEEPEST):
        if frame.f_back is None:
            return None
        frame = frame.f_back
        candidate = frame.f_locals.get("self")
        if isinstance(candidate, Tracer):
            return candidate
    return None
