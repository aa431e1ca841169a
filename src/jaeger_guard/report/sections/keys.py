"""Which keys there are, by role and epoch, and what was done to them in the period; never a key."""

from __future__ import annotations

import datetime

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.report.inputs import Inputs
from jaeger_guard.report.model import Row, Section, Table


def keys(inputs: Inputs) -> Section:
    """Tell of the keys."""
    unseen: list[str] = []
    rows: list[Row] = []
    tables: list[Table] = []
    if inputs.keys is None:
        unseen.append("keys: no key directory was given (--keys)")
    else:
        try:
            tables.append(_epochs(inputs, rows))
        except (ConfigurationError, OSError) as error:
            unseen.append(f"keys: the key directory can't be read ({type(error).__name__})")
    done = [record for record in inputs.records if record.event.startswith(("keys.", "reveal."))]
    if done:
        tables.append(
            Table(
                "What was done with keys",
                ("time", "event", "role", "epoch"),
                tuple(
                    (
                        record.time,
                        record.event,
                        str(record.facts.get("role", "")),
                        str(record.facts.get("epoch", "")),
                    )
                    for record in done[-200:]
                ),
            )
        )
    elif inputs.verification is None:
        unseen.append("what was done with keys: no audit was given")
    else:
        rows.append(Row("operations on keys in the period", "none in the audit"))
    return Section(
        id="keys", title="Keys", rows=tuple(rows), tables=tuple(tables), unseen=tuple(unseen)
    )


def _epochs(inputs: Inputs, rows: list[Row]) -> Table:
    from jaeger_guard.keys.providers import KeyFiles
    from jaeger_guard.keys.ring import RoleRing, State
    from jaeger_guard.keys.sealing import Passphrase

    if inputs.keys is None:
        raise FileNotFoundError
    # What epochs there are is told without opening a key, so nobody is asked for a passphrase.
    states = RoleRing(KeyFiles(inputs.keys, where="--keys"), Passphrase(lambda: "")).states()
    rows.append(Row("roles", ", ".join(sorted({state.role for state in states})) or "none"))
    for role in sorted({state.role for state in states}):
        if not any(state.role == role and state.state is State.CURRENT for state in states):
            rows.append(Row(f"current key of {role}", "there is none: it wasn't rotated", True))
    return Table(
        "Epochs",
        ("role", "epoch", "state", "starts", "ends", "fingerprint"),
        tuple(
            (
                each.role,
                str(each.epoch),
                each.state.value,
                _day(each.starts),
                _day(each.ends),
                each.fingerprint,
            )
            for each in states
        ),
    )


def _day(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).date().isoformat()
