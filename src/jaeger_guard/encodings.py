"""Undo encodings to look inside: percent, base64, entities, escapes, MIME's, look-alikes.

Each function answers the same object where there is nothing to undo, takes time linear in its input,
and never raises on text. What is looked at decoded is judged so; callers replace the encoded range.
"""

from __future__ import annotations

import binascii
import html
import re
import unicodedata
from array import array
from functools import cache
from typing import Final
from urllib.parse import unquote

from jaeger_guard.long_texts import LONG, SHORT_STEP, STEP, check_time, search

_BASE64_LONGEST: Final = 1 << 20  # characters
_BASE64_SHORTEST: Final = 8  # below, every second word would be base64 of something
# Stand for six bits that begin with 10: no text in UTF-8 begins with such an octet.
_BASE64_OF_NO_TEXT: Final = frozenset("ghijklmnopqrstuv")
# Invisible: soft hyphen, zero-width and bidirectional controls, the byte order mark (Unicode, 23.2).
_INVISIBLE: Final = frozenset(
    "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)
# Hyphen, non-breaking hyphen, figure dash, en dash, minus: what word processors make of `-`.
_DASHES: Final = frozenset("\u2010\u2011\u2012\u2013\u2212")


def unquoted(text: str) -> str:
    """Undo percent-encoding (RFC 3986, section 2.1) once; invalid UTF-8 becomes U+FFFD."""
    if len(text) <= LONG:
        return unquote(text, errors="replace")
    decoded: list[str] = []
    start = 0
    while len(text) - start > SHORT_STEP:
        check_time()
        found = _between_characters().search(text, start + SHORT_STEP)
        end = len(text) if found is None else found.start()
        decoded.append(unquote(text[start:end], errors="replace"))
        start = end
    decoded.append(unquote(text[start:], errors="replace"))
    return "".join(decoded)


@cache
def _between_characters() -> re.Pattern[str]:
    # Where no octet of UTF-8 belongs to the one before: at a character that isn't encoded, or whose
    # octet begins one. Of four that continue a character, the last doesn't continue any.
    continues = "%[89ABab][0-9A-Fa-f]"
    return re.compile(
        f"(?<!%)(?<!%.)[^%]|%[0-7C-Fc-f][0-9A-Fa-f]|%(?<={continues * 4}.)", re.DOTALL
    )


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
        once = unquoted(decoded)
        if once == decoded:
            break
        decoded = once
    return text if decoded == text else decoded


def base64_decode(text: str) -> str | None:
    """Undo base64 (RFC 4648, sections 4 and 5), with padding or without.

    Returns:
        The text inside; None where `text` isn't base64 or holds no printable UTF-8.
    """
    body = text.strip().rstrip("=")
    if not _BASE64_SHORTEST <= len(body) <= _BASE64_LONGEST or len(body) % 4 == 1:
        return None
    if not body.isascii() or body[0] in _BASE64_OF_NO_TEXT:
        return None
    standard = body.replace("-", "+").replace("_", "/")
    try:
        decoded = binascii.a2b_base64(standard + "=" * (-len(standard) % 4), strict_mode=True)
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


@cache
def _escape() -> re.Pattern[str]:
    # JSON and JavaScript, C and Python, and bash: \\u0040, \\u{40}, \\x40, \\U00000040, \\100.
    return re.compile(
        r"\\(?:u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))"
    )


def unescape(text: str) -> str:
    """Undo the escapes of characters that programming languages write; the same text without any."""
    if "\\" not in text:
        return text

    def decode(found: re.Match[str]) -> str:
        octal = found[5]
        code = int(octal, 8) if octal else int(found[found.lastindex or 1], 16)
        return chr(code) if code <= 0x10FFFF else found.group()

    unescaped = _escape().sub(decode, text)
    return text if unescaped == text else repair_surrogates(unescaped)


@cache
def _quoted_octets() -> re.Pattern[str]:
    return re.compile("(?:=[0-9A-F]{2})++")


def quoted_printable_decode(text: str) -> str:
    """Undo quoted-printable (RFC 2045, section 6.7) as UTF-8; the same text where nothing was."""
    if "=" not in text:
        return text

    def decode(found: re.Match[str]) -> str:
        return bytes.fromhex(found.group().replace("=", "")).decode("utf-8", "replace")

    decoded = _quoted_octets().sub(decode, text)
    return text if decoded == text else decoded


@cache
def _encoded_word() -> re.Pattern[str]:
    return re.compile(r"=\?[\w.\-]{1,32}(?:\*[\w\-]{1,16})?\?([bBqQ])\?([^?\s]{1,1024})\?=")


def encoded_words_decode(text: str) -> str:
    """Undo MIME's encoded words (RFC 2047), as UTF-8; the same text where there are none."""
    if "=?" not in text:
        return text

    def decode(found: re.Match[str]) -> str:
        kind, body = found.groups()
        if kind in "qQ":
            return quoted_printable_decode(body.replace("_", " "))
        return base64_decode(body) or found.group()

    decoded = _encoded_word().sub(decode, text)
    return text if decoded == text else decoded


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


@cache
def _mixed_scripts() -> re.Pattern[str]:
    return re.compile("[A-Za-z][\u0370-\u03ff\u0400-\u052f]|[\u0370-\u03ff\u0400-\u052f][A-Za-z]")


# Unicode Technical Standard 39, confusables: Cyrillic and Greek letters that are drawn as Latin ones.
_CONFUSABLE: Final = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u0475\u051b\u051d"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405"
    "\u03bf\u03bd\u03c1\u0391\u0392\u0395\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a7\u0396",
    "aeopcyxijsdhvqwABEKMHOPCTXIJSovpABEHIKMNOPTXZ",
)


def unmask(text: str) -> str:
    """Write all of a text as it looks: look-alikes folded, also letters of other scripts in a Latin word.

    The same text where that makes no difference. Unlike `fold_lookalikes` it keeps no places.
    """
    if text.isascii():
        return text
    latin = _in_latin(text) if search(_mixed_scripts(), text) else text
    folding = fold_lookalikes(latin)
    if folding is not None:
        return folding[0]
    return text if latin == text else latin


def _in_latin(text: str) -> str:
    return "".join(
        text[start : start + STEP].translate(_CONFUSABLE) for start in range(0, len(text), STEP)
    )


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
    distinct: set[str] = set()
    for start in range(0, len(text), STEP):
        distinct.update(text[start : start + STEP])
    characters = {character for character in distinct if character > "\x7f"}
    invisible = characters & _INVISIBLE
    plain = {character: _plain(character) for character in characters - invisible}
    changed = {ord(character): new for character, new in plain.items() if new != character}
    if not invisible and not changed:
        return None
    table = changed | dict.fromkeys(map(ord, invisible), "")
    folded = []
    places = array("q")
    for start in range(0, len(text), STEP):
        check_time()
        step = text[start : start + STEP]
        folded.append(step.translate(table))
        if invisible:
            places.extend(at for at, each in enumerate(step, start) if each not in invisible)
        else:
            places.extend(range(start, start + len(step)))
    places.append(len(text))
    return "".join(folded), places


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
