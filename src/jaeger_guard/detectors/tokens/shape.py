"""How tokens are written down: literals, and runs of an alphabet in braces.

`{alnum:36}` is 36 letters and digits, `{hex:32-40}` between 32 and 40 of them in lower case, and what
stands outside braces is meant literally: `{alnum:14}.atlasv1.{base64url:60-80}`. It is how issuers
describe their tokens, so an entry can be held beside its source. A shape answers its pattern, the
characters it is made of, how long it is, and a specimen for examples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The characters of a run.

    Attributes:
        characters: The inside of a character class.
        specimen: Some of them, of which examples are made.
    """

    characters: str
    specimen: str


_MIXED: Final = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"
_HEX: Final = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"

ALPHABETS: Final[dict[str, Alphabet]] = {
    "digit": Alphabet("0-9", "1234567890"),
    "lower": Alphabet("a-z0-9", _MIXED.lower()),
    "upper": Alphabet("A-Z0-9", _MIXED.upper()),
    "alnum": Alphabet("A-Za-z0-9", _MIXED),
    "hex": Alphabet("0-9a-f", _HEX),
    "anyhex": Alphabet("0-9a-fA-F", _HEX),
    "capitalhex": Alphabet("0-9A-F", _HEX.upper()),
    "base32": Alphabet("A-Z2-7", "A2B3C4D5E6F7GHJKMNPQ"),
    "base58": Alphabet("1-9A-HJ-NP-Za-km-z", _MIXED.replace("0", "").replace("o", "p")),
    "base64": Alphabet(r"A-Za-z0-9+/", "a1B2c3D4+5F6g7H8i9J0/1L2"),
    "base64url": Alphabet(r"A-Za-z0-9_\-", "a1B2c3D4_5F6g7H8i9J0-1L2"),
    "padded": Alphabet(r"A-Za-z0-9+/=_\-", _MIXED),
    "word": Alphabet("A-Za-z0-9_", "a1B2c3D4_5F6g7H8i9J0"),
    "dashed": Alphabet(r"A-Za-z0-9\-", _MIXED),
    "dashedhex": Alphabet(r"0-9a-f\-", _HEX),
    "slug": Alphabet(r"a-z0-9_\-", "main"),
    "dotted": Alphabet(r"A-Za-z0-9_\-.", _MIXED),
    "tilde": Alphabet(r"A-Za-z0-9_\-.~", _MIXED),
    "slashed": Alphabet("A-Za-z0-9/", "T0a1b2c3d4/B5e6f7g8h9/J0k1"),
    "at": Alphabet("A-Za-z0-9@/\\-", "a1b2c3d4-e5f6@a7b8c9d0/IncomingWebhook/e1f2a3b4/"),
    "query": Alphabet(r"A-Za-z0-9_\-/?=&%", "A1b2C3d4/messages?key=A1b2C3d4&token=E5f6G7h8"),
    "ebay": Alphabet(r"A-Za-z0-9#^+/=.", "I^3#p^1#f^0#r^0#t^H4sIAAAA"),
    "roblox": Alphabet(r"A-Za-z0-9_\-|.", "--Sharing-this|_A1B2C3D4E5F6"),
    "percent": Alphabet(r"A-Za-z0-9_\-+/%", _MIXED),
}
_UUID: Final = "{anyhex:8}-{anyhex:4}-{anyhex:4}-{anyhex:4}-{anyhex:12}"
_SPECIAL: Final = frozenset("\\.^$*+?{}[]|()")


@dataclass(frozen=True, slots=True)
class Run:
    """A run of `least` to `most` characters of one alphabet."""

    alphabet: str
    least: int
    most: int


Part = str | Run


def parse(shape: str) -> tuple[Part, ...]:
    """Take a shape apart into literals and runs; ValueError where it is not one."""
    return tuple(_parts(shape.replace("{uuid}", _UUID)))


def _parts(shape: str) -> Iterator[Part]:
    while shape:
        literal, brace, rest = shape.partition("{")
        if literal:
            yield literal
        if not brace:
            return
        inside, closing, shape = rest.partition("}")
        alphabet, colon, lengths = inside.partition(":")
        least, dash, most = lengths.partition("-")
        if not closing or not colon or alphabet not in ALPHABETS:
            message = f"no alphabet and length in braces: {inside}"
            raise ValueError(message)
        yield Run(alphabet, int(least), int(most if dash else least))


def pattern(parts: tuple[Part, ...]) -> str:
    """Write the regular expression for `parts`, without what may stand around."""
    written = []
    for position, part in enumerate(parts):
        if isinstance(part, str):
            written.append(escape(part))
            continue
        # Possessive where nothing follows: fewer characters can't match where more didn't.
        last = "+" if position == len(parts) - 1 else ""
        lengths = part.least if part.least == part.most else f"{part.least},{part.most}"
        written.append(f"[{ALPHABETS[part.alphabet].characters}]{{{lengths}}}{last}")
    return "".join(written)


def characters(parts: tuple[Part, ...]) -> str:
    """Return the inside of a character class of all that may stand in `parts`."""
    inside = {
        "".join(f"\\{sign}" if not sign.isalnum() else sign for sign in sorted(set(part)))
        if isinstance(part, str)
        else ALPHABETS[part.alphabet].characters
        for part in parts
    }
    return "".join(sorted(inside))


def least(parts: tuple[Part, ...]) -> int:
    """Return the fewest characters that `parts` have."""
    return sum(len(part) if isinstance(part, str) else part.least for part in parts)


def most(parts: tuple[Part, ...]) -> int:
    """Return the most characters that `parts` have."""
    return sum(len(part) if isinstance(part, str) else part.most for part in parts)


def specimen(parts: tuple[Part, ...]) -> str:
    """Write the shortest text of this shape, the same each time."""
    written = []
    for part in parts:
        if isinstance(part, str):
            written.append(part)
        else:
            sample = ALPHABETS[part.alphabet].specimen
            written.append((sample * (part.least // len(sample) + 1))[: part.least])
    return "".join(written)


def escape(literal: str) -> str:
    """Escape a literal for a pattern; `re.escape` would import more than it is worth."""
    return "".join(f"\\{sign}" if sign in _SPECIAL else sign for sign in literal)
