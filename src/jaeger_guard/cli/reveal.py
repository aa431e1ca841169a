"""`jaeger-guard reveal`: open the encrypted fields of a trace, for those who may, on the record.

What was opened is held back until the audit has it on the disk: who, why, which trace, category and key.
Where the audit can't be written, nothing is shown.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jaeger_guard.cli import query_options
from jaeger_guard.cli.command import Command, ExitStatus, Terminal
from jaeger_guard.cli.explain_span import printable
from jaeger_guard.cli.sealing import add_seal_arguments, chosen_seal
from jaeger_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from jaeger_guard.audit import AuditLog
    from jaeger_guard.keys import RoleKey
    from jaeger_guard.stored import StoredSpan
    from jaeger_guard.stored.revealing import Field, Opening, Outcome

_TRACE_ID: Final = 32
_LONGEST_REASON: Final = 400
_MOST_SPANS: Final = 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--role-key",
        required=True,
        metavar="FILE|DIR",
        help="a role's key file, or a key directory",
    )
    parser.add_argument("--role", metavar="R", help="of a key directory, this role's keys alone")
    add_seal_arguments(parser)
    parser.add_argument("--trace", metavar="ID", help="the trace, in hexadecimal")
    parser.add_argument(
        "--file", type=Path, metavar="FILE", help="traces in a file: Jaeger JSON or OTLP JSON"
    )
    query_options.add_arguments(parser)
    parser.add_argument(
        "--reason", required=True, metavar="TEXT", help="why: it stands in the audit"
    )
    parser.add_argument(
        "--audit",
        type=Path,
        metavar="DIR",
        help="where the audit is written (default: JAEGER_GUARD_AUDIT_DIRECTORY, else audit/ in the key"
        " directory, or a directory of this user's state)",
    )
    parser.add_argument("--format", choices=("tree", "json"), default="tree")


def run(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Open what can be opened, record it, and show it."""
    from jaeger_guard.audit import AuditError
    from jaeger_guard.stored import StoredError
    from jaeger_guard.stored.revealing import open_span

    _check(arguments)
    log = _open_audit(arguments, terminal)
    role_keys = _role_keys(arguments)
    try:
        spans = list(_spans(arguments))
    except StoredError as error:
        terminal.complain(f"jaeger-guard reveal: {error}")
        return ExitStatus.USAGE
    opened = [(span, open_span(span, role_keys)) for span in spans]
    try:
        _record(log, arguments, opened)
    except AuditError as error:
        terminal.complain(f"jaeger-guard reveal: {error}; so nothing is shown")
        return ExitStatus.USAGE
    if arguments.format == "json":
        terminal.write(json.dumps(_as_json(opened), indent=2, default=_of_bytes))
    else:
        terminal.write(printable(_tree(opened)))
    return _status(opened, terminal)


def _check(arguments: argparse.Namespace) -> None:
    """Refuse what can't be meant, before anything is asked for."""
    if (arguments.file is None) == (arguments.endpoint is None):
        what = "it is not said where the trace is"
        raise ConfigurationError(what, "jaeger-guard reveal", "Give --endpoint URL, or --file FILE")
    if arguments.trace is None and arguments.file is None:
        what = "it is not said which trace"
        raise ConfigurationError(what, "jaeger-guard reveal", "Give --trace ID")
    if arguments.trace is not None:
        trace = arguments.trace.strip().lower()
        if not 0 < len(trace) <= _TRACE_ID or set(trace) - set("0123456789abcdef"):
            what = "that is no trace's id"
            raise ConfigurationError(what, "--trace", "Give its 32 hexadecimal digits")
        arguments.trace = trace.zfill(_TRACE_ID)
    if not 0 < len(arguments.reason.strip()) <= _LONGEST_REASON:
        what = "there is no reason, or it is too long"
        raise ConfigurationError(what, "--reason", f"Give 1 to {_LONGEST_REASON} characters")


