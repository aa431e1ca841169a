"""Which spans are recorded, and which without their content: rules, rates, consent, remote strategies."""

from __future__ import annotations

from jaeger_guard.policy import FindingRule, JaegerRemote, Sampling, SamplingRule
from jaeger_guard.sampling.sampler import PrivacySampler

__all__ = [
    "FindingRule",
    "JaegerRemote",
    "PrivacySampler",
    "Sampling",
    "SamplingRule",
]
