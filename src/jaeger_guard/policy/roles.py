"""Who may read what is encrypted: the tables `[roles.NAME]` of a policy."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from jaeger_guard.categories import is_pattern
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.keys.token import decode
from jaeger_guard.keys.wraps import ROLE
from jaeger_guard.policy.tables import path, read_table, schema_of, settle, texts
from jaeger_guard.policy.words import Fault, Word, category_patterns, kind, quoted, suggest

_SIGNER_BYTES: Final = 32


def _categories(value: object) -> object:
    read = texts("categories")(value)
    if isinstance(read, Fault):
        return read
    assert isinstance(read, tuple)
    if not read:
        what = "a role without a category could read nothing"
        return Fault("categories", what, 'Write categories = ["contact.*"]')
    for pattern in read:
        if not is_pattern(pattern):
            what = f"the category {quoted(pattern)} isn't known"
            return Fault("categories", what, suggest(pattern, category_patterns()))
    return read


def _signer(value: object) -> object:
    if value is None:
        return None
    key = decode(value) if isinstance(value, str) else None
    if key is None or len(key) != _SIGNER_BYTES:
        what = "the signer is no public key"
        return Fault("signer", what, "Copy what 'jaeger-guard keys publish' said")
    return value


ROLE_WORDS: Final = (
    Word(
        name="categories",
        meaning="What the role may read, such as contact.email or contact.*.",
        schema={
            "type": "array",
            "items": {"enum": list(category_patterns())},
            "minItems": 1,
            "maxItems": 256,
        },
        read=_categories,
    ),
    Word(
        name="public_keys",
        meaning="The file that 'jaeger-guard keys publish' wrote, relative to the policy's own.",
        schema={"type": "string", "minLength": 1},
        read=path("public_keys"),
    ),
    Word(
        name="signer",
        meaning="The public key that has to have signed the file, as 'keys publish' says it.",
        schema={"type": "string", "minLength": 43, "maxLength": 43},
        read=_signer,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role that may read categories, and the public keys that values are encrypted to.

    Attributes:
        categories: What it may read, such as `"contact.email"` or `"contact.*"`.
        public_keys: The file that `jaeger-guard keys publish` wrote.
        signer: The Ed25519 public key that has to have signed it, as `keys publish` says it; None:
            whoever signed it when the policy was compiled.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    categories: Sequence[str]
    public_keys: str | os.PathLike[str]
    signer: str | None = None

    def __post_init__(self) -> None:
        settle(self, ROLE_WORDS, "Role", self._more)

    def _more(self) -> list[Fault]:
        given: object = self.public_keys  # what stands in a user's code may be anything
        if given is not None:
            return []
        what = "the role has no public keys"
        return [Fault("public_keys", what, "Write them with: jaeger-guard keys publish")]


@dataclass(frozen=True, slots=True)
class Roles:
    """All roles of a policy, by name.

    Raises:
        ConfigurationError: A name is none.
    """

    entries: tuple[tuple[str, Role], ...]

    @classmethod
    def of(cls, given: Mapping[Any, Any], where: str) -> Roles:
        """Check a mapping of roles."""
        entries: list[tuple[str, Role]] = []
        for name, role in given.items():
            if not isinstance(name, str) or ROLE.fullmatch(name) is None:
                what = "a role's name is 1 to 32 lower-case letters, digits, '-' and '_'"
                raise ConfigurationError(what, where, "Name it such as support")
            if not isinstance(role, Role):
                raise ConfigurationError(f"{quoted(name)} is no Role", where, "Give Role(...)")
            entries.append((name, role))
        return cls(tuple(entries))

    def over(self, other: Roles) -> Roles:
        """Return these, and those of `other` that have another name."""
        return Roles(tuple({**dict(other.entries), **dict(self.entries)}.items()))

    def beside(self, directory: os.PathLike[str]) -> Roles:
        """Return the roles with each file's name relative to a directory resolved."""
        return Roles(
            tuple(
                (name, replace(role, public_keys=os.path.join(directory, _home(role.public_keys))))
                for name, role in self.entries
            )
        )

    def told(self) -> Any:
        """Return what a policy's digest covers: who may read what, wherever the files lie."""
        return sorted((name, list(role.categories), role.signer) for name, role in self.entries)


def _home(path: str | os.PathLike[str]) -> str:
    return os.path.expanduser(path)


def read_roles(given: object, where: str) -> Roles:
    """Read the tables `[roles.NAME]` of a policy file.

    Raises:
        ConfigurationError: Names the place, what is wrong, and the remedy.
    """
    if not isinstance(given, dict) or not given:
        what = f"it is a {kind(given)}, not a table" if given or given == [] else "it is empty"
        raise ConfigurationError(what, where, "Write a table [roles.support]")
    return Roles.of(
        {
            name: read_table(
                table, Role, ROLE_WORDS, f"{where}.{name}" if _is_name(name) else where
            )
            for name, table in given.items()
        },
        where,
    )


def _is_name(name: object) -> bool:
    return isinstance(name, str) and ROLE.fullmatch(name) is not None


def roles_schema() -> dict[str, Any]:
    """Describe the tables for editors."""
    return {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "patternProperties": {
            rf"^{ROLE.pattern}$": schema_of(ROLE_WORDS, required=("categories", "public_keys"))
        },
    }
