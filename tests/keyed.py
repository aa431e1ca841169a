"""A key ring, a policy that encrypts by it, and opening what came of it: for tests of several rooms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jaeger_guard import keys
from jaeger_guard.keys.wraps import KEYS_ATTRIBUTE

SEAL = keys.SealingKey(bytes(range(32)))


@dataclass(frozen=True)
class Keyed:
    """Roles with keys in a directory, and a policy's file beside their published keys."""

    directory: Path

    @classmethod
    def create(cls, directory: Path, *roles: str) -> Keyed:
        keyed = cls(directory)
        for role in roles:
            keyed.ring.init(role)
            keyed.publish(role)
        return keyed

    @property
    def ring(self) -> keys.RoleRing:
        return keys.RoleRing(keys.KeyFiles(self.directory / "keys", create=True), SEAL)

    def publish(self, role: str) -> None:
        (self.directory / f"{role}-keys.json").write_bytes(self.ring.publish(role))

    def policy(self, text: str, name: str = "policy.toml") -> str:
        """Write a policy's file, and return its path."""
        path = self.directory / name
        path.write_text(text)
        return str(path)

    def opened(
        self, attributes: Mapping[str, Any], key: keys.Place, role: str = "support", wraps: str = ""
    ) -> str:
        """Open the one token that stands at a place, and return what it held."""
        value: Any = attributes
        for step in (key,) if isinstance(key, str) else key:
            value = value[step]
        [(start, end)] = keys.find_tokens(value)
        wraps = wraps or attributes[KEYS_ATTRIBUTE]
        return keys.open_field(value[start:end], wraps, key, self.ring.role_keys([role])).value


def role_table(role: str, *categories: str) -> str:
    """Write a role's table of a policy."""
    return (
        f"[roles.{role}]\ncategories = {json.dumps(list(categories))}\n"
        f'public_keys = "{role}-keys.json"\n'
    )


def rule(**words: object) -> str:
    """Write a rule of a policy."""
    lines = [f"{word} = {json.dumps(value)}" for word, value in words.items()]
    return "\n".join(["[[rules]]", *lines, ""])
