"""What the docs list is what the code knows: settings, variables, counts, extras, pages."""

from __future__ import annotations

import ast
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

import jaeger_guard
from jaeger_guard.configuration.building import known_fields
from jaeger_guard.configuration.environment import COMMANDS, LIMITS
from jaeger_guard.detectors.tokens import TOKENS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
SOURCES = sorted((ROOT / "src" / "jaeger_guard").rglob("*.py"))
SWITCHES = ("ENABLED", "POLICY", "STRICT", "UNSAFE_PASSTHROUGH")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def code_in(*pages: Path) -> str:
    """Join what stands in code in some pages, `OTEL_…_X` written out."""
    code = "\n".join(found for page in pages for found in CODE.findall(page.read_text()))
    return re.sub(r"OTEL_…_(\w+)", r"OTEL_EXPORTER_OTLP_TRACES_\1 OTEL_EXPORTER_OTLP_\1", code)


def names_in(*pages: Path) -> set[str]:
    return set(re.findall(r"\w+", code_in(*pages)))


def texts_in_sources() -> set[str]:
    """All texts that stand in the sources, apart from the demo's."""
    return {
        node.value
        for path in SOURCES
        if "demo" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_variables_of_ours() -> None:
    """Each JAEGER_GUARD_* that is read stands in the docs, and no other does."""
    known = {f"JAEGER_GUARD_{name}" for name in (*SWITCHES, *COMMANDS, *known_fields())}
    pages = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
    written = {name for name in names_in(*pages) if name.startswith("JAEGER_GUARD_")}
    assert written - {"JAEGER_GUARD_", "JAEGER_GUARD_SAMPLING_"} == known


def test_standard_variables() -> None:
    """Each variable of OpenTelemetry's that the code names stands in the docs."""
    named = {text for text in texts_in_sources() if re.fullmatch(r"OTEL_[A-Z_]*[A-Z]", text)}
    assert named >= {*LIMITS, "OTEL_TRACES_SAMPLER"}
    assert named - names_in(*DOCS.glob("*.md")) == set()


@pytest.mark.parametrize(
    ("settings", "page"),
    [
        ("Export", "configuration.md"),
        ("Spool", "export.md"),
        ("Sampling", "sampling.md"),
        ("SamplingRule", "sampling.md"),
        ("FindingRule", "sampling.md"),
        ("JaegerRemote", "sampling.md"),
        ("Consent", "sampling.md"),
        ("Retention", "sampling.md"),
        ("Policy", "policy.md"),
        ("Rule", "policy.md"),
        ("Audit", "audit.md"),
        ("Exemption", "policy.md"),
        ("Recognition", "policy.md"),
        ("Role", "encryption.md"),
        ("Pseudonyms", "pseudonyms.md"),
        ("Propagation", "propagation.md"),
        ("Metrics", "other-signals.md"),
    ],
)
def test_fields(settings: str, page: str) -> None:
    """Each field of each settings object stands in its page."""
    names = {field.name for field in fields(getattr(jaeger_guard, settings)) if field.init}
    # What a policy is called is told by its file; none but the loader says that it is a preset.
    assert names - {"name", "preset"} - names_in(DOCS / page) == set()


def test_counts() -> None:
    """Each count of `statistics()` stands in the docs."""
    counted: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.FunctionDef(name="statistics"):
                    counted |= {key for child in ast.walk(node) for key in keys_of(child)}
                case ast.AugAssign(
                    target=ast.Subscript(
                        value=ast.Attribute(attr="_counts"), slice=ast.Constant(value=str(key))
                    )
                ) if "sampling" not in path.parts:
                    counted.add(key)
    assert {"scrubbed", "queued_bytes", "spool_write_failures"} <= counted
    written = names_in(DOCS / "configuration.md", DOCS / "metrics.md")
    missing = {name for name in counted if name.removeprefix("dropped_") not in written}
    assert missing == set()


def keys_of(node: ast.AST) -> list[str]:
    """List the texts that a dictionary has as keys, or that something is assigned under."""
    keys: list[ast.expr | None] = []
    match node:
        case ast.Dict():
            keys = node.keys
        case ast.Assign(targets=[ast.Subscript(slice=key)]):
            keys = [key]
    texts = [key.value for key in keys if isinstance(key, ast.Constant)]
    return [text for text in texts if isinstance(text, str) and text != "remote"]


def test_extras() -> None:
    """Each extra for users stands in README, and each that an error names is one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = set(project["optional-dependencies"]) - {"test"}
    assert extras - set(re.findall(r"[\w-]+", code_in(ROOT / "README.md"))) == set()
    named = {
        node.args[1].value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "MissingExtraError"
        and isinstance(node.args[1], ast.Constant)
    }
    assert named
    assert named - extras == set()


def test_readme_leads_to_every_page() -> None:
    """README lists each page of the docs."""
    readme = (ROOT / "README.md").read_text()
    missing = [page.name for page in DOCS.glob("*.md") if f"(docs/{page.name})" not in readme]
    assert missing == []


@pytest.mark.parametrize("page", ["CHANGELOG.md", "docs/policy.md"])
def test_how_many_tokens(page: str) -> None:
    """There are at least as many kinds of tokens, and providers, as the docs say."""
    text = " ".join((ROOT / page).read_text().split())
    said = re.search(r"over (\d+) kinds of tokens of more than (\d+) providers", text)
    assert said is not None
    assert len(TOKENS) > int(said[1])
    assert len({token.provider for token in TOKENS}) > int(said[2])
