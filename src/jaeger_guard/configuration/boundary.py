"""What leaves beside spans: in requests, by the firewall, and in what the SDK logs about itself."""

from __future__ import annotations

from opentelemetry.sdk.trace.sampling import Sampler

from jaeger_guard.configuration.sdk_logs import quieten_sdk
from jaeger_guard.propagation import Firewall, install_firewall
from jaeger_guard.spans import SpanScrubber


def build_firewall(spans: SpanScrubber, sampler: Sampler) -> Firewall:
    """Put the propagators of this process behind the firewall that a policy describes.

    Raises:
        ConfigurationError: OTEL_PROPAGATORS names one that can't be loaded.
    """
    policy = spans.scrubber.policy
    settings = getattr(sampler, "sampling", None)
    judge = Firewall(
        spans.scrubber,
        policy.propagation,
        trusts_callers=getattr(settings, "trust_remote_parent", True),
        always_taken=() if policy.consent is None else policy.consent.baggage,
    )
    install_firewall(judge)
    quieten_sdk(spans.scrubber)
    return judge
