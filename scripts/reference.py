"""Write docs/reference/ from the code: `python scripts/reference.py` (with --check: only compare).

Policy files from the JSON Schema that the loader's words make, settings from the fields of what users
import and their docstrings, the command line from its parsers. Nothing is written by hand there, so
nothing there can be out of date: a test compares.
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import jaeger_guard
from jaeger_guard.categories import ALL
from jaeger_guard.cli import _parser
from jaeger_guard.configuration.building import known_fields
from jaeger_guard.policy.loading import preset_names
from jaeger_guard.policy.schema import policy_schema

REFERENCE: Final = Path(__file__).parent.parent / "docs" / "reference"
COMMAND: Final = "python scripts/reference.py"
_MADE: Final = f"<!-- made by `{COMMAND}`: change the code, not this page -->\n"


# --- policy files ----------------------------------------------------------------------------------


def policy_page() -> str:
    """Describe every word of a policy file."""
    schema = policy_schema()
    parts = [
        "# Reference: policy files",
        "Every word that a policy file may hold, from the schema that editors use "
        "([policy.schema.json](../policy.schema.json)). What it is for, with examples: "
        "[policies](../policy.md).",
        f"Presets: {', '.join(f'`{name}`' for name in preset_names())}.",
        "## At the top",
        _words(
            {
                name: word
                for name, word in schema["properties"].items()
                if "properties" not in word and name != "rules"
            }
        ),
        "## `[[rules]]`",
        schema["properties"]["rules"]["description"],
        _words(schema["properties"]["rules"]["items"]["properties"]),
    ]
    for name, word in schema["properties"].items():
        if name == "rules":
            continue
        parts += list(_table(name, word))
    parts += ["## Categories", "\n".join(f"- `{category}`" for category in ALL)]
    return _page(parts)


def _table(name: str, word: Mapping[str, Any]) -> Iterator[str]:
    """Describe a table, and the tables in it."""
    items = word.get("items")
    inner = word if "properties" in word else items if isinstance(items, dict) else None
    if inner is None or "properties" not in inner:
        return
    yield f"## `[[{name}]]`" if inner is items else f"## `[{name}]`"
    if description := word.get("description", ""):
        yield description
    yield _words(inner["properties"])
    for below, further in inner["properties"].items():
        yield from _table(f"{name}.{below}", further)


def _words(words: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["| word | takes | default | |", "|---|---|---|---|"]
    for name, word in words.items():
        default = word.get("default")
        shown = "" if default is None else f"`{_toml(default)}`"
        lines.append(
            f"| `{name}` | {_takes(word)} | {shown} | {_cell(word.get('description', ''))} |"
        )
    return "\n".join(lines)


def _takes(word: Mapping[str, Any]) -> str:
    """Say what a word takes, as people who write TOML call it."""
    if "enum" in word:
        choices = word["enum"]
        if set(choices) >= set(ALL):
            return "a [category](#categories), or `branch.*`"
        return ", ".join(f"`{choice}`" for choice in choices)
    if "anyOf" in word or "oneOf" in word:
        answers = [_takes(each) for each in word.get("anyOf") or word["oneOf"]]
        return " or ".join(dict.fromkeys(answers))
    kind = word.get("type")
    low, high = word.get("minimum", word.get("exclusiveMinimum")), word.get("maximum")
    between = "" if low is None or high is None else f", {low} to {high}"
    match kind:
        case "array":
            return f"a list of: {_takes(word.get('items', {}))}"
        case "object" if "properties" in word:
            return "a table, see below"
        case "object":
            inner = word.get("additionalProperties")
            return f"a table of: {_takes(inner)}" if isinstance(inner, dict) else "a table"
        case "string":
            return "text"
        case "integer":
            return f"a whole number{between}"
        case "number":
            return f"a number{between}"
        case "boolean":
            return "`true`, `false`"
    return "see its page"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


# --- settings --------------------------------------------------------------------------------------


def settings_page() -> str:
    """Describe what `configure()` takes, and every object that it is given."""
    parts = [
        "# Reference: settings",
        "What users import, from its code. Which of several places wins, and the variables of "
        "OpenTelemetry: [configuration](../configuration.md).",
        "## `configure()`",
        _members(jaeger_guard.configure, "Args"),
        "## `protect()`",
        _members(jaeger_guard.protect, "Args"),
    ]
    variables = set(known_fields())
    for name in sorted(jaeger_guard.__all__):
        thing = getattr(jaeger_guard, name)
        if not (inspect.isclass(thing) and dataclasses.is_dataclass(thing)):
            continue
        parts += [f"## `{name}`", _cell(_summary(thing)), _fields(name, thing, variables)]
    return _page(parts)


def _fields(name: str, thing: Any, variables: set[str]) -> str:
    meanings = _sections(thing, "Attributes")
    lines = ["| field | default | variable | |", "|---|---|---|---|"]
    for field in dataclasses.fields(thing):
        if not field.init:
            continue
        default: object = field.default
        if default is dataclasses.MISSING:
            default = (
                "required"
                if field.default_factory is dataclasses.MISSING
                else f"`{field.default_factory()!r}`"
            )
        else:
            default = "" if default is None else f"`{_toml(default)}`"
        key = f"{name.upper()}_{field.name.upper()}"
        variable = f"`JAEGER_GUARD_{key}`" if key in variables else ""
        meaning = _cell(meanings.get(field.name, ""))
        lines.append(f"| `{field.name}` | {default} | {variable} | {meaning} |")
    return "\n".join(lines)


def _members(function: Callable[..., Any], section: str) -> str:
    rows = _sections(function, section)
    lines = ["| argument | |", "|---|---|"]
    lines += [f"| `{name}` | {_cell(meaning)} |" for name, meaning in rows.items()]
    return "\n".join(lines)


def _summary(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").partition("\n\n")[0]


def _sections(thing: Any, section: str) -> dict[str, str]:
    """Read a section of a docstring in Google's style: names with their meanings."""
    found: dict[str, str] = {}
    text = inspect.getdoc(thing) or ""
    _, _, rest = text.partition(f"\n{section}:\n")
    name = ""
    for line in rest.splitlines():
        if line and not line.startswith(" "):
            break
        member = re.match(r" {4}(\w+): (.*)", line)
        if member:
            name = member[1]
            found[name] = member[2]
        elif name and line.strip():
            found[name] += f" {line.strip()}"
    return found


