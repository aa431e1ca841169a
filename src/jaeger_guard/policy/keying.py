"""Make ready what a policy encrypts and pseudonymizes with, and refuse what can't work.

Whatever is encrypted has to be readable for somebody, for some time to come: a category without a role, a
role without a key, and an epoch without a next one are refused when the policy is compiled, and not met at
night by values that are redacted.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from jaeger_guard.categories import ALL, CONTENT_WITHHELD, NEVER_STORED, addresses
from jaeger_guard.detectors.pasted import looks_like_path
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.keys.cryptographic import require_crypto
from jaeger_guard.keys.pseudonyms import Domains, Pseudonymizer
from jaeger_guard.keys.secrets import key_from_callable, key_from_text, key_of_file
from jaeger_guard.keys.service import FieldKeys, Reader
from jaeger_guard.keys.sources import PublishedFile
from jaeger_guard.keys.token import decode
from jaeger_guard.policy.merging import Clause
from jaeger_guard.policy.pseudonyms import COLLECTOR, Pseudonyms
from jaeger_guard.policy.roles import Role, Roles
from jaeger_guard.semconv import classify
from jaeger_guard.types import Action

_DAY: Final = 86_400
_AHEAD: Final = "Begin one with: jaeger-guard keys rotate; then publish it"


def field_keys(
    layers: Iterable[Sequence[Clause]],
    roles: Roles | None,
    pseudonyms: Pseudonyms | None,
    where: str,
) -> FieldKeys | None:
    """Return what values are protected with; None where no rule needs keys and none are named.

    Args:
        layers: The clauses of each layer, in order.
        roles: The policy's roles.
        pseudonyms: The policy's pseudonyms.
        where: What errors call the policy.

    Raises:
        ConfigurationError: What is asked for can't be done.
    """
    asked = [each for clauses in layers for each in _asked(clauses)]
    encrypting = [each for each in asked if each[0].treatment.action is Action.ENCRYPT]
    _refuse_never_stored(asked)
    needing = [
        clause
        for clause, _ in asked
        if clause.treatment.action is Action.PSEUDONYMIZE or clause.treatment.parameters.search
    ]
    if needing and pseudonyms is None:
        raise ConfigurationError(
            "a pseudonym needs a key, and the policy names none",
            needing[0].treatment.rule,
            "Add a table [pseudonyms] with key_file or key_variable",
        )
    if roles is None and encrypting:
        raise ConfigurationError(
            "nobody could read what is encrypted: the policy has no roles",
            encrypting[0][0].treatment.rule,
            "Add a table [roles.NAME] with categories and public_keys",
        )
    if roles is None and pseudonyms is None:
        return None
    readers = {} if roles is None else _readers(roles, where)
    keys = FieldKeys(readers, None if pseudonyms is None else make_pseudonymizer(pseudonyms, where))
    for clause, categories in encrypting:
        _refuse_unreadable(clause, categories, keys, readers)
    return keys


def _asked(clauses: Sequence[Clause]) -> Iterable[tuple[Clause, list[str]]]:
    """Yield each clause that needs keys, with the categories that it decides about for certain."""
    taken: set[str] = set()
    for clause in clauses:
        if clause.treatment.action in (Action.ENCRYPT, Action.PSEUDONYMIZE):
            yield clause, [each for each in _categories(clause) if each not in taken]
        if clause.unconditional and clause.category is not None and clause.until == math.inf:
            taken.update(each for each in ALL if addresses(clause.category, each))


def _categories(clause: Clause) -> list[str]:
    if clause.category is not None:
        return [category for category in ALL if addresses(clause.category, category)]
    if clause.key is None or "*" in clause.key or "?" in clause.key:
        return []  # known when a key is seen; what no role may read is redacted then
    return [classify(clause.key).category or CONTENT_WITHHELD]


def _refuse_never_stored(asked: list[tuple[Clause, list[str]]]) -> None:
    for clause, categories in asked:
        for category in NEVER_STORED:
            # A wildcard means the others that it addresses; this one is redacted whatever it says.
            if clause.category == category or (clause.category is None and category in categories):
                raise ConfigurationError(
                    f"{category} must not be kept, not even encrypted or as a pseudonym "
                    "(PCI DSS 3.3.1)",
                    clause.treatment.rule,
                    "Redact it, or drop it",
                )


def _readers(roles: Roles, where: str) -> Mapping[str, Reader]:
    readers = {}
    now = time.time()
    for name, role in roles.entries:
        place = f"{where}, roles.{name}, public_keys"
        require_crypto("encrypting", place)
        path = os.fspath(role.public_keys)
        called = f"{place}: {path}" if looks_like_path(path) else place
        signer = None if role.signer is None else decode(role.signer)
        file = PublishedFile(name, Path(path), called, signer)
        _refuse_ending(name, file, now)
        readers[name] = Reader(tuple(role.categories), file)
    return readers


def _refuse_ending(name: str, file: PublishedFile, now: float) -> None:
    keys = file.keys()
    current = keys.at(now)
    if current is None:
        raise ConfigurationError(f"no epoch of the role {name} is current", file.where, _AHEAD)
    if keys.after(current) is None:
        what = f"the current epoch of the role {name} has no next one"
        raise ConfigurationError(what, file.where, _AHEAD)


def _refuse_unreadable(
    clause: Clause, categories: list[str], keys: FieldKeys, readers: Mapping[str, Reader]
) -> None:
    named = clause.treatment.parameters.roles
    for role in named:
        if role not in readers:
            raise ConfigurationError(
                f"there is no role '{role}'",
                clause.treatment.rule,
                f"Use one of {', '.join(sorted(readers))}, or add a table [roles.{role}]",
            )
    for category in categories:
        if category not in NEVER_STORED and not keys.readers(category, named):
            whose = "any role" if not named else f"the role {', '.join(named)}"
            raise ConfigurationError(
                f"{category} would be encrypted for nobody: it is no category of {whose}",
                clause.treatment.rule,
                "Add it to the categories of a role",
            )


def make_pseudonymizer(pseudonyms: Pseudonyms, where: str) -> Pseudonymizer:
    """Read the key that is named, and make ready.

    Raises:
        ConfigurationError: There is none, or it is too short.
    """
    raw = pseudonyms.mode == COLLECTOR
    place = f"{where}, pseudonyms"
    if pseudonyms.key_file is not None:
        path = os.fspath(pseudonyms.key_file)
        called = f"{place}, key_file"
        called = f"{called}: {path}" if looks_like_path(path) else called
        key = key_of_file(Path(path), called, as_it_is=raw)
    elif pseudonyms.key_variable is not None:
        called = f"{place}, key_variable: {pseudonyms.key_variable}"
        key = key_from_text(os.environ.get(pseudonyms.key_variable, ""), called, as_it_is=raw)
    else:
        source = pseudonyms.key
        assert source is not None  # or there was no Pseudonyms
        key = key_from_callable(
            source if callable(source) else lambda: source, f"{place}, key", as_it_is=raw
        )
    groups = tuple((name, tuple(patterns)) for name, patterns in dict(pseudonyms.join).items())
    return Pseudonymizer(
        key=key,
        purpose=pseudonyms.purpose,
        epoch_seconds=pseudonyms.epoch_days * _DAY,
        domains=Domains(groups),
        as_collector=raw,
    )


__all__ = ["Role", "field_keys", "make_pseudonymizer"]
