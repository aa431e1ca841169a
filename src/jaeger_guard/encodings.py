"""Undo encodings to look inside, and write back as it was: percent, base64, entities, look-alikes.

Each function answers the same object where there is nothing to undo, takes time linear in its input,
and never raises on text. What is looked at decoded is judged so; callers replace the encoded range.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from array import array
from functools import cache
from typing import Final
from urllib.parse import quote, unquote

_BASE64_LONGEST: Final = 1 << 20  # characters
_BASE64_SHORTEST: Final = 8  # below, every second word would be base64 of something
# Invisible: soft hyphen, zero-width and bidirectional controls, the byte order mark (Unicode, 23.2).
_INVISIBLE: Final = frozenset(
    "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)
# Hyphen, non-breaking hyphen, figure dash, en dash, minus: what word processors make of `-`.
_DASHES: Final = frozenset("\u2010\u2011\u2012\u2013\u2212")


def percent_decode(text: str, rounds: int = 3, *, plus: bool = False) -> str:
    """Undo percent-encoding (RFC 3986, section 2.1), up to `rounds` times over.

    Args:
        text: What to decode; invalid escapes stay, invalid UTF-8 becomes U+FFFD.
        rounds: How often it may have been encoded.
        plus: Whether `+` stands for a space, as in forms; undone once.

    Returns:
        The decoded text; `text` itself where nothing was encoded.
    """
    decoded = text.replace("+", " ") if plus and "+" in text else text
    for _ in range(rounds):
        if "%" not in decoded:
            break
        once = unquote(decoded, errors="replace")
        if once == decoded:
            break
        decoded = once
    return text if decoded == text else decoded


def percent_encode_like(original: str, text: str) -> str:
    """Percent-encode `text` with the case of hexadecimal digits, and the spaces, of `original`."""
    spaces_as_plus = "+" in original and "%20" not in original
    encoded = quote(repair_surrogates(text), safe="")
    if spaces_as_plus:
        encoded = encoded.replace("%20", "+")
    if _lower_hexadecimal().search(original):
        encoded = _escape().sub(lambda found: found.group().lower(), encoded)
    return encoded


@cache
def _escape() -> re.Pattern[str]:
    return re.compile("%[0-9A-F]{2}")


@cache
def _lower_hexadecimal() -> re.Pattern[str]:
    return re.compile("%(?:[0-9][a-f]|[a-f][0-9a-f])")


def base64_decode(text: str) -> str | None:
    """Undo base64 (RFC 4648, sections 4 and 5), with padding or without.

    Returns:
        The text inside; None where `text` isn't base64 or holds no printable UTF-8.
    """
    body = text.strip().rstrip("=")
    if not _BASE64_SHORTEST <= len(body) <= _BASE64_LONGEST or len(body) % 4 == 1:
        return None
    if not body.isascii():
        return None
    standard = body.replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
        inside = decoded.decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    visible = inside.translate({9: 32, 10: 32, 13: 32})
    return inside if visible.isprintable() else None


def unescape_entities(text: str) -> str:
    """Undo HTML's character references; `text` itself where there are none."""
    if "&" not in text:
        return text
    unescaped = html.unescape(text)
    return text if unescaped == text else unescaped


def repair_surrogates(text: str) -> str:
    """Make `text` encodable in UTF-8: pairs of surrogates are joined, lone ones become U+FFFD.

    Returns:
        `text` itself where it is encodable already.
    """
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def fold_lookalikes(text: str) -> tuple[str, array[int]] | None:
    """Write look-alikes of ASCII as ASCII, and leave out what nobody sees.

    Full-width, mathematical and other-script digits and letters become plain ones, and so do dashes
    and spaces; zero-width and bidirectional characters go.

    Returns:
        The folded text and, for each of its characters and its end, the index in `text`: what was
        found in `folded[a:b]` stands in `text[places[a] : places[b - 1] + 1]`. None where nothing
        was to be folded.
    """
    if text.isascii():
        return None
    # The distinct characters are few, however long the text: what is left to do per place is C.
    characters = {character for character in set(text) if character > "\x7f"}
    invisible = characters & _INVISIBLE
    plain = {character: _plain(character) for character in characters - invisible}
    changed = {ord(character): new for character, new in plain.items() if new != character}
    if not invisible and not changed:
        return None
    folded = text.translate(changed | dict.fromkeys(map(ord, invisible), ""))
    places = array("q", (at for at, character in enumerate(text) if character not in invisible))
    places.append(len(text))
    return folded, places


def _plain(character: str) -> str:
    """Answer the one ASCII character that `character` stands for, or itself."""
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    if character in _DASHES:
        return "-"
    if "\u0300" <= character <= "\u1fff" or "\u3040" <= character <= "\ufb00":
        return character  # scripts of their own: no compatibility forms of single ASCII letters
    compatible = unicodedata.normalize("NFKC", character)
    return compatible if len(compatible) == 1 and compatible.isascii() else character