# --- the command line ------------------------------------------------------------------------------


def command_page() -> str:
    """Describe every command, by its parser."""
    parser = _parser()
    parts = [
        "# Reference: the command line",
        "`pip install jaeger-guard` brings the program `jaeger-guard`.",
        *_command("jaeger-guard", parser, depth=2),
    ]
    return _page(parts)


def _command(name: str, parser: argparse.ArgumentParser, *, depth: int) -> Iterator[str]:
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    yield f"{'#' * depth} `{name}`"
    if parser.description:
        yield _cell(parser.description)
    rows = [
        f"| {_option(action)} | {_cell(_help(action))} |"
        for action in parser._actions
        if action not in below
        and action.help != argparse.SUPPRESS
        and not isinstance(action, argparse._HelpAction)
    ]
    if rows:
        yield "\n".join(["| argument | |", "|---|---|", *rows])
    for action in below:
        for child, further in action.choices.items():
            yield from _command(f"{name} {child}", further, depth=min(depth + 1, 4))


def _option(action: argparse.Action) -> str:
    metavar = action.metavar
    if metavar is None and action.choices is not None:
        metavar = "|".join(str(choice) for choice in action.choices)
    value = metavar if isinstance(metavar, str) else action.dest.upper()
    if not action.option_strings:
        many = " …" if action.nargs in ("*", "+") else ""
        return f"`{(value if metavar else action.dest).replace('|', chr(92) + '|')}{many}`"
    takes = action.nargs != 0
    shown = value.replace("|", "\\|")
    return ", ".join(
        f"`{option}{' ' + shown if takes else ''}`" for option in action.option_strings
    )


def _help(action: argparse.Action) -> str:
    text = action.help or ""
    values = {**vars(action), "prog": "jaeger-guard"}
    return text % values if "%" in text else text


# --- pages -----------------------------------------------------------------------------------------


def _cell(text: str) -> str:
    """Write a text as one line that can stand in a table."""
    line = " ".join(text.split())
    line = re.sub(r"(?<!`)<([A-Za-z_]+)>(?!`)", r"&lt;\1&gt;", line)
    return re.sub(r"(?<!\\)\|", r"\\|", line)


def _page(parts: list[str]) -> str:
    return _MADE + "\n" + "\n\n".join(part for part in parts if part) + "\n"


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "policy.md": policy_page,
    "settings.md": settings_page,
    "command-line.md": command_page,
}


def stale() -> list[str]:
    """Return the pages that aren't what the code says."""
    return [
        name
        for name, make in PAGES.items()
        if not (REFERENCE / name).exists()
        or (REFERENCE / name).read_text(encoding="utf-8") != make()
    ]


def main() -> int:
    """Write the pages, or compare them."""
    if "--check" in sys.argv[1:]:
        names = stale()
        if names:
            print(f"stale: {', '.join(names)}; run {COMMAND}", file=sys.stderr)
        return 1 if names else 0
    REFERENCE.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