def _open_audit(arguments: argparse.Namespace, terminal: Terminal) -> AuditLog:
    from jaeger_guard.audit import AuditLog
    from jaeger_guard.configuration.audits import open_audit
    from jaeger_guard.policy import Audit

    given = None if arguments.audit is None else Audit(directory=str(arguments.audit))
    environ = {**os.environ}
    if given is not None:
        environ.pop("JAEGER_GUARD_AUDIT_DIRECTORY", None)
    opened = open_audit(given, environ)
    if opened is not None:
        return opened.log
    place = Path(arguments.role_key)
    if not place.is_dir():  # as `keys` does
        state = os.environ.get("XDG_STATE_HOME", "").strip() or Path.home() / ".local" / "state"
        place = Path(state) / "jaeger-guard"
    log = AuditLog(place / "audit", where="--audit")
    terminal.complain(f"The audit of this is in {log.directory}.")
    return log


def _role_keys(arguments: argparse.Namespace) -> Sequence[RoleKey]:
    from jaeger_guard.keys.loading import load_role_keys

    found = load_role_keys(arguments.role_key, chosen_seal(arguments), "--role-key")
    if arguments.role is not None:
        found = [key for key in found if key.role == arguments.role]
    if not found:
        raise ConfigurationError("there is no key of that role", "--role", "Name another role")
    return found


def _spans(arguments: argparse.Namespace) -> Iterator[StoredSpan]:
    """Read the spans of the trace, or of the file.

    Raises:
        StoredError: It can't be read, or isn't there.
    """
    from jaeger_guard.stored import StoredError, open_file, spans_in, units
    from jaeger_guard.stored.query import QueryApi

    count = 0
    if arguments.file is not None:
        for unit in units(open_file(arguments.file)):
            for span in spans_in(unit):
                if arguments.trace in (None, span.trace_id):
                    count += 1
                    if count > _MOST_SPANS:
                        raise StoredError("there are too many spans: give --trace ID")
                    yield span
    else:
        with QueryApi(query_options.endpoint_of(arguments)) as api:
            for unit in api.trace(arguments.trace):
                for span in spans_in(unit):
                    count += 1
                    if count > _MOST_SPANS:
                        raise StoredError("the trace has more spans than can be shown")
                    yield span
    if not count:
        raise StoredError("there is no such trace")


_Opened = Sequence[tuple["StoredSpan", Sequence["Field"]]]


def _openings(opened: _Opened) -> Iterator[tuple[StoredSpan, Opening]]:
    for span, fields in opened:
        for field in fields:
            for opening in field.openings:
                yield span, opening


def _record(log: AuditLog, arguments: argparse.Namespace, opened: _Opened) -> None:
    """Write each opening into the audit, and what couldn't be opened, as counts.

    Raises:
        AuditError: It can't be written.
    """
    from jaeger_guard.stored.revealing import Outcome

    about = {**_who(), "reason": _scrubbed(arguments.reason)}
    entries: list[tuple[str, Mapping[str, object]]] = []
    failed: dict[str, int] = {}
    traces = sorted({span.trace_id for span, _ in opened})
    for span, opening in _openings(opened):
        if opening.outcome is not Outcome.OPENED:
            failed[opening.outcome.value] = failed.get(opening.outcome.value, 0) + 1
            continue
        facts = {
            "trace": span.trace_id,
            "span": span.span_id,
            "surface": opening.where,
            "key": _scrubbed_key(opening.place[0]),
            "category": opening.category,
            "role": opening.role,
            "epoch": opening.epoch,
            "key_id": opening.key_id,
        }
        entries.append(("reveal.opened", {**about, **facts}))
    if failed or not entries:
        refused = {**about, "traces": traces[:64], "not_opened": failed}
        entries.append(("reveal.refused", refused))
    log.write_all(entries)


def _who() -> dict[str, object]:
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    told: dict[str, object] = {"user": user, "uid": uid, "host": socket.gethostname()}
    if uid == 0 and (behind := os.environ.get("SUDO_USER")):
        told["sudo_user"] = behind[:64]
    return told


def _scrubbed(text: str) -> str:
    """Take personal data out of a reason: an audit holds no value."""
    from jaeger_guard.policy import Policy, compile_policy
    from jaeger_guard.scrubber import Scrubber

    scrubbed, _ = Scrubber(compile_policy(Policy(rules=()))).value("reason", text.strip())
    return str(scrubbed)


def _scrubbed_key(key: str) -> str:
    return (
        key if len(key) <= 256 else f"{key[:255]}…"
    )  # a guard has scrubbed it when it was written


