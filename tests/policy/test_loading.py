"""Policies load from presets, TOML and YAML; each fault is told with file, place and remedy."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from jaeger_guard.errors import ConfigurationError, MissingExtraError
from jaeger_guard.policy import Policy, Rule, compile_policy, load_policy
from jaeger_guard.policy.loading import is_path, preset_names
from jaeger_guard.types import Action, Surface

_TOML = """
extends = ["baseline"]
[[rules]]
category = "financial.card"
action = "mask"
leave_last = 4
[[rules]]
key = "order.*"
surface = "event"
action = "drop"
"""
_YAML = """
extends: [baseline]
rules:
  - {category: financial.card, action: mask, leave_last: 4}
  - {key: "order.*", surface: event, action: drop}
"""
_RULES = (
    Rule(category="financial.card", action="mask", leave_last=4),
    Rule(key="order.*", surface="event", action="drop"),
)


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"), [("p.toml", _TOML), ("p.yaml", _YAML), ("p.yml", "\ufeff" + _YAML)]
)
def test_file_becomes_a_policy(tmp_path: Path, name: str, text: str) -> None:
    """TOML and YAML that say the same give the same rules as Python does."""
    policy = Policy.load(_write(tmp_path, name, text))
    assert policy.rules == _RULES
    assert policy.extends == ("baseline",)
    assert policy.name == name
    assert not policy.preset


def test_every_preset_loads_and_builds_on_baseline() -> None:
    """Each preset that is listed compiles, so it builds on baseline, and is a preset."""
    assert "baseline" in preset_names()
    for name in preset_names():
        assert Policy.load(name).preset
        compiled = compile_policy(load_policy(name, "test"))
        treatments = compiled.decide("order.note", Surface.ATTRIBUTE).treatments
        assert treatments["credential.token"].action is Action.REDACT


def test_several_specs_load_in_order(tmp_path: Path) -> None:
    """Names and paths, separated by commas or in a sequence, load in order, each once."""
    path = _write(tmp_path, "p.toml", _TOML)
    names = [policy.name for policy in load_policy(f"baseline, {path},baseline", "test")]
    assert names == ["baseline", "p.toml"]
    assert load_policy(["baseline", path], "test") == load_policy(f"baseline,{path}", "test")
    assert load_policy(Policy.load("baseline"), "test") == (Policy.load("baseline"),)
    assert Policy.load(["baseline", path]).extends == ("baseline", str(path))


def test_what_is_a_path() -> None:
    """A text with a path separator or a suffix is a path, any other a preset's name."""
    assert all(is_path(text) for text in ("./gdpr", "gdpr.toml", "a/b", "p.yaml"))
    assert not any(is_path(text) for text in ("baseline", "pci-dss", "soc2"))


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("baselin", "Did you mean 'baseline'"),
        ("nonsense", "Use one of baseline"),
        ("", "is empty"),
        ("baseline,", "is empty"),
        ([], "no policy is named"),
        (7, "a whole number"),
        ([7], "a whole number"),
    ],
)
def test_unknown_preset_lists_those_there_are(spec: object, says: str) -> None:
    """A name that is no preset's is refused, naming the setting and the presets there are."""
    with pytest.raises(ConfigurationError, match=says) as caught:
        load_policy(spec, "JAEGER_GUARD_POLICY")  # type: ignore[arg-type]
    assert caught.value.where == "JAEGER_GUARD_POLICY"


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("", "", "the file is empty"),
        ('a = "x\n', ", line 1", "isn't valid TOML"),
        ("a = [", "", "isn't valid TOML"),
        ("a = " + "[" * 100_000, "", "isn't valid TOML"),
        ("[roles.support]\ncategories = ['contact.*']", ", roles.support, public_keys", "missing"),
        ("[[rule]]\naction = 'drop'", ", rule", "Did you mean 'rules'"),
        ("rules = 'drop'", ", rules", "not a list"),
        ("rules = ['drop']", ", rule 1", "not a table"),
        ("extends = 'baseline'", ", extends", "is a text"),
        ("extends = [1]", ", extends", "something else than texts"),
        ("extends = []", ", rules", "the policy is empty"),
        ("mandatory = ['x.y']", ", mandatory", "isn't known"),
        ("[[rules]]\nkey = 'a'", ", rule 1, action", "no action"),
        ("[[rules]]\naction = 'drop'", ", rule 1", "a key, a category or a surface"),
        ("[[rules]]\nkey='a'\nacton='drop'\naction='drop'", ", rule 1, acton", "'action'"),
        ("[[rules]]\nkey = 'a'\naction = 'encode'", ", rule 1, action", "this version"),
        ("[[rules]]\nkey='a'\naction='drop'\nfor=['x']", ", rule 1, for", "belongs to"),
        ("[[rules]]\nkey='a'\naction='mask'\nleave_last='4'", ", rule 1, leave_last", "text"),
    ],
)
def test_fault_in_toml_is_told_with_its_place(
    tmp_path: Path, text: str, where: str, says: str
) -> None:
    """A fault in a file names the file, the rule and word or line, and the remedy."""
    path = _write(tmp_path, "policy.toml", text)
    with pytest.raises(ConfigurationError) as caught:
        load_policy(str(path), "test")
    assert caught.value.where.startswith(f"test: {path}{where}")
    assert says in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("rules: [", ", line 1", "isn't valid YAML"),
        ("rules: []\nrules: []\n", ", line 2", "twice"),
        ("rules:\n- {action: keep, key: a, action: drop}", ", line 2", "twice"),
        ("- a", "", "no table"),
        ("extends: &a [*a]", ", extends", "something else"),
        ("rules: !!python/object:os.system {}", ", line 1", "isn't valid YAML"),
        ("rules: 2020-99-99", "", "isn't valid YAML"),
        ("a: " + "[" * 5000, "", "isn't valid YAML"),
        ("1: x", "", "a whole number isn't known"),
        ("rules: [{key: , action: drop}]", ", rule 1", "no value"),
    ],
)
def test_fault_in_yaml_is_told_with_its_place(
    tmp_path: Path, text: str, where: str, says: str
) -> None:
    """YAML is held to what TOML is, and a word that stands twice is refused."""
    path = _write(tmp_path, "policy.yaml", text)
    with pytest.raises(ConfigurationError) as caught:
        load_policy(str(path), "test")
    assert caught.value.where.startswith(f"test: {path}{where}")
    assert says in str(caught.value)


