"""What is done with a finding: the registry of actions.

An action is added as one file with an entry and one line here. `keep` and `unsafe_keep` leave the
value, so they have no entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from jaeger_guard.actions.action import ActionEntry, ActionExample, Parameters, Protected
from jaeger_guard.actions.encryption import ENCRYPTION
from jaeger_guard.actions.generalization import GENERALIZATION
from jaeger_guard.actions.masking import MASKING
from jaeger_guard.actions.pseudonymization import PSEUDONYMIZATION
from jaeger_guard.actions.redaction import DROPPING, REDACTION
from jaeger_guard.types import Action

ACTIONS: Final[Mapping[Action, ActionEntry]] = MappingProxyType(
    {
        entry.action: entry
        for entry in (
            DROPPING,
            REDACTION,
            ENCRYPTION,
            PSEUDONYMIZATION,
            MASKING,
            GENERALIZATION,
        )
    }
)

__all__ = ["ACTIONS", "ActionEntry", "ActionExample", "Parameters", "Protected"]
