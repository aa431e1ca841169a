"""The audit that a policy or the environment names, opened and given to a guard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

from jaeger_guard._version import __version__
from jaeger_guard.audit import AuditLog
from jaeger_guard.auditing import Auditor
from jaeger_guard.configuration.environment import Switches
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.guard import Guard
from jaeger_guard.policy import Audit, CompiledPolicy, Exemption
from jaeger_guard.types import Action

_OURS: Final = "JAEGER_GUARD_AUDIT_"


def audit_fields() -> tuple[str, ...]:
    """List the fields of `Audit`, each of which JAEGER_GUARD_AUDIT_<FIELD> sets."""
    return tuple(field.name for field in fields(Audit))


def resolve_audit(audit: Audit | None, environ: Mapping[str, str]) -> tuple[Audit, str] | None:
    """Return what is to be written where, and who said so; None where no directory is named.

    Args:
        audit: What the policy says; the environment comes before it.
        environ: The environment variables.

    Raises:
        ConfigurationError: A variable can't be honoured.
    """
    values: dict[str, object] = {}
    for field in fields(Audit):
        text = environ.get(_OURS + field.name.upper(), "").strip()
        if text:
            values[field.name] = (
                _number(text) if field.name not in ("directory", "key_file") else text
            )
    fault: ConfigurationError
    try:
        settled = replace(audit or Audit(), **values)  # type: ignore[arg-type]  # Audit checks them
    except ConfigurationError as error:
        fault = error
    else:
        if settled.directory is not None:
            return settled, _OURS + "DIRECTORY" if "directory" in values else "policy, audit"
        for name in ("key_file", *values):
            if getattr(settled, name) is not None and (name in values or name == "key_file"):
                where = _OURS + name.upper() if name in values else "policy, audit"
                what = "there is no audit without a directory"
                raise ConfigurationError(what, where, f"Set {_OURS}DIRECTORY too")
        return None
    raise ConfigurationError(fault.what, f"{_OURS}*", fault.remedy)


@dataclass(frozen=True, slots=True)
class OpenedAudit:
    """An audit that can be written.

    Attributes:
        log: Where it is written.
        interval: Seconds between two records of counts.
    """

    log: AuditLog
    interval: float


def open_audit(audit: Audit | None, environ: Mapping[str, str]) -> OpenedAudit | None:
    """Open the audit that a policy or the environment names; None where none does.

    Raises:
        ConfigurationError: It can't be opened.
    """
    resolved = resolve_audit(audit, environ)
    if resolved is None:
        return None
    settled, where = resolved
    assert settled.directory is not None
    log = AuditLog(
        settled.directory,
        key_file=settled.key_file,
        file_bytes=settled.file_bytes,
        keep_files=settled.keep_files,
        where=where,
    )
    return OpenedAudit(log, settled.interval)


def begin_audit(guard: Guard, opened: OpenedAudit | None, switches: Switches, service: str) -> None:
    """Have a guard write its audit, unless it does already."""
    if opened is None or guard.audit is not None:
        return
    auditor = Auditor(
        opened.log,
        guard.statistics,
        opened.interval,
        service,
        check=guard.check,
        flush=guard.shut_down_at_exit,
    )
    auditor.start(
        policy_facts(guard.policy),
        [(each.until, exception_facts(each)) for each in guard.policy.exceptions],
        version=__version__,
        enabled=switches.enabled,
        strict=switches.strict,
        unsafe_passthrough=switches.passthrough,
        signed=opened.log.is_signed,
    )
    guard.keep_audit(auditor)


def policy_facts(policy: CompiledPolicy) -> dict[str, object]:
    """Say what the audit says of a policy."""
    return {
        "names": list(policy.names),
        "digest": policy.digest,
        "unsafe_rules": list(policy.unsafe_rules),
    }


def exception_facts(exception: Exemption) -> dict[str, object]:
    """Say what the audit says of an exception; its reason stands in the policy."""
    return {
        "where": exception.place,
        "action": Action(exception.action).value,
        "owner": exception.owner,
        "expires": exception.last_day,
    }


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text
