"""Every example runs by itself, to its end, and shows nothing that it plants."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.e2e

EXAMPLES: Final = Path(__file__).parent.parent / "examples"
PLANTED: Final = ("anna@", "4111 1111 1111 1111", "s3cr3t")
# What each one shows when it works.
SHOWN: Final = {
    "consent_and_rules.py": (
        "GET /orders {'http.route': '/orders'}",
        "GET /patients/{id} {}",
        "GET /cart {}",
    ),
    "flask_app.py": ("spans: 2", "https://shop.example/pay?page=2&token=REDACTED"),
    "parts_by_hand.py": ("**** **** **** 1111", "'campaign.source': 'newsletter'"),
    "policy_dry_run.py": ("page=2&email=REDACTED", "mask financial.card", "customer.tier = gold"),
    "protect_existing.py": ("/pay/{id}", "[REDACTED:contact.email]", "WHERE email = ?"),
}


def test_every_example_is_run() -> None:
    """An example that is added says here what it shows."""
    assert sorted(path.name for path in EXAMPLES.glob("*.py")) == sorted(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_example_runs_and_shows_nothing_planted(name: str, tmp_path: Path) -> None:
    """It ends well, without a warning, says what it promises, and repeats nothing planted."""
    environ = {
        variable: value
        for variable, value in os.environ.items()
        if not variable.startswith(("OTEL_", "JAEGER_GUARD_"))
    }
    if source := environ.get("PYTHONPATH"):
        environ["PYTHONPATH"] = str(Path(source.split(os.pathsep)[0]).resolve())
    child = subprocess.run(
        [sys.executable, "-P", "-W", "error", EXAMPLES / name],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (child.returncode, child.stderr) == (0, "")
    assert [text for text in SHOWN[name] if text not in child.stdout] == []
    assert [text for text in PLANTED if text in child.stdout] == []
