"""YAML files as trees whose nodes know their line and the way to them.

Read by PyYAML's composer, so that nothing in a file is ever constructed but texts and numbers. What an
alias (`*tls`) stands for is the same node as its anchor: a weakness in it is one, not five.

The Collector and Jaeger replace `${env:NAME}` and `${env:NAME:-default}` in values before they look at
them (confmap, "environment variable expansion"); so does `Node.value`, as far as a default goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from jaeger_guard.errors import ConfigurationError, MissingExtraError
from jaeger_guard.weaknesses import Place

if TYPE_CHECKING:
    import yaml

LARGEST: Final = 8 * 1024 * 1024  # bytes; a ConfigMap has at most one MiB
_DEEPEST: Final = 64
_MOST_NODES: Final = 200_000
_REFERENCE: Final = r"\$\{(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,31}):)?(?P<name>[^{}$]{1,512})\}"
_SHOWN: Final = r"[A-Za-z0-9_./*-]{1,80}"


@dataclass(slots=True, eq=False)
class Node:
    """A part of a document.

    Attributes:
        place: Where it stands.
        raw: A scalar's text as written; None for others, and for an empty value.
        value: A scalar as a text, number, boolean or None, its references replaced by their defaults.
        members: A mapping's members, by their keys as text.
        items: A sequence's items.
        is_block: Whether it is a block scalar (`|`), whose text begins on the next line.
    """

    place: Place
    raw: str | None = None
    value: Any = None
    members: dict[str, Node] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    is_mapping: bool = False
    is_sequence: bool = False
    is_block: bool = False

    def get(self, *path: str) -> Node | None:
        """Return what stands below, member by member; None where it doesn't."""
        node: Node | None = self
        for name in path:
            node = node.members.get(name) if node is not None else None
        return node

    def text(self, *path: str) -> str:
        """Return the text of what stands below; empty where there is none."""
        node = self.get(*path)
        return "" if node is None or node.value is None else str(node.value)

    def is_set(self, *path: str) -> bool:
        """Say whether something that isn't empty stands below."""
        node = self.get(*path)
        return node is not None and (bool(node.members or node.items) or node.raw not in (None, ""))

    def is_true(self, *path: str) -> bool:
        """Say whether `true` stands below."""
        node = self.get(*path)
        return node is not None and node.value is True

    def texts(self, *path: str) -> list[str]:
        """Return the texts of a list below; a single text is a list of one."""
        node = self.get(*path)
        if node is None:
            return []
        if node.is_sequence:
            return [str(item.value) for item in node.items if item.value is not None]
        return [str(node.value)] if node.value is not None else []

    def listed(self, *path: str) -> list[Node]:
        """Return the items of a list below; none where there is no list."""
        node = self.get(*path)
        return [] if node is None else node.items

    def named(self, *path: str) -> dict[str, Node]:
        """Return the members of a mapping below; none where there is no mapping."""
        node = self.get(*path)
        return {} if node is None else node.members

    @property
    def is_reference(self) -> bool:
        """Whether the text refers to something outside, with no default."""
        return self.raw is not None and None in references(self.raw)

    def walk(self) -> Iterator[Node]:
        """Yield this and all below, each once."""
        seen: set[int] = set()
        waiting = [self]
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            yield node
            waiting += [*reversed(node.items), *reversed(list(node.members.values()))]


def _default(found: re.Match[str]) -> str | None:
    name, separator, default = found["name"].partition(":-")
    del name
    return default if separator else None


def references(text: str) -> list[str | None]:
    """List what a text refers to, each by its default; None where it has none."""
    return [_default(found) for found in re.finditer(_REFERENCE, text)]


def documents(text: str, artifact: str, *, first_line: int = 0, path: str = "") -> list[Node]:
    """Read the documents of a text.

    Args:
        text: YAML, or JSON, which is YAML.
        artifact: Which file it is, for places and errors.
        first_line: How many lines of the file stand before it.
        path: The way to it, where it is a text within another document.

    Raises:
        ConfigurationError: It can't be read.
    """
    try:
        import yaml
    except ImportError:
        raise MissingExtraError("checking YAML files", "yaml", artifact) from None
    line: int | None = None
    try:
        composed = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
        return [
            _Reader(artifact, first_line).node(root, path, 0)
            for root in composed
            if root is not None
        ]
    except yaml.MarkedYAMLError as error:
        # Its text quotes the file.
        line = first_line + error.problem_mark.line + 1 if error.problem_mark else None
    except (yaml.YAMLError, RecursionError, ValueError):
        pass
    raise ConfigurationError(
        "it can't be read as YAML", str(Place(artifact, path, line)), "Correct it there"
    )


class _Reader:
    """Turns composed nodes into ours, each once."""

    def __init__(self, artifact: str, first_line: int) -> None:
        import yaml

        self._artifact = artifact
        self._first_line = first_line
        self._known: dict[int, Node] = {}
        self._constructor = yaml.SafeLoader("")

    def node(self, composed: yaml.Node, path: str, depth: int) -> Node:
        import yaml

        known = self._known.get(id(composed))
        if known is not None:
            return known
        if depth > _DEEPEST or len(self._known) > _MOST_NODES:
            raise ValueError
        node = Node(Place(self._artifact, path, self._first_line + composed.start_mark.line + 1))
        self._known[id(composed)] = node
        if isinstance(composed, yaml.MappingNode):
            node.is_mapping = True
            node.raw = None
            self._constructor.flatten_mapping(composed)  # `<<`
            # Merged members stand first, and the mapping's own win.
            for key, value in composed.value:
                name = str(getattr(key, "value", ""))
                shown = name if re.fullmatch(_SHOWN, name) else "…"
                below = self.node(value, f"{path}.{shown}" if path else shown, depth + 1)
                node.members[name] = below
        elif isinstance(composed, yaml.SequenceNode):
            node.is_sequence = True
            node.items = [
                self.node(item, f"{path}[{number}]", depth + 1)
                for number, item in enumerate(composed.value)
            ]
        elif isinstance(composed, yaml.ScalarNode):
            node.is_block = composed.style in ("|", ">")
            self._read_scalar(node, composed)
        return node

    def _read_scalar(self, node: Node, composed: yaml.ScalarNode) -> None:
        import yaml

        tag = composed.tag
        if tag == "tag:yaml.org,2002:null":
            return
        node.raw = composed.value
        text = expand(composed.value)
        if text != composed.value and composed.style is None:
            resolve: Any = self._constructor.resolve
            tag = str(resolve(yaml.ScalarNode, text, (True, False)))
        elif tag.rpartition(":")[2] not in ("bool", "int", "float"):
            node.value = text
            return
        try:
            scalar = yaml.ScalarNode(tag, text)
            node.value = self._constructor.construct_object(scalar)
        except (yaml.YAMLError, ValueError):
            node.value = text


def expand(text: str) -> str:
    """Replace references by their defaults; one without a default stays as it is."""

    def replace(found: re.Match[str]) -> str:
        default = _default(found)
        return found[0] if default is None else default

    return re.sub(_REFERENCE, replace, text)
