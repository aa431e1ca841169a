"""Which exceptions the policy has: who owns each, why, and until when."""

from __future__ import annotations

from jaeger_guard.policy.exemptions import WARNED_AHEAD
from jaeger_guard.report.inputs import Inputs
from jaeger_guard.report.model import Row, Section, Table


def exceptions(inputs: Inputs) -> Section:
    """Tell of the exceptions."""
    found = inputs.inspection.exceptions
    rows = [Row("exceptions", str(len(found)))]
    entries = []
    for name, exception in found.items():
        left = exception.end - inputs.now
        ended = left.total_seconds() <= 0
        state = "ended" if ended else f"{left.days} days left"
        entries.append(
            (name, exception.place, exception.owner, exception.reason, exception.last_day, state)
        )
        if ended:
            what = f"ended with {exception.last_day}; it keeps nothing any more (owner: {exception.owner})"
            rows.append(Row(name, what, True))
        elif left <= WARNED_AHEAD:
            rows.append(
                Row(name, f"ends with {exception.last_day} (owner: {exception.owner})", True)
            )
    columns = ("exception", "where", "owner", "reason", "last day", "state")
    tables = (Table("Exceptions", columns, tuple(entries)),) if entries else ()
    return Section(id="exceptions", title="Exceptions", rows=tuple(rows), tables=tables)
