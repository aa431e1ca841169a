"""Make a detector out of what a provider documents of its tokens: prefix, alphabet, length.

Span limits cut text in the middle of a secret, and what is left of it is still a secret. So a
prefix with some characters behind it is found, shorter than documented, where the text ends there
or says with an ellipsis that it was cut.
"""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import CREDENTIAL_TOKEN
from jaeger_guard.detectors.detector import Detector, Example, NearMiss, Needles

ALPHANUMERIC: Final = "A-Za-z0-9"
BASE64URL: Final = r"A-Za-z0-9_\-"
BASE64: Final = r"A-Za-z0-9+/="
HEX: Final = "0-9a-fA-F"

_CUT: Final = r"(?=\Z|\.\.\.|\u2026)"
_LEAST_CUT: Final = 8


def provider_token(
    name: str,
    prefixes: tuple[str, ...],
    alphabet: str,
    lengths: tuple[int, int],
    *,
    source: str,
    body: str,
    near_miss: NearMiss,
    tail: str = "",
    cut: int = _LEAST_CUT,
    category: str = CREDENTIAL_TOKEN,
) -> Detector:
    """Make the detector for tokens that begin with one of `prefixes`.

    Args:
        name: What follows `credential.` in the detector's name.
        prefixes: The literal texts that a token begins with.
        alphabet: What follows the prefix, as the inside of a character class.
        lengths: The fewest and the most such characters that are documented.
        source: The document that says so.
        body: An example without its prefix, so that no whole token stands in this source.
        near_miss: A text that looks similar and isn't one.
        tail: Source of a pattern for what may follow the body.
        cut: How many characters of a cut token are enough to know it.
        category: The data category.
    """
    least, most = lengths
    # Possessive: fewer characters can't match where more didn't, and trying takes time.
    whole = rf"[{alphabet}]{{{least},{most}}}+{tail}(?![{alphabet}])"
    pattern = whole if cut >= least else rf"(?:{whole}|[{alphabet}]{{{cut},{least - 1}}}+{_CUT})"
    token = prefixes[0] + body
    examples = [
        Example(f"calling with {token} failed", found=token),
        Example(f'{{"k":"{prefixes[-1]}{body}"}}', found=prefixes[-1] + body),
    ]
    if cut < least:
        shortened = prefixes[0] + body[:cut]
        examples.append(Example(f"calling with {shortened}", found=shortened, cut=True))
    return Detector(
        name=f"credential.{name}",
        category=category,
        gate=Needles(texts=prefixes),
        pattern=_alternatives(prefixes) + pattern,
        settle=_without_full_stop if "." in alphabet else None,
        word_start=True,
        source=source,
        examples=tuple(examples),
        near_misses=(near_miss,),
    )


def shaped_token(
    name: str,
    needles: tuple[str, ...],
    pattern: str,
    *,
    source: str,
    example: Example,
    near_miss: NearMiss,
    before: str = "",
    reach: int = 0,
    anchor: str = "",
    word_start: bool = True,
) -> Detector:
    """Make the detector for tokens whose needle stands in the middle, or that have several parts.

    Args are those of `Detector` and `Needles`.
    """
    return Detector(
        name=f"credential.{name}",
        category=CREDENTIAL_TOKEN,
        gate=Needles(texts=needles, before=before, reach=reach, anchor=anchor),
        pattern=pattern,
        word_start=word_start,
        source=source,
        examples=(example,),
        near_misses=(near_miss,),
    )


def _without_full_stop(text: str, start: int, end: int) -> tuple[int, int]:
    return start, start + len(text[start:end].rstrip("."))


def _alternatives(prefixes: tuple[str, ...]) -> str:
    escaped = [prefix.replace(".", r"\.").replace("-", r"\-") for prefix in prefixes]
    return escaped[0] if len(escaped) == 1 else f"(?:{'|'.join(escaped)})"
