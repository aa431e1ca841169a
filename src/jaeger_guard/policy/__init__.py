"""Policies: what they are, how they are loaded and merged, and what they decide about a key."""

from __future__ import annotations

from jaeger_guard.policy.audit import Audit
from jaeger_guard.policy.compiled import CompiledPolicy, KeyDecision
from jaeger_guard.policy.compiler import compile_policy
from jaeger_guard.policy.consent import Consent
from jaeger_guard.policy.exemptions import Exemption
from jaeger_guard.policy.loading import load_policy
from jaeger_guard.policy.merging import Treatment
from jaeger_guard.policy.metrics import Metrics
from jaeger_guard.policy.model import Policy, Rule
from jaeger_guard.policy.propagation import Propagation
from jaeger_guard.policy.provisions import Provision, Refusal
from jaeger_guard.policy.pseudonyms import Pseudonyms
from jaeger_guard.policy.recognition import Recognition
from jaeger_guard.policy.retention import Retention
from jaeger_guard.policy.roles import Role
from jaeger_guard.policy.sampling import FindingRule, JaegerRemote, Sampling, SamplingRule

__all__ = [
    "Audit",
    "CompiledPolicy",
    "Consent",
    "Exemption",
    "FindingRule",
    "JaegerRemote",
    "KeyDecision",
    "Metrics",
    "Policy",
    "Propagation",
    "Provision",
    "Pseudonyms",
    "Recognition",
    "Refusal",
    "Retention",
    "Role",
    "Rule",
    "Sampling",
    "SamplingRule",
    "Treatment",
    "compile_policy",
    "load_policy",
]
