"""Loosen detectors until they don't see which digits stand in a text, only that some do.

Theory of operation. A text with numbers in it, such as `/orders/4711`, has a *form*: the same text with
zeros for the digits of its numbers (`form_of`). A loosened detector, asked about a form, finds something
wherever the detector itself finds something in any text of that form. So where all loosened ones
find nothing, every text of the form is clean, and need not be searched.

1. A needle is looked for with its numbers as they are, and as zeros.
2. In a pattern each class of characters that has a digit in it has zero in it, too, and a digit that
   stands alone is a class of both. What a pattern looks around for not to be there is left out where
   a digit says something in it.
3. Validators are left out: they only refuse.

A class of more characters matches more only where `re` may go back: a pattern with a possessive repeat
or an atomic group in which a digit says something is not loosened, and its detector finds whatever
its gate admits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import Final

from jaeger_guard.detectors.detector import Detector, DigitRun, Needles, Shape

_ALL_DIGITS: Final = frozenset("0123456789")
# It begins with a digit, which `re` skips to, and looks at what stands before that.
_NUMBER: Final = re.compile(r"[0-9](?<![A-Za-z0-9_].)[0-9]{0,63}(?![A-Za-z0-9_])")
_ZEROS: Final = tuple("0" * length for length in range(65))
_NUMBERS: Final = re.compile("([0-9]+)")
_ANYTHING: Final = r"[\s\S]"
# Where a digit in a pattern's source is none that is matched, or any; and what is left of them.
_SAYS_NONE: Final = re.compile(r"0-9|\{[0-9,]{1,16}\}|\\u00[a-f][0-9a-f]|\\x[0-9a-f]{2}")
_DIGIT_SAYS: Final = re.compile(r"[0-9]|\(\?P=")
# Zeros repeat zeros, whatever digits they stand for.
_BACK_REFERENCE: Final = re.compile(r"\\[1-9]|\(\?P=")
_TOKEN: Final = re.compile(
    r"""(?P<escape>\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[\s\S]))
    |(?P<class>\[\^?\]?(?:[^\\\]]|\\[\s\S])*\])
    |(?P<open>\((?:\?(?:P<\w+>|[:=!>]|<[=!]|[aimsux\-]+:|P=\w+))?)
    |(?P<close>\))
    |(?P<repeat>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\}|\{,[0-9]+\})[?+]?)
    |(?P<plain>[^\\[\](){}*+?0-9]+)
    |(?P<other>[\s\S])""",
    re.VERBOSE,
)
_WITHOUT_DIGITS: Final = frozenset({"plain", "escape", "repeat"})
# A class that holds no other digits than those of `0-9`, of which it holds all or none.
_PLAIN_CLASS: Final = re.compile(r"\[(?:0-9|[A-Z]-[A-Z]|[a-z]-[a-z]|[A-Za-z_.+/=:~,;]|-(?=\]))+\]")


class NotLoosenedError(Exception):
    """A pattern can't be loosened."""


def form_of(text: str) -> str:
    """Return `text` with zeros for the digits of its numbers; itself where it has none.

    A number stands alone: the digits of `v2` and `sha256` belong to a word, and stay.
    """
    return _NUMBER.sub(_zeros, text)


