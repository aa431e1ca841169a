"""Find a value by the label in front of it: `IMEI 35-209900-176148-1`, `"cvv": "123"`.

Theory of operation. A number with a weak check digit, or with none, is one of many things; what it
is, the word in front of it says. So such a detector begins with its label: the gate's needles are
the labels, its anchor asks for a label as a whole word with the beginning of a value behind it, and
no digit of any other text is looked at. Between label and value there may be punctuation, and up to
three words that labels are usually continued with (`number`, `no.`, `is`, `of the user`).

Where the label is a key of its own (an attribute's, a JSON member's, a parameter's), the lexicon
knows it, and none of this is asked.
"""

# ruff: noqa: SIM905  (words in a string read better than a list of quotes)

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from jaeger_guard.detectors.detector import DIGITS, Needles

# Labels that are part of many words ("vin" in "saving", "sin" in "using"): looked for with their ends.
_IN_MANY_WORDS: Final = frozenset(
    (
        "vin sin ein tin tel pin dea aba dni nie nif exp pan bic nir rut cell rtn acct swift cpr nip nit"
        " ird inn cif iva vat rif rrn mac esn lat lon lng geo gps call dial ring bel unter cell ifsc uen acn rfc siren siret fax sms uid"
    ).split()
)
_ENDS: Final = (" ", ":", "=", "#", "_", '"', ".", "-")
_SHORTEST_COMPANION: Final = 3  # letters
_TELLING: Final = 6  # letters; a shorter word of a phrase is too common alone

_FILLERS: Final = (
    "s|number|numbers|num|nummer|numero|n\u00famero|nr|no|n\u00ba|n\u00b0|code|id|ids|value|is|was|are|ist|es"
    "|est|e|\u00e9|of|for|the|my|her|his|their|your|user|customer|client|patient|holder|ending|card|used"
    "|given|personal|do|da|de|del|du|des|di|der|la|le|il|el|o|a|cliente|kunde|kunden|usuario|usu\u00e1rio|utente"
    "|titular|citizen|person|\u00e8|er|\u00e4r|lautet"
)
_PUNCTUATION: Final = r"[\s:=#.,'\"\\(\[{<>\-_/|*\u00a0]"
_GAP: Final = rf"(?:{_PUNCTUATION}{{0,6}}(?<![A-Za-z0-9])(?i:{_FILLERS})(?![A-Za-z0-9])){{0,3}}{_PUNCTUATION}{{0,6}}"


def label(phrases: Iterable[str]) -> str:
    """Return the source of a pattern for one of `phrases`, and what may stand before its value.

    A space in a phrase stands for any single separator, or none: `sort code` also finds
    `sort_code` and `SortCode`.
    """
    alternatives = sorted(phrases, key=len, reverse=True)
    spelled = "|".join(_spelled(phrase) for phrase in alternatives)
    return rf"(?i:{spelled})(?![A-Za-z]){_GAP}"


def _spelled(phrase: str) -> str:
    return r"[ _\-.]?".join(
        "".join(rf"\{letter}" if letter in ".+*?()[]#" else letter for letter in word)
        for word in phrase.split(" ")
    )


def labelled(
    phrases: str, value: str, *, between: str = "", digits: bool = True
) -> tuple[Needles, str]:
    """Return the gate and the pattern of a detector for what matches `value` behind a label.

    The pattern is the gate's anchor, too: what the one matches, the other does.

    Args:
        phrases: The labels in lower case, divided by `|`.
        value: Source of the value's pattern; it begins where the label's punctuation ends.
        between: Source of what else stands before the value, behind the label's punctuation.
        digits: Whether each value has a digit, so that a text without any is not looked at.
    """
    labels = tuple(phrases.split("|"))
    pattern = rf"(?<![A-Za-z]){label(labels)}{between}(?P<value>{value})"
    needles = _needles(labels)
    gate = Needles(
        texts=tuple(needles),
        ignore_case=True,
        anchor=pattern,
        leads=tuple(lead for lead, _ in needles.values()),
        beside=DIGITS if digits else "",
        companions=tuple(
            () if "" in companions else tuple(sorted(companions))
            for _, companions in needles.values()
        ),
    )
    return gate, pattern


def _needles(labels: Iterable[str]) -> dict[str, tuple[int, set[str]]]:
    """Return what stands in a text that holds a label.

    With it goes where it stands in the label, at the most, and for each label another word of it, or
    an empty text where it has none.
    """
    needles: dict[str, tuple[int, set[str]]] = {}
    for phrase in labels:
        words = phrase.split(" ")
        longest = max(words, key=len)
        companion = ""
        if phrase in _IN_MANY_WORDS:
            spelled = [phrase + end for end in _ENDS]
        elif len(words) == 1 or len(longest) >= _TELLING:
            spelled = [longest]  # how several words are joined is not known
            others = [word for word in words if word is not longest and _is_plain(word)]
            companion = max(others, key=len, default="")
        else:
            spelled = [joint.join(words) for joint in (" ", "_", "-", ".", "")]
        for needle in spelled:
            lead, companions = needles.get(needle, (0, set()))
            needles[needle] = max(lead, phrase.rfind(needle)), companions | {companion}
    return needles


def _is_plain(word: str) -> bool:
    return word.isascii() and word.isalpha() and len(word) >= _SHORTEST_COMPANION
