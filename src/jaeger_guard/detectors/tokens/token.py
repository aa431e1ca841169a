"""What a kind of token is, and the detector that comes of it.

Theory of operation. An entry says what the issuer documents: prefixes, and the shape of what follows
(`shape`). Four things are the same for all, so they stand here and not in the entries:

1. Span limits cut text in the middle of a secret, and what is left of it is still a secret. So a
   prefix with some characters behind it is found, shorter than documented, where the text ends
   there or says with an ellipsis that it was cut.
2. A prefix is not proof: `hf_model_name` and `sk_live_xxxxxxxxxxxxxxxx` are none. What follows has to
   look drawn at random (`is_drawn`). Example keys that an issuer publishes look so and are treated
   as secrets, since nothing in them says that they are none.
3. A checksum, where the issuer documents one, is proof. Where it fits, the token ends there, even if
   more letters follow. Where it doesn't, the prefix and length still count: a checksum is wrong in a
   token that was mistyped or masked in part, and the leak is nearly the same.
4. What has no prefix ("32 hexadecimal digits") is found only beside a word of its provider and a
   word that says it is a credential, within a bounded distance (`beside`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from jaeger_guard.categories import CREDENTIAL_TOKEN
from jaeger_guard.detectors.detector import (
    Detector,
    Example,
    Gate,
    NearMiss,
    Needles,
    Settle,
)
from jaeger_guard.detectors.tokens.shape import (
    Run,
    characters,
    escape,
    least,
    most,
    parse,
    pattern,
    specimen,
)

_CUT_HERE: Final = r"(?=\Z|\.\.\.|\u2026)"
_LEAST_CUT: Final = 8
_LEAST_CUT_SHORT: Final = 16  # behind a prefix that is as short as a word's beginning
_SELECTIVE: Final = 5  # characters; shorter needles need an anchor beside them


@dataclass(frozen=True, slots=True)
class Token:
    """One kind of token, as its issuer describes it.

    Attributes:
        name: What follows `credential.` in the detector's name.
        provider: Who issues it.
        kind: What it is, in the provider's words.
        prefixes: The literal texts that it begins with; empty where the shape begins with a run.
        shapes: The shape behind the prefix; several, the longest first, where it has several.
        source: The issuer's documentation.
        beside: Words of the provider in lower case, one of which must stand before; only where
            neither prefix nor shape is enough.
        behind: Whether the prefixes are public (a webhook's host), and only the rest is found.
        checksum: Says whether a whole token's checksum fits; None where it has none.
        check: Decides on the whole token; None where the shape says all.
        drawn: Whether what follows the prefix has to look drawn at random.
        glued: Whether a letter may stand right before it, as in `bot123456:AA...`.
        cut: How many characters of a cut token are enough to know it; 0 for the default.
        anchor: For a literal that is common alone: source of a pattern that begins with it.
        gate: For a shape without any literal that is rare: what must occur in a text.
        category: The data category.
        near_misses: Texts that look similar and aren't one, beside the derived ones.
    """

    name: str
    provider: str
    kind: str
    prefixes: tuple[str, ...]
    shapes: str | tuple[str, ...]
    source: str
    beside: tuple[str, ...] = ()
    behind: bool = False
    checksum: Callable[[str], bool] | None = None
    check: Callable[[str], bool] | None = None
    drawn: bool = True
    glued: bool = False
    cut: int = 0
    anchor: str = ""
    gate: Gate | None = None
    category: str = CREDENTIAL_TOKEN
    near_misses: tuple[NearMiss, ...] = ()

    def all_shapes(self) -> tuple[str, ...]:
        """Return the shapes as a tuple."""
        return (self.shapes,) if isinstance(self.shapes, str) else self.shapes

    def accepts(self, value: str) -> bool:
        """Say whether a text of the right shape passes what a shape can't say."""
        if self.drawn and not is_drawn(value):
            return False
        return self.check is None or self.check(value)


def detector_of(token: Token) -> Detector:
    """Make the detector of an entry that has a prefix, or a literal in its shape."""
    if token.gate is not None:
        return _gated(token, token.gate)
    return _prefixed(token) if token.prefixes else _by_needle(token)


def is_drawn(text: str) -> bool:
    """Say whether `text` looks drawn at random, and neither like words nor like a placeholder.

    Digits, or capitals in the middle of words more often than names have them; and not the same few
    characters over and over. Of 20 random characters of base64url, 1 in 100 fails.
    """
    distinct = len(set(text))
    if distinct < min(6, len(text) // 2):
        return False
    if any(map(str.isdigit, text)):
        return not text.isdigit() or distinct > 6
    if not any(map(str.islower, text)):
        return len(text) >= 16 and "_" not in text and "-" not in text
    rises = sum(first.islower() and second.isupper() for first, second in pairwise(text))
    return rises >= max(2, len(text) // 5)  # names in camelCase have fewer


def _prefixed(token: Token) -> Detector:
    bodies = [parse(shape) for shape in token.all_shapes()]
    alphabet = "".join(sorted({characters(parts) for parts in bodies}))
    shortest = min(map(least, bodies))
    selective = min(map(len, token.prefixes)) >= _SELECTIVE
    # What is left of the longest shape where its last run isn't complete.
    longest = max(most(parts) - _spare(parts) for parts in bodies)
    cut = token.cut or (_LEAST_CUT if selective else _LEAST_CUT_SHORT)
    prefix = _alternatives(tuple(sorted(token.prefixes, key=len, reverse=True)))
    whole = "|".join(rf"{pattern(parts)}(?![{_last(parts)}])" for parts in bodies)
    if cut <= longest:
        whole += rf"|[{alphabet}]{{{cut},{longest}}}+{_CUT_HERE}"
    source = rf"{prefix}(?P<value>{whole})" if token.behind else rf"{prefix}(?:{whole})"
    anchor = "" if selective else rf"{prefix}[{alphabet}]{{{min(cut, shortest)}}}"
    first, last = token.prefixes[0], token.prefixes[-1]
    body = specimen(bodies[0])
    found_first = body if token.behind else first + body
    found_last = body if token.behind else last + body
    examples = [
        Example(f"calling with {first}{body} failed", found=found_first),
        Example(f'{{"k":"{last}{body}"}}', found=found_last),
    ]
    if cut < least(bodies[0]) and (not token.drawn or is_drawn(body[:cut])):
        shortened = body[:cut] if token.behind else first + body[:cut]
        examples.append(Example(f"calling with {first}{body[:cut]}", found=shortened, cut=True))
    return Detector(
        name=f"credential.{token.name}",
        category=token.category,
        gate=Needles(texts=token.prefixes, anchor=anchor),
        pattern=source,
        settle=_settle(token, shortest),
        validate=token.check,
        word_start=not token.glued,
        source=token.source,
        examples=tuple(examples),
        near_misses=(
            # Behind `=` any value would be one, by its key.
            NearMiss(f"{first}{body[:3]} here", because="too short")
            if first[-1] != "="
            else NearMiss(f"{first[:-1]} here", because="nothing is assigned"),
            *token.near_misses,
        ),
    )


def _by_needle(token: Token) -> Detector:
    """Make the detector for a token whose longest literal stands behind runs."""
    bodies = [parse(shape) for shape in token.all_shapes()]
    places = [_longest_literal(parts) for parts in bodies]
    needles = tuple(
        dict.fromkeys(str(parts[place]) for parts, place in zip(bodies, places, strict=True))
    )
    before = [parts[:place] for parts, place in zip(bodies, places, strict=True)]
    following = bodies[-1][places[-1] + 1 :]
    anchor = token.anchor
    if not anchor and following and min(map(len, needles)) < _SELECTIVE:
        run = next(part for part in following if isinstance(part, Run))
        anchor = rf"{_alternatives(needles)}[{characters(following)}]{{{min(run.least, 8)}}}"
    gate = Needles(
        texts=needles,
        before=f"[{''.join(sorted(set(map(characters, before))))}]",
        reach=max(map(most, before)),
        anchor=anchor,
    )
    return _gated(token, gate)


def _gated(token: Token, gate: Gate) -> Detector:
    """Make the detector for a token without a prefix."""
    bodies = [parse(shape) for shape in token.all_shapes()]
    whole = "|".join(rf"{pattern(parts)}(?![{_last(parts)}])" for parts in bodies)
    body = specimen(bodies[0])
    return Detector(
        name=f"credential.{token.name}",
        category=token.category,
        gate=gate,
        pattern=f"(?:{whole})",
        settle=_settle(token, 0),
        validate=token.check,
        word_start=not token.glued,
        source=token.source,
        examples=(
            Example(f"calling with {body} failed", found=body),
            Example(f'{{"k":"{body}"}}', found=body),
        ),
        near_misses=(
            NearMiss(f"{body[: len(body) // 2]} here", because="too short"),
            *token.near_misses,
        ),
    )


def _settle(token: Token, shortest: int) -> Settle:
    """Leave out a sentence's full stop, and what doesn't look drawn; a checksum may end it."""
    prefixes = sorted(token.prefixes, key=len, reverse=True)
    drawn, checksum = token.drawn, token.checksum
    length = shortest
    dotted = any("." in characters(parse(shape)) for shape in token.all_shapes())

    def settle(text: str, start: int, end: int) -> tuple[int, int] | None:
        if dotted:
            end = start + len(text[start:end].rstrip("."))
        value = text[start:end]
        prefix = next((known for known in prefixes if value.startswith(known)), "")
        body = value[len(prefix) :]
        if checksum is not None and len(body) > length:
            documented = prefix + body[:length]
            if checksum(documented):
                return start, start + len(documented)
        return None if drawn and not is_drawn(body) else (start, end)

    return settle


def _longest_literal(parts: tuple[str | Run, ...]) -> int:
    """Return where the longest literal stands, the first of several."""
    lengths = [len(part) if isinstance(part, str) else 0 for part in parts]
    return lengths.index(max(lengths))


def _spare(parts: tuple[str | Run, ...]) -> int:
    """Return how many characters fewer than the most a text has that lacks one of the fewest."""
    final = parts[-1]
    return 1 if isinstance(final, str) else final.most - final.least + 1


def _last(parts: tuple[str | Run, ...]) -> str:
    """Return the inside of the class of what may not follow a whole token."""
    final = parts[-1]
    return "A-Za-z0-9" if isinstance(final, str) else characters((Run("alnum", 0, 0), final))


def _alternatives(literals: tuple[str, ...]) -> str:
    escaped = [escape(literal) for literal in literals]
    return escaped[0] if len(escaped) == 1 else f"(?:{'|'.join(escaped)})"
