"""Make the JSON Schema of policy files for editors: `python -m jaeger_guard.policy.schema`.

It is printed to standard output, and kept as `docs/policy.schema.json`.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final

from jaeger_guard.policy.audit import AUDIT_WORDS
from jaeger_guard.policy.consent import CONSENT_WORDS
from jaeger_guard.policy.exemptions import EXCEPTION_WORDS
from jaeger_guard.policy.loading import preset_names
from jaeger_guard.policy.metrics import METRICS_WORDS
from jaeger_guard.policy.model import BASELINE
from jaeger_guard.policy.propagation import PROPAGATION_WORDS
from jaeger_guard.policy.provisions import PROVISION_WORDS, REFUSAL_WORDS
from jaeger_guard.policy.pseudonyms import PSEUDONYM_WORDS
from jaeger_guard.policy.recognition import RECOGNITION_WORDS
from jaeger_guard.policy.retention import RETENTION_WORDS
from jaeger_guard.policy.roles import roles_schema
from jaeger_guard.policy.sampling import SAMPLING_WORDS
from jaeger_guard.policy.tables import schema_of
from jaeger_guard.policy.words import CONDITIONS, WORDS, category_patterns
from jaeger_guard.types import Action

_LISTS: Final = {
    "exceptions": (
        "What is kept until a date, before all rules.",
        EXCEPTION_WORDS,
        ("owner", "reason", "expires"),
    ),
    "refusals": (
        "Actions that a clause forbids: whoever extends this policy can't ask for them.",
        REFUSAL_WORDS,
        ("category", "clause", "source", "because"),
    ),
    "provisions": (
        "Clauses of a law or standard that the policy undertakes.",
        PROVISION_WORDS,
        ("clause", "asks", "source"),
    ),
}

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def policy_schema() -> dict[str, Any]:
    """Build the schema from the words that the loader reads."""
    return {
        "$schema": DIALECT,
        "title": "A policy of jaeger_guard",
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {
            "extends": {
                "description": "Presets, or paths of policy files, that this policy builds on.",
                "type": "array",
                "items": {
                    "anyOf": [
                        {"enum": list(preset_names())},
                        {"type": "string", "pattern": r"[/\\.]"},
                    ]
                },
                "default": [BASELINE],
            },
            "mandatory": {
                "description": "Categories that a policy on top may weaken with unsafe_keep alone.",
                "type": "array",
                "items": {"enum": list(category_patterns())},
                "default": [],
            },
            "rules": {
                "description": "In order of precedence: the first that matches decides.",
                "type": "array",
                "items": _rule_schema(),
            },
            **{
                word: {
                    "description": meaning,
                    "type": "array",
                    "items": schema_of(words, required),
                }
                for word, (meaning, words, required) in _LISTS.items()
            },
            "sampling": {
                "description": "Which spans are recorded, and which minimally.",
                **schema_of(SAMPLING_WORDS),
            },
            "consent": {
                "description": "Where a refusal of consent is read from.",
                **schema_of(CONSENT_WORDS),
            },
            "retention": {
                "description": "Which traces are kept short, and which long.",
                **schema_of(RETENTION_WORDS),
            },
            "propagation": {
                "description": "What may cross the process boundary beside a request.",
                **schema_of(PROPAGATION_WORDS),
            },
            "metrics": {
                "description": "Which attributes metrics may have.",
                **schema_of(METRICS_WORDS),
            },
            "recognition": {
                "description": "How names in free text are looked for, in a process of its own.",
                **schema_of(RECOGNITION_WORDS),
            },
            "audit": {
                "description": "Where the audit is written.",
                **schema_of(AUDIT_WORDS),
            },
            "roles": {
                "description": "Who may read what is encrypted, by the role's name.",
                **roles_schema(),
            },
            "pseudonyms": {
                "description": "What pseudonyms are made with.",
                **schema_of(PSEUDONYM_WORDS),
            },
        },
    }


def _rule_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["action"],
        "anyOf": [{"required": [name]} for name in CONDITIONS],
        "properties": {
            word.in_file: {"description": word.meaning, **word.schema} for word in WORDS
        },
        "dependentSchemas": {
            word.in_file: {"properties": {"action": _one_of(word.actions)}}
            for word in WORDS
            if word.actions
        },
    }


def _one_of(actions: tuple[Action, ...]) -> dict[str, Any]:
    if len(actions) == 1:
        return {"const": actions[0].value}
    return {"enum": [action.value for action in actions]}


def schema_text() -> str:
    """Write the schema as the file holds it."""
    return json.dumps(policy_schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
