"""`jaeger-guard keys init|rotate|list|publish|destroy|spool`: the key ring of a security team.

Private keys stay in the key directory; what services get is the file that `publish` writes. Every
operation that changes or hands out something is an audit record, beside the keys where no other place is
named.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import pwd
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jaeger_guard.cli.command import Command, ExitStatus, Terminal
from jaeger_guard.cli.sealing import add_seal_arguments, chosen_seal
from jaeger_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from jaeger_guard.keys import KeyProvider, RoleRing

_AUDIT_VARIABLE: Final = "JAEGER_GUARD_AUDIT_DIRECTORY"
_MOST_KEPT: Final = 20
_COLUMNS: Final = ("role", "epoch", "state", "starts", "ends", "public_key_fingerprint")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    operations = parser.add_subparsers(
        title="what to do", metavar="|".join(_OPERATIONS), dest="operation"
    )
    parsers = {
        name: operations.add_parser(name, help=summary, description=summary)
        for name, (summary, _) in _OPERATIONS.items()
    }
    for name, operation in parsers.items():
        operation.add_argument(
            "--directory",
            required=True,
            metavar="DIR",
            help="the key directory; vault:MOUNT/PATH for HashiCorp Vault's KV",
        )
        if name == "list":
            operation.add_argument("--format", choices=("table", "json"), default="table")
            continue
        if name != "spool":
            operation.add_argument("--role", required=True, metavar="R", help="such as support")
        operation.add_argument(
            "--audit",
            metavar="DIR",
            type=Path,
            help=f"where it is recorded (default: {_AUDIT_VARIABLE}, else audit/ beside the keys)",
        )
        add_seal_arguments(operation)
    parsers["init"].add_argument(
        "--epoch-days", type=int, default=7, metavar="N", help="how long an epoch is (default: 7)"
    )
    parsers["rotate"].add_argument(
        "--planned",
        action="store_true",
        help="let the current epoch run to its end, and only see to it that there is a next",
    )
    parsers["publish"].add_argument(
        "--output", required=True, metavar="FILE", type=Path, help="the file for services"
    )
    parsers["spool"].add_argument(
        "--output", required=True, metavar="FILE", type=Path, help="the key file for services"
    )
    parsers["spool"].add_argument(
        "--keep",
        type=int,
        default=1,
        metavar="N",
        help="how many keys before the new one still open what waits (default: 1)",
    )
    parsers["destroy"].add_argument("--epoch", required=True, type=int, metavar="E")
    parsers["destroy"].add_argument(
        "--yes", action="store_true", help="needed: nothing brings the key back"
    )


def run(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Do what was asked for."""
    if arguments.operation is None:
        what = "it is not said what to do"
        raise ConfigurationError(what, "jaeger-guard keys", f"Say one of {', '.join(_OPERATIONS)}")
    from jaeger_guard.audit import AuditError

    _, operation = _OPERATIONS[arguments.operation]
    try:
        operation(arguments, terminal)
    except AuditError as error:
        terminal.complain(f"jaeger-guard keys: {error}; see what was done with: keys list")
        return ExitStatus.USAGE
    return ExitStatus.DONE


def _init(arguments: argparse.Namespace, terminal: Terminal) -> None:
    keys = _ring(arguments, is_new=True).init(arguments.role, arguments.epoch_days)
    terminal.write(
        f"role {keys.role}: epoch 1 is current, epoch 2 follows; hand out the public keys with: "
        "jaeger-guard keys publish"
    )


def _rotate(arguments: argparse.Namespace, terminal: Terminal) -> None:
    ring = _ring(arguments)
    ring.rotate(arguments.role, planned=arguments.planned)
    current = next(each for each in ring.states([arguments.role]) if each.state.value == "current")
    terminal.write(
        f"role {arguments.role}: epoch {current.epoch} is current; services follow once it is "
        "published: jaeger-guard keys publish"
    )


def _list(arguments: argparse.Namespace, terminal: Terminal) -> None:
    from jaeger_guard.keys import RoleRing
    from jaeger_guard.keys.ring import plain_state
    from jaeger_guard.keys.sealing import Passphrase

    ring = RoleRing(_place(arguments), Passphrase(str))  # nothing is opened
    rows = [plain_state(state) for state in ring.states()]
    if arguments.format == "json":
        terminal.write(json.dumps(rows, indent=2))
        return
    shown = [_COLUMNS, *(tuple(str(row[column]) for column in _COLUMNS) for row in rows)]
    widths = [max(len(line[column]) for line in shown) for column in range(len(_COLUMNS))]
    for line in shown:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        terminal.write("  ".join(cells).rstrip())


