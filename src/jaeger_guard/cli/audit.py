"""`jaeger-guard audit verify|head|key`: say whether the audit is whole, and where it stands."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jaeger_guard.cli.command import Command, ExitStatus, Terminal
from jaeger_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from jaeger_guard.audit import Head, Verification

_DIRECTORY: Final = "JAEGER_GUARD_AUDIT_DIRECTORY"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    steps = parser.add_subparsers(title="what to do", metavar="verify|head|key", dest="step")
    verify = steps.add_parser("verify", help="say whether the chain is whole")
    verify.add_argument("--head", metavar="HEAD", help="a head that was kept elsewhere")
    verify.add_argument(
        "--public-key", metavar="FILE", help="the key that checkpoints must be signed by (PEM)"
    )
    verify.add_argument("--format", choices=("text", "json"), default="text")
    head = steps.add_parser("head", help="print the head, to be kept elsewhere")
    for step in (verify, head):
        step.add_argument(
            "paths",
            nargs="*",
            metavar="DIR|FILE",
            type=Path,
            help=f"the directory, or its files in order (default: {_DIRECTORY})",
        )
    key = steps.add_parser("key", help="make a key that signs checkpoints")
    key.add_argument(
        "--output",
        required=True,
        type=Path,
        help="where it goes; the public key beside it, as .pub",
    )


def run(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Do what was asked for."""
    if arguments.step == "key":
        from jaeger_guard.audit.signing import make_key

        terminal.write(make_key(arguments.output, "--output"))
        return ExitStatus.DONE
    if arguments.step is None:
        what = "it is not said what to do"
        raise ConfigurationError(what, "jaeger-guard audit", "Say verify, head or key")
    return _head(arguments, terminal) if arguments.step == "head" else _verify(arguments, terminal)


def _head(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    found = _look(arguments.paths)
    for fault in found.faults:
        terminal.complain(f"{fault.where}: {fault.what}")
    if found.head is None or not found.is_whole:
        terminal.complain("jaeger-guard audit: there is no head of a whole chain")
        return ExitStatus.FAILED
    terminal.write(str(found.head))
    return ExitStatus.DONE


def _verify(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    from jaeger_guard.audit.signing import load_public

    public = None
    if arguments.public_key is not None:
        public = load_public(Path(arguments.public_key), "--public-key")
    found = _look(arguments.paths, _kept(arguments.head), public)
    if arguments.format == "json":
        terminal.write(json.dumps(_as_json(found), indent=2))
    else:
        terminal.write(_as_text(found, kept=arguments.head is not None, trusted=public is not None))
    return ExitStatus.DONE if found.is_whole else ExitStatus.FAILED


def _kept(text: str | None) -> Head | None:
    from jaeger_guard.audit import Head

    if text is None:
        return None
    head = Head.parse(text)
    if head is None:
        remedy = "Give what `jaeger-guard audit head` printed"
        raise ConfigurationError("that is no head", "--head", remedy)
    return head


def _look(paths: list[Path], head: Head | None = None, public: bytes | None = None) -> Verification:
    from jaeger_guard.audit import verify

    named = paths or [Path(text) for text in [os.environ.get(_DIRECTORY, "").strip()] if text]
    if not named:
        remedy = f"Name a directory or files, or set {_DIRECTORY}"
        raise ConfigurationError("it is not said which audit", "jaeger-guard audit", remedy)
    found, reason = None, ""
    try:
        found = verify(named, head=head, public_key=public)
    except OSError as error:
        reason = error.strerror or type(error).__name__
    if found is None:
        remedy = "Name the directory of the audit, or its files"
        raise ConfigurationError(f"the audit can't be read ({reason})", "DIR|FILE", remedy)
    if not found.records and head is None:
        remedy = "Name the directory of the audit, or its files"
        raise ConfigurationError("there is no record", "DIR|FILE", remedy)
    return found


def _as_json(found: Verification) -> dict[str, object]:
    return {
        "whole": found.is_whole,
        "faults": [{"where": fault.where, "what": fault.what} for fault in found.faults],
        "more_faults": found.more_faults,
        "files": found.files,
        "records": found.records,
        "first": found.first,
        "head": None if found.head is None else str(found.head),
        "checkpoints": found.checkpoints,
        "signed_to": found.signed,
        "keys": sorted(found.keys),
    }


def _as_text(found: Verification, *, kept: bool, trusted: bool) -> str:
    lines = [f"{fault.where}: {fault.what}" for fault in found.faults]
    if found.more_faults:
        lines.append(f"and {found.more_faults} more")
    last = 0 if found.head is None else found.head.number
    told = f"{found.records} records, {found.first} to {last}, in {found.files} files"
    lines.append(f"{'The chain is whole' if found.is_whole else 'The chain is NOT whole'}: {told}.")
    if found.head is not None:
        lines.append(f"Head: {found.head}")
    lines.append(_about_signatures(found, trusted=trusted))
    if not kept and not trusted:
        lines.append(
            "Without a head that was kept elsewhere (--head) or the key's public half (--public-key), "
            "records that were cut off the end, or a chain written anew, can't be told."
        )
    return "\n".join(lines)


def _about_signatures(found: Verification, *, trusted: bool) -> str:
    if not found.signatures_checked:
        return 'Signatures were not checked: pip install "jaeger-guard[crypto]".'
    if not found.checkpoints:
        return "No checkpoint is signed: the chain alone speaks."
    by = "the key that was given" if trusted else f"{', '.join(sorted(found.keys))}"
    return f"{found.checkpoints} checkpoints, up to record {found.signed}, are signed by {by}."


COMMAND: Final = Command(
    name="audit",
    summary="say whether the audit is whole",
    description=(
        "verify: find a record that was edited, dropped, moved or cut off; exit 0 where the chain is"
        " whole, 1 where it isn't, 2 where it couldn't be read. head: print what to keep elsewhere."
        " key: make an Ed25519 key that signs checkpoints."
    ),
    add_arguments=add_arguments,
    run=run,
)
