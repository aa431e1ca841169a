"""Write a detector's pattern for RE2, the language of the Collector's regular expressions.

RE2 has no look-arounds, no references and no possessive repeats, and Go refuses a repeat over 1000. What
is written here seldom finds less than the pattern does, and often more: look-arounds are left out, as are
the checks that follow a pattern in Python. So a detector that lives by its check digits isn't written at
all unless a label or a literal says where it begins. Speed decides the rest: no boundary in front, and wide
bounds become open ones, which RE2 matches several times faster and still in linear time.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from typing import Any, Final

from jaeger_guard.detectors import Detector
from jaeger_guard.detectors.detector import Needles

_OPEN_FROM: Final = 24  # an upper bound above this becomes open
_LARGEST: Final = 1000  # Go: "invalid repeat count"; nested ones multiply
_SHORTEST_LITERAL: Final = 3
_SPECIAL: Final = frozenset(r"\.+*?()|[]{}^$")
_CLASSES: Final = {
    "CATEGORY_DIGIT": "0-9",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_NOT_WORD": r"\W",
}
_PLACES: Final = {
    "AT_BEGINNING": "^",
    "AT_BEGINNING_STRING": r"\A",
    "AT_END": r"\z",
    "AT_END_STRING": r"\z",
    "AT_BOUNDARY": r"\b",
    "AT_NON_BOUNDARY": r"\B",
}

# Where a pattern of ours leans on what stands around, or on a check: written for RE2 by hand.
BY_HAND: Final = {
    "contact.email": r"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+",
    "contact.phone_international": r"\+[1-9][0-9]{0,2}[ .(-]*[0-9][0-9 .()-]{5,}[0-9]\b",
    "credential.url_userinfo": r"://[^\s/:@]*:[^\s/@]+@",
    "credential.bearer": r"[Bb]earer [A-Za-z0-9._~+/-]{12,}=*",
    "credential.basic": r"[Bb]asic [A-Za-z0-9+/]{12,}={0,2}",
    "credential.private_key": (
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
    ),
    # Without their check digit; the lengths that issuers give (ISO/IEC 7812-1).
    "financial.card": r"4[0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}\b",
    "financial.card_bare": r"5[1-5][0-9]{2}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}\b",
    "financial.card_labelled": r"3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}\b",
    "financial.iban": r"[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{4}){3,7}(?: ?[0-9A-Z]{1,3})?\b",
    # Their first letters differ, so nothing literal is at their beginning.
    "credential.aws_access_key_id": r"A(?:KIA|SIA)[A-Z0-9]{16}\b",
    "credential.digitalocean": r"do[opr]_v1_[0-9a-f]{32,}",
    "credential.github": r"gh[oprsu]_[A-Za-z0-9]{36,}",
    "credential.gitlab": r"gl(?:pat|ptt|dt|rt|soat)-[A-Za-z0-9_-]{20,}",
    "credential.stripe": r"[rs]k_(?:live|test)_[A-Za-z0-9]{10,}",
    "credential.terraform_cloud": r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,}",
    "credential.vault": r"hv[bsr]\.[A-Za-z0-9_-]{20,}",
    "identity.us_ssn": r"[0-9]{3}-[0-9]{2}-[0-9]{4}\b",
    "network.ipv4": r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b",
    "network.ipv6": r"(?:[0-9a-fA-F]{1,4}:){4,7}[0-9a-fA-F]{1,4}\b",
    "network.mac": r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}\b",
}


@dataclass(frozen=True, slots=True)
class Written:
    """A pattern for RE2.

    Attributes:
        source: The pattern.
        widened: Whether it finds more than the detector does.
    """

    source: str
    widened: bool


class NotExpressibleError(Exception):
    """RE2 has no form for a pattern; the text says why."""


def write(detector: Detector) -> Written:
    """Write a detector's pattern for RE2.

    Raises:
        NotExpressibleError: There is none, or one would find far too much.
    """
    by_hand = BY_HAND.get(detector.name)
    if by_hand is not None:
        return Written(by_hand, True)
    writer = _Writer()
    source = writer.write(_parse(detector.pattern))
    judged = detector.validate is not None or detector.settle is not None
    if judged and not detector.labelled and len(literal_prefix(source)) < _SHORTEST_LITERAL:
        raise NotExpressibleError("its check digits and context can't be asked there")
    ignores_case = isinstance(detector.gate, Needles) and detector.gate.ignore_case
    if ignores_case and not source.startswith("(?i"):
        source = f"(?i:{source})"
    return Written(source, writer.widened or judged or detector.word_start)


def literal_prefix(source: str) -> str:
    """Return the literal text that a pattern begins with."""
    found = re.match(r"(?:[A-Za-z0-9_:/ -]|\\[^A-Za-z0-9])*", source)
    text = found[0] if found else ""
    after = source[len(text) : len(text) + 1]
    return text[:-1] if after and after in "?*{" else text


def _parse(pattern: str) -> Any:
    # The parser of `re` itself: nothing public gives a pattern's parts.
    return importlib.import_module("re._parser").parse(pattern)


class _Writer:
    """Writes the parts of a parsed pattern."""

    def __init__(self) -> None:
        self.widened = False

    def write(self, parts: Any) -> str:
        written = []
        before: Any = None
        for operation, argument in parts:
            written.append(self._part(str(operation), argument, before))
            before = (str(operation), argument)
        return "".join(written)

    def _part(self, operation: str, argument: Any, before: Any) -> str:
        match operation:
            case "LITERAL":
                return _literal(argument)
            case "NOT_LITERAL":
                return f"[^{_in_class(argument)}]"
            case "ANY":
                return "."
            case "IN":
                return _class(argument)
            case "AT":
                return _PLACES[str(argument)]
            case "BRANCH":
                written = dict.fromkeys(self.write(each) for each in argument[1])
                return "" if set(written) == {""} else f"(?:{'|'.join(written)})"
            case "SUBPATTERN":
                _, added, _, inner = argument
                flag = "i" if added & re.IGNORECASE else ""
                return f"(?{flag}:{self.write(inner)})"
            case "ATOMIC_GROUP":
                return f"(?:{self.write(argument)})"
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                lazy = "?" if operation == "MIN_REPEAT" else ""
                return self._repeat(*argument) + lazy
            case "ASSERT" | "ASSERT_NOT":
                return self._look_around(operation, argument, before)
        raise NotExpressibleError("it refers to what it matched before")

    def _repeat(self, fewest: int, most: Any, inner: Any) -> str:
        body = self.write(inner)
        if not body:
            return ""
        atom = body if len(inner) == 1 and _is_atom(inner[0]) else f"(?:{body})"
        fewest, most = int(fewest), int(most)
        if fewest > _LARGEST:
            raise NotExpressibleError("it repeats more than a thousand times")
        if most > _OPEN_FROM and most != fewest:
            self.widened = True
            return atom + {0: "*", 1: "+"}.get(fewest, f"{{{fewest},}}")
        if (fewest, most) == (0, 1):
            return f"{atom}?"
        return atom + (f"{{{fewest}}}" if fewest == most else f"{{{fewest},{most}}}")

    def _look_around(self, operation: str, argument: Any, before: Any) -> str:
        direction, inner = argument
        self.widened = True
        if operation == "ASSERT" and direction > 0 and _asks_for_end(inner):
            return r"\z"  # a token that was cut there
        ends_word = operation == "ASSERT_NOT" and direction > 0 and before is not None
        if ends_word and _is_all_of_words(inner) and _is_in_words(before):
            return r"\b"
        return ""


def _asks_for_end(inner: Any) -> bool:
    """Say whether a look-ahead's parts, or one of its alternatives, ask for the text's end."""
    for operation, argument in inner:
        if str(operation) == "AT" and str(argument).startswith("AT_END"):
            return True
        if str(operation) == "BRANCH" and any(_asks_for_end(each) for each in argument[1]):
            return True
        if str(operation) == "SUBPATTERN" and _asks_for_end(argument[3]):
            return True
    return False


def _is_atom(part: Any) -> bool:
    return str(part[0]) in ("LITERAL", "NOT_LITERAL", "ANY", "IN", "SUBPATTERN", "BRANCH")


def _literal(code: int) -> str:
    character = chr(code)
    if character in _SPECIAL:
        return "\\" + character
    return character if character.isprintable() else f"\\x{{{code:x}}}"


def _in_class(code: int) -> str:
    character = chr(code)
    if character in r"\]^-[":
        return "\\" + character
    return character if character.isprintable() else f"\\x{{{code:x}}}"


def _class(members: Any) -> str:
    written = []
    negated = ""
    for operation, argument in members:
        match str(operation):
            case "NEGATE":
                negated = "^"
            case "LITERAL":
                written.append(_in_class(argument))
            case "RANGE":
                written.append(f"{_in_class(argument[0])}-{_in_class(argument[1])}")
            case "CATEGORY":
                written.append(_CLASSES[str(argument)])
    if not negated and len(written) == 1 and written[0].startswith("\\") and len(written[0]) == 2:
        return written[0]
    return f"[{negated}{''.join(written)}]"


_WORD: Final = frozenset(
    map(ord, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
)


def _codes(members: Any) -> frozenset[int] | None:
    codes: set[int] = set()
    for operation, argument in members:
        match str(operation):
            case "LITERAL":
                codes.add(argument)
            case "RANGE" if argument[1] < 128:
                codes.update(range(argument[0], argument[1] + 1))
            case "CATEGORY" if str(argument) == "CATEGORY_DIGIT":
                codes.update(range(48, 58))
            case _:
                return None
    return frozenset(codes)


def _is_all_of_words(inner: Any) -> bool:
    """Say whether a look-around refuses every letter and digit."""
    if len(inner) != 1 or str(inner[0][0]) != "IN":
        return False
    codes = _codes(inner[0][1])
    return codes is not None and codes >= _WORD - {ord("_")}


def _is_in_words(part: Any) -> bool:
    """Say whether what a part matches ends with a letter, a digit or an underscore."""
    operation, argument = part
    if operation == "LITERAL":
        return argument in _WORD
    if operation == "IN":
        codes = _codes(argument)
        return codes is not None and codes <= _WORD
    if operation.endswith("_REPEAT") and argument[0] > 0:
        last = argument[2][-1]
        return _is_in_words((str(last[0]), last[1]))
    return False
