"""Ask a policy about values before it meets spans: `python examples/policy_dry_run.py`.

`explain` says which rule decides and why, without showing the value, so it may go into a ticket.
"""

from __future__ import annotations

from pathlib import Path

from opentelemetry.sdk.trace import TracerProvider

import jaeger_guard

POLICY_FILE = Path(__file__).with_name("shop-policy.toml")
VALUES = {
    "url.full": "https://shop.example/orders?page=2&email=anna@mail.example.org",
    "payment.card": "4111 1111 1111 1111",
    "customer.tier": "gold",
    "http.route": "/orders/{id}",
}


def main() -> None:
    """Show what becomes of each value, and why."""
    guard = jaeger_guard.protect(TracerProvider(), policy=POLICY_FILE)
    for key, value in VALUES.items():
        print(f"{key} = {guard.scrub(key, value)}")
        print(guard.explain(key, value))
    guard.shutdown()


if __name__ == "__main__":
    main()
