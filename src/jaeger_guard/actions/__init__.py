"""What is done with a finding: the registry of actions.

An action is added as one file with an entry and one line here. `keep` and `unsafe_keep` leave the
value, so they have no entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from jaeger_guard.actions.action import ActionEntry, ActionExample, Parameters
from jaeger_guard.actions.generalization import GENERALIZATION
from jaeger_guard.actions.masking import MASKING
from jaeger_guard.actions.redaction import DROPPING, REDACTION
from jaeger_guard.types import Action

ACTIONS: Final[Mapping[Action, ActionEntry]] = MappingProxyType(
    {entry.action: entry for entry in (DROPPING, REDACTION, MASKING, GENERALIZATION)}
)

__all__ = ["ACTIONS", "ActionEntry", "ActionExample", "Parameters"]
