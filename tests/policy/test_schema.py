"""The JSON Schema for editors is what the code makes, and agrees with the loader."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from jaeger_guard.policy.loading import preset_names
from jaeger_guard.policy.schema import policy_schema, schema_text

_REPOSITORY = Path(__file__).parents[2]


def test_kept_schema_is_the_made_one() -> None:
    """docs/policy.schema.json is what `python -m jaeger_guard.policy.schema` prints."""
    kept = (_REPOSITORY / "docs" / "policy.schema.json").read_text(encoding="utf-8")
    assert kept == schema_text()


@pytest.mark.parametrize("name", preset_names())
def test_preset_is_valid(name: str) -> None:
    """Each preset is valid by the schema, and the schema by its own dialect."""
    jsonschema.Draft202012Validator.check_schema(policy_schema())
    file = resources.files("jaeger_guard.policy").joinpath("presets", f"{name}.toml")
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(policy_schema()).validate(table)


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"roles": {}},
        {"extends": "baseline"},
        {"extends": ["no-such"]},
        {"rules": [{"action": "redact"}]},
        {"rules": [{"key": "a"}]},
        {"rules": [{"key": "a", "action": "encode"}]},
        {"rules": [{"key": "a", "action": "encrypt", "for": "support"}]},
        {"roles": {"Support": {"categories": ["contact.*"], "public_keys": "keys.json"}}},
        {"roles": {"support": {"categories": ["contact.*"]}}},
        {"rules": [{"key": "a", "action": "redact", "leave_last": 4}]},
        {"rules": [{"category": "contact.emial", "action": "redact"}]},
    ],
)
def test_what_the_loader_refuses_is_invalid(table: dict[str, Any]) -> None:
    """What the loader refuses is underlined in an editor already."""
    assert not jsonschema.Draft202012Validator(policy_schema()).is_valid(table)
