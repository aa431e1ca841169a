"""What became of a planted span."""

from __future__ import annotations

from jaeger_guard.report.inputs import Inputs
from jaeger_guard.report.model import Row, Section


def canary(inputs: Inputs) -> Section:
    """Tell of the canary."""
    sent = inputs.canary
    if sent is None:
        what = "whether a planted span arrives scrubbed: none was sent (--canary)"
        return Section(id="canary", title="Canary", unseen=(what,))
    rows = [
        Row("result", "passed" if sent.passed else "FAILED", not sent.passed),
        Row("planted", ", ".join(sent.planted)),
    ]
    if sent.trace_id:
        rows.append(Row("trace", sent.trace_id))
    if sent.problem:
        rows.append(Row("what went wrong", sent.problem, True))
    elif not sent.arrived:
        rows.append(Row("in the store", "it was sent, and didn't arrive", True))
    elif sent.leaked:
        rows.append(Row("in the store as it was planted", ", ".join(sent.leaked), True))
    else:
        rows.append(Row("in the store", "it arrived, without anything that was planted"))
    return Section(id="canary", title="Canary", rows=tuple(rows))