def numbers_in(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """Yield the numbers of `text` between two indices."""
    return _NUMBER.finditer(text, start, end)


def _zeros(number: re.Match[str]) -> str:
    return _ZEROS[number.end() - number.start()]


def loosened(detector: Detector) -> Detector:
    """Return a detector that finds something in a form wherever this one does in a text of it."""
    gate = detector.gate
    if isinstance(gate, Needles):
        gate = _loosened_needles(gate)
    elif isinstance(gate, Shape):
        gate = replace(gate, pattern=loosened_pattern(gate.pattern))
    elif gate.beside:
        gate = DigitRun(shortest=gate.shortest, beside=_with_zero(gate.beside))
    try:
        pattern = loosened_pattern(detector.pattern)
    except NotLoosenedError:
        gate, pattern = _unanchored(gate), _ANYTHING
    return replace(detector, gate=gate, pattern=pattern, validate=None, settle=None)


def _unanchored(gate: Needles | DigitRun | Shape) -> Needles | DigitRun | Shape:
    return replace(gate, before="", reach=0) if isinstance(gate, Needles) else gate


def _loosened_needles(gate: Needles) -> Needles:
    texts = []
    leads = []
    companions = []
    accompanied = gate.companions or ((),) * len(gate.texts)
    for (needle, lead), words in zip(gate.led, accompanied, strict=True):
        for variant in dict.fromkeys(_variants(needle)):
            texts.append(variant)
            leads.append(lead)
            companions.append(words)
    try:
        anchor = loosened_pattern(gate.anchor)
    except NotLoosenedError:
        anchor = ""
    return replace(
        gate,
        texts=tuple(texts),
        leads=tuple(leads) if gate.leads and anchor else (),
        anchor=anchor,
        before=loosened_pattern(gate.before),
        beside=_with_zero(gate.beside),
        companions=tuple(companions) if anchor else (),
    )


def _variants(needle: str) -> Iterator[str]:
    """Yield a needle with each of its numbers as it is, and as zeros."""
    parts = _NUMBERS.split(needle)
    if len(parts) == 1:
        return iter(parts)
    choices = [
        (part, "0" * len(part)) if position % 2 else (part,) for position, part in enumerate(parts)
    ]
    return map("".join, product(*choices))


def loosened_pattern(source: str) -> str:
    """Loosen the source of a regular expression.

    Raises:
        NotLoosenedError: It has what loosening may make match less.
    """
    if _DIGIT_SAYS.search(_SAYS_NONE.sub("", source)) is None:
        return source  # most ask for any digit, and are as they are
    answer, end = _group(source, list(_TOKEN.finditer(source)), 0)
    if end < 0:
        return answer
    raise NotLoosenedError


def _group(source: str, tokens: list[re.Match[str]], start: int) -> tuple[str, int]:
    """Loosen tokens up to the end of a group; answer its end, or -1 where the tokens ended."""
    written: list[str] = []
    place = start
    while place < len(tokens):
        token = tokens[place]
        kind, text = token.lastgroup, token.group()
        if kind in _WITHOUT_DIGITS:
            written.append(text)
            place += 1
            continue
        if kind == "close":
            return "".join(written), place
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        loose = text
        if kind == "open":
            inside, end = _group(source, tokens, place + 1)
            if end < 0:
                raise NotLoosenedError
            original = source[token.end() : tokens[end].start()]
            following = tokens[end + 1] if end + 1 < len(tokens) else None
            place = end
            says = inside != original or _BACK_REFERENCE.search(original) is not None
            loose = _whole_group(text, inside, says=says, following=following)
        elif kind == "class":
            loose = _loosened_class(text)
            says = loose != text
        else:
            says = kind == "other" and text in _ALL_DIGITS
            if says and text != "0":
                loose = f"[0{text}]"
        if says and following is not None and _is_possessive(following):
            raise NotLoosenedError
        written.append(loose)
        place += 1
    return "".join(written), -1


def _whole_group(opening: str, inside: str, *, says: bool, following: re.Match[str] | None) -> str:
    """Close a group; answer nothing for what must not be there, where a digit says something in it."""
    if says and opening == "(?>":
        raise NotLoosenedError
    if says and opening in ("(?!", "(?<!"):
        if following is not None and following.lastgroup == "repeat":
            raise NotLoosenedError
        return ""
    return f"{opening}{inside})"


def _is_possessive(token: re.Match[str]) -> bool:
    text = token.group()
    return token.lastgroup == "repeat" and len(text) > 1 and text[-1] == "+"


@lru_cache(maxsize=512)
def _loosened_class(text: str) -> str:
    if _PLAIN_CLASS.fullmatch(text) is not None:
        return text
    matches = re.compile(text)
    found = {digit for digit in _ALL_DIGITS if matches.fullmatch(digit) is not None}
    if not found or "0" in found:
        return text
    if text[1] == "^":  # some digits are ruled out, and zero with them
        return f"(?:{text}|0)"
    return f"[0{text[1:]}"


def _with_zero(beside: str) -> str:
    return _loosened_class(f"[{beside}]")[1:-1] if beside else beside
