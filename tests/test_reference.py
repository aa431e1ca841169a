"""The reference pages of the docs are what the code says, and the site lists every page."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


def load() -> ModuleType:
    """Load the script that writes them."""
    specification = importlib.util.spec_from_file_location(
        "reference", ROOT / "scripts/reference.py"
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


REFERENCE = load()


@pytest.mark.parametrize("name", REFERENCE.PAGES)
def test_page_is_what_the_code_says(name: str) -> None:
    """A page that is out of date fails, with the command that writes it anew."""
    kept = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    made = REFERENCE.PAGES[name]()
    assert kept == made, f"docs/reference/{name} is stale: run {REFERENCE.COMMAND}"


def test_the_pages_hold_what_there_is() -> None:
    """Each word, field and command is there; a generator that finds nothing would pass otherwise."""
    policy, settings, commands = (make() for make in REFERENCE.PAGES.values())
    for word in ("`[[rules]]`", "`[propagation]`", "`trace_hosts`", "`leave_last`", "`gdpr`"):
        assert word in policy
    for field in ("`Export`", "`JAEGER_GUARD_EXPORT_CA_FILE`", "`bearer_token_file`", "`policy`"):
        assert field in settings
    for command in ("`jaeger-guard explain`", "`--policy", "`jaeger-guard check`"):
        assert command in commands


def test_the_site_lists_every_page() -> None:
    """What stands in docs/ stands in the site's navigation, and the other way round."""
    listed = set(re.findall(r"[\w./-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    docs = ROOT / "docs"
    there = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
    there = {page for page in there if not page.startswith("decisions/")}  # a hook lists those
    assert {page for page in listed if not page.startswith("beside/")} == there
