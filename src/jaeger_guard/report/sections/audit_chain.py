"""The audit itself: its head, and whether its chain is whole."""

from __future__ import annotations

from jaeger_guard.report.inputs import Inputs
from jaeger_guard.report.model import Row, Section, Table


def audit_chain(inputs: Inputs) -> Section:
    """Tell of the audit."""
    if not inputs.audit:
        what = "the audit: none is configured here, and none was given (--audit)"
        return Section(id="audit", title="Audit chain", unseen=(what,))
    seen = inputs.verification
    if seen is None:
        row = Row("audit", "its files can't be read", True)
        return Section(
            id="audit", title="Audit chain", rows=(row,), unseen=("the audit's records",)
        )
    faults = len(seen.faults) + seen.more_faults
    rows = [
        Row(
            "chain", "whole" if seen.is_whole else f"NOT whole: {faults} faults", not seen.is_whole
        ),
        Row(
            "head", "there is no record" if seen.head is None else str(seen.head), seen.head is None
        ),
        Row("records", f"{seen.records} in {seen.files} files, from number {seen.first}"),
        Row("records of the period", str(len(inputs.records))),
        Row("signed checkpoints", f"{seen.checkpoints}, up to number {seen.signed}"),
    ]
    unseen = []
    if inputs.head is None:
        unseen.append("whether records were cut off the end: no kept head was given (--head)")
    if inputs.public_key is None:
        unseen.append(
            "whether the checkpoints are by the right key: no public key was given (--public-key)"
        )
    if not seen.signatures_checked:
        unseen.append("whether signatures are right: they need the extra 'crypto'")
    told = tuple((fault.where, fault.what) for fault in seen.faults)
    tables = (Table("Faults", ("where", "what"), told),) if told else ()
    return Section(
        id="audit", title="Audit chain", rows=tuple(rows), tables=tables, unseen=tuple(unseen)
    )
