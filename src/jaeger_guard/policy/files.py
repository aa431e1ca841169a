"""Read a policy file: bytes to a table of plain values, each way to fail named with its place."""

from __future__ import annotations

import importlib
import re
import stat
import tomllib
from pathlib import Path
from typing import Any, Final

from jaeger_guard.errors import ConfigurationError, MissingExtraError

TOML_SUFFIX: Final = ".toml"
YAML_SUFFIXES: Final = (".yaml", ".yml")
_LARGEST: Final = 1024 * 1024  # bytes; a policy is written by hand


def read_table(path: Path, where: str) -> dict[str, object]:
    """Read the TOML or YAML file at `path`.

    Args:
        path: The file.
        where: What errors call it: a name may be a secret that was pasted.

    Raises:
        ConfigurationError: Names the file and, where the parser gives it, the line.
        MissingExtraError: The file is YAML and the extra isn't installed.
    """
    suffix = path.suffix.lower()
    if suffix != TOML_SUFFIX and suffix not in YAML_SUFFIXES:
        what = "a policy file is TOML or YAML, as its suffix says"
        raise ConfigurationError(what, where, "Name the file .toml, .yaml or .yml")
    text = _read_text(path, where)
    if not text.strip():
        remedy = 'Write rules, or extends = ["baseline"]'
        raise ConfigurationError("the file is empty", where, remedy)
    return parse_toml(text, where) if suffix == TOML_SUFFIX else parse_yaml(text, where)


# Errors are raised where none is being handled: a handled one hangs on to them as their context,
# and quotes a name or a content that may be a secret.


def _read_text(path: Path, where: str) -> str:
    content: bytes | None = None
    what = remedy = ""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ConfigurationError("this is a directory", where, "Name a file in it")
        if not stat.S_ISREG(status.st_mode):  # a pipe or device might never end
            raise ConfigurationError("this is no regular file", where, "Name a regular file")
        if status.st_size > _LARGEST:
            what = f"the file is larger than {_LARGEST} bytes"
            raise ConfigurationError(what, where, "Split it, and name the parts in extends")
        content = path.read_bytes()
    except FileNotFoundError:
        what, remedy = "there is no such file", "Correct the path, or create the file"
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or "the path is malformed"
        what, remedy = f"can't be read ({reason})", "Let the process read the file, or name another"
    if content is None:
        raise ConfigurationError(what, where, remedy)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    raise ConfigurationError("the file is not UTF-8", f"{where}, line {line}", "Save it as UTF-8")


def parse_toml(text: str, where: str) -> dict[str, object]:
    """Parse TOML; a fault is told by its line alone, since its text could quote the file."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d{1,9}), column (\d{1,9})\)", str(error))
        place = f", line {found[1]}, column {found[2]}" if found else ", at its end"
    except RecursionError:
        place = ""
    remedy = "Correct the syntax (https://toml.io); texts stand in double quotes"
    raise ConfigurationError("the file isn't valid TOML", f"{where}{place}", remedy)


def parse_yaml(text: str, where: str) -> dict[str, object]:
    """Parse YAML with plain values alone; a word that stands twice in a table is refused."""
    try:
        # By name, since the extra may be absent and brings no types.
        yaml: Any = importlib.import_module("yaml")
    except ModuleNotFoundError:
        raise MissingExtraError("a policy in YAML", "yaml", where) from None
    place = ""
    remedy = "Correct the syntax (https://yaml.org); indent by spaces"
    try:
        twice = _line_of_word_twice(yaml, yaml.compose(text, Loader=yaml.SafeLoader))
        table = yaml.safe_load(text) if twice is None else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        if mark is not None:
            place = f", line {mark.line + 1}, column {mark.column + 1}"
    except (RecursionError, ValueError):  # ValueError: a date or number that is none
        pass
    else:
        if twice is not None:  # the last would win silently, and it may be the weaker
            raise ConfigurationError(
                "a word stands twice in one table", f"{where}, line {twice}", "Remove one"
            )
        if not isinstance(table, dict):
            raise ConfigurationError(
                "the file holds no table of words", where, "Write words such as rules: at its top"
            )
        return table
    raise ConfigurationError("the file isn't valid YAML", f"{where}{place}", remedy)


def _line_of_word_twice(yaml: Any, root: Any) -> int | None:
    seen: set[int] = set()  # aliases make the tree a graph
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            words: set[str] = set()
            for word, value in node.value:
                if isinstance(word, yaml.ScalarNode):
                    if word.value in words:
                        return int(word.start_mark.line) + 1
                    words.add(word.value)
                waiting.extend((word, value))
    return None
