"""The examples in README and docs run as they stand, and links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jaeger_guard import Policy

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


def blocks(language: str) -> list[object]:
    return [
        pytest.param(block.group(2), id=f"{page.name}-{number}")
        for page in PAGES
        for number, block in enumerate(BLOCK.finditer(page.read_text()), 1)
        if block.group(1) == language
    ]


@pytest.mark.parametrize("code", blocks("python"))
def test_python_runs(code: str, tmp_path: Path) -> None:
    """Each example runs by itself, in a directory of its own, without a word on stderr."""
    environment = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("OTEL_", "JAEGER_GUARD_"))
    }
    environment["OTEL_BSP_EXPORT_TIMEOUT"] = "100"  # nobody listens there
    if "shop.settings" in code:  # a project of Django's
        (tmp_path / "shop").mkdir()
        (tmp_path / "shop" / "settings.py").write_text("SECRET_KEY = 'none'\n")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("text", blocks("toml"))
def test_toml_is_a_policy(text: str, tmp_path: Path) -> None:
    """Each policy in the docs loads."""
    file = tmp_path / "policy.toml"
    file.write_text(text)
    assert Policy.load(file)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file that is there."""
    text = CODE.sub("", page.read_text())
    missing = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    assert missing == []
