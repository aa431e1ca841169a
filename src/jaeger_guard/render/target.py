"""What a target of `jaeger-guard render` is: a policy and some options in, files out."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources

from jaeger_guard.policy import CompiledPolicy, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The policy that is rendered.

    Attributes:
        policies: As they were loaded, their rules in order; what they extend is only named.
        compiled: What they come to.
    """

    policies: tuple[Policy, ...]
    compiled: CompiledPolicy


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """One file.

    Attributes:
        name: Its name in the directory that it is written to.
        text: What stands in it.
    """

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """What a target makes of a policy. The same policy and options give the same bytes.

    Attributes:
        files: The main one first.
        notes: What the target can't express, or what is left to do, a sentence each.
    """

    files: tuple[RenderedFile, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something that a policy is rendered for.

    Attributes:
        name: What users type.
        summary: What comes out, as a line of the program's help.
        add_arguments: Declares its options.
        render: Renders; it raises ConfigurationError for an option that can't be honoured.
    """

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    render: Callable[[Source, argparse.Namespace], Rendering]


def fill(template: str, values: Mapping[str, str]) -> str:
    """Fill in a template of this package: `@name@` becomes the value of that name.

    A value of several lines is indented as far as its placeholder is.
    """
    text = resources.files("jaeger_guard.render").joinpath("templates", template).read_text("utf-8")
    for name, value in values.items():
        placeholder = f"@{name}@"
        if "\n" in value:
            text = "\n".join(_fill_line(line, placeholder, value) for line in text.split("\n"))
        else:
            text = text.replace(placeholder, value)
    return text


def _fill_line(line: str, placeholder: str, value: str) -> str:
    if line.strip() != placeholder:
        return line
    indent = line[: len(line) - len(line.lstrip())]
    return "\n".join(f"{indent}{part}" if part else "" for part in value.rstrip("\n").split("\n"))