def _publish(arguments: argparse.Namespace, terminal: Terminal) -> None:
    from jaeger_guard.keys.published import read_public_keys
    from jaeger_guard.keys.token import encode

    content = _ring(arguments).publish(arguments.role)
    _hand_out(content, arguments.output, 0o644)
    signer = encode(read_public_keys(content, "--output").signer)
    terminal.write(f'role {arguments.role}: published; in the policy, signer = "{signer}"')


def _destroy(arguments: argparse.Namespace, terminal: Terminal) -> None:
    if not arguments.yes:
        raise ConfigurationError(
            "what was encrypted for that epoch can be read by nobody afterwards",
            "jaeger-guard keys destroy",
            "Add --yes if that is meant",
        )
    try:
        by = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in a container that runs with any number
        by = str(os.getuid())
    receipt = _ring(arguments).destroy(arguments.role, arguments.epoch, by)
    terminal.write(json.dumps(receipt, indent=2))


def _spool(arguments: argparse.Namespace, terminal: Terminal) -> None:
    if not 0 <= arguments.keep <= _MOST_KEPT:
        raise ConfigurationError("out of range", "--keep", f"Give 0 to {_MOST_KEPT}")
    secrets = _ring(arguments, is_new=True).renew_spool_key(arguments.keep)
    lines = ["# Made by jaeger-guard keys spool; the first key seals, all of them open."]
    lines += [base64.b64encode(secret).decode() for secret in secrets]
    _hand_out("\n".join([*lines, ""]).encode(), arguments.output, 0o600)
    terminal.write(
        f"a new key for spools, and {len(secrets) - 1} before it: key_file of Spool, or "
        "JAEGER_GUARD_SPOOL_KEY_FILE; services that run look at the file again by themselves"
    )


def _hand_out(content: bytes, output: Path, mode: int) -> None:
    """Write a file for services: whole, or not at all."""
    beside = output.with_name(f".{output.name}.new")
    written = False
    try:
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(beside, flags, mode), "wb") as file:
            file.write(content)
        beside.chmod(mode)  # whatever the umask
        os.replace(beside, output)
        written = True
    except (OSError, ValueError):
        pass  # told below: the error here quotes the name
    if not written:
        raise ConfigurationError(
            "it can't be written", "--output", "Name a file in a directory of yours"
        )


def _ring(arguments: argparse.Namespace, *, is_new: bool = False) -> RoleRing:
    from jaeger_guard.keys import RoleRing
    from jaeger_guard.keys.ring import SIGNING_KEY

    place = _place(arguments, create=is_new)
    is_new = is_new and place.read(SIGNING_KEY) is None
    return RoleRing(place, chosen_seal(arguments, is_new=is_new), record=_recorder(arguments))


def _place(arguments: argparse.Namespace, *, create: bool = False) -> KeyProvider:
    from jaeger_guard.keys.places import open_place

    return open_place(arguments.directory, "--directory", create=create)


def _recorder(arguments: argparse.Namespace) -> Callable[[str, Mapping[str, object]], None]:
    from jaeger_guard.audit import AuditLog
    from jaeger_guard.configuration.audits import open_audit
    from jaeger_guard.keys.places import is_vault
    from jaeger_guard.policy import Audit

    given = None if arguments.audit is None else Audit(directory=str(arguments.audit))
    environ = {**os.environ}
    if given is not None:
        environ.pop(_AUDIT_VARIABLE, None)
    elif not environ.get(_AUDIT_VARIABLE, "").strip():
        if is_vault(arguments.directory):
            what = "it is not said where this is recorded"
            remedy = f"Give --audit, or set {_AUDIT_VARIABLE}"
            raise ConfigurationError(what, "jaeger-guard keys", remedy)
        given = Audit(directory=str(Path(arguments.directory) / "audit"))
    opened = open_audit(given, environ)
    assert opened is not None  # a directory is named
    log: AuditLog = opened.log

    def record(operation: str, about: Mapping[str, object]) -> None:
        log.write(f"keys.{operation}", **about)

    return record


_OPERATIONS: Final[Mapping[str, tuple[str, Callable[[argparse.Namespace, Terminal], None]]]] = {
    "init": ("make a role, with an epoch that begins now and a next one", _init),
    "rotate": ("begin the next epoch now, and make one behind it", _rotate),
    "list": ("show every epoch, and what state it is in", _list),
    "publish": ("write the public keys for services", _publish),
    "destroy": ("destroy an epoch's private key, and write a signed receipt", _destroy),
    "spool": ("make a new key that services seal their spools with, and write it for them", _spool),
}

COMMAND: Final = Command(
    name="keys",
    summary="make, rotate, publish and destroy the keys of roles",
    description=(
        "Keep the keys that encrypted fields are read with. Private keys stay in the key directory, "
        "sealed; services get the public ones that 'publish' writes. Destroying an epoch's private key "
        "makes every field of that epoch unreadable, wherever traces are kept."
    ),
    add_arguments=add_arguments,
    run=run,
)