def _status(opened: _Opened, terminal: Terminal) -> ExitStatus:
    from jaeger_guard.stored.revealing import Outcome

    outcomes: set[Outcome] = {opening.outcome for _, opening in _openings(opened)}
    if Outcome.TAMPERED in outcomes:
        terminal.complain(
            "jaeger-guard reveal: a field was changed, or moved, after it was written"
        )
        return ExitStatus.TAMPERED
    if Outcome.OPENED in outcomes:
        return ExitStatus.DONE
    if Outcome.DESTROYED in outcomes:
        terminal.complain("jaeger-guard reveal: the key of that epoch is destroyed, or not here")
        return ExitStatus.DESTROYED
    if Outcome.WRONG_ROLE in outcomes:
        terminal.complain("jaeger-guard reveal: the fields were written for other roles")
        return ExitStatus.WRONG_ROLE
    terminal.complain("jaeger-guard reveal: there is no encrypted field")
    return ExitStatus.FAILED


def _as_json(opened: _Opened) -> list[dict[str, Any]]:
    return [
        {
            "trace": span.trace_id,
            "span": span.span_id,
            "parent": span.parent_id,
            "service": span.service,
            "name": span.name,
            "fields": [
                {
                    "where": field.where,
                    "key": field.key,
                    "value": field.shown,
                    "openings": [
                        {"outcome": each.outcome.value, "category": each.category}
                        for each in field.openings
                    ],
                }
                for field in fields
            ],
        }
        for span, fields in opened
    ]


def _of_bytes(value: object) -> str:
    return f"({type(value).__name__})"


def _tree(opened: _Opened) -> str:
    """Draw each trace: its spans beneath their parents, and beneath each what was opened."""
    by_trace: dict[str, list[tuple[StoredSpan, Sequence[Field]]]] = {}
    for span, fields in sorted(opened, key=lambda pair: pair[0].start):
        by_trace.setdefault(span.trace_id, []).append((span, fields))
    lines: list[str] = []
    for trace_id, spans in by_trace.items():
        lines.append(f"trace {trace_id}")
        known = {span.span_id for span, _ in spans}
        children: dict[str, list[tuple[StoredSpan, Sequence[Field]]]] = {}
        for span, fields in spans:
            parent = span.parent_id if span.parent_id in known else ""
            children.setdefault(parent, []).append((span, fields))
        _draw(children, lines)
    return "\n".join(lines)


def _draw(
    children: Mapping[str, Sequence[tuple[StoredSpan, Sequence[Field]]]], lines: list[str]
) -> None:
    todo = [(0, pair) for pair in reversed(children.get("", ()))]
    drawn: set[str] = set()  # parents may go in a circle in what others wrote
    while todo:
        depth, (span, fields) = todo.pop()
        indent = "  " * min(depth + 1, 40)
        milliseconds = max(0, span.end - span.start) / 1_000_000
        state = f" {span.status}" if span.status == "error" else ""
        lines.append(
            f"{indent}{_line(span.name)} ({_line(span.service)}, {milliseconds:.1f} ms{state})"
        )
        for field in fields:
            where = "" if field.where == "attribute" else f"{field.where} "
            lines.append(f"{indent}    {where}{_line(field.key)} = {_line(_text(field.shown))}")
        if span.span_id not in drawn:
            drawn.add(span.span_id)
            todo += [(depth + 1, pair) for pair in reversed(children.get(span.span_id, ()))]


def _text(value: Any) -> str:
    return (
        value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, default=_of_bytes)
    )


def _line(text: str) -> str:
    return text.replace("\n", "\\n")


COMMAND: Final = Command(
    name="reveal",
    summary="open the encrypted fields of a trace, for those who may",
    description=(
        "Open the fields of a trace that were encrypted for a role, and print them as a tree. Each"
        " opening is recorded in the audit before it is shown. Exit 0: something opened, and nothing"
        " was tampered with; 1: there is no encrypted field; 2: a wrong option, or it could not be"
        " read or recorded; 3: written for other roles; 4: the key is destroyed; 5: tampered with."
    ),
    add_arguments=add_arguments,
    run=run,
)
