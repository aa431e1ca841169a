"""Load policies: presets by name, TOML and YAML files by path, and what they extend.

A text with a path separator or a suffix is a path, any other a preset's name; a comma separates
several. A file's `extends` may name files too, relative to its own directory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Final

from jaeger_guard.detectors.pasted import looks_like_path
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy.audit import read_audit
from jaeger_guard.policy.consent import read_consent
from jaeger_guard.policy.exemptions import read_exemption
from jaeger_guard.policy.files import TOML_SUFFIX, parse_toml, read_table
from jaeger_guard.policy.metrics import read_metrics
from jaeger_guard.policy.model import BASELINE, Policy, Rule, read_rule
from jaeger_guard.policy.propagation import read_propagation
from jaeger_guard.policy.provisions import read_provision, read_refusal
from jaeger_guard.policy.pseudonyms import Pseudonyms, read_pseudonyms
from jaeger_guard.policy.recognition import read_recognition
from jaeger_guard.policy.retention import read_retention
from jaeger_guard.policy.roles import Roles, read_roles
from jaeger_guard.policy.sampling import read_sampling
from jaeger_guard.policy.words import (
    WORDS,
    Fault,
    empty_words,
    kind,
    quoted,
    raise_faults,
    suggest,
    unknown_words,
)

Spec = str | os.PathLike[str] | Policy
_READERS: Final[Mapping[str, Callable[[object, str], object]]] = {
    "sampling": read_sampling,
    "consent": read_consent,
    "retention": read_retention,
    "recognition": read_recognition,
    "roles": read_roles,
    "pseudonyms": read_pseudonyms,
    "propagation": read_propagation,
    "audit": read_audit,
    "metrics": read_metrics,
}
# Each is a list of tables.
_LISTS: Final[Mapping[str, Callable[[object, str], object]]] = {
    "exceptions": read_exemption,
    "refusals": read_refusal,
    "provisions": read_provision,
}
FILE_WORDS: Final = ("extends", "mandatory", "rules", *_LISTS, *_READERS)


def preset_names() -> tuple[str, ...]:
    """List the presets that this version brings."""
    folder = resources.files("jaeger_guard.policy").joinpath("presets")
    return tuple(
        sorted(
            entry.name.removesuffix(TOML_SUFFIX)
            for entry in folder.iterdir()
            if entry.name.endswith(TOML_SUFFIX)
        )
    )


def load_policy(spec: Spec | Sequence[Spec], where: str) -> tuple[Policy, ...]:
    """Load what `spec` names: a preset, several (a sequence, or separated by commas), a path.

    Args:
        spec: A Policy, which is returned as it is; a text; a path; or a sequence of these.
        where: The parameter or environment variable that said so, for errors.

    Raises:
        ConfigurationError: Names the file, what is wrong in it, and the remedy.
    """
    given: object = spec  # what stands in a user's code may be anything
    if isinstance(given, str | os.PathLike | Policy):
        parts: Sequence[object] = [given]
    elif isinstance(given, Sequence):
        parts = given
    else:
        what = f"the policy is a {kind(given)}, not a name, a path or a Policy"
        raise ConfigurationError(what, where, f"Give '{BASELINE}', a path, or a Policy")
    policies = [policy for part in parts for policy in _load_part(part, where)]
    if not policies:
        raise ConfigurationError("no policy is named", where, f"Name '{BASELINE}'")
    return tuple(dict.fromkeys(policies))


def load_one(spec: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], where: str) -> Policy:
    """Load as `load_policy` does; several become one policy that extends all of them."""
    policies = load_policy(spec, where)
    if len(policies) == 1:
        return policies[0]
    listed = [spec] if isinstance(spec, str | os.PathLike) else spec
    names = [name for part in listed for name in _split(part)]
    joined = ",".join(policy.name for policy in policies)[:128]
    return Policy(name=joined, rules=(), extends=tuple(names))


def _split(part: str | os.PathLike[str]) -> list[str]:
    if isinstance(part, str):
        return [name.strip() for name in part.split(",")]
    return [str(Path(part).absolute())]


def _load_part(part: object, where: str) -> list[Policy]:
    if isinstance(part, Policy):
        return [part]
    if isinstance(part, os.PathLike):
        return [load_file(Path(part), where)]
    if not isinstance(part, str):
        what = f"a policy is a {kind(part)}, not a name, a path or a Policy"
        raise ConfigurationError(what, where, f"Give '{BASELINE}', a path, or a Policy")
    return [load_named(name, where) for name in _split(part)]


def is_path(text: str) -> bool:
    """Say whether `text` is a path: it holds a path separator or a suffix."""
    separators = {"/", os.sep, os.altsep or "/"}
    return any(mark in text for mark in separators) or bool(Path(text).suffix)


def load_named(name: str, where: str) -> Policy:
    """Load the preset `name`, or the file where it is a path."""
    if not name:
        raise ConfigurationError("a policy's name is empty", where, f"Name '{BASELINE}' or a path")
    return load_file(Path(name), where) if is_path(name) else load_preset(name, where)


def load_preset(name: str, where: str) -> Policy:
    """Load the preset `name`, of those that `preset_names` lists."""
    names = preset_names()
    if name not in names:  # never a path made of it, so that a name can't leave the folder
        what = f"there is no preset {quoted(name)}"
        raise ConfigurationError(what, where, f"{suggest(name, names)}, or give a path")
    file = resources.files("jaeger_guard.policy").joinpath("presets", name + TOML_SUFFIX)
    place = f"preset {name}"
    table = parse_toml(file.read_text(encoding="utf-8"), place)
    return _build(table, name=name, place=place, preset=True, directory=None)


def load_file(path: Path, where: str) -> Policy:
    """Load the policy file at `path`, which `where` named, without what it extends."""
    place = f"{where}: {path}" if looks_like_path(str(path)) else where
    expanded = _expand(path)
    if expanded is None:
        what = "there is no home directory for '~'"
        raise ConfigurationError(what, place, "Give the whole path")
    path = expanded
    return _build(
        read_table(path, place),
        name=path.name[-128:],
        place=place,
        preset=False,
        directory=path.absolute().parent,
    )


def _expand(path: Path) -> Path | None:
    try:
        return path.expanduser()
    except RuntimeError:  # a user without a home
        return None


def _build(
    table: dict[str, object], *, name: str, place: str, preset: bool, directory: Path | None
) -> Policy:
    faults = unknown_words(table, FILE_WORDS)
    texts = {
        word: _read_texts(word, table.get(word, default), faults)
        for word, default in (("extends", [BASELINE]), ("mandatory", []))
    }
    listed = _read_list("rules", table, faults)
    others = {word: _read_list(word, table, faults) for word in _LISTS}
    raise_faults(faults, place)
    rules = tuple(_read_rule(given, f"{place}, rule {n}") for n, given in enumerate(listed, 1))
    lists = {
        word: tuple(
            _LISTS[word](given, f"{place}, {word.removesuffix('s')} {n}")
            for n, given in enumerate(entries, 1)
        )
        for word, entries in others.items()
    }
    extends = tuple(
        os.path.normpath(directory / Path(text).expanduser())
        if directory and is_path(text)
        else text.strip()
        for text in texts["extends"]
    )
    tables = {
        word: read(table[word], f"{place}, {word}")
        for word, read in _READERS.items()
        if word in table
    }
    if directory is not None:
        tables = {
            word: read.beside(directory) if isinstance(read, Roles | Pseudonyms) else read
            for word, read in tables.items()
        }
    try:
        return Policy(
            name=name,
            rules=rules,
            extends=extends,
            mandatory=texts["mandatory"],
            preset=preset,
            **lists,  # type: ignore[arg-type]  # each reader gives its field's type
            **tables,  # type: ignore[arg-type]
        )
    except ConfigurationError as error:
        fault = error
    field = fault.where.removeprefix("Policy")
    raise ConfigurationError(fault.what, place + field, fault.remedy)


def _read_list(word: str, table: dict[str, object], faults: list[Fault]) -> list[object]:
    listed = table.get(word, [])
    if isinstance(listed, list):
        return listed
    what = f"{word} is a {kind(listed)}, not a list of tables"
    faults.append(Fault(word, what, f"Begin each with [[{word}]]"))
    return []


def _read_texts(word: str, value: object, faults: list[Fault]) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(text, str) for text in value):
        return tuple(value)
    held = "holds something else than texts" if isinstance(value, list) else f"is a {kind(value)}"
    faults.append(Fault(word, f"{word} {held}", f'Write a list of texts: {word} = ["..."]'))
    return ()


def _read_rule(given: object, where: str) -> Rule:
    if not isinstance(given, dict):
        what = f"the rule is a {kind(given)}, not a table"
        raise ConfigurationError(what, where, "Begin each rule with [[rules]]")
    known = [word.in_file for word in WORDS]
    values, faults = read_rule(
        {word.name: given[word.in_file] for word in WORDS if word.in_file in given}
    )
    raise_faults([*unknown_words(given, known), *empty_words(given, known), *faults], where)
    return Rule(**values)  # type: ignore[arg-type]  # read_rule has checked each
