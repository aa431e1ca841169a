"""The processor as any part of the SDK, with a policy: `python examples/parts_by_hand.py`.

What stands behind the guard gets scrubbed spans; what stands beside it on the provider does not.
"""

from __future__ import annotations

from pathlib import Path

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from jaeger_guard import GuardSpanProcessor, Policy, Rule

POLICY_FILE = Path(__file__).with_name("shop-policy.toml")


def main() -> None:
    """Export the same span behind two guards, with a policy from a file and one from objects."""
    from_file, from_objects = InMemorySpanExporter(), InMemorySpanExporter()
    strict = Policy(rules=(Rule(category="financial.*", action="drop"),))
    provider = TracerProvider()
    provider.add_span_processor(
        GuardSpanProcessor(BatchSpanProcessor(from_file), policy=POLICY_FILE)
    )
    provider.add_span_processor(GuardSpanProcessor(BatchSpanProcessor(from_objects), policy=strict))

    with provider.get_tracer("shop").start_as_current_span("pay") as span:
        span.set_attribute("customer.tier", "gold")
        span.set_attribute("campaign.source", "newsletter")
        span.set_attribute("payment.card", "4111 1111 1111 1111")
    provider.shutdown()

    for title, exporter in (("shop-policy.toml", from_file), ("objects", from_objects)):
        for finished in exporter.get_finished_spans():
            print(f"{title}: {dict(finished.attributes or {})}")


if __name__ == "__main__":
    main()