def test_yaml_without_the_extra_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyYAML a YAML policy is an error that says what to install."""
    path = _write(tmp_path, "policy.yaml", _YAML)
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingExtraError, match=r"jaeger-guard\[yaml\]"):
        load_policy(path, "test")


def test_unreadable_places_are_told_apart(tmp_path: Path) -> None:
    """A missing file, a directory, a device, another suffix, a huge or binary file: each its error."""
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "binary.toml").write_bytes(b"# fine\n\xff\xfe")
    (tmp_path / "huge.toml").write_bytes(b"#" * (1024 * 1024 + 1))
    (tmp_path / "device.toml").symlink_to("/dev/zero")
    (tmp_path / "loop.toml").symlink_to(tmp_path / "loop.toml")
    for name, says in {
        "missing.toml": "no such file",
        "folder.toml": "a directory",
        "binary.toml": "line 2: the file is not UTF-8",
        "huge.toml": "larger than",
        "device.toml": "no regular file",
        "loop.toml": "can't be read",
        "nul\0.toml": "can't be read",
        "policy.json": "TOML or YAML",
    }.items():
        with pytest.raises(ConfigurationError, match=says):
            load_policy(str(tmp_path / name), "test")
    with pytest.raises(ConfigurationError, match="home directory"):
        load_policy("~nobody-has-this-name/p.toml", "test")


@pytest.mark.parametrize(
    "text",
    [
        "key.Zx9hunter2",
        "https://u:Zx9hunter2@h/p.toml",
        "a\nZx9hunter2.toml",
        "Zx9hunter2/",
        "/Zx9hunter2\0",
    ],
)
def test_what_was_pasted_for_a_path_is_not_shown(text: str) -> None:
    """What doesn't look like the name of a file is told by the setting, and nowhere quoted."""
    with pytest.raises(ConfigurationError) as caught:
        load_policy(text, "JAEGER_GUARD_POLICY")
    assert caught.value.where == "JAEGER_GUARD_POLICY"
    link: BaseException | None = caught.value
    while link is not None:
        assert "hunter2" not in f"{link!r}{link}"
        link = link.__cause__ or link.__context__


@pytest.mark.parametrize("name", ["p.toml", "p.yaml"])
@pytest.mark.parametrize("content", [b"a = [hunter2", b"a: [hunter2\n b: :", b"hunter2\xff"])
def test_what_a_file_holds_is_not_kept(name: str, content: bytes, tmp_path: Path) -> None:
    """No error hangs on to a parser's, which quotes the file."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        load_policy(tmp_path / name, "test")
    assert caught.value.__context__ is None
    assert "hunter2" not in str(caught.value)


def test_extended_file_is_found_beside_the_extending_one(tmp_path: Path) -> None:
    """A relative path in extends starts at the file's own folder, and its rules come after."""
    (tmp_path / "team").mkdir()
    _write(tmp_path, "company.toml", '[[rules]]\nkey = "x.*"\naction = "drop"')
    path = _write(
        tmp_path / "team",
        "team.toml",
        'extends = ["../company.toml"]\n[[rules]]\nkey = "x.note"\naction = "keep"',
    )
    compiled = compile_policy(load_policy(path, "test"))
    assert any("company.toml rule 1" in line for line in compiled.describe())


def test_circle_is_refused(tmp_path: Path) -> None:
    """Policies that extend one another in a circle are refused; two that share one are not."""
    _write(tmp_path, "a.toml", 'extends = ["b.toml", "baseline"]')
    _write(tmp_path, "b.toml", 'extends = ["./a.toml"]')
    with pytest.raises(ConfigurationError, match="in a circle"):
        compile_policy(load_policy(tmp_path / "a.toml", "test"))
    _write(tmp_path, "b.toml", 'extends = ["baseline"]')
    assert compile_policy(load_policy(tmp_path / "a.toml", "test")).digest
