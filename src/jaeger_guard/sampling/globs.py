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
    pieces = glob.split("*")
    if len(pieces) == 1:
        return re.compile(_piece(glob, ends=True), re.DOTALL).fullmatch
    first, last = _piece(pieces[0]), _piece(pieces[-1], floats=True, ends=True)
    middle = "".join(f"(?>.*?{_piece(piece, floats=True)})" for piece in pieces[1:-1] if piece)
    return re.compile(f"{first}{middle}.*{last}", re.DOTALL).fullmatch


def _piece(piece: str, *, floats: bool = False, ends: bool = False) -> str:
    """Write what stands between two `*` as a pattern.

    A parameter is a `*` that stays in its segment and isn't empty, so the same holds: the first place
    where what follows fits is the right one, but for what must be at the text's end. Beside a `*`,
    which takes all the others, one character of it is enough. A `?` between two `*` that have a
    parameter between them stays in its segment, too.

    Args:
        piece: Literals, `?`, and parameters.
        floats: Whether a `*` is in front of it.
        ends: Whether it is the last.
    """
    single = "[^/]" if "\0" in piece else "."
    before, *following = [_literal(part, single) for part in re.split("\0+", piece)]
    pattern = before
    for number, literal in enumerate(following, 1):
        is_last = number == len(following)
        if (number == 1 and floats and not before) or (is_last and not literal and not ends):
            pattern += f"[^/]{literal}"
        elif is_last and ends:
            pattern += f"[^/]+?{literal}"
        else:
            pattern += f"(?>[^/]+?{literal})"
    return pattern


def _literal(text: str, single: str) -> str:
    return "".join(single if character == "?" else re.escape(character) for character in text)


def _anything(text: str) -> bool:
    return True
