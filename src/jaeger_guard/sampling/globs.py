"""Globs over names, routes and values: `*` stands for any characters, `/` too, and `?` for one.

The first place where a piece between two `*` fits is the right one, so it is never tried again: time
is linear in the text for each piece, whoever wrote the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

# What frameworks write where a path has a parameter: {id}, <int:id>, :id.
_PLACEHOLDER: Final = r"\{[^{}/]{0,64}\}|<[^<>/]{0,64}>|(?<=/):[A-Za-z_]\w{0,63}"

Matcher = Callable[[str], object]


def compile_glob(glob: str, *, placeholders: bool = False) -> Matcher:
    """Make a glob ready; what it answers for a text is true where the text matches.

    Args:
        glob: The glob; case counts.
        placeholders: Whether a route's parameter, such as `{id}`, stands for one segment of a path.
    """
    if placeholders:
        glob = re.sub(_PLACEHOLDER, "\0", glob)
    if glob == "*":
        return _anything
    if not re.search(r"[*?\0]", glob):
        return glob.__eq__
    pieces = [_literal(piece) for piece in glob.split("*")]
    if len(pieces) == 1:
        return re.compile(pieces[0], re.DOTALL).fullmatch
    middle = "".join(f"(?>.*?{piece})" for piece in pieces[1:-1] if piece)
    return re.compile(f"{pieces[0]}{middle}.*{pieces[-1]}", re.DOTALL).fullmatch


def _literal(piece: str) -> str:
    words = {"?": ".", "\0": "[^/]+"}
    return "".join(words.get(character) or re.escape(character) for character in piece)


def _anything(text: str) -> bool:
    return True
