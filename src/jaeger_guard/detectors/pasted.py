"""Say whether what was set as a file's name may be shown in an error.

Where a variable wants the name of a file, people paste the file's content: a key, a token, a URL with
a password. So an error shows a name only where it looks like one, and else says where it was set.
"""

from __future__ import annotations

import os
import re
from pathlib import PurePath
from typing import Final

from jaeger_guard.detectors import DETECTORS

_LONGEST: Final = 255  # characters; NAME_MAX of POSIX is the same in bytes
_SUFFIXES: Final = frozenset(
    [".cer", ".crt", ".jwt", ".key", ".pem", ".toml", ".token", ".txt", ".yaml", ".yml"]
)
_BEGINNING: Final = r"(?:~[\w.\-]{0,64}|\.{1,2}|[A-Za-z]:)?[/\\]"
# A URL, also where a path was made of it and its slashes became one; `C:/` is none.
_SCHEME: Final = r"[A-Za-z][A-Za-z0-9+.\-]{1,32}:/"
_LEAST_OPAQUE: Final = 16


def looks_like_path(text: str) -> bool:
    """Say whether `text` is the name of a file, as far as one can see, and no secret."""
    if not 0 < len(text) <= _LONGEST or not text.isprintable():
        return False
    if re.match(_SCHEME, text):
        return False
    path = PurePath(text)
    if path.suffix.lower() not in _SUFFIXES and re.match(_BEGINNING, text) is None:
        return False
    if any(map(_is_opaque, path.parts)):
        return False
    return all(next(detector.find(text), None) is None for detector in DETECTORS)


def name_of_file(path: str | os.PathLike[str]) -> str:
    """Call a file by its name in an error, or by nothing where the name may be a secret."""
    text = os.fspath(path)
    return f"the file {text}" if looks_like_path(text) else "the file that is named there"


def _is_opaque(part: str) -> bool:
    """Say whether a part looks drawn at random: of both cases, with digits, without a word's end."""
    return any(
        any(map(str.isdigit, run)) and any(map(str.islower, run)) and any(map(str.isupper, run))
        for run in re.findall(rf"[A-Za-z0-9+=]{{{_LEAST_OPAQUE},{_LONGEST}}}", part)
    )
