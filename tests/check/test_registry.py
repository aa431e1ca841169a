"""Each rule of `check` reports its bad example and not its good one; the docs list each rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jaeger_guard.check import Subject, check_files, check_service, rules
from jaeger_guard.check.rule import Rule

PAGE = Path(__file__).parents[2] / "docs" / "check.md"
IN_FILES = (Subject.CONFIGURATION, Subject.STRATEGIES, Subject.CONTAINER, Subject.MANIFESTS)
# Their examples name files that a test has to make: see test_service.py.
OF_FILES = ("unsafe-rules", ".policy", "certificate-expires", "key-permissions", "writable-policy")


def ids_in_file(text: str, directory: Path) -> list[str]:
    file = directory / "example.yaml"
    file.write_text(text)
    looked = check_files([file])
    assert looked.faults == []
    return [finding.id for finding in looked.findings]


def of(*subjects: Subject) -> list[Any]:
    return [pytest.param(rule, id=rule.id) for rule in rules() if rule.subject in subjects]


@pytest.mark.parametrize("rule", of(*IN_FILES))
def test_examples_in_files(rule: Rule[Any], tmp_path: Path) -> None:
    """What is bad is reported at least once, what is good isn't."""
    assert rule.id in ids_in_file(rule.bad, tmp_path)
    assert rule.id not in ids_in_file(rule.good, tmp_path)


def environment(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


@pytest.mark.parametrize("rule", of(Subject.SERVICE))
def test_examples_in_environment(rule: Rule[Any]) -> None:
    """What is bad is reported, what is good isn't."""
    good = [finding.id for finding in check_service(environment(rule.good))]
    assert rule.id not in good
    if not rule.id.endswith(OF_FILES):
        assert rule.id in [finding.id for finding in check_service(environment(rule.bad))]


def test_ids_are_unique_and_lasting() -> None:
    """An id is `family.weakness`, and belongs to one rule: baselines name them."""
    ids = [rule.id for rule in rules()]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z]+\.[a-z0-9.-]+", id_) for id_ in ids)


def test_every_rule_says_why_and_what_to_do() -> None:
    """A rule has a title, a remedy and a source; none ends with a full stop, for tools add one."""
    for rule in rules():
        for text in (rule.title, rule.remedy, rule.source):
            assert text.strip(), rule.id
            assert not text.endswith("."), rule.id


def table() -> Iterator[str]:
    """Write the docs' tables from the registry."""
    for subject in Subject:
        yield f"\n### {subject.value[0].upper()}{subject.value[1:]}\n"
        yield "| id | severity | what | remedy | source |"
        yield "|---|---|---|---|---|"
        for rule in rules():
            if rule.subject is subject:
                cells = (rule.title, rule.remedy, rule.source)
                shown = " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells)
                yield f"| `{rule.id}` | {rule.severity.value} | {shown} |"


def test_docs_list_the_rules() -> None:
    """docs/check.md has the tables that the registry makes; to renew them: python -m pytest's diff."""
    written = PAGE.read_text().partition("<!-- rules -->\n")[2]
    assert written.strip() == "\n".join(table()).strip()
